/**
 * Looks at a sentinel before it is added or removed: it has to answer and to be a sentinel. Like the
 * original, this asks it to write its configuration, which changes nothing.
 */
import { RedisClient } from "../../redis/client.ts";

const TIMEOUT_MS = 5_000;

/** Throws SERVER_UNREACHABLE, SERVER_AUTH_FAILED, or SERVER_REFUSED when it is no sentinel. */
export async function checkSentinel(addr: string): Promise<void> {
  const client = await RedisClient.connect({
    addr,
    password: "",
    connectTimeoutMs: TIMEOUT_MS,
    callTimeoutMs: TIMEOUT_MS,
  });
  try {
    await client.call(["SENTINEL", "FLUSHCONFIG"]);
  } finally {
    client.close();
  }
}
