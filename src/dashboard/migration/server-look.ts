/**
 * What is asked of a server before a slot moves from or to it: is it a master, does it have what the `migrate`
 * mover needs, and which run is it. And what is cut there: connections of movers that must not act any more.
 *
 * Every function takes an open connection; they reject as `RedisCaller.call` does.
 */
import { randomUUID } from "node:crypto";
import { CodisError, isCodisError } from "../../base/error.ts";
import { findNamed, ioErrorCountOf, MOVER_NAME_PREFIX } from "../../migrate/doubt.ts";
import type { MoveAbility } from "../../model/move-method.ts";
import { type CallOptions, RedisClient } from "../../redis/client.ts";
import {
  isVersionAtLeast,
  type KeyspaceEntry,
  keyspaceOf,
  parseInfo,
  parseVersion,
} from "../../redis/info.ts";
import { replicationOf } from "../../redis/replication.ts";
import { textOf } from "../../redis/reply.ts";
import { selectDatabase } from "../../redis/server-command.ts";
import { unexpectedReply } from "../../redis/server-error.ts";
import { readSlotAbility } from "../../redis/slot-ability.ts";
import type { MoverServer } from "./contract.ts";

/** One look. */
export interface ServerLook extends MoveAbility {
  readonly runId: string;
  readonly keyspace: readonly KeyspaceEntry[];
}

/** Longest wait for a connection and for one answer, milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
/** Of a MIGRATE that moves nothing, milliseconds. */
const PROBE_TIMEOUT_MS = 100;
/** Listings until no connection with such a name is left. */
const CUTS_MAX = 10;

/** A connection for looks, with the name of this leader's movers; the signal ends it. */
export function connectTo(
  server: MoverServer,
  epoch: number,
  signal?: AbortSignal,
): Promise<RedisClient> {
  return RedisClient.connect({
    addr: server.addr,
    user: server.user === "" ? undefined : server.user,
    password: server.password,
    name: `${MOVER_NAME_PREFIX}${epoch}`,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    callTimeoutMs: CALL_TIMEOUT_MS,
    signal,
  });
}

/**
 * Looks at a server that keys move from or to. Throws SERVER_ROLE_WRONG when it isn't a master, and
 * SERVER_VERSION_UNSUPPORTED when it has no slot commands and can't count the failures of MIGRATE.
 */
export async function lookAtServer(client: RedisClient): Promise<ServerLook> {
  const info = parseInfo(await readText(client, ["INFO"]));
  const runId = info["run_id"];
  if (runId === undefined) {
    throw unexpectedReply(client.addr, "INFO");
  }
  if (info["role"] !== "master") {
    throw new CodisError(
      "SERVER_ROLE_WRONG",
      `server ${client.addr} is a ${info["role"] ?? "server without a role"}, expected a master: ` +
        "slots move between masters",
    );
  }
  const version = parseVersion(info["redis_version"]);
  const slotCommands = await readSlotAbility(client);
  const canMigrate = version !== undefined && isVersionAtLeast(version, 7, 0);
  if (!canMigrate && slotCommands === "none") {
    throw new CodisError(
      "SERVER_VERSION_UNSUPPORTED",
      `server ${client.addr} is Redis ${info["redis_version"] ?? "of an unknown version"}, ` +
        "expected 7.0 or later to move slots",
    );
  }
  if (canMigrate) {
    await countIoErrors(client);
  }
  const replicas = replicationOf(info)?.replicas ?? [];
  const isReplicated = replicas.some(({ state }) => state === "online");
  return { runId, keyspace: keyspaceOf(info), slotCommands, canMigrate, isReplicated };
}

/**
 * Throws STATE_CONFLICT when the source doesn't carry out MIGRATE for us: renamed, or not allowed. Tried on a key that
 * nobody has, so nothing moves and the target isn't called.
 */
export async function checkMigrate(source: RedisClient): Promise<void> {
  const key = `codis:probe:${randomUUID()}`;
  const args = ["MIGRATE", "127.0.0.1", "1", "", "0", `${PROBE_TIMEOUT_MS}`, "KEYS", key];
  try {
    const reply = textOf(await source.call(args));
    if (reply !== "NOKEY") {
      throw unexpectedReply(source.addr, "MIGRATE");
    }
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      throw new CodisError(
        "STATE_CONFLICT",
        `server ${source.addr} doesn't let keys be moved with MIGRATE: ${thrown.message}`,
        { cause: thrown },
      );
    }
    throw thrown;
  }
}

/**
 * Throws STATE_CONFLICT when the source doesn't carry out the slot command that moves keys: not allowed, say. Tried
 * on a key that nobody has, as `checkMigrate`.
 */
export async function checkSlotMove(source: RedisClient): Promise<void> {
  const key = `codis:probe:${randomUUID()}`;
  try {
    await source.call(["SLOTSMGRTTAGONE", "127.0.0.1", "1", `${PROBE_TIMEOUT_MS}`, key]);
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      throw new CodisError(
        "STATE_CONFLICT",
        `server ${source.addr} doesn't let keys be moved with SLOTSMGRTTAGONE: ${thrown.message}`,
        { cause: thrown },
      );
    }
    throw thrown;
  }
}

/**
 * Breaks off what earlier leaders' movers have ordered at a server that moves keys by itself; their connections are
 * cut already. Nobody else of this leader orders anything there yet.
 */
export async function cancelSlotMoves(client: RedisClient): Promise<void> {
  if ((await readSlotAbility(client)) !== "async") {
    return;
  }
  for (const { db } of keyspaceOf(parseInfo(await readText(client, ["INFO", "keyspace"])))) {
    await selectDatabase(client, db);
    await client.call(["SLOTSMGRT-ASYNC-CANCEL"]);
  }
}

/**
 * Waits for what the server moves by itself, whoever ordered it. False: such a job was broken off, and may have left
 * copies at its target. Rejects when one takes longer than the bound of a call.
 */
export async function awaitSlotMoves(
  client: RedisClient,
  options: CallOptions = {},
): Promise<boolean> {
  const info = parseInfo(await readText(client, ["INFO", "keyspace"], options));
  for (const { db } of keyspaceOf(info)) {
    await client.call(["SELECT", `${db}`], options);
    try {
      await client.call(["SLOTSMGRT-ASYNC-FENCE"], options);
    } catch (thrown) {
      if (isCodisError(thrown, "SERVER_REFUSED")) {
        return false;
      }
      throw thrown;
    }
  }
  return true;
}

/** Which run of the server's process answers. */
export async function runIdOf(client: RedisClient, options: CallOptions = {}): Promise<string> {
  const runId = parseInfo(await readText(client, ["INFO", "server"], options))["run_id"];
  if (runId === undefined) {
    throw unexpectedReply(client.addr, "INFO");
  }
  return runId;
}

/** IOERR replies that the server has counted. Throws SERVER_VERSION_UNSUPPORTED when it doesn't. */
export async function countIoErrors(
  client: RedisClient,
  options: CallOptions = {},
): Promise<number> {
  const count = ioErrorCountOf(await readText(client, ["INFO", "errorstats"], options));
  if (Number.isNaN(count)) {
    throw new CodisError(
      "SERVER_VERSION_UNSUPPORTED",
      `server ${client.addr} doesn't count its errors (INFO errorstats); CONFIG RESETSTAT there mends an overflow`,
    );
  }
  return count;
}

/** Cuts the movers of leaders before this one until none is left; gives how many. Throws STATE_CONFLICT. */
export async function cutOlderMovers(client: RedisClient, epoch: number): Promise<number> {
  const isOlder = (name: string): boolean => {
    const found = /^codis-mover-(\d+)(?:$|\/)/.exec(name);
    return found !== null && Number(found[1]) < epoch;
  };
  let count = 0;
  for (let round = 0; round < CUTS_MAX; round += 1) {
    const cut = await cutNamed(client, isOlder, {});
    if (cut === 0) {
      return count;
    }
    count += cut;
  }
  throw new CodisError(
    "STATE_CONFLICT",
    `server ${client.addr}: another dashboard's movers connect again and again; does it still run?`,
  );
}

/**
 * Cuts the movers of all proxies, those that are connected now: what they have sent to this server, and it hasn't
 * read yet, is never carried out. Proxies connect again when they need it. Gives how many.
 */
export function cutProxyMovers(client: RedisClient, options: CallOptions = {}): Promise<number> {
  return cutNamed(client, (name) => name.startsWith(`${MOVER_NAME_PREFIX}proxy-`), options);
}

async function cutNamed(
  client: RedisClient,
  isWanted: (name: string) => boolean,
  options: CallOptions,
): Promise<number> {
  const list = await listClients(client, options);
  const ids = findNamed(list, MOVER_NAME_PREFIX, isWanted);
  // One that is gone by itself answers 0.
  await Promise.all(ids.map((id) => client.call(["CLIENT", "KILL", "ID", id], options)));
  return ids.length;
}

/** Connections of clients, as CLIENT LIST shows them. */
async function listClients(client: RedisClient, options: CallOptions): Promise<string> {
  try {
    return await readText(client, ["CLIENT", "LIST", "TYPE", "normal"], options);
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      // Before Redis 5.0 there is no TYPE.
      return readText(client, ["CLIENT", "LIST"], options);
    }
    throw thrown;
  }
}

async function readText(
  client: RedisClient,
  args: readonly string[],
  options: CallOptions = {},
): Promise<string> {
  const text = textOf(await client.call(args, options));
  if (text === undefined) {
    throw unexpectedReply(client.addr, args.slice(0, 2).join(" "));
  }
  return text;
}
