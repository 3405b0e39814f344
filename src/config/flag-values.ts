/**
 * The values of a daemon's configuration when flags stand beside its file: a flag goes before the file, and
 * error lines name whichever a value came from.
 */
import type { GivenValues } from "./check.ts";
import type { Flags } from "./flags.ts";

/** Values of the file, and over them those of flags. */
export class FlagValues implements GivenValues {
  readonly values: Map<string, unknown>;
  readonly #file: GivenValues | undefined;
  readonly #flagByKey = new Map<string, string>();

  /** `sameNames` are flags that are called like the key that they override. */
  constructor(file: GivenValues | undefined, flags: Flags, sameNames: readonly string[]) {
    this.#file = file;
    this.values = new Map(file?.values);
    for (const key of sameNames) {
      const value = flags.get(key);
      if (value !== undefined) {
        this.override(key, value, key);
      }
    }
  }

  /** From now on the value is that of the flag. */
  override(key: string, value: unknown, flag: string): void {
    this.values.set(key, value);
    this.#flagByKey.set(key, `--${flag}`);
  }

  readonly originOf = (key: string): string =>
    this.#flagByKey.get(key) ?? this.#file?.originOf(key) ?? "default";
}

/** A line for each flag that gives a password; `inFile` are those that a file can give instead. */
export function warnAboutSecrets(
  flags: Flags,
  secrets: readonly string[],
  inFile: readonly string[],
): string[] {
  return secrets
    .filter((flag) => (flags.get(flag) ?? "") !== "")
    .map((flag) => {
      const advice = inFile.includes(flag) ? "; better write it in the configuration file" : "";
      return `--${flag}: everybody on this machine can see it in the list of processes${advice}`;
    });
}
