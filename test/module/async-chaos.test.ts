/**
 * A slot moves by the asynchronous migration while clients use its keys through the wrapper and the target, the
 * connection or the source is ended again and again by force. Each client knows what its lists have to hold and
 * looks all the time: nothing that was acknowledged is missing, nothing deleted comes back, nothing is seen twice;
 * in the end everything is at the target and the counts are exact on both sides.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { freePort } from "../support/free-port.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { startSlotsServer } from "../support/slots-module.ts";
import { startTcpRelay, type TcpRelay } from "../support/tcp-relay.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { WrapperClient } from "../support/wrapper-client.ts";

printSeed("asynchronous migration, cut");

const SLOT = 579;
const CLIENTS = 4;
const KEYS = 30;
const args = ["--appendonly", "yes", "--appendfsync", "always"];

let ports: readonly [number, number];
let folders: readonly [TemporaryFolder, TemporaryFolder];
let source: RedisServer;
let target: RedisServer;
let relay: TcpRelay;

beforeAll(async () => {
  ports = [await freePort(), await freePort()];
  folders = [temporaryFolder(), temporaryFolder()];
  [source, target] = await Promise.all([start(0), start(1)]);
  relay = await startTcpRelay(target.port);
}, 60_000);

afterAll(async () => {
  await relay.close();
  await Promise.all([source.stop(), target.stop()]);
  for (const folder of folders) {
    folder.remove();
  }
});

function start(side: 0 | 1): Promise<RedisServer> {
  return startSlotsServer({ args, dir: folders[side].path, port: ports[side] });
}

/** A list that one client uses: what must be in it, and what may be. */
interface Expected {
  readonly key: string;
  elements: string[];
  /** Pushed, and no answer came. */
  unsure: Set<string>;
  /** Its deletion got no answer: all of it may have gone. */
  isDeletionUnsure: boolean;
}

/** The elements of an array reply. */
function elementsOf(reply: string): string[] {
  return reply.split("\r\n").filter((line) => /^c\d/.test(line));
}

function check(list: Expected, found: readonly string[]): void {
  const isGone = list.isDeletionUnsure && found.length === 0;
  const sure = found.filter((element) => !list.unsure.has(element));
  if (!isGone) {
    expect(`${list.key}: ${sure.join(" ")}`).toBe(`${list.key}: ${list.elements.join(" ")}`);
  }
  expect(new Set(found).size).toBe(found.length);
  // What was seen is settled.
  list.elements = [...found];
  list.unsure = new Set();
  list.isDeletionUnsure = false;
}

async function useLists(
  client: WrapperClient,
  lists: readonly Expected[],
  random: Random,
  mayDelete: boolean,
  isOver: () => boolean,
): Promise<number> {
  let done = 0;
  for (let count = 0; !isOver(); count += 1) {
    const list = random.pick(lists);
    const kind = random.next();
    if (kind < 0.5) {
      const element = `c${count}-${random.below(1e9)}`;
      const reply = await client.execute(list.key, "RPUSH", list.key, element);
      if (reply === undefined) {
        list.unsure.add(element);
      } else {
        expect(reply).toStartWith(":");
        list.elements.push(element);
      }
    } else if (kind < 0.9 || !mayDelete) {
      const reply = await client.execute(list.key, "LRANGE", list.key, "0", "-1");
      if (reply !== undefined) {
        check(list, elementsOf(reply));
      }
    } else {
      const reply = await client.execute(list.key, "DEL", list.key);
      if (reply === undefined) {
        list.isDeletionUnsure = true;
      } else {
        list.elements = [];
        list.unsure = new Set();
        list.isDeletionUnsure = false;
      }
    }
    // Without an answer it has to be looked at before anything else of that list: what is pushed onto one that may
    // have been deleted would look like a loss.
    while ((list.unsure.size > 0 || list.isDeletionUnsure) && !isOver()) {
      const reply = await client.execute(list.key, "LRANGE", list.key, "0", "-1");
      if (reply !== undefined) {
        check(list, elementsOf(reply));
      }
    }
    done += 1;
  }
  return done;
}

/** Moves batch after batch; errors and broken connections are what this is about. */
async function moveOn(port: number, random: Random, isOver: () => boolean): Promise<number> {
  let moved = 0;
  let connection: RespConnection | undefined;
  while (!isOver()) {
    try {
      connection ??= await RespConnection.open(source.port);
      const numkeys = `${1 + random.below(8)}`;
      const head = ["SLOTSMGRTTAGSLOT-ASYNC", "127.0.0.1", `${port}`, "400", "20", "20000"];
      const reply = (await connection.call(...head, `${SLOT}`, numkeys)).toString();
      moved += Number(/^\*2\r\n:(\d+)/.exec(reply)?.[1] ?? 0);
      await Bun.sleep(reply.startsWith("-") ? 20 : random.below(3));
    } catch {
      connection?.destroy();
      connection = undefined;
      await Bun.sleep(20);
    }
  }
  connection?.destroy();
  return moved;
}

/** Fills the source, lets clients and mover run through some cuts, moves the rest, and looks at everything. */
async function runRound(
  random: Random,
  cuts: number,
  mayDelete: boolean,
  cut: () => Promise<void>,
): Promise<void> {
  const fill = await RespConnection.open(source.port);
  const there = await RespConnection.open(target.port);
  await fill.call("FLUSHALL");
  await there.call("FLUSHALL");
  const lists = Array.from({ length: CLIENTS * KEYS }, (_, i): Expected => {
    const length = i % 10 === 0 ? 400 : random.below(4);
    const elements = Array.from({ length }, (_unused, j) => `c${i}-${j}`);
    const key = i % 3 === 0 ? `{a}{${i}` : `{a}${"x".repeat(i)}`;
    return { key, elements, unsure: new Set(), isDeletionUnsure: false };
  });
  for (const list of lists) {
    if (list.elements.length > 0) await fill.call("RPUSH", list.key, ...list.elements);
  }
  fill.destroy();
  there.destroy();
  let isOver = false;
  const clients = Array.from(
    { length: CLIENTS },
    () => new WrapperClient(source.port, target.port),
  );
  const work = clients.map((client, i) => {
    const own = lists.slice(i * KEYS, (i + 1) * KEYS);
    return useLists(client, own, new Random(random.below(1e9)), mayDelete, () => isOver);
  });
  const moving = moveOn(
    Number(relay.addr.split(":")[1]),
    new Random(random.below(1e9)),
    () => isOver,
  );
  for (let i = 0; i < cuts; i += 1) {
    await Bun.sleep(random.below(60));
    await cut();
  }
  await Bun.sleep(200);
  isOver = true;
  const done = await Promise.all(work);
  await moving;
  expect(Math.min(...done)).toBeGreaterThan(0);
  await moveRest(lists, clients[0] ?? new WrapperClient(source.port, target.port));
  for (const client of clients) {
    client.close();
  }
}

async function moveRest(lists: readonly Expected[], client: WrapperClient): Promise<void> {
  const at = await RespConnection.open(source.port);
  const to = await RespConnection.open(target.port);
  const port = relay.addr.split(":")[1] ?? "";
  for (let reply = ""; !reply.endsWith(":0\r\n"); ) {
    const head = ["SLOTSMGRTTAGSLOT-ASYNC", "127.0.0.1", port, "20000", "20", "20000"];
    reply = (await at.call(...head, `${SLOT}`, "50")).toString();
    expect(reply).not.toStartWith("-");
  }
  for (const list of lists) {
    check(
      list,
      elementsOf((await client.execute(list.key, "LRANGE", list.key, "0", "-1")) ?? "no answer"),
    );
    check(list, elementsOf((await to.call("LRANGE", list.key, "0", "-1")).toString("latin1")));
    expect((await to.call("PTTL", list.key)).toString()).toBe(
      list.elements.length > 0 ? ":-1\r\n" : ":-2\r\n",
    );
  }
  expect((await at.call("DBSIZE")).toString()).toBe(":0\r\n");
  for (const connection of [at, to]) {
    expect((await connection.call("SLOTSCHECK")).toString()).toBe("+OK\r\n");
    connection.destroy();
  }
}

test("the connection is cut", async () => {
  const random = new Random(SEED);
  await runRound(random, 15, true, async () => {
    relay.cut();
    await Bun.sleep(random.below(5));
    relay.mend();
  });
}, 120_000);

test("the target is frozen for longer than the timeout", async () => {
  const random = new Random(SEED + 1);
  await runRound(random, 3, true, async () => {
    target.pause();
    await Bun.sleep(450 + random.below(200));
    target.resume();
    await Bun.sleep(200);
  });
}, 120_000);

test("the target is killed", async () => {
  await runRound(new Random(SEED + 2), 5, true, async () => {
    await target.kill();
    target = await start(1);
  });
}, 120_000);

test("the source is killed", async () => {
  // Without deletions: that a copy may be left, a source that was killed doesn't know any more.
  await runRound(new Random(SEED + 3), 5, false, async () => {
    await source.kill();
    source = await start(0);
  });
}, 120_000);
