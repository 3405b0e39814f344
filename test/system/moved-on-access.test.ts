/**
 * Keys that a real proxy moves because a client asks for them, while the dashboard moves none: they are part of the
 * operation's progress, each at most once, also over a restart of the proxy.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { V1OperationSummary } from "../../src/api/v1-operation-schema.ts";
import { waitFor } from "../support/deadline.ts";
import { slotOfKey } from "../support/mover-pair.ts";
import { ask, bulk, RunningProduct } from "../support/running-product.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import type { WaitingProxy } from "../support/waiting-proxy.ts";

const TEST_MS = 120_000;
const WAIT_MS = 30_000;
/** Of a slot of group 1. */
const TAG = "t20";
const FILLERS = 20;

const folder = memoryFolder();
let product: RunningProduct;
let proxy: WaitingProxy;
/** Keys that were put to the source and asked for at a proxy. */
let asked = 0;

beforeAll(async () => {
  product = await RunningProduct.start({
    coordinator: { name: "filesystem", addr: folder.path },
  });
  const [first] = product.proxies;
  if (first === undefined) {
    throw new Error("a product with a proxy is needed");
  }
  proxy = first;
}, TEST_MS);

afterAll(async () => {
  await proxy.kill();
  await product.stop();
  folder.remove();
}, TEST_MS);

/** Asks for one key after another as a change does, each of which is at the source until then, until that is seen. */
function askUntil(
  id: string,
  what: string,
  isTrue: (progress: V1OperationSummary["progress"]) => boolean,
): Promise<V1OperationSummary["progress"]> {
  const [source] = product.servers;
  return waitFor(what, WAIT_MS, async () => {
    const key = `{${TAG}}:${asked}`;
    asked += 1;
    await ask(source?.port ?? 0, "SET", key, "v");
    expect(await ask(proxy.port, "GETEX", key)).toBe(bulk("v"));
    const { progress } = await product.dashboard.v1.operation(id);
    return isTrue(progress) ? progress : undefined;
  });
}

test(
  "keys that only clients move are counted",
  async () => {
    const slotId = slotOfKey(`{${TAG}}`);
    expect(slotId).toBeLessThan(512);
    const [source] = product.servers;
    for (let index = 0; index < FILLERS; index += 1) {
      await ask(source?.port ?? 0, "SET", `{${TAG}}:filler:${index}`, "v");
    }
    const { v1, topom } = product.dashboard;
    const moves = [{ slot_id: slotId, group_id: 2 }];
    const plan = await v1.createPlan({ strategy: "move", moves });
    const { id } = await v1.startOperation({ plan: plan.id, keys_per_second: 1 });
    await waitFor("a slot that moves", WAIT_MS, async () => {
      const slots = await topom.slots();
      return slots.some((slot) => slot.id === slotId && (slot.migrate_from ?? "") !== "")
        ? true
        : undefined;
    });
    await v1.pauseOperation(id);
    const first = await askUntil(id, "keys on access", (now) => now.keys_on_access > 0);
    expect(first.keys_on_access).toBeLessThanOrEqual(asked);
    expect(first.keys_moved).toBeGreaterThanOrEqual(first.keys_on_access);
    proxy = await proxy.restart();
    await product.whenWell();
    const later = await askUntil(
      id,
      "more keys on access",
      (now) => now.keys_on_access > first.keys_on_access,
    );
    expect(later.keys_on_access).toBeLessThanOrEqual(asked);
    await v1.updateOperation(id, { keys_per_second: 0 });
    await v1.resumeOperation(id);
    const ended = await waitFor("end of the move", WAIT_MS, async () => {
      const operation = await v1.operation(id);
      return operation.state === "done" ? operation : undefined;
    });
    expect(await ask(source?.port ?? 0, "DBSIZE")).toBe(":0\r\n");
    expect(ended.progress.keys_on_access).toBeGreaterThanOrEqual(later.keys_on_access);
    expect(ended.progress.keys_on_access).toBeLessThanOrEqual(asked);
    expect(ended.progress.keys_total).toBe(ended.progress.keys_moved);
  },
  TEST_MS,
);
