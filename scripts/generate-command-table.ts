/**
 * Writes `src/command/table-data.ts`: the facts of a real redis-server (COMMAND, COMMAND DOCS and its
 * tips), plus `supplement.ts` for what that server doesn't know, plus the routes of `decision.ts`.
 *
 * Usage: `bun scripts/generate-command-table.ts [--check]`. With `--check` nothing is written and the
 * exit code says whether the committed file is what would be written. It stops with one line when a
 * command has no decision, or has keys that it can't express. A unit test runs it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  ACCESS,
  CHECKS,
  MASTER_ONLY,
  MERGES,
  ROUTE_LISTS,
  SCRIPTS,
  SPECIAL_KEYS,
} from "../src/command/decision.ts";
import type { Access, CommandEntry, FlagName, KeySpec, RouteName } from "../src/command/entry.ts";
import { FLAG_NAMES, ROUTE_NAMES } from "../src/command/route.ts";
import { SUPPLEMENT } from "../src/command/supplement.ts";
import { startRedis } from "../test/support/redis-server.ts";

const TARGET = fileURLToPath(new URL("../src/command/table-data.ts", import.meta.url));

/** What is known of a command before our decisions. */
interface CommandFacts {
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly FlagName[];
  readonly keys: KeySpec;
  readonly tips: readonly string[];
  readonly since: string;
  readonly group: string;
}

/** A RESP2 reply; errors are values. */
export type Reply = string | number | null | Error | readonly Reply[];

/** One connection to a redis-server; commands in a pipeline keep their order. */
export interface RedisConnection {
  call(...words: readonly (string | Uint8Array)[]): Promise<Reply>;
  close(): void;
}

/** Connects to a redis-server on 127.0.0.1. A lost connection rejects what waits for a reply. */
export function connectRedis(port: number): RedisConnection {
  const queue = new ReplyQueue(connect(port, "127.0.0.1"));
  return { call: (...words) => queue.call(words), close: () => queue.close() };
}

/** One connection: sends commands and hands replies to their callers in order. */
class ReplyQueue {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #bytes = Buffer.alloc(0);
  #position = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("redis-server went away"));
    });
  }

  call(words: readonly (string | Uint8Array)[]): Promise<Reply> {
    const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
    for (const word of words) {
      const bytes = Buffer.from(word as string);
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
    }
    this.#socket.write(Buffer.concat(parts));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      this.#position = 0;
      const reply = this.#bytes.length === 0 ? undefined : this.#parse();
      if (reply === undefined) return;
      this.#bytes = this.#bytes.subarray(this.#position);
      this.#waiting.shift()?.resolve(reply);
    }
  }

  /** One reply from `#position`; undefined when bytes are missing. */
  #parse(): Reply | undefined {
    const end = this.#bytes.indexOf("\r\n", this.#position);
    if (end < 0) return undefined;
    const type = this.#bytes[this.#position];
    const line = this.#bytes.toString("utf8", this.#position + 1, end);
    this.#position = end + 2;
    if (type === 0x2b) return line;
    if (type === 0x2d) return new Error(line);
    const count = Number(line);
    if (type === 0x3a) return count;
    if (count < 0) return null;
    if (type === 0x24) {
      const start = this.#position;
      this.#position += count + 2;
      if (this.#position > this.#bytes.length) return undefined;
      return this.#bytes.toString("utf8", start, start + count);
    }
    const items: Reply[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.#parse();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
}

const NO_KEYS: KeySpec = { kind: "none" };

/** The text of `table-data.ts` as this server and the hand-written files make it. */
export async function generateTable(redis: RedisConnection): Promise<string> {
  const docs = readDocs(await redis.call("COMMAND", "DOCS"));
  const facts = new Map<string, CommandFacts>();
  for (const entry of asArray(await redis.call("COMMAND"))) addServerFacts(facts, entry, docs);
  for (const entry of supplementFacts()) {
    if (facts.has(entry.name)) {
      throw new Error(`${entry.name}: supplement.ts has a command that the server knows`);
    }
    facts.set(entry.name, entry);
  }
  return formatTable(decide(facts), asText(await redis.call("INFO", "server")));
}

function asArray(reply: Reply): readonly Reply[] {
  if (!Array.isArray(reply))
    throw new Error(`the server answered ${String(reply)} instead of an array`);
  return reply;
}

function asText(reply: Reply): string {
  if (typeof reply !== "string") throw new Error("the server answered something else than text");
  return reply;
}

function asNumber(reply: Reply | undefined): number {
  if (typeof reply !== "number")
    throw new Error("the server answered something else than a number");
  return reply;
}

/** A flat RESP2 map as a Map. */
function asMap(reply: Reply): ReadonlyMap<string, Reply> {
  const flat = asArray(reply);
  const map = new Map<string, Reply>();
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(asText(flat[i]!), flat[i + 1]!);
  return map;
}

/** `since` and `group` of every command and subcommand. */
function readDocs(reply: Reply): Map<string, { since: string; group: string }> {
  const docs = new Map<string, { since: string; group: string }>();
  const add = (name: string, doc: Reply): void => {
    const fields = asMap(doc);
    docs.set(name, {
      since: asText(fields.get("since") ?? ""),
      group: asText(fields.get("group") ?? ""),
    });
    for (const [child, childDoc] of asMap(fields.get("subcommands") ?? [])) add(child, childDoc);
  };
  for (const [name, doc] of asMap(reply)) add(name, doc);
  return docs;
}

/** Adds one element of COMMAND's reply and its subcommands. */
function addServerFacts(
  facts: Map<string, CommandFacts>,
  reply: Reply,
  docs: ReadonlyMap<string, { since: string; group: string }>,
): void {
  const fields = asArray(reply);
  const name = asText(fields[0]!).toLowerCase();
  const flags = asArray(fields[2]!).map((flag) => asFlag(name, asText(flag)));
  const doc = docs.get(name);
  if (doc === undefined) throw new Error(`${name}: no COMMAND DOCS`);
  facts.set(name, {
    name,
    arity: asNumber(fields[1]),
    flags: flags.sort(),
    keys: SPECIAL_KEYS[name] ?? readKeys(name, fields, flags.includes("movablekeys")),
    tips: asArray(fields[7]!).map(asText),
    since: doc.since,
    group: doc.group,
  });
  for (const child of asArray(fields[9]!)) addServerFacts(facts, child, docs);
}

function asFlag(name: string, flag: string): FlagName {
  const known: readonly string[] = FLAG_NAMES;
  if (!known.includes(flag))
    throw new Error(`${name}: flag '${flag}' isn't in FLAG_NAMES of route.ts`);
  return flag as FlagName;
}

/**
 * Turns Redis's key specs into ours. Without `movablekeys` the old first, last and step say all.
 * Otherwise exactly one spec must be a numkeys argument, beside at most one fixed destination.
 */
function readKeys(name: string, fields: readonly Reply[], isMovable: boolean): KeySpec {
  const specs = asArray(fields[8]!).map(asMap);
  // Channels of sharded pub/sub are marked as keys that aren't keys.
  const keySpecs = specs.filter((spec) => !asArray(spec.get("flags")!).includes("not_key"));
  if (keySpecs.length === 0) return NO_KEYS;
  if (!isMovable) {
    const [first, last, step] = [asNumber(fields[3]), asNumber(fields[4]), asNumber(fields[5])];
    return { kind: "range", first, last, step };
  }
  let destination = 0;
  let numkeys: KeySpec | undefined;
  for (const spec of keySpecs) {
    const begin = asMap(spec.get("begin_search")!);
    const find = asMap(spec.get("find_keys")!);
    if (begin.get("type") !== "index")
      throw new Error(`${name}: keys need an entry in SPECIAL_KEYS`);
    const index = asNumber(asMap(begin.get("spec")!).get("index"));
    const detail = asMap(find.get("spec")!);
    if (find.get("type") === "keynum" && numkeys === undefined) {
      const at = index + asNumber(detail.get("keynumidx"));
      if (index + asNumber(detail.get("firstkey")) !== at + 1) {
        throw new Error(`${name}: keys don't follow their number`);
      }
      numkeys = { kind: "numkeys", at, step: asNumber(detail.get("keystep")), destination };
    } else if (find.get("type") === "range" && detail.get("lastkey") === 0 && destination === 0) {
      destination = index;
      if (numkeys?.kind === "numkeys") numkeys = { ...numkeys, destination };
    } else {
      throw new Error(`${name}: keys need an entry in SPECIAL_KEYS`);
    }
  }
  if (numkeys?.kind !== "numkeys") throw new Error(`${name}: keys need an entry in SPECIAL_KEYS`);
  return { ...numkeys, destination };
}

function* supplementFacts(): Generator<CommandFacts> {
  for (const [since, text] of Object.entries(SUPPLEMENT)) {
    for (const line of text.split("\n")) {
      const words = line.trim().split(/\s+/);
      if (words.length === 1) continue;
      const [name, arity, flags, keys, group, ...policies] = words;
      if (group === undefined) throw new Error(`supplement.ts: line too short: ${line.trim()}`);
      const flagWords = flags === "-" ? [] : flags!.split(",");
      yield {
        name: name!,
        arity: Number(arity),
        flags: flagWords.map((flag) => asFlag(name!, flag)).sort(),
        keys: SPECIAL_KEYS[name!] ?? readSupplementKeys(name!, keys!),
        tips: policies.map((policy, i) => `${i === 0 ? "request" : "response"}_policy:${policy}`),
        since,
        group,
      };
    }
  }
}

function readSupplementKeys(name: string, text: string): KeySpec {
  if (text === "-") return NO_KEYS;
  const range = /^(\d+):(-?\d+):(\d+)$/.exec(text);
  if (range !== null) {
    return {
      kind: "range",
      first: Number(range[1]),
      last: Number(range[2]),
      step: Number(range[3]),
    };
  }
  const numkeys = /^#(\d+)(?:\/(\d+))?$/.exec(text);
  if (numkeys === null) throw new Error(`supplement.ts: ${name}: keys '${text}'`);
  return { kind: "numkeys", at: Number(numkeys[1]), step: Number(numkeys[2] ?? 1), destination: 0 };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Merges facts and decisions; throws unless each command has exactly one route. */
function decide(facts: ReadonlyMap<string, CommandFacts>): CommandEntry[] {
  const routes = new Map<string, RouteName>();
  for (const route of ROUTE_NAMES) {
    for (const name of wordsOf(ROUTE_LISTS[route])) {
      if (routes.has(name)) throw new Error(`${name}: decision.ts names it twice`);
      if (!facts.has(name))
        throw new Error(`${name}: decision.ts names it, but no source knows it`);
      routes.set(name, route);
    }
  }
  const masterOnly = new Set(wordsOf(MASTER_ONLY));
  const named = [MERGES, CHECKS, SCRIPTS, ACCESS, SPECIAL_KEYS].flatMap((map) => Object.keys(map));
  for (const name of [...named, ...masterOnly]) {
    if (!facts.has(name)) throw new Error(`${name}: decision.ts names it, but no source knows it`);
  }
  // Plain code unit order: the same on every machine.
  const names = [...facts.keys()].sort();
  return names.map((name, id) => {
    const fact = facts.get(name)!;
    const route = routes.get(name);
    if (route === undefined) throw new Error(`${name}: decision.ts has no route for it`);
    return {
      name,
      id,
      arity: fact.arity,
      access: ACCESS[name] ?? accessOf(fact.flags),
      route,
      merge: MERGES[name] ?? "none",
      check: CHECKS[name] ?? "none",
      script: SCRIPTS[name] ?? "none",
      masterOnly: masterOnly.has(name),
      keys: fact.keys,
      flags: fact.flags,
      requestPolicy: policyOf(fact.tips, "request_policy:"),
      responsePolicy: policyOf(fact.tips, "response_policy:"),
      since: fact.since,
      group: fact.group,
    };
  });
}

function accessOf(flags: readonly FlagName[]): Access {
  if (flags.includes("write")) return "write";
  return flags.includes("readonly") ? "read" : "none";
}

function policyOf(tips: readonly string[], prefix: string): string {
  return tips.find((tip) => tip.startsWith(prefix))?.slice(prefix.length) ?? "";
}

function formatTable(entries: readonly CommandEntry[], info: string): string {
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown";
  const rows = entries.map((entry) => `  ${formatRow(entry)},\n`).join("");
  return `/**
 * The table of commands: facts of redis-server ${version} and of \`supplement.ts\`, routes of \`decision.ts\`.
 *
 * GENERATED by scripts/generate-command-table.ts; change its sources, not this file. Read it through
 * \`table.ts\`. One command a line, ordered by name, so that a difference between two releases reads well.
 */
// biome-ignore-all format: generated, one command a line
import type { CommandEntry } from "./entry.ts";

/** All commands and subcommands, ordered by name; the index is the id. */
export const TABLE_ROWS: readonly CommandEntry[] = [
${rows}];
`;
}

function formatRow(value: object): string {
  const fields = Object.entries(value).map(([key, field]) => `${key}: ${formatValue(field)}`);
  return `{ ${fields.join(", ")} }`;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) return formatRow(value);
  return JSON.stringify(value);
}

async function main(): Promise<void> {
  const server = await startRedis();
  const redis = connectRedis(server.port);
  const text = await generateTable(redis);
  redis.close();
  await server.stop();
  if (process.argv.includes("--check")) {
    const committed = await readFile(TARGET, "utf8");
    if (committed === text) return;
    process.stderr.write(
      "src/command/table-data.ts is out of date: run scripts/generate-command-table.ts\n",
    );
    process.exitCode = 1;
    return;
  }
  await writeFile(TARGET, text);
  process.stdout.write(`wrote ${TARGET}\n`);
}

if (import.meta.main) await main();
