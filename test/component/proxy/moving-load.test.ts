/**
 * Many clients on keys that two movers move at once, the proxy's and one that knows nothing of it: each acknowledged
 * change is there once, on one server. And what a target needs: passwords, replicas, room.
 */
import { afterEach, expect, test } from "bun:test";
import { encodeCommand } from "../../../src/resp/encode.ts";
import { waitFor } from "../../support/deadline.ts";
import { type MovingWorker, startMovingWorker } from "../../support/moving-worker.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import { ask } from "../../support/running-proxy.ts";

const CLIENTS = 8;
const TURNS = 400;
const PASSWORD = "a password";
const WAIT_MS = 40_000;
const TEST_MS = 90_000;
/** Longer than a shared machine stands still, and what follows that: nobody is told to try again. */
const PATIENCE = { migrationHoldTimeoutMs: 25_000, migrationIoTimeoutMs: 60_000 };

const servers: RedisServer[] = [];
let worker: MovingWorker | undefined;

afterEach(async () => {
  await worker?.close();
  worker = undefined;
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(...args: readonly string[]): Promise<RedisServer> {
  const server = await startRedis({ args });
  servers.push(server);
  return server;
}

/** Moves keys in a plain loop, as fast as it can, until it is told to stop; gives the number of MIGRATEs. */
async function moveInLoop(
  source: RedisServer,
  target: RedisServer,
  names: readonly string[],
  isStopped: () => boolean,
): Promise<number> {
  const mover = await RespConnection.open(source.port);
  await mover.call("CLIENT", "SETNAME", "codis-mover-1");
  let count = 0;
  while (!isStopped()) {
    // One that gave up would leave its keys on both servers.
    const at = Math.floor(Math.random() * names.length);
    const batch = names.slice(at, at + 10);
    await mover.call("MIGRATE", "127.0.0.1", `${target.port}`, "", "0", "60000", "KEYS", ...batch);
    count++;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  mover.destroy();
  return count;
}

/** Gets the key until the answer names this reason: after a pause of the machine it may be another one at first. */
async function untilAnswered(client: RespConnection, key: string, reason: RegExp): Promise<void> {
  await waitFor(`an answer like ${reason}`, WAIT_MS, async () => {
    const reply = `${await client.call("GETEX", key)}`;
    expect(reply).toStartWith("-TRYAGAIN ");
    return reason.test(reply) || undefined;
  });
}

test(
  "no change is lost or done twice while others move the same keys",
  async () => {
    const [source, target] = [await start(), await start()];
    worker = await startMovingWorker({ source: source.addr, target: target.addr }, PATIENCE);
    const running = worker;
    const counters = Array.from({ length: 300 }, (_, i) => `count:${i % 50}:{${i % 7}}${i}`);
    const seed = await running.connect();
    await Promise.all(counters.map((name) => seed.call("SET", name, "0")));
    let isStopped = false;
    const clients = Array.from({ length: CLIENTS }, async () => {
      const client = await running.connect();
      const done = new Map<string, number>();
      for (let turn = 0; turn < TURNS; turn++) {
        const names = Array.from(
          { length: 5 },
          () => counters[Math.floor(Math.random() * 300)] ?? "",
        );
        const replies = await Promise.all(names.map((name) => client.call("INCR", name)));
        for (const [i, reply] of replies.entries()) {
          if (reply[0] !== 58) throw new Error(`INCR ${names[i]}: ${reply}`);
          done.set(names[i] ?? "", (done.get(names[i] ?? "") ?? 0) + 1);
        }
      }
      return done;
    });
    await running.lock();
    await running.migrate();
    const moving = moveInLoop(source, target, counters, () => isStopped);
    const counted = await Promise.all(clients);
    isStopped = true;
    expect(await moving).toBeGreaterThan(10);
    for (const name of counters) {
      const sum = counted.reduce((total, done) => total + (done.get(name) ?? 0), 0);
      const values = await Promise.all(
        [source, target].map((server) => ask(server.port, "GET", name)),
      );
      const held = values.filter((value) => value !== "$-1\r\n");
      expect([name, held]).toEqual([name, [`$${`${sum}`.length}\r\n${sum}\r\n`]]);
    }
    const { tryAgains, waiting } = await running.figures();
    expect([tryAgains, waiting]).toEqual([0, 0]);
  },
  TEST_MS,
);

test(
  "servers with a password are logged in to, also by the source",
  async () => {
    const [source, target] = [await start(), await start()];
    for (const server of [source, target]) {
      await ask(server.port, "CONFIG", "SET", "requirepass", PASSWORD);
    }
    worker = await startMovingWorker(
      { source: source.addr, target: target.addr },
      { ...PATIENCE, productAuth: PASSWORD },
    );
    const client = await worker.connect();
    // Clients log in with the product's password only where session_auth asks for it.
    expect(`${await client.call("SET", "a", "1")}`).toBe("+OK\r\n");
    await worker.lock();
    await worker.migrate();
    expect(`${await client.call("INCR", "a")}`).toBe(":2\r\n");
  },
  TEST_MS,
);

test(
  "a target that refuses transfers is named to those who waited for it",
  async () => {
    const [source, target] = [await start(), await start()];
    // The mover is let in, for it has no password either; transfers aren't.
    await ask(target.port, "ACL", "SETUSER", "default", "-restore", "-restore-asking");
    worker = await startMovingWorker(
      { source: source.addr, target: target.addr },
      { migrationHoldTimeoutMs: 2_500 },
    );
    const client = await worker.connect();
    await client.call("SET", "a", "1");
    await worker.lock();
    await worker.migrate();
    await untilAnswered(client, "a", new RegExp(`^-TRYAGAIN .*${target.addr} answers: NOPERM`));
    expect(await ask(source.port, "GET", "a")).toBe("$1\r\n1\r\n");
  },
  TEST_MS,
);

test(
  "with replicas the source keeps a key until one of them has it",
  async () => {
    const [source, target] = [await start(), await start("--repl-diskless-sync-delay", "0")];
    const replica = await start("--replicaof", "127.0.0.1", `${target.port}`);
    await waitFor("an online replica", WAIT_MS, async () =>
      (await ask(target.port, "ROLE")).includes(`${replica.port}`) ? true : undefined,
    );
    worker = await startMovingWorker(
      { source: source.addr, target: target.addr },
      // As long as the machine may stand still, and no longer: below it runs out.
      { ...PATIENCE, migrationHoldTimeoutMs: 9_000 },
    );
    const client = await worker.connect();
    await client.call("MSET", "{t}a", "1", "{t}b", "2", "{t}c", "3");
    await worker.lock();
    await worker.migrate();
    expect(`${await client.call("RENAME", "{t}a", "{t}A")}`).toBe("+OK\r\n");
    expect(`${await client.call("RENAME", "{t}A", "{t}a")}`).toBe("+OK\r\n");
    expect(`${await client.call("GETEX", "{t}b")}`).toBe("$1\r\n2\r\n");
    expect(await ask(source.port, "DBSIZE")).toBe(":1\r\n");
    expect(await ask(replica.port, "MGET", "{t}a", "{t}b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    // A replica that confirms nothing: the key may not go.
    replica.pause();
    await untilAnswered(client, "{t}c", /^-TRYAGAIN .*no replica of/);
    expect(await ask(source.port, "GET", "{t}c")).toBe("$1\r\n3\r\n");
    replica.resume();
    await waitFor("the key at the target", WAIT_MS, async () =>
      `${await client.call("GETEX", "{t}c")}` === "$1\r\n3\r\n" ? true : undefined,
    );
    expect(await ask(source.port, "DBSIZE")).toBe(":0\r\n");
    expect(await ask(replica.port, "GET", "{t}c")).toBe("$1\r\n3\r\n");
    expect((await worker.figures()).keysMoved).toBe(3);
  },
  TEST_MS,
);

test(
  "while the target is full its reads are answered by the source, and writes get its error",
  async () => {
    const [source, target] = [await start(), await start()];
    worker = await startMovingWorker({ source: source.addr, target: target.addr }, PATIENCE);
    const client = await worker.connect();
    const call = async (...argv: readonly string[]): Promise<string> =>
      `${await client.call(...argv)}`;
    await client.call("MSET", "{t}a", "1", "{t}b", "2");
    await client.call("RPUSH", "{t}l", "x");
    await ask(target.port, "SET", "{t}there", "3");
    await worker.lock();
    await worker.migrate();
    expect(await call("GET", "{t}warm-up")).toBe("$-1\r\n");
    await ask(target.port, "CONFIG", "SET", "maxmemory", "1");
    const full = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    expect(await call("GET", "{t}a")).toBe("$1\r\n1\r\n");
    expect(await call("MGET", "{t}a", "{t}b")).toBe("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    expect(await call("LRANGE", "{t}l", "0", "-1")).toBe("*1\r\n$1\r\nx\r\n");
    expect(await call("LRANGE", "{t}a", "0", "-1")).toMatch(/^-WRONGTYPE/);
    expect(await call("INCR", "{t}a")).toBe(full);
    expect(await call("DEL", "{t}a")).toBe(full);
    // Not all of its keys are at the source.
    expect(await call("MGET", "{t}a", "{t}there")).toBe(full);
    await ask(source.port, "SET", "{u}a", "4");
    expect(await call("MGET", "{t}a", "{u}a", "{t}b")).toBe(
      "*3\r\n$1\r\n1\r\n$1\r\n4\r\n$1\r\n2\r\n",
    );
    expect(await call("MGET", "{t}a", "{u}none")).toBe(full);
    expect(await call("MSET", "{t}a", "1", "{u}a", "2")).toBe(full);
    // What is at the target can be read there, and deleted.
    expect(await call("GET", "{t}there")).toBe("$1\r\n3\r\n");
    expect(await call("DEL", "{t}there")).toBe(":1\r\n");
    const replies = await Promise.all(
      ["{t}a", "{t}b", "{t}none", "{t}a"].map((name) => client.call("GET", name)),
    );
    expect(replies.map((reply) => `${reply}`)).toEqual([
      "$1\r\n1\r\n",
      "$1\r\n2\r\n",
      "$-1\r\n",
      "$1\r\n1\r\n",
    ]);
    expect(await ask(source.port, "DBSIZE")).toBe(":4\r\n");
    await ask(target.port, "CONFIG", "SET", "maxmemory", "0");
    expect(await call("INCR", "{t}a")).toBe(":2\r\n");
    const { sourceReads, migrates } = await worker.figures();
    expect(sourceReads).toBe(8);
    expect(migrates["target-full"]).toBeGreaterThan(0);
  },
  TEST_MS,
);

test(
  "keys that can't go hold up no others",
  async () => {
    const [source, target] = [await start(), await start("--rename-command", "RESTORE", "REFUSED")];
    worker = await startMovingWorker(
      { source: source.addr, target: target.addr },
      { migrationHoldTimeoutMs: 2_500 },
    );
    const client = await worker.connect();
    await client.call("MSET", "{t}a", "1", "{t}b", "1");
    await worker.lock();
    await worker.migrate();
    await untilAnswered(client, "{t}a", /^-TRYAGAIN .*unknown command/);
    // Keys that nothing is wrong with go on.
    await waitFor("an answer", WAIT_MS, async () =>
      `${await client.call("GET", "{t}none")}` === "$-1\r\n" ? true : undefined,
    );
    client.write(encodeCommand(["DEL", "{t}a", "{t}b"]));
    expect(`${await client.next()}`).toMatch(/^-TRYAGAIN/);
    expect(await ask(source.port, "DBSIZE")).toBe(":2\r\n");
  },
  TEST_MS,
);
