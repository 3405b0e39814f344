/**
 * Failovers that follow one another, with real servers and proxies: within the window, by the next leader after one
 * that died in the middle; and masters that answer, but not as masters do.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RedisClient } from "../../src/redis/client.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { withDeadline } from "../support/deadline.ts";
import {
  DEADLINE_MS,
  DOWN_AFTER_MS,
  FailoverProduct,
  type FailoverProductOptions,
  QUICK_DETECTOR,
} from "../support/failover-product.ts";

const CHILD = fileURLToPath(new URL("../support/failover-child.ts", import.meta.url));
/** A living master isn't silent for so long, also where a shared machine stands still. */
const PATIENT_MS = 4_000;
setDefaultTimeout(120_000);

const cleanup = cleanupsAfterEach();

async function start(options: FailoverProductOptions = {}): Promise<FailoverProduct> {
  const product = await FailoverProduct.start(options);
  cleanup(() => product.stop());
  return product;
}

test("a second master that dies within the window isn't replaced, and nothing is lost by that", async () => {
  const product = await start({ replicas: [2] });
  const key = product.keyOf(1);
  await product.server(1, 0).kill();
  await product.writeUntilDone(product.proxy(), key, "first");
  await product.whenTold("done");
  const second = product.leader.masterOf(1);
  const server = product.groups.flat().find(({ addr }) => addr === second);
  await server?.kill();
  const story = await product.whenTold("refused");
  expect(story.reason).toMatch(/only one failover within ha_failover_window/);
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
  cleanup(() => child.kill("SIGKILL"));
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

  await product.lead({ config: QUICK_DETECTOR });
  expect(product.leader.masterOf(1)).toBe(product.server(1, 0).addr);
  await product.writeUntilDone(product.proxy(), product.keyOf(1), "after");
  expect(product.leader.masterOf(1)).toBe(promoted);
  await product.whenTold("done");
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
  const product = await start({
    leader: { config: { ...QUICK_DETECTOR, haDownAfterMs: PATIENT_MS } },
  });
  const { addr } = product.server(1, 0);
  const client = await RedisClient.connect({ addr });
  await client.call(["CONFIG", "SET", "requirepass", "other"]);
  await client.call(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
  await client.call(["SLAVEOF", "127.0.0.1", "1"]);
  client.close();
  await Bun.sleep(PATIENT_MS + 1_500);
  expect(product.leader.book.all()).toEqual([]);
  expect(product.leader.masterOf(1)).toBe(addr);
});
