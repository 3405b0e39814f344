/**
 * A leader that is frozen while its pushes are on their way to the proxies, and woken after another one has
 * led on: proxies end with what the new leader ordered, whatever order the pushes arrive in.
 */
import { expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import { startEtcd } from "../support/etcd-server.ts";
import type { RunningDashboardOptions } from "../support/running-dashboard.ts";
import { RunningProduct, tableOf } from "../support/running-product.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";
import { memoryFolder } from "../support/temporary-folder.ts";

printSeed("product-frozen-leader");

const TEST_MS = 180_000;
const TURN_MS = 40_000;
const cleanup = cleanupsAfterEach();

async function productOn(
  coordinator: RunningDashboardOptions["coordinator"],
): Promise<RunningProduct> {
  // Longer than a shared machine stands still: only a frozen proxy fails.
  const config = { proxy_push_timeout: "4s" };
  const product = await RunningProduct.start({ coordinator, config });
  cleanup(() => product.stop());
  return product;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "done",
    (thrown: unknown) => (isCodisError(thrown) ? thrown.code : String(thrown)),
  );
}

/** Group of each slot, as the leader's topology says. */
async function ownersOf(product: RunningProduct): Promise<readonly number[]> {
  const { ranges } = await product.dashboard.v1.slots();
  return ranges.flatMap(({ from, to, group_id }) => Array(to - from + 1).fill(group_id));
}

function assign(product: RunningProduct, groupId: number, from: number, to: number) {
  const order = { assignments: [{ from, to, group_id: groupId }] };
  return product.dashboard.v1.assignSlots(order);
}

/** Proxies have what the leader's topology says, and go on having it. */
async function expectTables(product: RunningProduct): Promise<void> {
  const slots = await product.dashboard.topom.slots();
  const desired = slots.map((slot) => slot.backend_addr ?? "");
  for (const { adminAddr } of product.proxies) {
    expect(await tableOf(adminAddr)).toEqual(desired);
  }
}

test(
  "a push that waits at a frozen proxy doesn't undo what the next leader has pushed",
  async () => {
    const folder = memoryFolder();
    cleanup(() => folder.remove());
    const product = await productOn({ name: "filesystem", addr: folder.path });
    const old = product.dashboard;
    const next = await product.addDashboard("standby");
    const [frozen] = product.proxies;

    // The push of the old leader is in the socket of the frozen proxy when the leader freezes as well.
    frozen?.program.signal("SIGSTOP");
    const { push } = await assign(product, 2, 0, 255);
    expect(push?.failed).toHaveLength(1);
    old.program.signal("SIGSTOP");
    await next.program.sees(/"event":"leader.elected"/, TURN_MS);
    product.dashboard = next;
    expect((await next.v1.slots({ groupId: 2 })).ranges[0]).toMatchObject({ from: 0, to: 255 });
    await assign(product, 1, 0, 127);
    await assign(product, 2, 300, 310);
    frozen?.program.signal("SIGCONT");
    old.program.signal("SIGCONT");

    await old.program.sees(/"event":"leader.lost"/, TURN_MS);
    await product.whenWell();
    await expectTables(product);
    const slots = (await next.v1.slots()).ranges.map(({ from, to, group_id }) => [
      from,
      to,
      group_id,
    ]);
    expect(slots).toEqual([
      [0, 127, 1],
      [128, 255, 2],
      [256, 299, 1],
      [300, 310, 2],
      [311, 511, 1],
      [512, 1023, 2],
    ]);
    // The old one is a standby now, and hands orders on.
    await old.program.sees(/"event":"leader.standby"/, TURN_MS);
    await old.v1.createGroup(9);
    expect((await next.v1.groups()).map(({ id }) => id)).toEqual([1, 2, 9]);
  },
  TEST_MS,
);

test(
  "a leader frozen at a random moment of a row of assignments changes nothing after it was replaced",
  async () => {
    const random = new Random(SEED);
    // Not on files: frozen in the very moment when it holds the lock of the data, which is the original's, a
    // process keeps everybody from writing until it wakes or is killed (ADR 11).
    const etcd = await startEtcd();
    cleanup(() => etcd.stop());
    const product = await productOn({ name: "etcd", addr: etcd.addr });
    const old = product.dashboard;
    const next = await product.addDashboard("standby");
    // Slot by slot, one after another; the last one isn't answered, because the leader is frozen.
    let count = 0;
    let isFrozen = false;
    const orders = (async (): Promise<string> => {
      for (;;) {
        const outcome = await codeOf(
          old.v1.assignSlots({ assignments: [{ from: count, group_id: 2 }] }),
        );
        if (isFrozen || outcome !== "done") {
          return outcome;
        }
        count += 1;
      }
    })();
    await waitFor("some orders", TURN_MS, () => (count > 5 ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, random.below(60)));
    old.program.signal("SIGSTOP");
    isFrozen = true;
    await next.program.sees(/"event":"leader.elected"/, TURN_MS);
    product.dashboard = next;
    const before = await ownersOf(product);
    expect(before.slice(0, count)).toEqual(Array(count).fill(2));
    await assign(product, 1, 0, count - 1);
    old.program.signal("SIGCONT");
    const outcome = await orders;

    await old.program.sees(/"event":"leader.lost"/, TURN_MS);
    await product.whenWell();
    await expectTables(product);
    // The order that was under way is done or not: stored in time, or handed on to the new leader later.
    const after = await ownersOf(product);
    const pending = outcome === "done" ? 2 : before[count];
    const rest = before.slice(count + 1);
    expect(after).toEqual([...Array(count).fill(1), pending, ...rest]);
  },
  TEST_MS,
);
