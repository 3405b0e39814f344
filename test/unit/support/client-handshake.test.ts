/**
 * The handshakes must pass against redis-server 7.0.15, which all these clients work with, with and without
 * a password. And a replay must fail where the client would: otherwise it shows nothing about a proxy.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { clientHandshakes } from "../../support/client-handshake.ts";
import { DOCUMENTED_HANDSHAKES } from "../../support/documented-handshake.ts";
import { replayHandshake } from "../../support/handshake-replay.ts";
import type { ClientHandshake } from "../../support/handshake-step.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { RespConnection } from "../../support/resp-connection.ts";

const PASSWORD = "s3cret";
let open: RedisServer;
let locked: RedisServer;

beforeAll(async () => {
  open = await startRedis();
  locked = await startRedis();
  const connection = await RespConnection.open(locked.port);
  await connection.call("CONFIG", "SET", "requirepass", PASSWORD);
  connection.destroy();
});

afterAll(async () => {
  await Promise.all([open.stop(), locked.stop()]);
});

describe.each(clientHandshakes().map((handshake) => `${handshake.client} ${handshake.version}`))(
  "%s",
  (name) => {
    test("connects to a real redis-server", async () => {
      expect(await replayHandshake(open.port, find(name))).toMatchObject({ hasFallenBack: false });
      expect(await replayHandshake(locked.port, find(name, PASSWORD))).toMatchObject({
        hasFallenBack: false,
      });
    });

    test("doesn't connect with a wrong password", async () => {
      expect(await failureOf(replayHandshake(locked.port, find(name, "wrong")))).toContain(name);
    });
  },
);

function find(name: string, password?: string): ClientHandshake {
  const found = clientHandshakes(password).find(
    ({ client, version }) => `${client} ${version}` === name,
  );
  if (found === undefined) {
    throw new Error(`no handshake of ${name}`);
  }
  return found;
}

/** The text of the error, or that there was none. */
function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no failure",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** Answers every chunk with the same bytes, or closes. */
async function withServer(
  answer: (chunk: string) => string | undefined,
  run: (port: number) => Promise<void>,
): Promise<void> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      const reply = answer(chunk.toString("latin1"));
      if (reply === undefined) {
        socket.destroy();
      } else {
        socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    await run(address !== null && typeof address === "object" ? address.port : 0);
  } finally {
    server.close();
  }
}

/** As many error replies as there are requests in the chunk. */
function errors(chunk: string, text: string): string {
  return `-${text}\r\n`.repeat([...chunk.matchAll(/\*\d+\r\n\$/g)].length);
}

test("a closed connection is fatal for every client", async () => {
  await withServer(
    () => undefined,
    async (port) => {
      for (const handshake of clientHandshakes()) {
        expect(await failureOf(replayHandshake(port, handshake))).toContain(handshake.client);
      }
    },
  );
});

test("no client takes a server that answers errors only", async () => {
  await withServer(
    (chunk) => errors(chunk, "NOPROTO unsupported protocol version"),
    async (port) => {
      for (const handshake of clientHandshakes()) {
        expect(await failureOf(replayHandshake(port, handshake))).toContain(handshake.client);
      }
    },
  );
});

test("clients that know RESP2 fall back to it, the others don't", async () => {
  const fallen: string[] = [];
  const failed: string[] = [];
  const old = await startRedis({ args: ["--rename-command", "HELLO", ""] });
  for (const handshake of clientHandshakes()) {
    const name = `${handshake.client} ${handshake.version}`;
    await replayHandshake(old.port, handshake).then(
      ({ hasFallenBack }) => hasFallenBack && fallen.push(name),
      () => failed.push(name),
    );
  }
  await old.stop();
  expect(fallen).toEqual([
    "ioredis 6.0.0",
    "go-redis 9",
    "Jedis, RESP3 by itself next",
    "Lettuce 6-7",
  ]);
  expect(failed).toEqual([
    "node-redis 6.3.1",
    "redis-py 8.1.0",
    "redis-cli -3 7.0.15",
    "redis-rs, RESP3 1",
    "valkey-glide 2",
  ]);
});

test("docs/clients.md has a row for each handshake and no other", () => {
  const text = readFileSync(new URL("../../../docs/clients.md", import.meta.url), "utf8");
  const rows = [
    ...text.matchAll(/^\| ([^|]+) \| ([^|]+) \| [^|]+ \| (recorded|documented) handshake /gm),
  ];
  const documented = new Set(DOCUMENTED_HANDSHAKES.map((build) => build(undefined)).map(nameOf));
  const wanted = clientHandshakes().map((handshake) => {
    const name = nameOf(handshake);
    return `${name} ${documented.has(name) ? "documented" : "recorded"}`;
  });
  expect(
    rows.map(([, client, version, source]) => `${client} ${version} ${source}`).sort(),
  ).toEqual(wanted.sort());
});

function nameOf({ client, version }: ClientHandshake): string {
  return `${client} ${version}`;
}
