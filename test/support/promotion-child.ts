/**
 * A leader in a process of its own that promotes, and can be killed in the middle: `promotion-child.ts ROOT`. First it
 * lets everything end that a dead leader left, and prints `rested`. Then it takes lines: `promote POINT N ADDR`
 * promotes the server of group 1 and kills itself (SIGKILL) at the n-th of these points, or prints `ended`:
 *
 *     write    right before a write to the coordinator
 *     sync     proxies have been told, none is waited for
 *     call     right before something is asked of a server, or told
 *     called   right after its answer
 */
import { createInterface } from "node:readline";
import type { Leadership } from "../../src/coordinator/coordinator.ts";
import { ServerPair } from "../../src/dashboard/availability/promotion/server-pair.ts";
import { waitFor } from "./deadline.ts";
import { PromotionDesk } from "./promotion-desk.ts";
import { writeOneByOne } from "./topology-store.ts";

const [root = ""] = process.argv.slice(2);
const REST_MS = 30_000;
const CALLS = ["prepare", "pause", "arm", "demote", "raise"] as const;
let deathPoint = "";
let pointsLeft = 0;

/** Never comes back from the point where it dies. */
async function pass(point: string): Promise<void> {
  if (point === deathPoint) {
    pointsLeft -= 1;
    if (pointsLeft === 0) {
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => undefined);
    }
  }
}

/** The pair, with a point around each order. */
function withPoints(pair: ServerPair): ServerPair {
  const orders = pair as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of CALLS) {
    const order = orders[name]?.bind(pair);
    orders[name] = async (...args) => {
      await pass("call");
      const result = await order?.(...args);
      await pass("called");
      return result;
    };
  }
  return pair;
}

const desk: PromotionDesk = await PromotionDesk.open(root, {
  wrap: (leadership: Leadership) => writeOneByOne(leadership, () => pass("write")),
  parts: { openPair: async (options) => withPoints(await ServerPair.open(options)) },
  wrapSync: async (wait) => {
    await pass("sync");
    return wait();
  },
});

await waitFor("end of all promotions", REST_MS, () => {
  const groups = [...desk.store.snapshot().groups.values()];
  const isResting = groups.every(({ id, promoting }) => {
    return promoting.state === "" && desk.turns.busyWith(id) === undefined;
  });
  return isResting ? true : undefined;
});
process.stdout.write("rested\n");
for await (const line of createInterface({ input: process.stdin })) {
  const [, point = "", count = "0", addr = ""] = line.split(" ");
  deathPoint = point;
  pointsLeft = Number(count);
  const { outcome } = await desk.promotion.promote(1, addr);
  deathPoint = "";
  process.stdout.write(`ended ${outcome}\n`);
}
