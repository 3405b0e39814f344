/**
 * Two real servers and a mover between them, for tests of the mover: starts them, writes keys, records what the mover
 * tells, compares what has arrived.
 *
 * Invariant: `close` ends the mover first, then connections and servers, also after a failed test.
 */

import { slotOf } from "../../src/command/hash.ts";
import type {
  Mover,
  MoverLimits,
  MoverOptions,
  MoverServer,
  Pace,
} from "../../src/dashboard/migration/contract.ts";
import { createMigrateMover } from "../../src/dashboard/migration/mover/migrate-mover.ts";
import type { TroubleCode } from "../../src/model/operation/trouble-code.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { bytesOf, itemsOf, numberOf, textOf } from "../../src/redis/reply.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { waitFor } from "./deadline.ts";
import { PATIENT } from "./patience.ts";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis-server.ts";
import { memoryFolder } from "./temporary-folder.ts";

/** Number of slots in these tests. */
export const SLOT_COUNT = 1024;
/** All of them. */
export const ALL_SLOTS: readonly number[] = Array.from({ length: SLOT_COUNT }, (_, id) => id);

/** Everything that a mover has told. */
export interface MoverLog {
  readonly emptied: Set<number>;
  movedKeys: number;
  movedBytes: number;
  /** Every change, with whether a person has to act; undefined: it goes on. */
  readonly troubles: (string | undefined)[];
  /** Of the troubles. */
  readonly codes: (TroubleCode | undefined)[];
  readonly forPeople: boolean[];
  longestStallMs: number;
  retries: number;
}

/** A mover with its log. */
export interface RecordedMover {
  readonly mover: Mover;
  readonly log: MoverLog;
  /** Resolves when all these slots were reported as empty. */
  emptied(slotIds: readonly number[], ms?: number): Promise<void>;
  /** Resolves with the first trouble that matches. */
  trouble(pattern: RegExp, ms?: number): Promise<string>;
}

/** How a pair is started. */
export interface PairOptions {
  readonly sourceArgs?: readonly string[];
  readonly targetArgs?: readonly string[];
  /** Which kind of mover; default: with MIGRATE. */
  readonly create?: ((options: MoverOptions) => Mover) | undefined;
  /** Which kind of server; default: a stock redis-server. */
  readonly start?: (options: RedisServerOptions) => Promise<RedisServer>;
}

/** See the file head. */
export interface MoverPair {
  /** As it was given. */
  readonly create: PairOptions["create"];
  source: RedisServer;
  readonly target: RedisServer;
  readonly atSource: RedisClient;
  readonly atTarget: RedisClient;
  /** A mover from source to target; ended by `close`. */
  startMover(changes?: Partial<MoverOptions>): RecordedMover;
  /** Kills the source and starts it again on its port and folder; `atSource` is a new connection. */
  restartSource(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Bounds with which a machine that stands still for some seconds breaks no transfer off: for tests that are about
 * something else than transfers in doubt, and count what was moved, or want to hear of no trouble.
 */
export const CALM_LIMITS: MoverLimits = { maxStallMs: 5, ioTimeoutMs: 10_000, bigKeyRule: "last" };

/** What was told, but for servers that didn't answer in time: a machine that stands still can do that. */
export function troublesOf({ troubles, codes }: MoverLog): readonly string[] {
  return troubles.filter(
    (text, index): text is string => text !== undefined && codes[index] !== "unreachable",
  );
}

/** No limit. */
export const FULL_SPEED: Pace = { take: () => 0 };
const WAIT_MS = 30_000;
const FILL_CALLS = 500;

/** How long a replica may take until it is in step. */
const REPLICA_MS = 30_000;
/** Arguments of a server whose replicas are in step at once. */
export const FAST_SYNC: readonly string[] = ["--repl-diskless-sync-delay", "0"];

/** Starts a replica of the pair's target; resolves when it is in step. The caller stops it. */
export async function startTargetReplica(
  { target }: MoverPair,
  start: (options: RedisServerOptions) => Promise<RedisServer> = startRedis,
): Promise<RedisServer> {
  const replica = await start({
    args: [...FAST_SYNC, "--replicaof", "127.0.0.1", `${target.port}`],
  });
  await waitFor("replica online", REPLICA_MS, async () => {
    const info = await fetchInfo({ ...PATIENT, addr: target.addr });
    return info["slave0"]?.includes("state=online") === true ? true : undefined;
  });
  return replica;
}

/** The slot of a key. */
export function slotOfKey(key: string | Buffer): number {
  const bytes = Buffer.from(key);
  return slotOf(bytes, 0, bytes.length, SLOT_COUNT - 1);
}

/** A server of group 1, without a password. */
export function serverAt(addr: string, groupId = 1): MoverServer {
  return { groupId, addr, user: "", password: "" };
}

/** Starts both servers. */
export async function startPair(options: PairOptions = {}): Promise<MoverPair> {
  // The source's data outlives its process.
  const folder = memoryFolder();
  const { start = startRedis } = options;
  const [source, target] = await Promise.all([
    start({ dir: folder.path, args: options.sourceArgs ?? [] }),
    start({ args: options.targetArgs ?? [] }),
  ]);
  const movers: Mover[] = [];
  let atSource = await RedisClient.connect({ ...PATIENT, addr: source.addr });
  const atTarget = await RedisClient.connect({ ...PATIENT, addr: target.addr });
  const pair = {
    create: options.create,
    source,
    target,
    get atSource() {
      return atSource;
    },
    atTarget,
    startMover(changes: Partial<MoverOptions> = {}) {
      const recorded = recordMover({
        source: serverAt(source.addr, 1),
        target: serverAt(target.addr, 2),
        ...changes,
        create: options.create,
      });
      movers.push(recorded.mover);
      return recorded;
    },
    async restartSource() {
      const { port, dir } = pair.source;
      atSource.close();
      await pair.source.kill();
      pair.source = await start({ port, dir, args: options.sourceArgs ?? [] });
      atSource = await RedisClient.connect({ ...PATIENT, addr: pair.source.addr });
    },
    async close() {
      pair.source.resume();
      target.resume();
      await Promise.all(movers.map((mover) => mover.close()));
      atSource.close();
      atTarget.close();
      await Promise.all([pair.source.stop(), target.stop()]);
      folder.remove();
    },
  };
  return pair;
}

/** A mover between any two servers; the caller closes it. */
export function recordMover(
  given: Pick<MoverOptions, "source" | "target"> &
    Partial<MoverOptions> &
    Pick<PairOptions, "create">,
): RecordedMover {
  const { create = createMigrateMover, ...options } = given;
  const log: MoverLog = {
    emptied: new Set(),
    movedKeys: 0,
    movedBytes: 0,
    troubles: [],
    codes: [],
    forPeople: [],
    longestStallMs: 0,
    retries: 0,
  };
  const mover = create({
    slotCount: SLOT_COUNT,
    epoch: 7,
    confirm: () => Promise.resolve(),
    limits: () => ({ maxStallMs: 5, ioTimeoutMs: 300, bigKeyRule: "last" }),
    pace: FULL_SPEED,
    events: {
      onEmptied: (slotIds) => {
        for (const id of slotIds) {
          log.emptied.add(id);
        }
      },
      onMoved: (_slotId, keys, bytes) => {
        log.movedKeys += keys;
        log.movedBytes += bytes;
      },
      onTrouble: (trouble, isForPeople) => {
        log.troubles.push(trouble?.text);
        log.codes.push(trouble?.code);
        log.forPeople.push(isForPeople);
      },
      onStall: (ms) => {
        log.longestStallMs = Math.max(log.longestStallMs, ms);
      },
      onRetry: () => {
        log.retries += 1;
      },
    },
    ...options,
  });
  return {
    mover,
    log,
    async emptied(slotIds, ms = WAIT_MS) {
      await waitFor("end of the move", ms, () =>
        slotIds.every((id) => log.emptied.has(id)) ? true : undefined,
      ).catch((thrown: unknown) => {
        throw new Error(`troubles so far: ${log.troubles.join(" | ")}`, { cause: thrown });
      });
    },
    trouble: (pattern, ms = WAIT_MS) =>
      waitFor(`trouble like ${pattern}`, ms, () =>
        log.troubles.find((reason) => reason !== undefined && pattern.test(reason)),
      ),
  };
}

/** About so many keys a second, so that faults come in the middle of a move. */
export function paceOf(keysPerSecond: number): Pace {
  let freeAtMs = performance.now();
  return {
    take(keys) {
      const nowMs = performance.now();
      if (nowMs < freeAtMs) {
        return freeAtMs - nowMs;
      }
      freeAtMs = Math.max(freeAtMs, nowMs - 20) + (keys * 1_000) / keysPerSecond;
      return 0;
    },
  };
}

/** Resolves when the mover has moved so many keys, and `more`. */
export async function movedKeys({ log }: RecordedMover, more: number): Promise<void> {
  const wanted = log.movedKeys + more;
  await waitFor("moved keys", WAIT_MS, () => (log.movedKeys >= wanted ? true : undefined));
}

/** Throws unless all these keys are at the target, with their values, and nothing else is anywhere. */
export async function checkAllArrived(
  { atSource, atTarget }: MoverPair,
  names: readonly string[],
): Promise<void> {
  const wrong = await findWrong(atTarget, names);
  const sizes = [await sizeOf(atSource), await sizeOf(atTarget)];
  if (wrong.length > 0 || sizes[0] !== 0 || sizes[1] !== names.length) {
    throw new Error(
      `${names.length} keys: ${sizes[0]} at the source, ${sizes[1]} at the target; ` +
        `${wrong.length} wrong, like ${wrong.slice(0, 3).join(" ")}`,
    );
  }
}

/** Many commands, some hundred at a time; rejects when one does. */
export async function callAll(
  client: RedisClient,
  commands: readonly (readonly (string | Buffer)[])[],
): Promise<void> {
  for (let start = 0; start < commands.length; start += FILL_CALLS) {
    await Promise.all(
      commands.slice(start, start + FILL_CALLS).map((command) => client.call(command)),
    );
  }
}

/** Writes `prefix:0` to `prefix:<count - 1>`, each with its own name as value; gives the names. */
export async function fillKeys(
  client: RedisClient,
  prefix: string,
  count: number,
  padding = 0,
): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}:${index}`);
  const tail = ".".repeat(padding);
  await callAll(
    client,
    names.map((name) => ["SET", name, name + tail]),
  );
  return names;
}

/** All keys of the selected database, as latin1. */
export async function keysOf(client: RedisClient): Promise<ReadonlySet<string>> {
  const items = itemsOf(await client.call(["KEYS", "*"])) ?? [];
  return new Set(items.map((item) => bytesOf(item)?.toString("latin1") ?? ""));
}

/** Number of keys of the selected database. */
export async function sizeOf(client: RedisClient): Promise<number> {
  return numberOf(await client.call(["DBSIZE"])) ?? Number.NaN;
}

/** The keys of these names that have not their own name at the begin of their value. */
export async function findWrong(
  client: RedisClient,
  names: readonly string[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (let start = 0; start < names.length; start += FILL_CALLS) {
    const part = names.slice(start, start + FILL_CALLS);
    const values = itemsOf(await client.call(["MGET", ...part])) ?? [];
    wrong.push(...part.filter((name, index) => !(textOf(values[index]) ?? "").startsWith(name)));
  }
  return wrong;
}
