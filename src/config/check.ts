/**
 * From values (of a file, of flags) to a checked configuration: every value is checked against a table of
 * keys, then the rules that concern several keys. The first fault throws one `CodisError`
 * `CONFIG_INVALID` whose line names where the value was given, the key, the value and what would be
 * right. Nothing here reads files (`toml-file.ts`), and nothing knows a key by its name.
 */
import { CodisError } from "../base/error.ts";
import { nearestName } from "../base/nearest-name.ts";
import type { KeySpec } from "./key-spec.ts";
import { checkValue, showValue } from "./value.ts";

/** Values by key as TOML gives them, and where each was given (`proxy.toml:12`, `--ncpu`). */
export interface GivenValues {
  readonly values: ReadonlyMap<string, unknown>;
  readonly originOf: (key: string) => string;
}

/** A checked configuration and lines about what was given but doesn't do what one might expect. */
export interface LoadedConfig<Config> {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** What one program has beyond its table. */
export interface CheckRules<Config> {
  /**
   * Rules over several keys, called once all values are there. `fail` throws with where the key was given,
   * its value, and `expected`: the end of a sentence.
   */
  readonly check: (config: Config, fail: (key: string, expected: string) => never) => void;
  /** What a key accepts, when the table's sentence isn't enough. */
  readonly explain?: (spec: KeySpec, raw: unknown, expected: string) => string;
}

/** A table of keys, made ready for checking. `Config` is `ConfigOf` its entries. */
export class KeyTable<Config extends object> {
  readonly keys: readonly KeySpec[];
  readonly #specByName: ReadonlyMap<string, KeySpec>;
  readonly #defaults: Config;

  constructor(keys: readonly KeySpec[]) {
    this.keys = keys;
    this.#specByName = new Map(keys.map((spec): [string, KeySpec] => [spec.name, spec]));
    this.#defaults = this.#assemble(new Map());
  }

  /** The configuration of an empty file; `changes` replace fields, unchecked (tests, composition). */
  defaults(changes: Partial<Config> = {}): Config {
    const config: Config = { ...this.#defaults, ...changes };
    Object.freeze(config);
    return config;
  }

  /**
   * Checks values and fills in defaults. With `isStrict` an unknown key is an error, else a warning.
   * Throws `CONFIG_INVALID`.
   */
  check(given: GivenValues, isStrict: boolean, rules: CheckRules<Config>): LoadedConfig<Config> {
    const warnings: string[] = [];
    const checked = new Map<string, string | number | boolean>();
    for (const [key, raw] of given.values) {
      const spec = this.#specByName.get(key);
      if (spec === undefined) {
        const line = `${given.originOf(key)}: ${this.#describeUnknownKey(key)}`;
        if (isStrict) {
          throw new CodisError("CONFIG_INVALID", `${line} (--strict)`, { context: { key } });
        }
        warnings.push(line);
        continue;
      }
      const result = checkValue(spec, raw);
      if (!result.ok) {
        const expected = rules.explain?.(spec, raw, result.expected) ?? result.expected;
        throw invalid(spec, given.originOf(key), raw, expected);
      }
      checked.set(key, result.value);
    }
    const config = this.#assemble(checked);
    rules.check(config, (key, expected) => this.#fail(config, given, key, expected));
    warnings.push(...this.#warnAboutNoEffect(checked));
    return { config, warnings };
  }

  /** The configuration in JSON, in the order of the table, without passwords. */
  toJson(config: Config): Record<string, string | number | boolean> {
    const json: Record<string, string | number | boolean> = {};
    for (const spec of this.keys) {
      if (spec.isSecret !== true) {
        json[spec.name] = showValue(spec, fieldOf(config, spec));
      }
    }
    return json;
  }

  #fail(config: Config, given: GivenValues, key: string, expected: string): never {
    const spec = this.#specByName.get(key);
    if (spec === undefined) {
      throw new CodisError("INTERNAL", `rule for the unknown key ${key}`);
    }
    const isGiven = given.values.has(key);
    const origin = isGiven ? given.originOf(key) : "default";
    const value = isGiven ? given.values.get(key) : fieldOf(config, spec);
    throw invalid(spec, origin, value, expected);
  }

  #assemble(checked: ReadonlyMap<string, string | number | boolean>): Config {
    const fields: Record<string, string | number | boolean> = {};
    for (const spec of this.keys) {
      const value = checked.get(spec.name);
      if (value !== undefined) {
        fields[spec.field] = value;
        continue;
      }
      const fallback = checkValue(spec, spec.fallback);
      if (!fallback.ok) {
        throw new CodisError("INTERNAL", `the default of ${spec.name} isn't ${fallback.expected}`);
      }
      fields[spec.field] = fallback.value;
    }
    // The table yields exactly the fields of the type: both come from the same keys.
    return Object.freeze(fields) as unknown as Config;
  }

  #describeUnknownKey(key: string): string {
    const nearest = nearestName(key, this.#specByName.keys());
    return `unknown key ${key}${nearest === undefined ? "" : `, did you mean ${nearest}?`}`;
  }

  /** One line for each reason, with all keys that were given and do nothing. */
  #warnAboutNoEffect(checked: ReadonlyMap<string, string | number | boolean>): string[] {
    const keysByReason = new Map<string, string[]>();
    for (const [key, value] of checked) {
      const spec = this.#specByName.get(key);
      if (spec?.withoutEffect === undefined) {
        continue;
      }
      // Features that are off ask for nothing; only keys that ask for something are worth a line.
      const fallback = checkValue(spec, spec.fallback);
      if (spec.section === WITHOUT_EFFECT || !fallback.ok || fallback.value !== value) {
        const keys = keysByReason.get(spec.withoutEffect) ?? [];
        keys.push(key);
        keysByReason.set(spec.withoutEffect, keys);
      }
    }
    return [...keysByReason].map(
      ([reason, keys]) => `${keys.join(", ")}: accepted, but without effect: ${reason}`,
    );
  }
}

/** Heading of the keys that never do anything, whatever their value. */
export const WITHOUT_EFFECT = "Without effect";

function fieldOf(config: unknown, spec: KeySpec): string | number | boolean {
  return (config as Readonly<Record<string, string | number | boolean>>)[spec.field] ?? "";
}

function invalid(spec: KeySpec, origin: string, raw: unknown, expected: string): CodisError {
  const isHidden = spec.isSecret === true || spec.isLogin === true;
  const shown = isHidden ? "(hidden)" : show(raw);
  return new CodisError(
    "CONFIG_INVALID",
    `${origin}: invalid ${spec.name} = ${shown}: expected ${expected}`,
    { context: { key: spec.name } },
  );
}

function show(raw: unknown): string {
  if (raw instanceof Date) {
    return raw.toISOString();
  }
  const text = typeof raw === "bigint" ? String(raw) : (JSON.stringify(raw) ?? String(raw));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
