/**
 * `codis server`, and a local cluster whose servers are such: slots move by the servers' own commands, under clients
 * of two proxies, while the dashboard is killed. Each client counts what was acknowledged; in the end the servers
 * have exactly that.
 */
import { afterEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { V1Client } from "../../src/api/v1-client.ts";
import type { V1OperationSummary } from "../../src/api/v1-operation-schema.ts";
import { findProcess } from "../../src/up/process-table.ts";
import { sanitizeArguments } from "../../src/up/server-program.ts";
import { startCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort, freePortPair } from "../support/free-port.ts";
import { isFreezeReply } from "../support/held-proxy.ts";
import { endClusters, newClusterDir, readStatus, startUp } from "../support/local-cluster.ts";
import { slotOfKey } from "../support/mover-pair.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask } from "../support/running-proxy.ts";
import { slotsModule } from "../support/slots-module.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 120_000;
const END_MS = 60_000;
/** Slots of group 1 that move. */
const SLOTS = Array.from({ length: 64 }, (_, id) => id);
const KEYS = Array.from({ length: 20_000 }, (_, index) => `{t${index}}`)
  .filter((tag) => slotOfKey(tag) < SLOTS.length)
  .slice(0, 200)
  .flatMap((tag) => [`${tag}:a`, `${tag}:b`]);

afterEach(endClusters);

/** A client that increments one counter after another, alone and by two of one tag. */
class Writer {
  readonly acknowledged = new Map<string, number>();
  readonly errors: string[] = [];
  /** Of a proxy that stood still: how many writes of a key may have been done besides. */
  readonly inDoubt = new Map<string, number>();
  hasSeenFreeze = false;
  count = 0;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(port: number, suffix: string) {
    this.#done = this.#run(port, suffix);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(port: number, suffix: string): Promise<void> {
    const connection = await RespConnection.open(port);
    for (let at = 0; !this.#isStopped; at = (at + 1) % KEYS.length) {
      const key = `${KEYS[at]}:${suffix}`;
      const other = `${KEYS[at - (at % 2)]}:${suffix}`;
      const script =
        "redis.call('INCR', KEYS[1]); return redis.call('EXISTS', KEYS[2]) + redis.call('GET', KEYS[1])";
      const isBoth = at % 7 === 3 && key !== other;
      const reply = isBoth
        ? await connection.call("EVAL", script, "2", key, other)
        : await connection.call("INCR", key);
      this.#note(key, reply.toString(), isBoth ? 1 : 0);
    }
    connection.destroy();
  }

  /** `more`: by so much the reply is higher than the counter. */
  #note(key: string, reply: string, more: number): void {
    const least = (this.acknowledged.get(key) ?? 0) + 1;
    const doubts = this.inDoubt.get(key) ?? 0;
    const found = Number(/^:(\d+)\r\n$/.exec(reply)?.[1]) - more;
    if (found >= least && found <= least + doubts) {
      this.acknowledged.set(key, found);
      this.inDoubt.delete(key);
      this.count += 1;
    } else if (reply.startsWith("-TRYAGAIN")) {
      // It wasn't carried out.
    } else if (isFreezeReply(reply)) {
      this.hasSeenFreeze = true;
      this.inDoubt.set(key, doubts + 1);
    } else {
      this.errors.push(`${key}: ${reply.trim()}, expected ${least + more}`);
    }
  }

  /** What the server must have of a key; `found` is what it has. */
  wanted(key: string, found: number): number {
    const count = this.acknowledged.get(key) ?? 0;
    const isMore = found > count && found <= count + (this.inDoubt.get(key) ?? 0);
    return isMore ? found : count;
  }
}

test(
  "codis server becomes a redis-server with the slot commands",
  async () => {
    slotsModule();
    const folder = temporaryFolder();
    const port = await freePort();
    const config = folder.join("server.conf");
    writeFileSync(config, `port ${port}\nbind 127.0.0.1\ndir ${folder.path}\nsave ""\n`);
    // The second time the file loads the module itself: the server has rewritten it.
    for (const round of [1, 2]) {
      const program = startCodis(["server", config]);
      const info = await waitFor("server", 20_000, async () => {
        const text = await ask(port, "INFO", "server");
        return text.includes("process_id") ? text : undefined;
      });
      expect([round, info]).toEqual([round, expect.stringContaining(`process_id:${program.pid}`)]);
      expect(await ask(port, "SLOTSHASHKEY", "a")).toBe("*1\r\n:579\r\n");
      expect(await ask(port, "CONFIG", "GET", "sanitize-dump-payload")).toContain(
        "\r\nclients\r\n",
      );
      expect(await ask(port, "CONFIG", "REWRITE")).toBe("+OK\r\n");
      program.signal("SIGTERM");
      expect((await program.ended()).code).toBe(0);
    }
    folder.remove();
  },
  TEST_MS,
);

test("what an operator has decided about payloads is left as it is", () => {
  const folder = temporaryFolder();
  const write = (text: string): string => {
    writeFileSync(folder.join("server.conf"), text);
    return folder.join("server.conf");
  };
  const added = ["--sanitize-dump-payload", "clients"];
  expect(sanitizeArguments(["--port", "7000"])).toEqual(added);
  expect(sanitizeArguments([write("port 7000\n# sanitize-dump-payload no\n")])).toEqual(added);
  expect(sanitizeArguments([write("port 7000\nSanitize-Dump-Payload no\n")])).toEqual([]);
  expect(sanitizeArguments([write("include /etc/other.conf\n")])).toEqual([]);
  expect(sanitizeArguments(["--sanitize-dump-payload", "yes"])).toEqual([]);
  expect(sanitizeArguments(["--version"])).toEqual([]);
  folder.remove();
});

test(
  "codis up --codis-server: slots move semi-async under clients, there and back, over a killed dashboard",
  async () => {
    slotsModule();
    const dir = newClusterDir();
    await startUp(
      dir,
      "--codis-server",
      "--proxies",
      "2",
      "--ncpu",
      "1",
      "--port",
      `${await freePortPair()}`,
    );
    const status = await readStatus(dir);
    const [one, two] = status.groups.map(({ servers }) => portOf(servers[0]?.addr));
    const v1 = new V1Client({ addr: `127.0.0.1:${portOf(status.dashboard.addr)}` });
    const writers = status.proxies.map(({ addr }, index) => new Writer(portOf(addr), `${index}`));
    await goOn(writers);
    for (const groupId of [2, 1]) {
      const id = await order(v1, groupId, groupId === 2 ? 150 : 0);
      await when(v1, id, "moved keys", ({ progress }) => progress.keys_moved > 20);
      if (groupId === 2) {
        const moving = await waitFor("a slot that moves", END_MS, async () => {
          const slots = await Promise.all(SLOTS.map((slot) => v1.slot(slot)));
          return slots.find(({ migrate_from: from }) => from !== null);
        });
        expect(moving.forward_method).toBe("semi-async");
        // codis up starts it again, and the next one goes on in the same way.
        process.kill((await readStatus(dir)).dashboard.pid ?? 0, "SIGKILL");
        await waitFor(
          "the next dashboard",
          END_MS,
          async () => (await readStatus(dir)).dashboard.pid,
        );
        await waitFor("its operations", END_MS, () => v1.operation(id));
        await v1.updateOperation(id, { keys_per_second: 0 });
      }
      await when(v1, id, "end of the move", ({ state }) => state === "done");
      await goOn(writers);
    }
    await Promise.all(writers.map((writer) => writer.stop()));
    expect(writers.flatMap(({ errors }) => errors)).toEqual([]);
    for (const [index, writer] of writers.entries()) {
      const { acknowledged } = writer;
      const values = await ask(one ?? 0, "MGET", ...acknowledged.keys());
      const found = [...values.matchAll(/\r\n(\d+)(?=\r\n)/g)].map((match) => Number(match[1]));
      const wanted = [...acknowledged.keys()].map((key, at) =>
        bulk(`${writer.wanted(key, found[at] ?? 0)}`),
      );
      expect(values).toBe(`*${acknowledged.size}\r\n${wanted.join("")}`);
      // Only a proxy that stood still may give up what it had taken.
      const log = readFileSync(join(dir, `proxy-${index + 1}.log`), "utf8");
      expect([writer.hasSeenFreeze, log]).toEqual([
        writer.hasSeenFreeze,
        writer.hasSeenFreeze ? expect.stringContaining("worker.frozen") : log,
      ]);
      expect(await ask(two ?? 0, "EXISTS", ...acknowledged.keys())).toBe(":0\r\n");
    }
    expect(await ask(one ?? 0, "SLOTSCHECK")).toBe("+OK\r\n");
    // Everybody sees at once how many keys each slot has.
    const { keys, silent_servers: silent } = await v1.slotKeys();
    const total = keys.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0);
    expect([silent, `:${total}\r\n`]).toEqual([[], await ask(one ?? 0, "DBSIZE")]);
    // A server that dies comes back with the commands.
    const [server] = (await readStatus(dir)).groups[0]?.servers ?? [];
    process.kill(server?.pid ?? 0, "SIGKILL");
    await waitFor("the server", END_MS, async () => {
      return (await ask(one ?? 0, "SLOTSINFO", "0", "1")).startsWith("*") ? true : undefined;
    });
    expect(findProcess(server?.pid ?? 0)).toBeUndefined();
  },
  TEST_MS,
);

function portOf(addr: string | undefined): number {
  return Number(addr?.split(":")[1]);
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

async function order(v1: V1Client, groupId: number, keysPerSecond: number): Promise<string> {
  const moves = SLOTS.map((slot_id) => ({ slot_id, group_id: groupId }));
  const plan = await v1.createPlan({ strategy: "move", moves });
  expect(plan.problems).toEqual([]);
  return (await v1.startOperation({ plan: plan.id, keys_per_second: keysPerSecond })).id;
}

function when(
  v1: V1Client,
  id: string,
  what: string,
  isTrue: (operation: V1OperationSummary) => boolean,
): Promise<V1OperationSummary> {
  return waitFor(what, END_MS, async () => {
    const operation = await v1.operation(id);
    if (!isTrue(operation)) {
      throw new Error(
        `${operation.state}: ${operation.reason}, ${JSON.stringify(operation.progress)}`,
      );
    }
    return operation;
  });
}

/** All clients have had so many more writes acknowledged. */
async function goOn(writers: readonly Writer[], more = 500): Promise<void> {
  const before = writers.map(({ count }) => count);
  await waitFor("writes", END_MS, () =>
    writers.every(({ count }, index) => count >= (before[index] ?? 0) + more) ? true : undefined,
  );
}
