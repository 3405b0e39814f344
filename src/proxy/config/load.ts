/**
 * From values (of a file, of flags) to a `ProxyConfig`: every value is checked against the table of
 * keys, then the rules that concern several keys. The first fault throws one `CodisError`
 * `CONFIG_INVALID` whose line names where the value was given, the key, the value and what would be
 * right. Nothing here reads files: that is `file.ts`.
 */

import { isIPv4, isIPv6 } from "node:net";
import { CodisError } from "../../base/error.ts";
import { nearestName } from "../../base/nearest-name.ts";
import { isUnixPath, parseListenAddr } from "../../model/address.ts";
import { isProductName, PRODUCT_NAME_RULE } from "../../model/product.ts";
import { PROXY_KEYS, type ProxyConfig } from "./key.ts";
import type { KeySpec } from "./key-spec.ts";
import { checkValue, showValue } from "./value.ts";

/** Values by key as TOML gives them, and where each was given (`proxy.toml:12`, `--ncpu`). */
export interface GivenValues {
  readonly values: ReadonlyMap<string, unknown>;
  readonly originOf: (key: string) => string;
}

/** A checked configuration and lines about what was given but doesn't do what one might expect. */
export interface LoadedConfig {
  readonly config: ProxyConfig;
  readonly warnings: readonly string[];
}

/** Keys whose values were given, for the rules over several keys. */
interface Rules {
  readonly config: ProxyConfig;
  readonly fail: (key: string, expected: string) => never;
}

const SPEC_BY_NAME: ReadonlyMap<string, KeySpec> = new Map(
  PROXY_KEYS.map((spec): [string, KeySpec] => [spec.name, spec]),
);

const ALL_DEFAULTS: ProxyConfig = assemble(new Map());

/** The configuration of an empty file; `changes` replace fields, unchecked (tests, composition). */
export function defaultProxyConfig(changes: Partial<ProxyConfig> = {}): ProxyConfig {
  return Object.freeze({ ...ALL_DEFAULTS, ...changes });
}

/**
 * Checks values and fills in defaults. With `isStrict` an unknown key is an error, else a warning.
 * Throws `CONFIG_INVALID`.
 */
export function checkProxyConfig(given: GivenValues, isStrict: boolean): LoadedConfig {
  const warnings: string[] = [];
  const checked = new Map<string, string | number | boolean>();
  for (const [key, raw] of given.values) {
    const spec = SPEC_BY_NAME.get(key);
    if (spec === undefined) {
      const line = `${given.originOf(key)}: ${describeUnknownKey(key)}`;
      if (isStrict) {
        throw new CodisError("CONFIG_INVALID", `${line} (--strict)`, { context: { key } });
      }
      warnings.push(line);
      continue;
    }
    const result = checkValue(spec, raw);
    if (!result.ok) {
      throw invalid(spec, given.originOf(key), raw, expectedFor(spec, raw, result.expected));
    }
    checked.set(key, result.value);
  }
  const config = assemble(checked);
  applyRules({
    config,
    fail: (key, expected) => {
      const spec = SPEC_BY_NAME.get(key);
      if (spec === undefined) {
        throw new CodisError("INTERNAL", `rule for the unknown key ${key}`);
      }
      const isGiven = given.values.has(key);
      const origin = isGiven ? given.originOf(key) : "default";
      throw invalid(
        spec,
        origin,
        isGiven ? given.values.get(key) : fieldOf(config, spec),
        expected,
      );
    },
  });
  warnings.push(...warnAboutNoEffect(checked));
  if (config.protoType === "unix" && config.workers > 1) {
    warnings.push(
      `workers = ${config.workers}: proto_type "unix" means one worker, because a socket file can't be shared; using 1`,
    );
    return { config: defaultProxyConfig({ ...config, workers: 1 }), warnings };
  }
  return { config, warnings };
}

/** The configuration as the `config` object of `GET /proxy`: keys of Codis first, no passwords. */
export function configToJson(config: ProxyConfig): Record<string, string | number | boolean> {
  const json: Record<string, string | number | boolean> = {};
  for (const spec of PROXY_KEYS as readonly KeySpec[]) {
    if (spec.isSecret !== true) {
      json[spec.name] = showValue(spec, fieldOf(config, spec));
    }
  }
  return json;
}

function assemble(checked: ReadonlyMap<string, string | number | boolean>): ProxyConfig {
  const fields: Record<string, string | number | boolean> = {};
  for (const spec of PROXY_KEYS as readonly KeySpec[]) {
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
  // The table yields exactly the fields of the type: both come from PROXY_KEYS.
  return Object.freeze(fields) as unknown as ProxyConfig;
}

function fieldOf(config: ProxyConfig, spec: KeySpec): string | number | boolean {
  return (config as Readonly<Record<string, string | number | boolean>>)[spec.field] ?? "";
}

function describeUnknownKey(key: string): string {
  const nearest = nearestName(key, SPEC_BY_NAME.keys());
  return `unknown key ${key}${nearest === undefined ? "" : `, did you mean ${nearest}?`}`;
}

function expectedFor(spec: KeySpec, raw: unknown, expected: string): string {
  return spec.name === "proto_type" && raw === "unixpacket"
    ? `${expected}; clients of Redis can't speak over a packet socket`
    : expected;
}

function invalid(spec: KeySpec, origin: string, raw: unknown, expected: string): CodisError {
  const shown = spec.isSecret === true ? "(hidden)" : show(raw);
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

function applyRules({ config, fail }: Rules): void {
  if (!isProductName(config.productName)) {
    // The words in brackets are Codis's own, for whoever searches for them.
    fail("product_name", `${PRODUCT_NAME_RULE} (bad product name = ${config.productName})`);
  }
  const admin = parseListenAddr(config.adminAddr);
  if (admin === undefined) {
    fail("admin_addr", 'host:port like "0.0.0.0:11080"');
  }
  if (config.protoType === "unix") {
    if (!isUnixPath(config.proxyAddr)) {
      fail("proxy_addr", "the path of a socket file, at most 107 bytes long");
    }
  } else {
    checkTcpAddr(config, fail);
  }
  if (config.jodisName !== "" && config.jodisAddr === "") {
    fail("jodis_addr", `the address of ${config.jodisName}, because jodis_name is set`);
  }
  if (config.sessionSoftOutputBytes > config.sessionMaxOutputBytes) {
    fail("session_soft_output_size", "at most session_max_output_size");
  }
}

function checkTcpAddr(config: ProxyConfig, fail: Rules["fail"]): void {
  const addr = parseListenAddr(config.proxyAddr);
  if (addr === undefined) {
    fail("proxy_addr", 'host:port like "0.0.0.0:19000"');
  } else if (config.protoType === "tcp4" && isIPv6(addr.host)) {
    fail("proxy_addr", 'an IPv4 address, because proto_type is "tcp4"; "tcp" takes both');
  } else if (config.protoType === "tcp6" && isIPv4(addr.host)) {
    fail("proxy_addr", 'an IPv6 address like "[::]:19000", because proto_type is "tcp6"');
  } else if (addr.port !== 0 && config.proxyAddr === config.adminAddr) {
    fail("proxy_addr", "another address than admin_addr");
  }
}

/** One line for each reason, with all keys that were given and do nothing. */
function warnAboutNoEffect(checked: ReadonlyMap<string, string | number | boolean>): string[] {
  const keysByReason = new Map<string, string[]>();
  for (const [key, value] of checked) {
    const spec = SPEC_BY_NAME.get(key);
    if (spec?.withoutEffect === undefined) {
      continue;
    }
    // Features that are off ask for nothing; only keys that ask for something are worth a line.
    const fallback = checkValue(spec, spec.fallback);
    if (spec.section === "Without effect" || !fallback.ok || fallback.value !== value) {
      const keys = keysByReason.get(spec.withoutEffect) ?? [];
      keys.push(key);
      keysByReason.set(spec.withoutEffect, keys);
    }
  }
  return [...keysByReason].map(
    ([reason, keys]) => `${keys.join(", ")}: accepted, but without effect: ${reason}`,
  );
}
