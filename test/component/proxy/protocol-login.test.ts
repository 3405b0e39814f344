/**
 * Before login: what a client may send, and what it is told, compared with a real redis-server that asks for
 * the same password.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ProxyWorker, startProxyWorker } from "../../support/proxy-worker.ts";
import { command, RawClient } from "../../support/raw-client.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";

const PASSWORD = "open sesame";
const LAST = "last";

let redis: RedisServer;
let proxy: ProxyWorker;

beforeAll(async () => {
  redis = await startRedis();
  const operator = await RawClient.open(redis.port);
  await operator.write(command("CONFIG", "SET", "requirepass", PASSWORD));
  await operator.expectNext("+OK\r\n");
  operator.destroy();
  proxy = await startProxyWorker([redis.addr], { sessionAuth: PASSWORD, productAuth: PASSWORD });
});

afterAll(async () => {
  await proxy.close();
  await redis.stop();
});

/** The bytes that a server answers until it has answered the login behind the frame, or has closed. */
async function talk(port: number, frame: Buffer): Promise<string> {
  const client = await RawClient.open(port);
  try {
    await client.write(Buffer.concat([frame, command("AUTH", PASSWORD), command("ECHO", LAST)]));
    const isOver = (): boolean => client.isEnded || client.received.includes(`\r\n${LAST}\r\n`);
    await client.waitUntil("an answer or the end", isOver);
    return `${client.received.toString("latin1")}${client.isEnded ? "(closed)" : ""}`;
  } finally {
    client.destroy();
  }
}

const FRAMES: readonly (readonly [string, Buffer])[] = [
  ["nothing", Buffer.alloc(0)],
  ["commands", Buffer.concat([command("GET", "a"), command("PING"), command("ECHO", "x")])],
  ["a known command with too few arguments", command("GET")],
  ["an inline command", Buffer.from("GET a\r\n")],
  ["a wrong user", command("AUTH", "nobody", PASSWORD)],
  ["ten arguments", command("MGET", ..."123456789")],
  ["eleven arguments", command("MGET", ..."1234567890")],
  ["an argument of 16,384 bytes", command("ECHO", "p".repeat(16_384))],
  ["a header for an argument of 16,385 bytes", Buffer.from("*2\r\n$4\r\nAUTH\r\n$16385\r\n")],
  ["a malformed count", Buffer.from("*x\r\n")],
];

for (const [what, frame] of FRAMES) {
  test(`${what} before the login gets what Redis answers`, async () => {
    expect(await talk(proxy.port, frame)).toBe(await talk(redis.port, frame));
  });
}

test("the narrow limits end with the login, in the same chunk", async () => {
  const client = await RawClient.open(proxy.port);
  const keys = Array.from({ length: 50 }, (_, index) => `key:${index}`);
  const large = command("SET", "large", "v".repeat(20_000));
  await client.write(Buffer.concat([command("AUTH", PASSWORD), large, command("DEL", ...keys)]));
  await client.expectNext("+OK\r\n+OK\r\n:0\r\n");
  client.destroy();
});

test("a wrong password gets Codis's words, and a right one still works", async () => {
  const answer = await talk(proxy.port, command("AUTH", "wrong"));
  expect(answer).toBe(`-ERR invalid password\r\n+OK\r\n$4\r\n${LAST}\r\n`);
});

test("an unknown command isn't asked about at a server for a stranger", async () => {
  // Redis tells strangers which commands it has; the proxy would have to ask a server for that.
  const answer = await talk(proxy.port, command("NOSUCHCOMMAND", "a"));
  expect(answer).toBe(`-NOAUTH Authentication required.\r\n+OK\r\n$4\r\n${LAST}\r\n`);
});
