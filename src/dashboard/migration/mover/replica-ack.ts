/**
 * Waits until a replica of a server has what the server has, where it has a replica that is online. The module at a
 * source does so by itself before it deletes what it has moved; a mover that knows that no replica answers asks
 * here first, so that a key isn't held at the source again and again meanwhile.
 */
import { CodisError, isCodisError } from "../../../base/error.ts";
import { asTrouble } from "../../../model/operation/trouble-code.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { RedisCaller } from "../../../redis/client.ts";
import { parseInfo } from "../../../redis/info.ts";
import { replicationOf } from "../../../redis/replication.ts";
import { numberOf, textOf } from "../../../redis/reply.ts";
import { replyTextOf } from "../../../redis/server-error.ts";

/** How long a replica may take, milliseconds, and one WAIT of it. */
const ACKNOWLEDGE_MS = 2_000;
const WAIT_STEP_MS = 50;

/**
 * Resolves when one has all, or there is none. Throws SERVER_REFUSED when none acknowledges within 2 seconds, and as
 * `RedisCaller.call`.
 */
export async function awaitReplica(server: RedisCaller): Promise<void> {
  const endsAtMs = performance.now() + ACKNOWLEDGE_MS;
  await liftOffset(server);
  while (await hasReplica(server)) {
    if ((numberOf(await server.call(["WAIT", "1", `${WAIT_STEP_MS}`])) ?? 0) >= 1) {
      return;
    }
    if (performance.now() > endsAtMs) {
      throw notAcknowledged(server.addr);
    }
  }
}

/** What people are told. */
export function notAcknowledged(addr: string): CodisError {
  return new CodisError(
    "SERVER_REFUSED",
    say("redis.unacknowledged", { addr, ms: ACKNOWLEDGE_MS }),
    { context: asTrouble("replicas") },
  );
}

/** WAIT waits for what its own connection has written: PING counts as that up to Redis 7.0, SPUBLISH later. */
async function liftOffset(server: RedisCaller): Promise<void> {
  await server.call(["PING"]);
  try {
    await server.call(["SPUBLISH", "__codis:offset__", ""]);
  } catch (thrown) {
    const isUnknown = (replyTextOf(thrown) ?? "").startsWith("ERR unknown command");
    if (!isCodisError(thrown, "SERVER_REFUSED") || !isUnknown) {
      throw thrown;
    }
  }
}

async function hasReplica(server: RedisCaller): Promise<boolean> {
  const info = parseInfo(textOf(await server.call(["INFO", "replication"])) ?? "");
  return replicationOf(info)?.replicas.some(({ state }) => state === "online") === true;
}
