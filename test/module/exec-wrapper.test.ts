/**
 * SLOTSMGRT-EXEC-WRAPPER: the three answers of codis-server and its errors, all keys of a command considered, the
 * rights of the caller, what Redis allows and refuses over maxmemory, on a replica and while writes are paused, and
 * RESP3. Nothing that is sent through it ends the server.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import {
  answerAsCodis,
  type FakeAsyncTarget,
  startFakeAsyncTarget,
} from "../support/fake-async-target.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { startSlotsServer } from "../support/slots-module.ts";

const ABSENT = "*2\r\n:0\r\n-ERR the specified key doesn't exist\r\n";
const MOVING = "*2\r\n:1\r\n-ERR the specified key is being migrated\r\n";

let server: RedisServer;
let at: RespConnection;

beforeAll(async () => {
  server = await startSlotsServer();
  at = await RespConnection.open(server.port);
}, 60_000);

afterAll(async () => {
  at.destroy();
  await server.stop();
});

beforeEach(async () => {
  await ask("SLOTSMGRT-ASYNC-CANCEL");
  await ask("FLUSHALL");
});

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

function wrap(hashKey: string, line: string, connection = at): Promise<string> {
  return ask(`SLOTSMGRT-EXEC-WRAPPER ${hashKey} ${line}`, connection);
}

function done(reply: string): string {
  return `*2\r\n:2\r\n${reply}`;
}

function bad(text: string): string {
  return `*2\r\n:-1\r\n-ERR ${text}\r\n`;
}

/** Asks again while the answer is "being migrated", as a proxy does. */
function retry(hashKey: string, line: string): Promise<string> {
  return waitFor(`an answer to ${line}`, 20_000, async () => {
    const reply = await wrap(hashKey, line);
    return reply === MOVING ? undefined : reply;
  });
}

describe("the answers of codis-server", () => {
  test("not here, executed, and no command", async () => {
    expect(await wrap("nokey", "GET nokey")).toBe(ABSENT);
    await ask("ZADD z 1 a 2 b");
    expect(await wrap("z", "ZCARD z")).toBe(done(":2\r\n"));
    expect(await wrap("z", "ZADD z 3 c")).toBe(done(":1\r\n"));
    expect(await wrap("z", "GET z")).toBe(
      done("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
    );
    expect(await wrap("z", "nosuchcmd")).toBe(bad("invalid command specified (nosuchcmd)"));
    expect(await wrap("nokey", "nosuchcmd")).toBe(bad("invalid command specified (nosuchcmd)"));
    expect(await wrap("z", "zcard")).toBe(bad("wrong number of arguments for command (zcard)"));
    expect(await ask("SLOTSMGRT-EXEC-WRAPPER z")).toBe(
      bad("wrong number of arguments for SLOTSMGRT-EXEC-WRAPPER"),
    );
    expect(await wrap("z", "PING")).toBe(done("+PONG\r\n"));
    await ask("DEL z");
    await ask("SET gone 1 PX 1");
    await Bun.sleep(5);
    expect(await wrap("gone", "GET gone")).toBe(ABSENT);
  });

  test("commands that would change the connection, or nest without end, are refused", async () => {
    await ask("SET a 1");
    for (const line of [
      "SLOTSMGRT-EXEC-WRAPPER a GET a",
      "HELLO 3",
      "SELECT 1",
      "MULTI",
      "WATCH a",
      "SUBSCRIBE a",
      "MONITOR",
      "CLIENT REPLY OFF",
      "SHUTDOWN NOSAVE",
      "QUIT",
      "SYNC",
      "DEBUG SEGFAULT",
      "AUTH x",
    ]) {
      expect(await wrap("a", line)).toBe(bad(`invalid command specified (${line.split(" ")[0]})`));
    }
    const script = "return redis.call('slotsmgrt-exec-wrapper','a','get','a')";
    expect((await at.call("EVAL", script, "0")).toString()).toContain("not allowed from script");
    expect(await wrap("a", "GET a")).toBe(done("$1\r\n1\r\n"));
  });

  test("blocking commands don't wait; scripts, transactions and commands of the module run", async () => {
    await ask("RPUSH l 1");
    expect(await wrap("l", "BLPOP l 0")).toBe(done("*2\r\n$1\r\nl\r\n$1\r\n1\r\n"));
    await ask("SET l 1");
    const script = "return redis.call('incr',KEYS[1])";
    const reply = await at.call("SLOTSMGRT-EXEC-WRAPPER", "l", "EVAL", script, "1", "l");
    expect(reply.toString()).toBe(done(":2\r\n"));
    await ask("MULTI");
    await wrap("l", "INCR l");
    expect(await ask("EXEC")).toBe(`*1\r\n${done(":3\r\n")}`);
    expect(await wrap("l", "SLOTSHASHKEY a")).toBe(done("*1\r\n:579\r\n"));
    const moving = await wrap("l", "SLOTSMGRTONE-ASYNC 127.0.0.1 1 0 0 0 l");
    expect(moving).toStartWith(done("-ERR in a transaction or a script"));
    expect(await wrap("l", "SLOTSDEL 0")).toBe(done("*1\r\n*2\r\n:0\r\n:0\r\n"));
  });

  test("in RESP3 the reply is as the client would get it", async () => {
    const modern = await RespConnection.open(server.port);
    await modern.call("HELLO", "3");
    await ask("HSET h f v");
    await ask("ZADD z 1.5 a");
    expect(await wrap("h", "HGETALL h", modern)).toBe(done("%1\r\n$1\r\nf\r\n$1\r\nv\r\n"));
    expect(await wrap("h", "HGET h x", modern)).toBe(done("_\r\n"));
    expect(await wrap("z", "ZSCORE z a", modern)).toBe(done(",1.5\r\n"));
    expect(await wrap("h", "HGETALL h")).toBe(done("*2\r\n$1\r\nf\r\n$1\r\nv\r\n"));
    modern.destroy();
  });
});

describe("while keys are moved", () => {
  let target: FakeAsyncTarget;
  let isSilent = true;
  let mover: RespConnection;

  beforeAll(async () => {
    target = await startFakeAsyncTarget((command) =>
      isSilent && command[0] === "SLOTSRESTORE-ASYNC" ? undefined : answerAsCodis(command),
    );
    mover = await RespConnection.open(server.port);
  });

  afterAll(async () => {
    mover.destroy();
    await target.close();
  });

  /** Begins a move that doesn't end; the result ends it. */
  async function hold(command: string): Promise<() => Promise<string>> {
    isSilent = true;
    const reply = mover.call(
      ...`${command.replace(" ", ` 127.0.0.1 ${target.port} 20000 0 0 `)}`.split(" "),
    );
    await waitFor("a batch", 20_000, async () =>
      (await ask("SLOTSMGRT-ASYNC-STATUS")).includes("keys\r\n*2\r\n:1\r\n") ? true : undefined,
    );
    return async () => {
      await ask("SLOTSMGRT-ASYNC-CANCEL");
      return (await reply).toString();
    };
  }

  test("reads go through, writes of the key and of its tag are held", async () => {
    await ask("MSET {t}a 1 {t}b 2 t 3 c 4");
    const end = await hold("SLOTSMGRTONE-ASYNC {t}a");
    expect(await wrap("{t}a", "GET {t}a")).toBe(done("$1\r\n1\r\n"));
    expect(await wrap("{t}a", "INCR {t}a")).toBe(MOVING);
    expect(await wrap("{t}b", "INCR {t}b")).toBe(MOVING);
    expect(await wrap("{t}new", "SET {t}new 1")).toBe(MOVING);
    expect(await wrap("t", "INCR t")).toBe(done(":4\r\n"));
    expect(await wrap("c", "INCR c")).toBe(done(":5\r\n"));
    // Another key of the command is the one that is moved.
    expect(await wrap("c", "COPY c {t}a")).toBe(MOVING);
    expect(await wrap("c", "SUNIONSTORE c {t}a")).toBe(MOVING);
    expect(await wrap("c", "MGET c {t}a")).toBe(done("*2\r\n$1\r\n5\r\n$1\r\n1\r\n"));
    const script = "return redis.call('get',KEYS[1])";
    expect(
      (await at.call("SLOTSMGRT-EXEC-WRAPPER", "c", "EVAL", script, "2", "c", "{t}a")).toString(),
    ).toBe(MOVING);
    expect(await wrap("{t}a", "GETEX {t}a PX 5")).toBe(MOVING);
    expect(await wrap("{t}a", "SORT {t}a BY nosort STORE c")).toBe(MOVING);
    expect(await end()).toBe("-ERR interrupted: canceled\r\n");
    expect(await wrap("{t}a", "INCR {t}a")).toBe(done(":2\r\n"));
  });

  test("a command that reads a key but writes to its groups is held", async () => {
    await ask("XADD s 1-1 f v");
    await ask("XGROUP CREATE s g 0");
    const end = await hold("SLOTSMGRTONE-ASYNC s");
    expect(await wrap("s", "XREADGROUP GROUP g c STREAMS s >")).toBe(MOVING);
    expect(await wrap("s", "XLEN s")).toBe(done(":1\r\n"));
    await end();
  });

  test("a tag stays on one side: new keys of it are made here as long as there are others", async () => {
    // Names that no cancelled batch has left at the target.
    expect(await retry("{u}a", "SET {u}a 1")).toBe(ABSENT);
    await ask("SET {u}old 1");
    await ask("SET u 1");
    expect(await retry("{u}a", "SET {u}a 1")).toBe(done("+OK\r\n"));
    expect(await retry("{u}none", "GET {u}none")).toBe(ABSENT);
    expect(await retry("{u}a", "MGET {u}a {u}none")).toBe(done("*2\r\n$1\r\n1\r\n$-1\r\n"));
    expect(await retry("{u}none", "MGET {u}none {u}a")).toBe(done("*2\r\n$-1\r\n$1\r\n1\r\n"));
    expect(await retry("{u}none", "RENAME {u}a {u}none")).toBe(done("+OK\r\n"));
    await ask("DEL {u}old {u}none");
    // A key with the same CRC but without a tag isn't one of them.
    expect(await retry("{u}a", "SET {u}a 1")).toBe(ABSENT);
  });

  test("keys of one slot without a common tag are only used together on one side", async () => {
    // All three are in slot 579.
    await ask("SET a 1");
    expect(await wrap("a", "MGET a {a}x")).toBe(MOVING);
    expect(await wrap("{a}x", "MGET {a}x a")).toBe(MOVING);
    await ask("SET {a}x 2");
    expect(await wrap("a", "MGET a {a}x")).toBe(done("*2\r\n$1\r\n1\r\n$1\r\n2\r\n"));
    // Of another slot nothing is known here.
    expect(await wrap("a", "MGET a b")).toBe(done("*2\r\n$1\r\n1\r\n$-1\r\n"));
  });
});

describe("what the server itself would refuse", () => {
  test("over maxmemory reads and deletions go through", async () => {
    await ask("MSET a 1 b 2");
    await ask("CONFIG SET maxmemory 1");
    expect(await wrap("a", "GET a")).toBe(done("$1\r\n1\r\n"));
    expect(await wrap("a", "SET a 2")).toStartWith(done("-OOM "));
    const script = "return redis.call('set',KEYS[1],'3')";
    expect(
      (await at.call("SLOTSMGRT-EXEC-WRAPPER", "a", "EVAL", script, "1", "a")).toString(),
    ).toContain("OOM");
    expect(await wrap("a", "DEL a")).toBe(done(":1\r\n"));
    expect(await wrap("b", "EXPIRE b 100")).toBe(done(":1\r\n"));
    await ask("CONFIG SET maxmemory 0");
    expect(await wrap("b", "SET b 3")).toBe(done("+OK\r\n"));
  });

  test("the rights of the caller count", async () => {
    await ask("SET a 1");
    await ask("ACL SETUSER reader on nopass ~a +get +slotsmgrt-exec-wrapper");
    const reader = await RespConnection.open(server.port);
    await ask("AUTH reader x", reader);
    expect(await wrap("a", "GET a", reader)).toBe(done("$1\r\n1\r\n"));
    expect(await wrap("a", "SET a 2", reader)).toStartWith(done("-NOPERM "));
    expect(await wrap("a", "MGET a b", reader)).toStartWith(done("-NOPERM "));
    expect(await wrap("b", "GET b", reader)).toStartWith("-NOPERM");
    expect(await ask("GET a")).toBe("$1\r\n1\r\n");
    reader.destroy();
  });

  test("enough replicas, and the role", async () => {
    await ask("SET a 1");
    await ask("CONFIG SET min-replicas-to-write 1");
    expect(await wrap("a", "SET a 2")).toStartWith(done("-NOREPLICAS"));
    expect(await wrap("a", "GET a")).toBe(done("$1\r\n1\r\n"));
    await ask("CONFIG SET min-replicas-to-write 0");
    const replica = await startSlotsServer({
      args: ["--replicaof", "127.0.0.1", `${server.port}`],
    });
    const side = await RespConnection.open(replica.port);
    await waitFor("the key", 20_000, async () =>
      (await ask("EXISTS a", side)) === ":1\r\n" ? true : undefined,
    );
    expect(await wrap("a", "GET a", side)).toBe(done("$1\r\n1\r\n"));
    expect(await wrap("a", "SET a 2", side)).toStartWith(done("-READONLY"));
    expect(await wrap("a", "SET a 5")).toBe(done("+OK\r\n"));
    await waitFor("the new value", 20_000, async () =>
      (await ask("GET a", side)) === "$1\r\n5\r\n" ? true : undefined,
    );
    side.destroy();
    await replica.stop();
  }, 90_000);

  test("while writes are paused nothing is written", async () => {
    await ask("SET a 1");
    const looker = await RespConnection.open(server.port);
    await ask("CLIENT PAUSE 60000 WRITE");
    const waiting = wrap("a", "SET a 2");
    // The command has come by then: it is one of those that wait.
    await waitFor("a client that waits", 20_000, async () =>
      (await ask("INFO clients", looker)).includes("blocked_clients:1\r\n") ? true : undefined,
    );
    expect(await ask("GET a", looker)).toBe("$1\r\n1\r\n");
    await ask("CLIENT UNPAUSE", looker);
    expect(await waiting).toBe(done("+OK\r\n"));
    looker.destroy();
  });
});
