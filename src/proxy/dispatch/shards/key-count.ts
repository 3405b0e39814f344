/**
 * DBSIZE: the sum of the masters' own counts, less the strays that are known.
 *
 * A master counts every key it has, and only names tell strays from others. So each DBSIZE also takes a
 * bounded look at names, going on where the last one stopped (the census). A database of up to
 * `CENSUS_CALLS_MAX * CENSUS_COUNT` keys a master is looked at whole each time: there the answer is exact. In
 * a larger one the strays found so far count, after a whole pass all of them; then the census rests, because
 * strays come only from moves that were broken off. While keys are on their way the sum may be off by those
 * in flight, as any count of a changing keyspace.
 */
import { integerReply } from "../../../resp/encode.ts";
import { forEachBulk, isErrorReply } from "../../../resp/value.ts";
import type { ClientState, CommandHandler, HandlerEnv, Shard } from "../context.ts";
import { askShard, askShards, decodeParts, failureOf, REPLY_BAD_PART, sumOf } from "./ask.ts";
import { readScanReply } from "./key-filter.ts";
import { isOwnKey, shardsWithKeys } from "./ownership.ts";

/** Calls of SCAN to one master for one DBSIZE, and how many keys each looks at. */
export const CENSUS_CALLS_MAX = 10;
export const CENSUS_COUNT = 1_000;
/** After a whole pass that took more than one DBSIZE, so long no further look. */
const CENSUS_REST_MS = 600_000;
/** Names of strays kept, so that one met twice counts once; more of them count each time they are met. */
const STRAY_NAMES_MAX = 10_000;
/** Databases with a census; the one that was longest without DBSIZE is forgotten. */
const CENSUSES_MAX = 1_024;

/** What is known about the strays in one database of one master. */
class Census {
  readonly revision: number;
  #cursor = "0";
  readonly #names = new Set<string>();
  #foundCount = 0;
  /** Of the last whole pass. */
  #lastCount = 0;
  #callsOfPass = 0;
  #restUntilMs = 0;
  #running: Promise<Buffer | undefined> | undefined;

  constructor(revision: number) {
    this.revision = revision;
  }

  /** Strays known: those of the running pass, or of the last one if that found more. */
  get count(): number {
    return Math.max(this.#lastCount, this.#foundCount);
  }

  /** One bounded look further; an error reply when the master gave one. Callers at the same time share it. */
  async look(client: ClientState, env: HandlerEnv, shard: Shard): Promise<Buffer | undefined> {
    this.#running ??= this.#look(client, env, shard).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #look(client: ClientState, env: HandlerEnv, shard: Shard): Promise<Buffer | undefined> {
    if (performance.now() < this.#restUntilMs) return undefined;
    for (let calls = 0; calls < CENSUS_CALLS_MAX; calls++) {
      const command = ["SCAN", this.#cursor, "COUNT", `${CENSUS_COUNT}`];
      const reply = await askShard(client, env, shard, command);
      if (isErrorReply(reply)) return reply;
      const page = readScanReply(reply);
      if (page === undefined) return REPLY_BAD_PART;
      forEachBulk(reply, page.keysStart, (_frameStart, start, end) => {
        if (!isOwnKey(env.shards, shard, reply, start, end)) this.#note(reply, start, end);
      });
      this.#cursor = page.cursor;
      this.#callsOfPass++;
      if (page.cursor === "0") {
        this.#endPass();
        return undefined;
      }
    }
    return undefined;
  }

  #note(raw: Buffer, start: number, end: number): void {
    if (this.#names.size < STRAY_NAMES_MAX) {
      const name = raw.toString("latin1", start, end);
      if (this.#names.has(name)) return;
      this.#names.add(name);
    }
    this.#foundCount++;
  }

  #endPass(): void {
    if (this.#callsOfPass > CENSUS_CALLS_MAX) {
      this.#restUntilMs = performance.now() + CENSUS_REST_MS;
    }
    this.#lastCount = this.#foundCount;
    this.#foundCount = 0;
    this.#callsOfPass = 0;
    this.#names.clear();
  }
}

/** By address and database; in the order of their last use. */
const censuses = new Map<string, Census>();

function censusOf(env: HandlerEnv, shard: Shard, db: number): Census {
  const key = `${shard.addr}/${db}`;
  let census = censuses.get(key);
  if (census === undefined || census.revision !== env.shards.revision) {
    // What a stray is depends on the slot table.
    census = new Census(env.shards.revision);
  }
  censuses.delete(key);
  censuses.set(key, census);
  if (censuses.size > CENSUSES_MAX) {
    for (const oldest of censuses.keys()) {
      censuses.delete(oldest);
      break;
    }
  }
  return census;
}

/** DBSIZE. */
export const databaseSize: CommandHandler = async (client, argv, env) => {
  const targets = shardsWithKeys(env.shards);
  const takings = targets.map((shard) => censusOf(env, shard, client.db));
  const looks = targets.map((shard, i) => takings[i]?.look(client, env, shard));
  const refused = (await Promise.all(looks)).find((reply) => reply !== undefined);
  if (refused !== undefined) return refused;
  const parts = await askShards(client, env, targets, argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const values = decodeParts(parts);
  const sum = values === undefined ? undefined : sumOf(values);
  if (sum === undefined) return REPLY_BAD_PART;
  const strays = takings.reduce((total, census) => total + census.count, 0);
  return integerReply(Math.max(0, Number(sum) - strays));
};
