/**
 * Proxies that servers cut off, with real proxies and real servers that keep ACL users: a frozen proxy is given up
 * although its process is there, never writes to an old owner when it goes on, and serves again with the newest slots
 * and another login.
 */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { waitFor } from "../../support/deadline.ts";
import { FenceProduct } from "../../support/fence-product.ts";
import { slotOfKey } from "../../support/mover-pair.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import { ask } from "../../support/running-product.ts";
import { memoryFolder } from "../../support/temporary-folder.ts";

const TEST_MS = 120_000;
const WAIT_MS = 20_000;
/** Longer than a machine stands still: servers cut off whoever is silent for so long, the living as well. */
const DEAD_AFTER_MS = 5_000;
const TAGS = Array.from({ length: 8 }, (_, index) => `t${index}`);
const SLOTS = [...new Set(TAGS.map((tag) => slotOfKey(`{${tag}}`)))];
const KEYS = TAGS.map((tag) => `{${tag}}:count`);

const cleanup = cleanupsAfterEach();

/** A server that keeps its users in a file. */
async function startKeeper(): Promise<RedisServer & { readonly aclFile: string }> {
  const folder = memoryFolder();
  cleanup(() => folder.remove());
  const aclFile = folder.join("users.acl");
  writeFileSync(aclFile, "");
  return { ...(await startRedis({ args: ["--aclfile", aclFile] })), aclFile };
}

async function newProduct(): Promise<FenceProduct> {
  const product = await FenceProduct.start({ proxyDeadAfterMs: DEAD_AFTER_MS }, [
    await startKeeper(),
    await startKeeper(),
  ]);
  cleanup(() => product.stop());
  await product.lead();
  return product;
}

async function usersOf(server: RedisServer): Promise<readonly string[]> {
  const reply = await ask(server.port, "ACL", "USERS");
  return reply.split("\r\n").filter((line) => line.startsWith("codis-proxy-"));
}

/** Increments shared counters through one proxy; an error leaves it open whether it was done. */
class Writer {
  readonly done = new Map<string, number>();
  readonly open = new Map<string, number>();
  readonly errors: string[] = [];
  #isStopped = false;
  #end: Promise<void> = Promise.resolve();

  start(port: number): void {
    this.#end = this.#run(port);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end;
  }

  get count(): number {
    return [...this.done.values()].reduce((sum, count) => sum + count, 0);
  }

  async #run(port: number): Promise<void> {
    const connection = await RespConnection.open(port);
    for (let at = 0; !this.#isStopped; at += 1) {
      const key = KEYS[at % KEYS.length] ?? "";
      const reply = (await connection.call("INCR", key)).toString();
      const counts = reply.startsWith(":") ? this.done : this.open;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (counts === this.open) {
        this.errors.push(reply.trim());
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    connection.destroy();
  }
}

test(
  "a frozen proxy is cut off, doesn't write to an old owner when it goes on, and serves again",
  async () => {
    const built = await newProduct();
    const living = await built.addProxy();
    const frozen = await built.addProxy();
    const [source, target] = [built.server(1), built.server(2)];
    expect(await usersOf(source)).toHaveLength(2);
    const writers = [new Writer(), new Writer()];
    writers[0]?.start(living.proxy.port);
    writers[1]?.start(frozen.proxy.port);
    await waitFor("writes", WAIT_MS, () => ((writers[1]?.count ?? 0) > 50 ? true : undefined));
    const firstUsers = await usersOf(target);
    built.freeze(frozen.model.pid);
    await built.leader.whenFence(frozen.model.token, "fenced");
    expect(built.leader.fences.fences().get(frozen.model.token)?.proof).toBe("servers-cut");
    await built.leader.move(SLOTS, 2);
    await built.leader.whenMoved(SLOTS, 2);
    const before = writers[1]?.count ?? 0;
    built.thaw(frozen.model.pid);
    await built.leader.whenSynced(frozen.model.token);
    await waitFor("writes again", WAIT_MS, () =>
      (writers[1]?.count ?? 0) > before + 50 ? true : undefined,
    );
    await Promise.all(writers.map((writer) => writer.stop()));
    expect(writers[0]?.errors).toEqual([]);
    for (const key of KEYS) {
      const sum = (counts: "done" | "open") =>
        writers.reduce((total, writer) => total + (writer[counts].get(key) ?? 0), 0);
      const value = Number((await ask(target.port, "GET", key)).split("\r\n")[1]);
      expect(value).toBeGreaterThanOrEqual(sum("done"));
      expect(value).toBeLessThanOrEqual(sum("done") + sum("open"));
      expect(await ask(source.port, "EXISTS", key)).toBe(":0\r\n");
    }
    await built.leader.whenFence(frozen.model.token, "present");
    expect(await built.storedFences()).toEqual([]);
    const lastUsers = await usersOf(target);
    expect(lastUsers).toHaveLength(2);
    expect(lastUsers).not.toEqual(firstUsers);
  },
  TEST_MS,
);

test(
  "each start of a proxy has a user of its own, and one that is removed leaves none",
  async () => {
    const built = await newProduct();
    const server = built.server(1);
    const { proxy, model } = await built.addProxy();
    const first = await usersOf(server);
    expect(first).toHaveLength(1);
    expect(await ask(proxy.port, "SET", KEYS[0] ?? "", "v")).toBe("+OK\r\n");
    const list = await ask(server.port, "CLIENT", "LIST");
    expect(list).toContain(`user=${first[0]}`);
    await proxy.stop();
    built.keep(await proxy.restart());
    await built.leader.whenSynced(model.token);
    await waitFor("another user", WAIT_MS, async () => {
      const users = await usersOf(server);
      return users.length === 1 && users[0] !== first[0] ? true : undefined;
    });
    await built.leader.store.commit("remove", (now) => ({ ...now, proxies: new Map() }));
    await waitFor("no user", WAIT_MS, async () =>
      (await usersOf(server)).length === 0 ? true : undefined,
    );
  },
  TEST_MS,
);

test(
  "a server that is started again keeps its users, and gets those that it has lost",
  async () => {
    const built = await newProduct();
    const { proxy } = await built.addProxy();
    const server = built.server(1) as RedisServer & { readonly aclFile: string };
    const users = await usersOf(server);
    const writes = async () => {
      const reply = await ask(proxy.port, "INCR", KEYS[0] ?? "");
      return reply.startsWith(":") ? true : undefined;
    };
    await waitFor("a write", WAIT_MS, writes);
    const restart = async () => {
      await server.kill();
      const port = server.port;
      return startRedis({ port, args: ["--aclfile", server.aclFile] });
    };
    let again = await restart();
    // At once: nobody had to give it to the server.
    expect(await usersOf(again)).toEqual(users);
    await waitFor("a write", WAIT_MS, writes);
    await again.kill();
    writeFileSync(server.aclFile, "");
    again = await startRedis({ port: again.port, args: ["--aclfile", server.aclFile] });
    await waitFor("a write", WAIT_MS, writes);
    expect(await usersOf(again)).toEqual(users);
    await again.stop();
  },
  TEST_MS,
);

test(
  "the next leader keeps the logins that the last one gave",
  async () => {
    const built = await newProduct();
    const { proxy, model } = await built.addProxy();
    const users = await usersOf(built.server(1));
    await built.leader.close();
    await built.lead();
    await built.leader.whenSynced(model.token);
    await built.leader.whenFence(model.token, "present");
    expect(await usersOf(built.server(1))).toEqual(users);
    expect(await ask(proxy.port, "SET", KEYS[0] ?? "", "v")).toBe("+OK\r\n");
    built.freeze(model.pid);
    await built.leader.whenFence(model.token, "fenced");
    expect(await usersOf(built.server(2))).toEqual([]);
  },
  TEST_MS,
);
