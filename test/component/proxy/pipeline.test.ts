/**
 * Bounds of a session: how far it reads ahead, what it does with a client that sends slowly, reads slowly or
 * not at all, closes its half, or sends more than it may. Servers are fakes that answer when the test says so.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { memoryGauge } from "../../../src/net/buffer-pool.ts";
import type { ProxyConfig } from "../../../src/proxy/config.ts";
import { waitFor } from "../../support/deadline.ts";
import type { FakeRedis } from "../../support/fake-redis.ts";
import { blob, bulk } from "../../support/fake-store.ts";
import { FakedProxy, type TwoFakes } from "../../support/faked-proxy.ts";
import { replyEnd } from "../../support/order-model.ts";
import type { ProxyWorker } from "../../support/proxy-worker.ts";
import { command, RawClient } from "../../support/raw-client.ts";

const MB = 1024 * 1024;

const stage = new FakedProxy();
let fakes: TwoFakes;
let proxy: ProxyWorker;
let client: RawClient;

beforeEach(async () => {
  fakes = await stage.open();
});

afterEach(() => stage.close());

/** A proxy over both fakes and one client. `K1` lives on the first, `K2` on the second. */
async function start(changes: Partial<ProxyConfig> = {}): Promise<void> {
  proxy = await stage.start(changes);
  client = await stage.connect();
}

const first = (): FakeRedis => fakes[0];
/** Keys by group; 1024 slots are dealt in two halves. */
const K1 = "dog";
const K2 = "cat";

function gets(count: number): Buffer {
  const frames = Array.from({ length: count }, (_, i) => command("GETRANGE", K1, `${i}`, "16"));
  return Buffer.concat(frames);
}

describe("a session that may read no further", () => {
  test("stops at session_max_pipeline, goes on when replies come, and loses nothing", async () => {
    await start({ sessionMaxPipeline: 10 });
    await warmUp();
    first().isWithholding = true;
    void client.write(gets(4000));
    await waitFor("the tenth request", 30_000, () => at(first(), 10));
    first().isWithholding = false;
    first().release();
    await client.expectNext(Buffer.concat(Array.from({ length: 4000 }, () => bulk(blob(16)))));
    expect(tokens(first())).toEqual(Array.from({ length: 4000 }, (_, i) => `${i}`));
    expect(client.isEnded).toBe(false);
  });

  test("never has more than session_max_pipeline requests at the servers", async () => {
    await start({ sessionMaxPipeline: 10 });
    await warmUp();
    first().isWithholding = true;
    void client.write(gets(5000));
    await waitFor("the tenth request", 30_000, () => at(first(), 10));
    await settle();
    expect(first().requests("GETRANGE").length).toBe(10);
    first().release();
    await client.take(5000 * bulk(blob(16)).length);
  });

  test("doesn't read its socket meanwhile: the client is slowed down", async () => {
    await start({ sessionMaxPipeline: 10 });
    await warmUp();
    first().isWithholding = true;
    const bytes = Buffer.alloc(40 * MB, gets(20_000));
    let isSent = false;
    void client.write(bytes).then(() => {
      isSent = true;
    });
    await waitFor("the tenth request", 30_000, () => at(first(), 10));
    await settle();
    expect(isSent).toBe(false);
    expect(memoryGauge.usedBytes).toBeLessThan(2 * MB);
    first().release();
    client.destroy();
  });

  test("waits for a backend whose queue is full, and so do others that feed it", async () => {
    await start({ backendMaxPipeline: 20 });
    await warmUp();
    const other = await RawClient.open(proxy.port);
    first().isWithholding = true;
    void client.write(gets(3000));
    await waitFor("the full queue", 30_000, () => at(first(), 20));
    await other.write(command("GETRANGE", K1, "other", "5"));
    await settle();
    expect(first().requests("GETRANGE").length).toBe(20);
    // Another group is not held up by it.
    const third = await RawClient.open(proxy.port);
    await third.write(command("GET", K2));
    await third.expectNext("$-1\r\n");
    first().release();
    await client.take(3000 * bulk(blob(16)).length);
    await other.expectNext(bulk(blob(5)));
    other.destroy();
    third.destroy();
  });

  test("goes on when the server it waits for is gone", async () => {
    await start({ backendMaxPipeline: 20, sessionMaxPipeline: 30 });
    await warmUp();
    first().isWithholding = true;
    void client.write(gets(200));
    await waitFor("the full queue", 30_000, () => at(first(), 20));
    first().dropConnections();
    first().isWithholding = false;
    const whole = bulk(blob(16)).toString();
    await client.waitUntil("200 replies", () => {
      return client.received.toString("latin1").split(/\r\n(?=-|\$)/).length === 200;
    });
    const replies = client.received.toString("latin1");
    // What was in flight is lost and said to be; what wasn't sent yet is served by the new connection.
    expect(replies.startsWith("-ERR handle response, backend conn failure, EOF\r\n")).toBe(true);
    expect(replies.split("-ERR handle response, backend conn reset\r\n").length - 1).toBe(19);
    expect(replies.split(whole).length - 1).toBe(180);
  });
});

describe("a client that sends", () => {
  test("one byte at a time is served like any other", async () => {
    await start();
    const frames = [
      command("SET", K1, "\r\n$1\r\n"),
      command("GET", K1),
      command("MGET", K1, K2),
      Buffer.from('ECHO "a b"\r\n'),
      command("SELECT", "3"),
      command("GET", K1),
    ];
    await client.writeBytewise(Buffer.concat(frames));
    await client.expectNext("+OK\r\n$6\r\n\r\n$1\r\n\r\n*2\r\n$6\r\n\r\n$1\r\n\r\n$-1\r\n");
    await client.expectNext("$3\r\na b\r\n+OK\r\n$-1\r\n");
  });

  test("a value of 5 MB in small pieces gets it stored whole", async () => {
    await start();
    const value = blob(5 * MB);
    const frame = command("SET", K1, value);
    for (let at = 0; at < frame.length; at += 60_001)
      await client.write(frame.subarray(at, at + 60_001));
    await client.expectNext("+OK\r\n");
    expect(first().requests("SET")[0]?.argv[2]?.equals(value)).toBe(true);
    await client.write(command("GET", K1));
    await client.expectNext(bulk(value));
  });

  test("many large requests in a row gets each answered", async () => {
    await start({ sessionMaxPipeline: 2 });
    const values = Array.from({ length: 30 }, (_, index) => blob(5000 + index * 7000));
    const frames = values.map((value, index) =>
      index % 3 === 2 ? command("MSET", K1, value, K2, value) : command("SET", K1, value),
    );
    await client.write(Buffer.concat(frames));
    await client.expectNext("+OK\r\n".repeat(30));
    expect(
      first()
        .requests("SET")
        .map((entry) => entry.argv[2]?.length),
    ).toEqual(values.filter((_, index) => index % 3 !== 2).map((value) => value.length));
  });

  test("a header of 512 MB makes the proxy reserve nothing", async () => {
    await start();
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(proxy.port)));
    const before = process.memoryUsage.rss();
    for (const one of clients) await one.write("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc");
    await waitFor("the input of 20 clients", 30_000, async () => {
      const infos = await proxy.worker.listClients({});
      return infos.filter((info) => info.inputBytes > 30).length === 20 ? true : undefined;
    });
    // The runtime takes some by itself now and then.
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * MB);
    expect(memoryGauge.usedBytes).toBeLessThan(MB);
    for (const one of clients) one.destroy();
  });

  test("more than session_max_request_size is told so and closed, at the header already", async () => {
    await start({ sessionMaxRequestBytes: 100_000 });
    await client.write(command("SET", K1, blob(90_000)));
    await client.expectNext("+OK\r\n");
    await client.write("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nabc");
    const answer = await client.takeAll();
    expect(answer.toString()).toBe("-ERR Protocol error: too big request\r\n");
    await waitFor("a line in the log", 30_000, () => lineWith("too big request"));
  });

  test("more than session_max_request_size in small arguments is closed as well", async () => {
    await start({ sessionMaxRequestBytes: 100_000 });
    void client.write(command("DEL", ...Array.from({ length: 30_000 }, (_, i) => `key:${i}`)));
    const answer = await client.takeAll();
    expect(answer.toString()).toBe("-ERR Protocol error: too big request\r\n");
  });

  test("nothing for session_recv_timeout is closed without a word", async () => {
    // Longer than a shared machine stands still, or the busy client would be idle as well.
    await start({ sessionRecvTimeoutMs: 5000 });
    const busy = await RawClient.open(proxy.port);
    await waitFor("the end of the idle client", 20_000, async () => {
      await busy.write(command("PING"));
      return client.isEnded ? true : undefined;
    });
    expect(busy.isEnded).toBe(false);
    expect(client.receivedLength).toBe(0);
    expect(await proxy.closedSessions()).toEqual({ idle: 1 });
    busy.destroy();
  }, 40_000);

  test("its FIN behind a pipeline gets all replies, then FIN", async () => {
    await start({ sessionMaxPipeline: 10 });
    await client.write(
      Buffer.concat([gets(3000), command("PING"), command("SELECT", "1"), gets(10)]),
    );
    client.end();
    const all = await client.takeAll();
    const reply = bulk(blob(16)).toString();
    expect(all.toString()).toBe(`${reply.repeat(3000)}+PONG\r\n+OK\r\n${reply.repeat(10)}`);
  });

  test("its FIN in the middle of a request gets the replies before it", async () => {
    await start();
    await client.write(Buffer.concat([gets(3), Buffer.from("*2\r\n$3\r\nGET\r\n$10\r\nabc")]));
    client.end();
    expect((await client.takeAll()).toString()).toBe(bulk(blob(16)).toString().repeat(3));
  });
});

describe("a client that reads", () => {
  test("nothing isn't read from above the soft limit, and is closed in time with a line in the log", async () => {
    await start({ sessionSoftOutputBytes: 256 * 1024, sessionSendTimeoutMs: 1000 });
    client.pause();
    const million = Buffer.concat(
      Array.from({ length: 1_000_000 }, () =>
        Buffer.from("*2\r\n$4\r\nECHO\r\n$40\r\n0123456789012345678901234567890123456789\r\n"),
      ),
    );
    let usedMax = 0;
    void client.write(million);
    await waitFor("the close", 30_000, async () => {
      usedMax = Math.max(usedMax, memoryGauge.usedBytes);
      return (await proxy.closedSessions())["send_timeout"];
    });
    expect(usedMax).toBeLessThan(4 * MB);
    expect(lineWith("weren't read in time")?.level).toBe("warn");
  });

  test("slowly after its FIN gets everything, however often the output was full", async () => {
    await start({ sessionSoftOutputBytes: 64 * 1024, sessionMaxPipeline: 50 });
    client.pause();
    // Replies of 1 MB at a time fill the kernel's buffers, and the requests fit into one chunk.
    const frames = Array.from({ length: 60 }, () => command("GETRANGE", K1, "0", `${MB}`));
    await client.write(Buffer.concat([...frames, command("PING")]));
    client.end();
    await waitFor("output that waits", 30_000, async () => {
      const [info] = await proxy.worker.listClients({});
      return info !== undefined && info.outputBytes > 0 ? true : undefined;
    });
    await settle();
    client.resume();
    const all = await client.takeAll();
    expect(all.length).toBe(60 * bulk(blob(MB)).length + 7);
    expect(all.toString("latin1", all.length - 7)).toBe("+PONG\r\n");
  });

  test("nothing of a reply above session_max_output_size is closed, alone, with a line in the log", async () => {
    await start({ sessionMaxOutputBytes: 4 * MB, sessionSoftOutputBytes: MB });
    const other = await RawClient.open(proxy.port);
    client.pause();
    await client.write(command("GETRANGE", K1, "0", `${40 * MB}`));
    await waitFor("the close", 30_000, async () => (await proxy.closedSessions())["output_limit"]);
    expect(lineWith("bytes of replies wait")?.level).toBe("warn");
    await other.write(command("GET", K1));
    await other.expectNext("$-1\r\n");
    other.destroy();
  });

  test("large replies gets them whole, in turn, when a later one is there first", async () => {
    await start();
    await warmUp();
    await client.write(command("GET", K2));
    await client.expectNext("$-1\r\n");
    first().isWithholding = true;
    const frames = [
      command("GETRANGE", K1, "0", "100"),
      command("GETRANGE", K2, "0", `${3 * MB}`),
      command("GETRANGE", K2, "0", "7"),
      command("MGET", K1, K2),
    ];
    await client.write(Buffer.concat(frames));
    await waitFor("the later reply", 30_000, () =>
      memoryGauge.usedBytes > 3 * MB ? true : undefined,
    );
    expect(client.receivedLength).toBe(0);
    first().release();
    const due = [
      bulk(blob(100)),
      bulk(blob(3 * MB)),
      bulk(blob(7)),
      Buffer.from("*2\r\n$-1\r\n$-1\r\n"),
    ];
    await client.expectNext(Buffer.concat(due));
  });

  test("nothing, and whose later replies are kept, is bounded by session_max_output_size", async () => {
    await start({ sessionMaxOutputBytes: 8 * MB, sessionSoftOutputBytes: MB });
    await warmUp();
    first().isWithholding = true;
    const later = Array.from({ length: 30 }, () => command("GETRANGE", K2, "0", `${MB}`));
    await client.write(Buffer.concat([command("GET", K1), ...later]));
    await waitFor("the close", 30_000, async () => (await proxy.closedSessions())["output_limit"]);
    expect(lineWith("bytes of replies wait")?.level).toBe("warn");
    first().release();
  }, 60_000);
});

describe("in a pipeline", () => {
  test("SELECT and HELLO change what follows them and nothing before", async () => {
    await start();
    const frames = [
      command("SET", K1, "zero"),
      command("SELECT", "1"),
      command("GET", K1),
      command("SET", K1, "one"),
      command("HELLO", "3"),
      command("GET", `right`),
      command("HGETALL", K1),
      command("SELECT", "0"),
      command("GET", K1),
      command("HELLO", "2"),
      command("GET", `right`),
      command("SELECT", "99"),
      command("GET", K1),
    ];
    await client.write(Buffer.concat(frames));
    await client.expectNext("+OK\r\n+OK\r\n$-1\r\n+OK\r\n");
    const map = "%2\r\n$5\r\nvalue\r\n$3\r\none\r\n$4\r\nlist\r\n*1\r\n$3\r\none\r\n";
    expect(String.fromCharCode((await takeReply())[0] as number)).toBe("%");
    await client.expectNext(`_\r\n${map}+OK\r\n$4\r\nzero\r\n`);
    expect(String.fromCharCode((await takeReply())[0] as number)).toBe("*");
    await client.expectNext(
      "$-1\r\n-ERR invalid DB index, only accept DB [0,16)\r\n$4\r\nzero\r\n",
    );
    expect(
      first()
        .journal.filter((e) => e.argv.length > 1 && e.argv[0]?.toString() === "GET")
        .map((e) => [e.db, e.proto]),
    ).toEqual([
      [1, 2],
      [1, 3],
      [0, 3],
      [0, 2],
      [0, 2],
    ]);
  });

  test("CLIENT REPLY OFF drops replies and no request, ON answers OK", async () => {
    await start();
    const frames = [
      command("SET", K1, "a"),
      command("CLIENT", "REPLY", "OFF"),
      command("SET", K1, "b"),
      command("GET", K2),
      command("PING"),
      command("NOSUCHCOMMAND"),
      command("MSET", K1, "c", K2, "d"),
      command("CLIENT", "REPLY", "ON"),
      command("MGET", K1, K2),
    ];
    await client.write(Buffer.concat(frames));
    await client.expectNext("+OK\r\n+OK\r\n*2\r\n$1\r\nc\r\n$1\r\nd\r\n");
    expect(client.receivedLength).toBe(0);
  });

  test("CLIENT REPLY SKIP drops one reply", async () => {
    await start();
    const frames = [
      command("CLIENT", "REPLY", "SKIP"),
      command("SET", K1, "b"),
      command("GET", K1),
      command("CLIENT", "REPLY", "SKIP"),
      command("PING"),
      command("PING"),
      command("CLIENT", "REPLY", "SKIP"),
      command("MGET", K1, K2),
      command("ECHO", "last"),
    ];
    await client.write(Buffer.concat(frames));
    await client.expectNext("$1\r\nb\r\n+PONG\r\n$4\r\nlast\r\n");
    expect(client.receivedLength).toBe(0);
  });

  test("QUIT answers what came before it and nothing behind it", async () => {
    await start();
    await client.write(Buffer.concat([gets(2), command("QUIT"), command("PING"), gets(5)]));
    const reply = bulk(blob(16)).toString();
    expect((await client.takeAll()).toString()).toBe(`${reply}${reply}+OK\r\n`);
    expect(first().requests("GETRANGE").length).toBe(2);
  });

  test("CLIENT KILL of oneself answers, then closes", async () => {
    await start();
    await client.write(command("CLIENT", "ID"));
    await client.waitUntil("the id", () => client.received.includes("\n"));
    const id = client.received.toString().slice(1).trim();
    await client.take(client.receivedLength);
    await client.write(
      Buffer.concat([command("CLIENT", "KILL", "ID", id, "SKIPME", "no"), command("PING")]),
    );
    expect((await client.takeAll()).toString()).toBe(":1\r\n");
  });
});

/** Opens the connection to the first server, so that nothing is held back by its handshake. */
async function warmUp(): Promise<void> {
  await client.write(command("GET", K1));
  await client.expectNext("$-1\r\n");
}

/** The next reply, whatever it is. */
async function takeReply(): Promise<Buffer> {
  await client.waitUntil("a whole reply", () => replyEnd(client.received, 0) !== -1);
  return client.take(replyEnd(client.received, 0));
}

function at(fake: FakeRedis, count: number): true | undefined {
  return fake.requests("GETRANGE").length >= count ? true : undefined;
}

function tokens(fake: FakeRedis): string[] {
  return fake.requests("GETRANGE").map((entry) => entry.argv[2]?.toString() ?? "");
}

/** Lets everything that is under way on loopback arrive: what doesn't happen now won't. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

function lineWith(text: string): ProxyWorker["log"][number] | undefined {
  return proxy.log.find((line) => line.msg.includes(text));
}
