/**
 * A proxy that is killed while slots move, in a whole product: the move goes on without it, nothing acknowledged is
 * lost, and it is let in again when it is started again.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { slotOfKey } from "../support/mover-pair.ts";
import { askAll, RunningProduct } from "../support/running-product.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 120_000;
const WAIT_MS = 30_000;
const TAGS = Array.from({ length: 64 }, (_, index) => `t${index}`)
  .filter((tag) => slotOfKey(`{${tag}}`) < 512)
  .slice(0, 8);
const SLOTS = TAGS.map((tag) => slotOfKey(`{${tag}}`));
const KEYS = TAGS.flatMap((tag) => Array.from({ length: 50 }, (_, nth) => `{${tag}}:${nth}`));

const folder = memoryFolder();
let product: RunningProduct;

beforeAll(async () => {
  product = await RunningProduct.start({
    coordinator: { name: "filesystem", addr: folder.path },
    config: { proxy_dead_after: "2s" },
  });
}, TEST_MS);

afterAll(async () => {
  await product.stop();
  folder.remove();
}, TEST_MS);

async function fenceOf(adminAddr: string): Promise<string | undefined> {
  const proxies = await product.dashboard.v1.proxies();
  return proxies.find((proxy) => proxy.admin_addr === adminAddr)?.fence?.state;
}

test(
  "slots move on without a proxy that was killed, and it comes back",
  async () => {
    const [living, dead] = product.proxies;
    if (living === undefined || dead === undefined) {
      throw new Error("the product has two proxies");
    }
    const { v1 } = product.dashboard;
    const sets = KEYS.map((key) => ["SET", key, key]);
    expect(new Set(await askAll(living.port, sets))).toEqual(new Set(["+OK\r\n"]));
    const moves = SLOTS.map((slot_id) => ({ slot_id, group_id: 2 }));
    const plan = await v1.createPlan({ strategy: "move", moves });
    // So slow that it isn't over before the proxy is missed.
    const { id } = await v1.startOperation({ plan: plan.id, keys_per_second: 5 });
    await dead.kill();
    await waitFor("a fence", WAIT_MS, async () =>
      (await fenceOf(dead.adminAddr)) === "fenced" ? true : undefined,
    );
    await v1.updateOperation(id, { keys_per_second: 0 });
    await waitFor("end of the move", WAIT_MS, async () => {
      const { state } = await v1.operation(id);
      return state === "done" ? true : undefined;
    });
    const [, target] = product.servers;
    const [size] = await askAll(target?.port ?? 0, [["DBSIZE"]]);
    expect(size).toBe(`:${KEYS.length}\r\n`);
    const again = await dead.restart();
    await product.whenWell();
    // Whether it answers is looked at once a second, and may be seen later than that it has its slots.
    await waitFor("the proxy, let in again", WAIT_MS, async () =>
      (await fenceOf(dead.adminAddr)) === "present" ? true : undefined,
    );
    const gets = KEYS.map((key) => ["GET", key]);
    const replies = await askAll(again.port, gets);
    expect(replies).toEqual(KEYS.map((key) => `$${key.length}\r\n${key}\r\n`));
    await again.kill();
  },
  TEST_MS,
);
