/**
 * A client that sends a million requests and reads nothing, next to one that behaves: what happens to
 * the first, to the second, and to the proxy's memory. Used by the short and the long tests of faults.
 */
import { withDeadline } from "./deadline.ts";
import { RunningClock } from "./running-clock.ts";
import type { RunningProxy } from "./running-proxy.ts";
import { UnreadConnection } from "./unread-connection.ts";

const REQUEST_COUNT = 1_000_000;
const BATCH_COUNT = 10_000;
const CLOSE_MS = 20_000;
const PAUSE_MS = 20;

/** How it went until the greedy client was closed. */
export interface GreedyOutcome {
  /** Longest wait of the other client for a reply. */
  readonly slowestMs: number;
  /** Most resident memory of the proxy over what it had before, bytes. */
  readonly growthBytes: number;
  /** Requests that the proxy and the kernel took. */
  readonly sentCount: number;
  /** Replies of the other client that weren't the expected one. */
  readonly wrong: readonly string[];
}

/** Sends the request a million times; resolves when the proxy has closed that connection. */
export async function runGreedyClient(
  proxy: RunningProxy,
  request: string,
  probe: { readonly argv: readonly string[]; readonly reply: string },
): Promise<GreedyOutcome> {
  const other = await proxy.connect();
  const greedy = await UnreadConnection.open(proxy.port);
  const baseBytes = proxy.residentBytes();
  const batch = Buffer.from(request.repeat(BATCH_COUNT));
  let sentCount = 0;
  const sending = (async () => {
    while (sentCount < REQUEST_COUNT && (await greedy.write(batch))) sentCount += BATCH_COUNT;
  })();
  let isClosed = false;
  const closing = greedy.closed.then(() => {
    isClosed = true;
  });
  const clock = new RunningClock();
  let slowestMs = 0;
  let highestBytes = baseBytes;
  const wrong: string[] = [];
  const endsAt = performance.now() + CLOSE_MS;
  while (!isClosed && performance.now() < endsAt) {
    const { value, tookMs } = await clock.time(() => other.call(...probe.argv));
    const reply = `${value}`;
    if (reply !== probe.reply) wrong.push(reply.slice(0, 100));
    slowestMs = Math.max(slowestMs, tookMs);
    highestBytes = Math.max(highestBytes, proxy.residentBytes());
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await withDeadline("end of the connection of the greedy client", 10_000, closing);
  await sending;
  other.destroy();
  return { slowestMs, growthBytes: highestBytes - baseBytes, sentCount, wrong };
}

/** A request as bytes of text. */
export function frameOf(...argv: readonly string[]): string {
  const args = argv.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return `*${argv.length}\r\n${args.join("")}`;
}
