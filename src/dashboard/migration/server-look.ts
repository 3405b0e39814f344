/**
 * What is asked of a server before a slot moves from or to it: is it a master, does it have what the `migrate`
 * mover needs, and which run is it. And what is cut there: connections of movers that must not act any more.
 *
 * Every function takes an open connection; they reject as `RedisCaller.call` does.
 */
import { CodisError } from "../../base/error.ts";
import { findNamed, ioErrorCountOf, MOVER_NAME_PREFIX } from "../../migrate/doubt.ts";
import { RedisClient } from "../../redis/client.ts";
import {
  isVersionAtLeast,
  type KeyspaceEntry,
  keyspaceOf,
  parseInfo,
  parseVersion,
} from "../../redis/info.ts";
import { textOf } from "../../redis/reply.ts";
import { unexpectedReply } from "../../redis/server-error.ts";
import type { MoverServer } from "./contract.ts";

/** One look. */
export interface ServerLook {
  readonly runId: string;
  readonly keyspace: readonly KeyspaceEntry[];
}

/** Longest wait for a connection and for one answer, milliseconds. */
const CONNECT_TIMEOUT_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
/** Listings until no connection with such a name is left. */
const CUTS_MAX = 10;

/** A connection for looks, with the name of this leader's movers. */
export function connectTo(server: MoverServer, epoch: number): Promise<RedisClient> {
  return RedisClient.connect({
    addr: server.addr,
    user: server.user === "" ? undefined : server.user,
    password: server.password,
    name: `${MOVER_NAME_PREFIX}${epoch}`,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    callTimeoutMs: CALL_TIMEOUT_MS,
  });
}

/**
 * Looks at a server that keys move from or to. Throws SERVER_ROLE_WRONG when it isn't a master, and
 * SERVER_VERSION_UNSUPPORTED when it can't count the failures of MIGRATE.
 */
export async function lookAtServer(client: RedisClient): Promise<ServerLook> {
  const [infoText, errorText] = await Promise.all([
    readText(client, ["INFO"]),
    readText(client, ["INFO", "errorstats"]),
  ]);
  const info = parseInfo(infoText);
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
  if (version === undefined || !isVersionAtLeast(version, 7, 0)) {
    throw new CodisError(
      "SERVER_VERSION_UNSUPPORTED",
      `server ${client.addr} is Redis ${info["redis_version"] ?? "of an unknown version"}, ` +
        "expected 7.0 or later to move slots",
    );
  }
  if (Number.isNaN(ioErrorCountOf(errorText))) {
    throw new CodisError(
      "SERVER_VERSION_UNSUPPORTED",
      `server ${client.addr} doesn't count its errors (INFO errorstats); CONFIG RESETSTAT there mends an overflow`,
    );
  }
  return { runId, keyspace: keyspaceOf(info) };
}

/** Cuts the movers of leaders before this one; gives how many. */
export function cutOlderMovers(client: RedisClient, epoch: number): Promise<number> {
  return cutNamed(client, (name) => {
    const found = /^codis-mover-(\d+)(?:$|\/)/.exec(name);
    return found !== null && Number(found[1]) < epoch;
  });
}

/**
 * Cuts the movers of all proxies: what they have sent to this server, and it hasn't read yet, is never carried
 * out. Proxies connect again when they need it. Gives how many.
 */
export function cutProxyMovers(client: RedisClient): Promise<number> {
  return cutNamed(client, (name) => name.startsWith(`${MOVER_NAME_PREFIX}proxy-`));
}

async function cutNamed(client: RedisClient, isWanted: (name: string) => boolean): Promise<number> {
  let count = 0;
  for (let round = 0; round < CUTS_MAX; round += 1) {
    const list = await readText(client, ["CLIENT", "LIST", "TYPE", "normal"]);
    const ids = findNamed(list, MOVER_NAME_PREFIX, isWanted);
    if (ids.length === 0) {
      return count;
    }
    // One that is gone by itself answers 0.
    await Promise.all(ids.map((id) => client.call(["CLIENT", "KILL", "ID", id])));
    count += ids.length;
  }
  throw new CodisError(
    "STATE_CONFLICT",
    `server ${client.addr}: another dashboard's movers connect again and again; does it still run?`,
  );
}

async function readText(client: RedisClient, args: readonly string[]): Promise<string> {
  const text = textOf(await client.call(args));
  if (text === undefined) {
    throw unexpectedReply(client.addr, args.slice(0, 2).join(" "));
  }
  return text;
}
