/**
 * Users of proxies on one server (ACL of Redis >= 6.2 and Valkey): brought to what is wanted, and kept on its disk, so
 * that a server that starts again has them although no dashboard is up, and hasn't got those that were deleted.
 *
 *     codis-proxy-<token>-<epoch>-<number>        never used again; `epoch` is that of the leader that made it
 *
 * Deleting a user ends its connections. Other users are nobody's business here.
 */
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import type { RedisCaller } from "../../../redis/client.ts";
import { itemsOf, textOf } from "../../../redis/reply.ts";
import { configGet } from "../../../redis/server-command.ts";

const PREFIX = "codis-proxy-";
const NAME = /^codis-proxy-[\w-]{1,128}-(\d{1,15})-(\d{1,15})$/;

/** A user of one start of a proxy. */
export function userName(token: string, epoch: number, number: number): string {
  return `${PREFIX}${token}-${epoch}-${number}`;
}

/** What a server should have. */
export interface WantedUsers {
  /** Name -> SHA-256 of the password in hex digits. */
  readonly users: ReadonlyMap<string, string>;
  /** Of this leader: users that a newer one has made are left alone. */
  readonly epoch: number;
}

/** How it went. */
export interface UsersReport {
  /** Of the server. */
  readonly runId: string;
  /** Why what was done isn't on its disk, one clause; undefined: it is. */
  readonly notKept: string | undefined;
}

/**
 * Makes the users of proxies on the server those that are wanted. Rejects as `RedisCaller.call` does: SERVER_REFUSED
 * from one without ACL.
 */
export async function putUsers(server: RedisCaller, wanted: WantedUsers): Promise<UsersReport> {
  const before = await readUsers(server);
  const missing = [...wanted.users].filter(([name]) => !before.has(name));
  const extra = [...before].filter(
    (name) =>
      !wanted.users.has(name) && (epochOf(name) ?? Number.POSITIVE_INFINITY) <= wanted.epoch,
  );
  for (const [name, hash] of missing) {
    await server.call(["ACL", "SETUSER", name, "on", `#${hash}`, "~*", "&*", "+@all"]);
  }
  if (extra.length > 0) {
    await server.call(["ACL", "DELUSER", ...extra]);
  }
  const isKept = missing.length + extra.length === 0 && wanted.users.size === 0;
  const notKept = isKept ? undefined : await keep(server);
  return { runId: await readRunId(server), notKept };
}

async function readUsers(server: RedisCaller): Promise<ReadonlySet<string>> {
  const names = itemsOf(await server.call(["ACL", "USERS"]))?.map(textOf);
  if (names === undefined) {
    throw new CodisError("SERVER_REFUSED", `server ${server.addr} doesn't answer ACL USERS`);
  }
  return new Set(names.filter((name) => name?.startsWith(PREFIX) === true) as string[]);
}

/** Undefined: on disk. Else: why not. */
async function keep(server: RedisCaller): Promise<string | undefined> {
  try {
    const file = await configGet(server, "aclfile");
    await server.call(file === undefined || file === "" ? ["CONFIG", "REWRITE"] : ["ACL", "SAVE"]);
    return undefined;
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      return `it can't keep users: ${messageOf(thrown)}`;
    }
    throw thrown;
  }
}

async function readRunId(server: RedisCaller): Promise<string> {
  const text = textOf(await server.call(["INFO", "server"]));
  const runId = /^run_id:(\S+)/m.exec(text ?? "")?.[1];
  if (runId === undefined) {
    throw new CodisError("SERVER_REFUSED", `server ${server.addr} doesn't tell its run_id`);
  }
  return runId;
}

function epochOf(name: string): number | undefined {
  const epoch = NAME.exec(name)?.[1];
  return epoch === undefined ? undefined : Number(epoch);
}
