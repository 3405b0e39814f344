/**
 * Reads that a replica doesn't answer, with servers that do what the test says: the master answers them, unless
 * the session has written to the slot meanwhile; replies keep their order and no write is sent twice.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { memoryGauge } from "../../../src/net/buffer-pool.ts";
import { encodeCommand } from "../../../src/resp/encode.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeRedis, type JournalEntry } from "../../support/fake-redis.ts";
import { type ProxyWorker, startProxyWorker } from "../../support/proxy-worker.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import { slotOfText } from "../../support/slot-of-text.ts";

const WAIT_MS = 30_000;
const INFO = {
  master: "role:master\r\nmaster_replid:s\r\nmaster_repl_offset:10\r\n",
  replica:
    "role:slave\r\nmaster_host:x\r\nmaster_port:1\r\nmaster_link_status:up\r\nmaster_replid:s\r\n" +
    "slave_repl_offset:10\r\n",
};

let master: FakeRedis;
let replica: FakeRedis;
let proxy: ProxyWorker;
let client: RespConnection;

function answerOf(text: string): (entry: JournalEntry) => Buffer | undefined {
  return ({ argv }) =>
    argv[0]?.toString() === "INFO" ? Buffer.from(`$${text.length}\r\n${text}\r\n`) : undefined;
}

/** The replica says this to reads; undefined: what it has. */
function replicaSays(error: string | undefined): void {
  const info = answerOf(INFO.replica);
  replica.options = {
    answer: (entry) =>
      entry.argv[0]?.toString() === "GET" && error !== undefined
        ? Buffer.from(`-${error}\r\n`)
        : info(entry),
  };
}

beforeEach(async () => {
  master = await FakeRedis.start({ answer: answerOf(INFO.master) });
  replica = await FakeRedis.start();
  replicaSays(undefined);
  proxy = await startProxyWorker([master.addr]);
  await proxy.fill(
    Array.from({ length: 1024 }, (_, id) => id),
    { replicaGroups: [[replica.addr]] },
  );
  client = await RespConnection.open(proxy.port);
  for (const [index, fake] of [master, replica].entries()) {
    const direct = await RespConnection.open(fake.port);
    for (const key of ["a", "b", "c"]) await direct.call("SET", key, `${key}${index}`);
    direct.destroy();
  }
  await waitFor("a read by the replica", WAIT_MS, async () =>
    (await client.call("GET", "a")).toString() === "$2\r\na1\r\n" ? true : undefined,
  );
  master.journal.length = 0;
  replica.journal.length = 0;
});

afterEach(async () => {
  client.destroy();
  await proxy.close();
  await Promise.all([master.close(), replica.close()]);
  expect(memoryGauge.usedBytes).toBe(0);
});

function send(...requests: readonly (readonly string[])[]): void {
  client.write(Buffer.concat(requests.map((argv) => encodeCommand(argv))));
}

async function replies(count: number): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let i = 0; i < count; i++) texts.push((await client.next()).toString());
  return texts;
}

async function untilReplicaHas(reads: number): Promise<void> {
  await waitFor(`${reads} reads at the replica`, WAIT_MS, () =>
    replica.requests("GET").length + replica.requests("MGET").length >= reads ? true : undefined,
  );
}

test("reads in flight on a connection that breaks are answered by the master, in their places", async () => {
  replica.isWithholding = true;
  send(["GET", "a"], ["PING"], ["GET", "b"], ["MGET", "a", "c"], ["GET", "none"]);
  await untilReplicaHas(4);
  replica.dropConnections();
  expect(await replies(5)).toEqual([
    "$2\r\na0\r\n",
    "+PONG\r\n",
    "$2\r\nb0\r\n",
    "*2\r\n$2\r\na0\r\n$2\r\nc0\r\n",
    "$-1\r\n",
  ]);
  const figures = (await proxy.worker.snapshot()).replicas[0];
  expect(figures?.repeats).toBe(4);
});

test("a read isn't answered by a write that the session sent after it", async () => {
  replica.isWithholding = true;
  send(["GET", "a"], ["GET", "b"], ["SET", "a", "new"], ["GET", "a"]);
  await untilReplicaHas(2);
  await waitFor("the write", WAIT_MS, () => (master.requests("SET").length > 0 ? true : undefined));
  replica.dropConnections();
  const [first, second, third, fourth] = await replies(4);
  expect(first).toMatch(/^-ERR handle response, backend conn/);
  expect(second).toBe("$2\r\nb0\r\n");
  expect([third, fourth]).toEqual(["+OK\r\n", "$3\r\nnew\r\n"]);
  expect(master.requests("SET").length).toBe(1);
});

test.each(["LOADING it is", "MASTERDOWN it is", "BUSY with a script"])(
  "-%s: the master answers, and the replica isn't asked until it was seen to be well",
  async (error) => {
    replicaSays(error);
    send(["GET", "a"], ["GET", "b"]);
    expect(await replies(2)).toEqual(["$2\r\na0\r\n", "$2\r\nb0\r\n"]);
    replica.journal.length = 0;
    send(["GET", "a"]);
    expect(await replies(1)).toEqual(["$2\r\na0\r\n"]);
    expect(replica.requests("GET").length).toBe(0);
    replicaSays(undefined);
    await waitFor("a read by the replica", WAIT_MS, async () =>
      (await client.call("GET", "a")).toString() === "$2\r\na1\r\n" ? true : undefined,
    );
  },
);

test("an error about the request is the client's", async () => {
  replicaSays("WRONGTYPE Operation against a key");
  send(["GET", "a"], ["GET", "b"]);
  expect(await replies(2)).toEqual(Array(2).fill("-WRONGTYPE Operation against a key\r\n"));
  expect(master.requests("GET").length).toBe(0);
});

test("a replica that owes a reply and says nothing is given up, and the master answers", async () => {
  replica.isWithholding = true;
  send(["GET", "a"], ["GET", "b"]);
  expect(await replies(2)).toEqual(["$2\r\na0\r\n", "$2\r\nb0\r\n"]);
  replica.release();
});

test("a read whose slot was locked meanwhile waits for it", async () => {
  replica.isWithholding = true;
  send(["GET", "a"]);
  await untilReplicaHas(1);
  const slot = slotOfText("a");
  await proxy.fill([slot], { locked: true });
  replica.dropConnections();
  send(["GET", "b"]);
  await waitFor("the read of b", WAIT_MS, () =>
    master.requests("GET").some(({ argv }) => argv[1]?.toString() === "b") ? true : undefined,
  );
  await proxy.fill([slot], { locked: false });
  expect(await replies(2)).toEqual(["$2\r\na0\r\n", "$2\r\nb0\r\n"]);
});

test("when the master is gone as well the client gets an error", async () => {
  replica.isWithholding = true;
  send(["GET", "a"]);
  await untilReplicaHas(1);
  await master.close();
  replica.dropConnections();
  expect((await replies(1))[0]).toMatch(/^-ERR handle re/);
});

test("a replica that the table doesn't name any more gets nothing, and keeps what it has", async () => {
  replica.isWithholding = true;
  send(["GET", "a"]);
  await untilReplicaHas(1);
  await proxy.fill(
    Array.from({ length: 1024 }, (_, id) => id),
    { replicaGroups: [] },
  );
  send(["GET", "b"]);
  replica.release();
  expect(await replies(2)).toEqual(["$2\r\na1\r\n", "$2\r\nb0\r\n"]);
  expect((await proxy.worker.snapshot()).replicas[0]).toMatchObject({ isUsable: false });
  await waitFor("the end of its connections", WAIT_MS, () =>
    replica.openConnections === 0 ? true : undefined,
  );
});

test("the servers' lists are followed in order, and the master may be in one", async () => {
  const near = await FakeRedis.start({ answer: answerOf(INFO.replica) });
  const fill = (replicaGroups: readonly (readonly string[])[]) =>
    proxy.fill(
      Array.from({ length: 1024 }, (_, id) => id),
      { replicaGroups },
    );
  try {
    await fill([[near.addr], [replica.addr]]);
    await waitFor("a read by the near one", WAIT_MS, async () => {
      await client.call("GET", "a");
      return near.requests("GET").length > 0 ? true : undefined;
    });
    replica.journal.length = 0;
    for (let i = 0; i < 10; i++) await client.call("GET", "a");
    expect(replica.requests("GET").length).toBe(0);
    await near.close();
    await waitFor("a read by the far one", WAIT_MS, async () =>
      (await client.call("GET", "a")).toString() === "$2\r\na1\r\n" ? true : undefined,
    );
    await fill([[master.addr]]);
    expect((await client.call("GET", "a")).toString()).toBe("$2\r\na0\r\n");
  } finally {
    await near.close().catch(() => undefined);
  }
});
