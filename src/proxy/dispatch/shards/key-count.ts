/**
 * DBSIZE: the sum of the masters' own counts, less the strays that are known.
 *
 * A master counts every key it has, and only names tell strays from others. So each DBSIZE also
 * takes a bounded look at names, going on where the last one stopped (the census). A database of up
 * to `SMALL_KEYS_MAX` keys a master is looked at whole each time: there the answer is exact. In a
 * larger one the strays found so far count, after a whole pass all of them; then the census rests
 * for a minute, because strays come only from moves that were broken off. While keys are on their
 * way the sum may be off by those in flight, as any count of a changing keyspace.
 */
import { integerReply } from "../../../resp/encode.ts";
import { decodeReply, forEachBulk, isErrorReply } from "../../../resp/value.ts";
import type { ClientState, CommandHandler, HandlerEnv, Shard } from "../context.ts";
import { askShard, askShards, failureOf, type Part, REPLY_BAD_PART } from "./ask.ts";
import { readScanReply } from "./key-filter.ts";
import { isOwnKey, shardsWithKeys } from "./ownership.ts";

/** Calls of SCAN to one master for one DBSIZE, and how many keys each looks at. */
export const CENSUS_CALLS_MAX = 10;
export const CENSUS_COUNT = 1_000;
/** A database with more keys isn't looked at whole for each DBSIZE. */
const SMALL_KEYS_MAX = CENSUS_CALLS_MAX * CENSUS_COUNT;
/** After a whole pass over a large database, so long no further look. */
const CENSUS_REST_MS = 60_000;
/**
 * Names of strays kept, so that one met twice counts once; more of them count each time they are
 * met.
 */
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
  #isSmall = true;
  #restUntilMs = 0;
  #running: Promise<Buffer | undefined> | undefined;

  constructor(revision: number) {
    this.revision = revision;
  }

  /** Strays known: those of the running pass, or of the last one if that found more. */
  get count(): number {
    return Math.max(this.#lastCount, this.#foundCount);
  }

  /**
   * One bounded look further into a database of so many keys; an error reply when the master gave
   * one. Callers at the same time share it.
   */
  async look(
    client: ClientState,
    env: HandlerEnv,
    shard: Shard,
    keyCount: number,
  ): Promise<Buffer | undefined> {
    this.#running ??= this.#look(client, env, shard, keyCount).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #look(
    client: ClientState,
    env: HandlerEnv,
    shard: Shard,
    keyCount: number,
  ): Promise<Buffer | undefined> {
    const isSmall = keyCount <= SMALL_KEYS_MAX;
    // What was found before a flush or a load says nothing.
    if (isSmall !== this.#isSmall) this.#forget();
    this.#isSmall = isSmall;
    if (keyCount === 0 || (!isSmall && performance.now() < this.#restUntilMs)) return undefined;
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
    const count = this.#foundCount;
    this.#forget();
    this.#lastCount = count;
    this.#restUntilMs = performance.now() + CENSUS_REST_MS;
  }

  #forget(): void {
    this.#cursor = "0";
    this.#lastCount = 0;
    this.#foundCount = 0;
    this.#restUntilMs = 0;
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
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const counts = await Promise.all(parts.map((part) => countOwnKeys(client, env, part)));
  let sum = 0;
  for (const count of counts) {
    if (typeof count !== "number") return count;
    sum += count;
  }
  return integerReply(sum);
};

/** The keys of one master without known strays, or the error reply that the look for them met. */
async function countOwnKeys(
  client: ClientState,
  env: HandlerEnv,
  { shard, reply }: Part,
): Promise<number | Buffer> {
  const size = decodeReply(reply);
  if (size?.type !== "integer") return REPLY_BAD_PART;
  const keyCount = Number(size.value);
  const census = censusOf(env, shard, client.db);
  const refusal = await census.look(client, env, shard, keyCount);
  return refusal ?? Math.max(0, keyCount - census.count);
}
