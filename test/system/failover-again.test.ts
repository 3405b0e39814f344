/**
 * Failovers that follow one another, with real servers and proxies: within the window, by the next leader after one
 * that died in the middle; and masters that answer, but not as masters do.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RedisClient } from "../../src/redis/client.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { FailoverProduct, type FailoverProductOptions } from "../support/failover-product.ts";

const DEADLINE_MS = 30_000;
const DOWN_AFTER_MS = 1_000;
const CHILD = fileURLToPath(new URL("../support/failover-child.ts", import.meta.url));
const CONFIG = { haEnabled: true, haDownAfterMs: DOWN_AFTER_MS };
setDefaultTimeout(60_000);

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) {
    await clean();
  }
});

async function start(options: FailoverProductOptions = {}): Promise<FailoverProduct> {
  const product = await FailoverProduct.start({ leader: { config: CONFIG }, ...options });
  cleanups.push(() => product.stop());
  return product;
}

function proxyOf(product: FailoverProduct, index = 0) {
  const proxy = product.proxies[index];
  if (proxy === undefined) {
    throw new Error(`there is no proxy ${index}`);
  }
  return proxy;
}

function storyOf(product: FailoverProduct, outcome: string): Promise<string> {
  return waitFor(`a story that is ${outcome}`, DEADLINE_MS, () => {
    const [story] = product.leader.book.all();
    return story?.outcome === outcome ? JSON.stringify(story) : undefined;
  });
}

test("a second master that dies within the window isn't replaced, and nothing is lost by that", async () => {
  const product = await start({ replicas: [2] });
  const key = product.keyOf(1);
  await product.server(1, 0).kill();
  await product.writeUntilDone(proxyOf(product), key, "first", DEADLINE_MS);
  await storyOf(product, "done");
  const second = product.leader.masterOf(1);
  const server = product.groups.flat().find(({ addr }) => addr === second);
  await server?.kill();
  await storyOf(product, "refused");
  const [story] = product.leader.book.all();
  expect(story?.reason).toMatch(/only one failover within ha_failover_window/);
  expect(product.leader.masterOf(1)).toBe(second);
});

test("a leader that dies with the new master made: the next one stores just that", async () => {
  const product = await start({ replicas: [2] });
  const { path } = product.folder;
  await product.closeLeader();
  const child = spawn(process.execPath, [CHILD, path, `${DOWN_AFTER_MS}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once("exit", (_code, signal) => resolve(signal)),
  );
  cleanups.push(() => child.kill("SIGKILL"));
  await withDeadline(
    "a leading child",
    DEADLINE_MS,
    new Promise((resolve) => child.stdout.once("data", resolve)),
  );
  await Bun.sleep(500);
  await product.server(1, 0).kill();
  expect(await withDeadline("the death of the leader", DEADLINE_MS, gone)).toBe("SIGKILL");
  const roles = await rolesOf(product);
  expect(roles.filter((role) => role === "master")).toHaveLength(1);
  const promoted = product.server(1, roles.indexOf("master") + 1).addr;

  await product.lead({ config: CONFIG });
  expect(product.leader.masterOf(1)).toBe(product.server(1, 0).addr);
  await product.writeUntilDone(proxyOf(product), product.keyOf(1), "after", DEADLINE_MS);
  expect(product.leader.masterOf(1)).toBe(promoted);
  await storyOf(product, "done");
  const [story, earlier] = product.leader.book.all();
  expect(story?.events.find(({ step }) => step === "decided")?.text).toMatch(
    /an earlier failover made it a master already/,
  );
  expect(earlier).toMatchObject({ kind: "detector", to: promoted, outcome: "failed" });
});

/** Of the replicas of group 1, in their order. */
function rolesOf(product: FailoverProduct): Promise<readonly string[]> {
  const servers = product.groups[0]?.slice(1) ?? [];
  return Promise.all(servers.map(async ({ addr }) => (await fetchInfo({ addr }))["role"] ?? ""));
}

test("a master that is told to be a replica isn't dead, nor one that refuses the password", async () => {
  const product = await start();
  const { addr } = product.server(1, 0);
  const client = await RedisClient.connect({ addr });
  await client.call(["CONFIG", "SET", "requirepass", "other"]);
  await client.call(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
  await client.call(["SLAVEOF", "127.0.0.1", "1"]);
  client.close();
  await Bun.sleep(DOWN_AFTER_MS + 1_500);
  expect(product.leader.book.all()).toEqual([]);
  expect(product.leader.masterOf(1)).toBe(addr);
});
