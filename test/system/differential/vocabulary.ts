/**
 * What the templates' placeholders stand for: keys out of a small pool, values, numbers, stream ids,
 * scripts. Most are sensible, some are not: of another type, too big, or no number at all.
 *
 * Nothing here depends on when it runs: times to live are so long that no key expires during a run, and
 * points in time are far away. No number can make a server allocate much memory or answer without end.
 */
import { createHash } from "node:crypto";
import type { Argument, Argv, Vocabulary } from "./grammar.ts";
import { FUNCTION_NAMES, LIBRARIES, LIBRARY_NAMES, SCRIPTS } from "./lua.ts";
import type { Random } from "./random.ts";

/** Hash tags: `{a}` and `{b}` are two slots of one group, `{cart}` is of another; "" is none. */
export const TAGS: readonly string[] = ["{a}", "{b}", "{cart}", ""];

const KEY_TYPES = ["str", "num", "bit", "hll", "list", "set", "zset", "geo", "hash", "stream"];
const KEYS_OF_TYPE = 2;
const ODD_KEYS: readonly Argument[] = [
  "",
  "{}empty",
  "x{a}y{b}",
  "{open",
  Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x7b]),
];
const WORDS: readonly Argument[] = [
  "foo",
  "bar",
  "Hello, World",
  "",
  "0",
  "17",
  "-3",
  "3.25",
  "ten",
];
const BINARY = Buffer.from([0, 1, 0x0d, 0x0a, 0x24, 0xff, 0xfe, 0x80]);
const HUGE = ["9223372036854775807", "-9223372036854775808", "9223372036854775808"];
/** Safe for every argument of every command. */
const JUNK: readonly Argument[] = ["", "junk", "-1", "0", "1.5", "9223372036854775807", BINARY];
const PAYLOADS_MAX = 24;

/** The vocabulary of one run. It remembers dumps, so that RESTORE has something to restore. */
export class Words {
  readonly #payloads: Buffer[] = [];
  readonly #functionDumps: Buffer[] = [];
  #lastId = 1;
  /** The tag that all keys of the command at hand have; undefined when each has its own. */
  #tag: string | undefined;

  /** To be called before each command. */
  begin(random: Random): void {
    this.#tag = random.chance(0.7) ? random.pick(TAGS.slice(0, 3)) : undefined;
  }

  /** A reply of DUMP or FUNCTION DUMP, without its frame. */
  remember(kind: "dump" | "function dump", payload: Buffer): void {
    const kept = kind === "dump" ? this.#payloads : this.#functionDumps;
    kept.push(Buffer.from(payload));
    if (kept.length > PAYLOADS_MAX) {
      kept.shift();
    }
  }

  /** An argument that fits nowhere in particular. */
  junk(random: Random): Argument {
    return random.pick(JUNK);
  }

  readonly fill: Vocabulary = (name, random) => {
    if (KEY_TYPES.includes(name)) {
      return this.#key(random.chance(0.08) ? random.pick(KEY_TYPES) : name, random);
    }
    if (name.startsWith("n:")) {
      return this.#countedKeys(name.slice(2), random);
    }
    const filler = this.#fillers[name];
    if (filler === undefined) {
      throw new Error(`no word for <${name}>`);
    }
    return filler(random);
  };

  #key(type: string, random: Random): Argument {
    if (random.chance(0.01)) {
      return random.pick(ODD_KEYS);
    }
    return `${this.#tag ?? random.pick(TAGS)}${type}${random.between(1, KEYS_OF_TYPE)}`;
  }

  /** The number of keys and the keys; sometimes the number is wrong. */
  #countedKeys(type: string, random: Random): Argv {
    const keys = Array.from({ length: random.between(1, 3) }, () => this.fill(type, random));
    const count = random.chance(0.04) ? random.pick(["0", "-1", "4", "x"]) : `${keys.length}`;
    return [count, ...(keys as Argument[])];
  }

  #id(random: Random): string {
    return `${Math.max(0, this.#lastId - random.between(0, 12))}-${random.between(0, 2)}`;
  }

  readonly #fillers: Readonly<Record<string, (random: Random) => Argument | Argv>> = {
    any: (r) => this.#key(r.pick(KEY_TYPES), r),
    // Sorted sets with one score. Where scores differ, what a range by name finds in a skip list depends on
    // its levels, which chance makes.
    lex: (r) => `${this.#tag ?? r.pick(TAGS)}lex${r.between(1, KEYS_OF_TYPE)}`,
    auto: (r) => `${this.#tag ?? "{a}"}auto${r.between(1, 2)}`,
    v: (r) => this.#value(r),
    m: (r) =>
      r.chance(0.05) ? this.#value(r) : r.pick([`m${r.between(0, 9)}`, `${r.between(0, 20)}`]),
    f: (r) => `f${r.between(0, 6)}`,
    int: (r) => (r.chance(0.06) ? r.pick([...HUGE, "abc", "1.5", ""]) : `${r.between(-20, 40)}`),
    // No 1e400: it leaves an ERANGE behind in the server's errno, at which a later SORT BY of any client
    // takes offence (redis-server 7.0.15), and only that server's.
    float: (r) => (r.chance(0.06) ? r.pick(["nan", "inf", "-inf", "abc"]) : decimal(r)),
    score: (r) => (r.chance(0.1) ? r.pick(["inf", "-inf", "abc", "+inf"]) : decimal(r)),
    count: (r) =>
      r.chance(0.06) ? r.pick(["-2", "x", "9223372036854775807"]) : `${r.between(0, 5)}`,
    sample: (r) => (r.chance(0.04) ? "x" : `${r.between(-6, 6)}`),
    idx: (r) => (r.chance(0.05) ? r.pick(["x", ...HUGE]) : `${r.between(-5, 6)}`),
    onoff: (r) => (r.chance(0.05) ? r.pick(["2", "x", "-1"]) : r.pick(["0", "1"])),
    bitpos: (r) => (r.chance(0.04) ? r.pick(["-1", "x", "4294967296"]) : `${r.between(0, 160)}`),
    bitint: (r) =>
      r.pick([
        "u8",
        "i8",
        "u4",
        "i16",
        "u63",
        "i64",
        "u1",
        ...(r.chance(0.05) ? ["u64", "x"] : []),
      ]),
    bitfieldat: (r) => r.pick([`${r.between(0, 64)}`, `#${r.between(0, 6)}`]),
    offset: (r) => (r.chance(0.04) ? r.pick(["-1", "x", "536870912"]) : `${r.between(0, 40)}`),
    ttl: (r) =>
      r.chance(0.08) ? r.pick(["0", "-1", "x", ...HUGE]) : `${r.between(10_000, 9_999_999)}`,
    pttl: (r) =>
      r.chance(0.08) ? r.pick(["0", "-1", "x", ...HUGE]) : `${r.between(10_000_000, 999_999_999)}`,
    at: (r) =>
      r.chance(0.08)
        ? r.pick(["0", "1", "x", ...HUGE])
        : `${r.between(4_000_000_000, 4_100_000_000)}`,
    pat: (r) =>
      r.chance(0.08)
        ? r.pick(["0", "1", "x", ...HUGE])
        : `${r.between(4_000_000_000, 4_100_000_000)}000`,
    newid: (r) => (r.chance(0.15) ? this.#id(r) : `${++this.#lastId}-${r.pick(["1", "*"])}`),
    id: (r) => (r.chance(0.04) ? r.pick(["x", "1-x", "18446744073709551615-1"]) : this.#id(r)),
    from: (r) => r.pick(["-", "-", this.#id(r), `(${this.#id(r)}`]),
    to: (r) => r.pick(["+", "+", this.#id(r), `(${this.#id(r)}`]),
    group: (r) => `g${r.between(1, 2)}`,
    consumer: (r) => `c${r.between(1, 2)}`,
    lexmin: (r) =>
      r.chance(0.04) ? "x" : r.pick(["-", `[m${r.between(0, 9)}`, `(m${r.between(0, 9)}`]),
    lexmax: (r) =>
      r.chance(0.04) ? "x" : r.pick(["+", `[m${r.between(0, 9)}`, `(m${r.between(0, 9)}`]),
    low: (r) => (r.chance(0.04) ? "x" : r.pick(["-inf", decimal(r), `(${decimal(r)}`])),
    high: (r) => (r.chance(0.04) ? "x" : r.pick(["+inf", decimal(r), `(${decimal(r)}`])),
    lon: (r) => (r.chance(0.04) ? r.pick(["181", "x"]) : `${r.between(-1000, 1000) / 100}`),
    lat: (r) => (r.chance(0.04) ? r.pick(["86", "x"]) : `${r.between(-1000, 1000) / 100}`),
    radius: (r) => (r.chance(0.04) ? r.pick(["-1", "x"]) : `${r.between(0, 3000)}`),
    unit: (r) => (r.chance(0.04) ? "parsec" : r.pick(["m", "km", "ft", "mi"])),
    glob: (r) =>
      r.pick(["*", "f*", "m[0-4]*", "?1*", "{a}*", "*str1", "str1", "nosuch*", "[", "\\*"]),
    keytype: (r) => r.pick(["string", "list", "hash", "set", "zset", "stream", "nosuch"]),
    script: (r) => r.pick(SCRIPTS),
    sha: (r) => (r.chance(0.1) ? r.pick(["f".repeat(40), "short", ""]) : sha1(r.pick(SCRIPTS), r)),
    library: (r) => r.pick(LIBRARIES),
    libname: (r) => r.pick(LIBRARY_NAMES),
    fn: (r) => r.pick(FUNCTION_NAMES),
    payload: (r) => (r.chance(0.1) ? this.junk(r) : r.pick([BINARY, ...this.#payloads.slice(1)])),
    fnpayload: (r) => (r.chance(0.1) ? this.junk(r) : r.pick([BINARY, ...this.#functionDumps])),
    // One tag for the list and for the weights that it is sorted by; sometimes two.
    pattern: (r) => `${this.#tag ?? r.pick(TAGS)}num*`,
    hashpattern: (r) => `${this.#tag ?? r.pick(TAGS)}hash*->f1`,
    db: (r) =>
      r.chance(0.1) ? r.pick(["16", "-1", "x", "99999999999999999999"]) : `${r.between(0, 3)}`,
    long: (r) => "x".repeat(r.between(65, 200)),
  };

  #value(random: Random): Argument {
    if (random.chance(0.06)) {
      return random.pick([BINARY, "y".repeat(80), "z".repeat(600)]);
    }
    if (random.chance(0.003)) {
      return Buffer.alloc(20_000, "long ");
    }
    return random.chance(0.4) ? `${random.between(-9, 99)}` : random.pick(WORDS);
  }
}

function decimal(random: Random): string {
  return random.chance(0.6) ? `${random.between(-9, 20)}` : `${random.between(-90, 200) / 8}`;
}

function sha1(script: string, random: Random): string {
  const digest = createHash("sha1").update(script).digest("hex");
  return random.chance(0.1) ? digest.toUpperCase() : digest;
}
