/**
 * The sections of INFO whose fields are named by the data: one line for each database, command or
 * error code. A line `name:a=1,b=2` is merged part by part; a line that only some masters have
 * counts for those.
 */
import type { Fields } from "./info-field.ts";

/** Merges one such section; see `LISTS` for the sections. */
export type MergeList = (masters: readonly Fields[]) => Map<string, string>;

type Parts = Map<string, number>;

/** By the section's name in lower case. */
export const LISTS: Readonly<Record<string, MergeList>> = {
  /**
   * Keys and expiring keys add up; the mean time to live is weighted by them. In the order of the
   * databases, also where the first master lacks one.
   */
  keyspace: (masters) => {
    const merged = mergeLines(masters, (lines) => {
      const total = addUp(lines, ["avg_ttl"]);
      const expires = total.get("expires") ?? 0;
      const weighted = lines.reduce(
        (sum, line) => sum + (line.get("avg_ttl") ?? 0) * (line.get("expires") ?? 0),
        0,
      );
      total.set("avg_ttl", expires === 0 ? 0 : Math.round(weighted / expires));
      return formatParts(total);
    });
    return new Map([...merged].toSorted(([left], [right]) => databaseOf(left) - databaseOf(right)));
  },
  /** Calls and times add up, the time of one call is made from them. */
  commandstats: (masters) =>
    mergeLines(masters, (lines) => {
      const total = addUp(lines, []);
      const calls = total.get("calls") ?? 0;
      const perCall = calls === 0 ? 0 : (total.get("usec") ?? 0) / calls;
      return formatParts(total, new Map([["usec_per_call", perCall.toFixed(2)]]));
    }),
  errorstats: (masters) => mergeLines(masters, (lines) => formatParts(addUp(lines, []))),
  /** Percentiles can't be joined: those of the slowest master, which no other exceeds. */
  latencystats: (masters) =>
    mergeLines(masters, (lines) => {
      const worst = new Map<string, string>();
      for (const line of lines) {
        for (const [name, value] of line) {
          if (value >= Number(worst.get(name) ?? -1)) worst.set(name, value.toFixed(3));
        }
      }
      return formatParts(new Map(), worst);
    }),
};

function mergeLines(
  masters: readonly Fields[],
  merge: (lines: readonly Parts[]) => string,
): Map<string, string> {
  const byName = new Map<string, Parts[]>();
  for (const fields of masters) {
    for (const [name, text] of fields) {
      const lines = byName.get(name);
      if (lines === undefined) byName.set(name, [readParts(text)]);
      else lines.push(readParts(text));
    }
  }
  const merged = new Map<string, string>();
  for (const [name, lines] of byName) merged.set(name, merge(lines));
  return merged;
}

/** The number of the database in `db12`. */
function databaseOf(name: string): number {
  return Number(name.slice(2));
}

/** `a=1,b=2.5` as numbers; parts that are none are left out. */
function readParts(text: string): Parts {
  const parts: Parts = new Map();
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    const value = Number(part.slice(equals + 1));
    if (equals > 0 && Number.isFinite(value)) parts.set(part.slice(0, equals), value);
  }
  return parts;
}

/**
 * The sum of each part, in the order in which they first come; `placeholders` stay for a later
 * value.
 */
function addUp(lines: readonly Parts[], placeholders: readonly string[]): Parts {
  const total: Parts = new Map();
  for (const line of lines) {
    for (const [name, value] of line) {
      total.set(name, placeholders.includes(name) ? 0 : (total.get(name) ?? 0) + value);
    }
  }
  return total;
}

function formatParts(
  parts: ReadonlyMap<string, number>,
  texts: ReadonlyMap<string, string> = new Map(),
): string {
  const names = new Set([...parts.keys(), ...texts.keys()]);
  return [...names].map((name) => `${name}=${texts.get(name) ?? parts.get(name)}`).join(",");
}
