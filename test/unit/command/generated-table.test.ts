/**
 * The committed table against a real redis-server: it is what the generator makes, it has every command
 * and subcommand of the server, and `findKeys` finds the keys that COMMAND GETKEYS finds.
 * Method: seeded random requests for every command with keys; CODIS_TEST_SEED gives another seed.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  connectRedis,
  generateTable,
  type RedisConnection,
} from "../../../scripts/generate-command-table.ts";
import type { CommandEntry } from "../../../src/command/entry.ts";
import { findKeys, KEYS_INVALID } from "../../../src/command/key-spec.ts";
import { COMMANDS, findCommandId } from "../../../src/command/table.ts";
import { withDeadline } from "../../support/deadline.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { requestOf } from "./request.ts";

const TABLE_FILE = new URL("../../../src/command/table-data.ts", import.meta.url);
const DEADLINE_MS = 20_000;
const SEED = Number(process.env["CODIS_TEST_SEED"] ?? 20_250_101);
const RUNS_PER_COMMAND = 12;

let server: RedisServer;
let redis: RedisConnection;
/** Names that the server knows, subcommands included. */
let known: ReadonlySet<string>;

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.port);
  known = new Set((await redis.call("COMMAND", "LIST")) as string[]);
});

afterAll(async () => {
  redis.close();
  await server.stop();
});

/** Sorted keys that the server sees in a request; undefined when it answers an error. */
async function keysOfServer(words: readonly string[]): Promise<string[] | undefined> {
  const reply = await redis.call("COMMAND", "GETKEYS", ...words);
  return Array.isArray(reply) ? [...(reply as string[])].sort() : undefined;
}

/** Sorted keys that `findKeys` sees; undefined for `KEYS_INVALID`. */
function keysOfTable(entry: CommandEntry, words: readonly string[]): string[] | undefined {
  const { buffer, argOffsets, argCount } = requestOf(words);
  const out = new Int32Array(argCount);
  const count = findKeys(entry.id, buffer, argOffsets, argCount, out);
  if (count === KEYS_INVALID) return undefined;
  return Array.from(out.subarray(0, count), (index) => words[index]!).sort();
}

/** The command of a request: one word, or container and subcommand. */
function nameWords(entry: CommandEntry): string[] {
  return entry.name.split("|");
}

// Words that a parser might take for a part of the syntax, and plain ones.
const noise = fc.constantFrom(
  "0",
  "1",
  "2",
  "x",
  "store",
  "STORE",
  "keys",
  "get",
  "by",
  "limit",
  "{a}",
);
const key = fc.stringMatching(/^[a-c{}]{1,4}$/).map((text) => `key:${text}`);
const number = fc.constantFrom("1", "2", "10");

function words(
  ...parts: readonly (string | fc.Arbitrary<string | string[]>)[]
): fc.Arbitrary<string[]> {
  const arbitraries = parts.map((part) => (typeof part === "string" ? fc.constant(part) : part));
  return fc.tuple(...arbitraries).map((values) => values.flat());
}

function oneOf(...options: readonly fc.Arbitrary<string[]>[]): fc.Arbitrary<string[]> {
  return fc.oneof(...options);
}

function many(options: fc.Arbitrary<string[]>): fc.Arbitrary<string[]> {
  return fc.array(options, { maxLength: 4 }).map((chosen) => chosen.flat());
}

const plainOption = words(fc.constantFrom("asc", "DESC", "alpha"));
const sortOptions = many(
  oneOf(plainOption, words("BY", noise), words("Get", noise), words("limit", number, number)),
);
const store = oneOf(words(), words("STORE", key), words("StoreDist", key));
const radiusOptions = many(oneOf(words("WITHCOORD"), words("count", number), words("asc")));

/** Requests whose syntax only a parser of their own understands. */
const special: Readonly<Record<string, fc.Arbitrary<string[]>>> = {
  sort: words(key, sortOptions, oneOf(words(), words("store", key)), many(plainOption)),
  sort_ro: words(key, sortOptions),
  georadius: words(key, "1", "2", "3", "km", radiusOptions, store, radiusOptions),
  georadiusbymember: words(key, "member", "3", "km", radiusOptions, store, radiusOptions),
  xread: oneOf(
    words(many(words(fc.constantFrom("COUNT", "block"), number)), "streams", key, key, "0", "$"),
    words("Streams", key, "0-0"),
    words("STREAMS", key, key, key, "1", "2", "3"),
  ),
  xreadgroup: words(
    "GROUP",
    fc.constantFrom("g", "streams"),
    fc.constantFrom("c", "count"),
    oneOf(words(), words("COUNT", number), words("NOACK", "BLOCK", number)),
    "STREAMS",
    key,
    key,
    ">",
    "0",
  ),
  migrate: oneOf(
    words("host", "1", key, "0", "10", many(words(fc.constantFrom("copy", "REPLACE")))),
    words("host", "1", "", "0", "10", "COPY", "keys", key, key),
    words("host", "1", "", "0", "10", "auth", "keys", "KEYS", key),
    words("host", "1", "", "0", "10", "AUTH2", "keys", "keys", "KEYS", key, key),
  ),
};

/** Requests of a command whose keys are a range or counted, with noise behind them. */
function requestArbitrary(entry: CommandEntry): fc.Arbitrary<string[]> {
  const head = nameWords(entry);
  const { keys } = entry;
  const own = special[entry.name];
  if (keys.kind === "special") return words(...head, own!);
  if (keys.kind === "numkeys") {
    const before = Array.from({ length: keys.at - head.length }, (_, i) =>
      i + head.length === keys.destination ? key : noise,
    );
    const counted = fc.integer({ min: 1, max: 4 }).chain((count) => {
      const group = words(key, ...Array.from({ length: keys.step - 1 }, () => noise));
      return words(`${count}`, ...Array.from({ length: count }, () => group));
    });
    const least = Math.max(0, Math.abs(entry.arity) - keys.at - 2);
    return words(...head, ...before, counted, ...Array.from({ length: least }, () => noise));
  }
  if (keys.kind !== "range") return words(...head);
  const { first, last, step } = keys;
  if (last >= 0) {
    const least = Math.abs(entry.arity);
    const extra = entry.arity < 0 ? fc.integer({ min: 0, max: 3 }) : fc.constant(0);
    return extra.chain((more) =>
      words(...head, ...Array.from({ length: least + more - head.length }, () => noise)),
    );
  }
  // PFMERGE with only a destination runs, but COMMAND GETKEYS refuses it.
  const keyCountMin = entry.name === "pfmerge" ? 2 : 1;
  const least = Math.max(keyCountMin, Math.ceil((Math.abs(entry.arity) - first + last + 1) / step));
  return fc.integer({ min: least, max: least + 3 }).chain((count) => {
    const before = Array.from({ length: first - head.length }, () => noise);
    const group = Array.from({ length: step }, () => key);
    const behind = Array.from({ length: -1 - last }, () => noise);
    const groups = Array.from({ length: count }, () => group).flat();
    return words(...head, ...before, ...groups, ...behind);
  });
}

describe("the committed table", () => {
  test("is what the generator makes of this server and the hand-written files", async () => {
    const committed = readFileSync(TABLE_FILE, "utf8");
    const made = await withDeadline("table", DEADLINE_MS, generateTable(redis));
    const version = /redis-server (\S+)/.exec(made)?.[1];
    if (!committed.includes(`redis-server ${version} `)) {
      throw new Error(`the table was made with another version than this server's, ${version}`);
    }
    expect(made.split("\n")).toEqual(committed.split("\n"));
  });

  test("has every command and subcommand of the server", () => {
    expect(known.size).toBeGreaterThan(300);
    const missing = [...known].filter((name) => findCommandId(name) < 0);
    expect(missing).toEqual([]);
  });
});

describe("findKeys", () => {
  test(`agrees with COMMAND GETKEYS for every command with keys (seed ${SEED})`, async () => {
    const commands = COMMANDS.filter(
      (entry) => entry.keys.kind !== "none" && known.has(entry.name),
    );
    expect(commands.length).toBeGreaterThan(150);
    const requests = commands.flatMap((entry) =>
      fc
        .sample(requestArbitrary(entry), { seed: SEED, numRuns: RUNS_PER_COMMAND })
        .map((request) => ({ entry, request })),
    );
    const answers = await withDeadline(
      "replies to COMMAND GETKEYS",
      DEADLINE_MS,
      Promise.all(requests.map(({ request }) => keysOfServer(request))),
    );
    requests.forEach(({ entry, request }, i) => {
      expect([request, keysOfTable(entry, request)]).toEqual([request, answers[i]]);
      expect([request, answers[i]?.length ?? 0]).not.toEqual([request, 0]);
    });
  });

  // COMMAND GETKEYS reads numbers more leniently than the commands themselves, so those are run.
  test("refuses a number of keys that the server refuses when the command runs", async () => {
    const counted = COMMANDS.filter(
      (entry) => entry.keys.kind === "numkeys" && known.has(entry.name),
    );
    expect(counted.length).toBeGreaterThan(10);
    for (const entry of counted) {
      const at = entry.keys.kind === "numkeys" ? entry.keys.at : 0;
      for (const count of ["-1", "99", "01", "+1", " 1", "1 ", "1.0", "", "x", "99999999999"]) {
        const before = Array.from({ length: at - 1 }, () => "return 1");
        const request = [...nameWords(entry), ...before, count, "b", "left", "d"];
        expect([request, keysOfTable(entry, request)]).toEqual([request, undefined]);
        expect([request, await redis.call(...request)]).toEqual([request, expect.any(Error)]);
      }
    }
  });

  test("finds no key in commands where the server finds none", async () => {
    const keyless = COMMANDS.filter((entry) => entry.keys.kind === "none" && known.has(entry.name));
    for (const entry of keyless) {
      const least = Math.max(Math.abs(entry.arity), nameWords(entry).length);
      const request = [...nameWords(entry), ...Array.from({ length: least }, () => "a")].slice(
        0,
        least,
      );
      expect([request, keysOfTable(entry, request)]).toEqual([request, []]);
      expect([request, await keysOfServer(request)]).toEqual([request, undefined]);
    }
  });
});
