/**
 * Malformed and odd frames, sent to the proxy and to a real redis-server: the bytes answered and whether the
 * connection is closed must be the same. One client's nonsense touches no other client.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitFor } from "../../support/deadline.ts";
import {
  type OddFrame,
  REFUSED_FRAMES,
  SERVED_FRAMES,
  UNFINISHED_FRAMES,
} from "../../support/malformed-frame.ts";
import { type ProxyWorker, startProxyWorker } from "../../support/proxy-worker.ts";
import { command, RawClient } from "../../support/raw-client.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const LAST_WORD = "the-last-word";
const LAST_REPLY = `$${LAST_WORD.length}\r\n${LAST_WORD}\r\n`;

let redis: RedisServer;
let proxy: ProxyWorker;
/** Connected before all the nonsense, and still served after it. */
let bystander: RawClient;

beforeAll(async () => {
  redis = await startRedis();
  proxy = await startProxyWorker([redis.addr]);
  bystander = await RawClient.open(proxy.port);
});

afterAll(async () => {
  bystander.destroy();
  await proxy.close();
  await redis.stop();
});

/** What a server does with a frame: the bytes it answers, and whether it then closed. */
interface Outcome {
  readonly answer: string;
  readonly isClosed: boolean;
}

/** Sends the frame and a request behind it; over when that is answered or the connection ends. */
async function provoke(port: number, frame: OddFrame, isBytewise = false): Promise<Outcome> {
  const client = await RawClient.open(port);
  try {
    if (isBytewise) await client.writeBytewise(frame.bytes);
    else await client.write(frame.bytes);
    if (frame.isEndless !== true) await client.write(command("ECHO", LAST_WORD));
    const isLast = (): boolean => client.received.toString("latin1").endsWith(LAST_REPLY);
    await client.waitUntil("an answer or the end", () => client.isEnded || isLast());
    return { answer: client.received.toString("latin1"), isClosed: client.isEnded };
  } finally {
    client.destroy();
  }
}

/** Sends the frame and closes the sending half: what is answered until the server ends, too. */
async function abandon(port: number, frame: string): Promise<string> {
  const client = await RawClient.open(port);
  try {
    await client.write(frame);
    client.end();
    return (await client.takeAll()).toString("latin1");
  } finally {
    client.destroy();
  }
}

async function expectSame(frame: OddFrame, isClosed: boolean): Promise<void> {
  const [real, ours] = [await provoke(redis.port, frame), await provoke(proxy.port, frame)];
  expect(real.isClosed).toBe(isClosed);
  expect(ours).toEqual(real);
  if (frame.bytes.length < 200) {
    expect(await provoke(proxy.port, frame, true)).toEqual(real);
  }
}

describe("a frame that Redis refuses gets the same text and the same end:", () => {
  for (const frame of REFUSED_FRAMES) {
    test(frame.name, () => expectSame(frame, true));
  }
});

describe("an odd frame that Redis serves is served:", () => {
  for (const frame of SERVED_FRAMES) {
    test(frame.name, () => expectSame(frame, false));
  }
});

describe("an unfinished frame gets no answer:", () => {
  for (const frame of UNFINISHED_FRAMES) {
    test(frame.name, async () => {
      expect(await abandon(redis.port, frame.bytes)).toBe("");
      expect(await abandon(proxy.port, frame.bytes)).toBe("");
    });
  }
});

test("replies to good requests before a bad frame come first", async () => {
  const bytes = `${"SET a 1\r\nGET a\r\nGET b\r\n".repeat(50)}*x\r\n`;
  const frames = { name: "good and bad", bytes };
  const real = await provoke(redis.port, frames);
  expect(await provoke(proxy.port, frames)).toEqual(real);
  expect(real.isClosed).toBe(true);
});

test("a client that doesn't close after a protocol error is closed all the same", async () => {
  const stubborn = await RawClient.open(proxy.port);
  await stubborn.write("*x\r\n");
  await stubborn.takeAll();
  // Only the bystander is left, though this client never sends its FIN.
  await waitFor("the end of the session", 30_000, async () => {
    return (await proxy.worker.snapshot()).sessionsAlive === 1 ? true : undefined;
  });
  stubborn.destroy();
});

test("other sessions keep working, and each refusal is counted", async () => {
  await bystander.write(command("PING"));
  await bystander.expectNext("+PONG\r\n");
  const closed = await proxy.closedSessions();
  expect(closed["protocol_error"]).toBeGreaterThanOrEqual(REFUSED_FRAMES.length);
});
