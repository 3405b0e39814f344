/**
 * Looks at a server before it becomes part of a group, and refuses it with the check that failed:
 *
 *     address -> reachable -> password -> version and mode -> loaded -> in no group yet -> role -> keys
 *
 * A master may hold only keys of slots that its group owns: keys of other slots would be read by nobody, and
 * come back to life, old, when such a slot moves in. A new replica loses what it holds, so it may hold nothing
 * but what it has from its master.
 *
 * Nothing is changed on the server. What is true at the check may be false a moment later; only the operator
 * can keep others from writing to a server that isn't in use yet.
 */
import { CodisError, isCodisError } from "../../base/error.ts";
import type { SlotMapping } from "../../model/slot-mapping.ts";
import { RedisClient } from "../../redis/client.ts";
import { keyspaceOf, type ServerInfo } from "../../redis/info.ts";
import type { ReplicationFacts } from "../../redis/replication.ts";
import { digestFunctions, fetchInfo, readFunctions, readInfo } from "../../redis/server-command.ts";
import { type ForeignKey, findForeignKey, type SearchProgress, showKey } from "./foreign-key.ts";
import { refuseKnownAddr, refuseKnownRun, type ServerSurvey } from "./same-server.ts";
import { identifyServer, type ServerIdentity } from "./server-identity.ts";

/** What is to be checked. */
export interface ServerCheck extends ServerSurvey {
  readonly addr: string;
  /** The group that it is to join. */
  readonly groupId: number;
  /** `master`: the group's first server. `replica`: it will follow the group's master, now or later. */
  readonly role: "master" | "replica";
  /**
   * A master may hold keys of slots that its group doesn't own, if *all* slots of the product are offline:
   * the way in for data that exist already, because nobody can read anything wrong yet. Whoever says so
   * must then give every slot to the group that holds its keys (for a single server: all slots to it).
   */
  readonly allowForeignKeys?: boolean | undefined;
  /** A replica may hold keys; they will be thrown away when it follows its master. */
  readonly allowDataLoss?: boolean | undefined;
  readonly timeouts?: Partial<ServerCheckTimeouts> | undefined;
  /** Called during a long search for keys. */
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
}

/** Milliseconds. */
export interface ServerCheckTimeouts {
  readonly connectMs: number;
  /** One command. */
  readonly callMs: number;
  /** The search for keys of foreign slots on stock Redis. */
  readonly searchMs: number;
}

/** A server that passed. */
export interface CheckedServer extends ServerIdentity {
  readonly addr: string;
  /** Keys in all databases. */
  readonly keyCount: number;
  /** FUNCTION libraries, name -> digest; undefined for a server that has no FUNCTION. */
  readonly functions: Readonly<Record<string, string>> | undefined;
}

const TIMEOUTS: ServerCheckTimeouts = { connectMs: 2_000, callMs: 5_000, searchMs: 60_000 };

/**
 * Checks a server. Throws ADDRESS_INVALID, SERVER_UNREACHABLE, SERVER_AUTH_FAILED, SERVER_LOADING,
 * SERVER_VERSION_UNSUPPORTED, SERVER_IN_OTHER_GROUP, SERVER_ROLE_WRONG, SERVER_HOLDS_FOREIGN_KEYS or
 * SERVER_REFUSED, each with one line that says what would be right.
 */
export async function checkServer(check: ServerCheck): Promise<CheckedServer> {
  refuseKnownAddr(check.addr, check.topology);
  const timeouts = { ...TIMEOUTS, ...check.timeouts };
  const client = await RedisClient.connect({
    addr: check.addr,
    password: check.password,
    connectTimeoutMs: timeouts.connectMs,
    callTimeoutMs: timeouts.callMs,
  });
  try {
    const info = await readInfo(client);
    const knowsSlots = await askForSlots(client);
    const identity = identifyServer(check.addr, info, knowsSlots);
    await refuseKnownRun(check.addr, identity.runId, check);
    if (check.role === "master") {
      await checkMaster(client, check, identity, info, timeouts.searchMs);
    } else {
      await checkReplica(check, identity, info, timeouts);
    }
    return {
      ...identity,
      addr: check.addr,
      keyCount: countKeys(info),
      functions: identity.hasFunctions ? digestFunctions(await readFunctions(client)) : undefined,
    };
  } finally {
    client.close();
  }
}

/** Whether the server has SLOTSINFO and its family. */
async function askForSlots(client: RedisClient): Promise<boolean> {
  try {
    await client.call(["SLOTSINFO", "0", "1"]);
    return true;
  } catch (thrown) {
    // Any error reply: unknown to stock Redis, or not for this user; the keys are scanned then.
    if (isCodisError(thrown, "SERVER_REFUSED", "SERVER_LOADING")) {
      return false;
    }
    throw thrown;
  }
}

async function checkMaster(
  client: RedisClient,
  check: ServerCheck,
  identity: ServerIdentity,
  info: ServerInfo,
  budgetMs: number,
): Promise<void> {
  const { replication } = identity;
  if (replication.role !== "master") {
    throw new CodisError(
      "SERVER_ROLE_WRONG",
      `server ${check.addr} is a replica of ${replication.masterAddr}, but the first server of ` +
        `group ${check.groupId} has to be a master; tell it REPLICAOF NO ONE first (it keeps its data)`,
      { context: { addr: check.addr, group: check.groupId } },
    );
  }
  const { slots, slotCount } = check.topology;
  if (check.allowForeignKeys === true && slots.every(isOffline)) {
    return;
  }
  const own = new Set(slots.filter((slot) => isHeldBy(slot, check.groupId)).map((slot) => slot.id));
  const found = await findForeignKey(client, {
    slotCount,
    keyspace: keyspaceOf(info),
    isOwn: (slot) => own.has(slot),
    knowsSlots: identity.kind === "codis-server",
    budgetMs,
    onProgress: check.onProgress,
  });
  if (found !== undefined) {
    throw foreignKey(check, found);
  }
}

/** A slot's keys may lie on its owner and, while it moves, on its target. */
function isHeldBy(slot: SlotMapping, groupId: number): boolean {
  const { state, targetId } = slot.action;
  const isTarget = targetId === groupId && (state === "migrating" || state === "finished");
  return slot.groupId === groupId || isTarget;
}

function isOffline(slot: SlotMapping): boolean {
  return slot.groupId === 0 && slot.action.state === "";
}

function foreignKey(check: ServerCheck, found: ForeignKey): CodisError {
  const { slots } = check.topology;
  const ownerId = slots[found.slot]?.groupId ?? 0;
  const owner = ownerId === 0 ? "no group owns" : `group ${ownerId} owns`;
  const name = found.key === undefined ? "a key" : `the key ${showKey(found.key)}`;
  const way = !slots.every(isOffline)
    ? check.allowForeignKeys === true
      ? "Data are adopted (--adopt) only while all slots are offline; empty the server (FLUSHALL) first"
      : "Empty the server (FLUSHALL) first"
    : "Empty the server (FLUSHALL) first; or, if the product is to begin with these data, adopt them " +
      "(codis server add --adopt), and then assign the slots to its group";
  return new CodisError(
    "SERVER_HOLDS_FOREIGN_KEYS",
    `server ${check.addr} holds ${name} in database ${found.db}, of slot ${found.slot}, which ${owner}, ` +
      `not group ${check.groupId}. ${way}`,
    {
      context: { addr: check.addr, group: check.groupId, slot: found.slot, db: found.db, ownerId },
    },
  );
}

async function checkReplica(
  check: ServerCheck,
  identity: ServerIdentity,
  info: ServerInfo,
  timeouts: ServerCheckTimeouts,
): Promise<void> {
  const keyCount = countKeys(info);
  if (keyCount === 0 || check.allowDataLoss === true) {
    return;
  }
  const masterAddr = check.topology.groups.get(check.groupId)?.servers[0]?.addr;
  const { replication } = identity;
  if (masterAddr !== undefined && replication.role === "replica") {
    const isSame =
      replication.masterAddr === masterAddr ||
      (await followsStream(replication, masterAddr, check.password, timeouts));
    if (isSame) {
      return;
    }
  }
  const is =
    replication.role === "master"
      ? "is a master of its own"
      : `follows ${replication.masterAddr}, not ${masterAddr ?? "a master of this group"},`;
  throw new CodisError(
    "SERVER_HOLDS_FOREIGN_KEYS",
    `server ${check.addr} ${is} and holds ${keyCount} keys, which it would lose as a replica of ` +
      `group ${check.groupId}. Empty it (FLUSHALL) first, or say that its data may go ` +
      "(codis server add --discard-data)",
    { context: { addr: check.addr, group: check.groupId, keyCount } },
  );
}

/** Whether a replica follows this master under another name: they then share the name of the stream. */
async function followsStream(
  replication: ReplicationFacts,
  masterAddr: string,
  password: string,
  timeouts: ServerCheckTimeouts,
): Promise<boolean> {
  if (!replication.isLinkUp || replication.streamId === undefined) {
    return false;
  }
  try {
    const info = await fetchInfo({
      addr: masterAddr,
      password,
      connectTimeoutMs: timeouts.connectMs,
      callTimeoutMs: timeouts.callMs,
    });
    return info["master_replid"] === replication.streamId;
  } catch {
    return false; // A master that doesn't answer proves nothing; the caller's error names both.
  }
}

function countKeys(info: ServerInfo): number {
  return keyspaceOf(info).reduce((sum, entry) => sum + entry.keys, 0);
}
