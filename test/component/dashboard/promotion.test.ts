/**
 * Planned promotions with real servers and real proxies: nothing that was acknowledged is lost, the old master refuses
 * writes, the others follow; what can't be begun is refused with the reason, and changes nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { PromotionPlan } from "../../../src/model/availability/promotion.ts";
import { fetchInfo } from "../../../src/redis/server-command.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { PATIENT } from "../../support/patience.ts";
import { ask, PromotionProduct } from "../../support/promotion-product.ts";

const START_MS = 90_000;
const WAIT_MS = 30_000;
const RATE = 1_000;

let product: PromotionProduct;

beforeAll(async () => {
  product = await PromotionProduct.start([3]);
}, START_MS);

afterAll(() => product.stop(), START_MS);

describe("a promotion under load", () => {
  test("loses no write; the old master refuses them, and everybody follows the new one", async () => {
    const [from = "", to = "", other = ""] = product.members();
    const loads = [await product.startLoad("a", 0, RATE), await product.startLoad("b", 1, RATE)];
    await Promise.all(loads.map((load) => load.whenAcknowledged(RATE / 10)));
    const story = await product.promote(1, to);
    const counts = loads.map((load) => load.acknowledged.size);
    await Promise.all(
      loads.map((load, at) => load.whenAcknowledged((counts[at] ?? 0) + RATE / 10)),
    );
    await Promise.all(loads.map((load) => load.stop()));

    expect(story.outcome).toBe("done");
    expect(story.reason).toBe("");
    expect(story.pauseMs).toBeGreaterThan(0);
    const steps = ["held", "caught-up", "promoted", "stored", "switched", "served", "followed"];
    expect(story.events.map(({ step }) => step)).toEqual(expect.arrayContaining(steps));
    for (const load of loads) {
      expect(load.faults).toEqual([]);
      expect(await load.missingAt(to)).toEqual([]);
    }
    expect(await ask(from, "SET", "direct", "1")).toStartWith("READONLY");
    expect(product.members()).toEqual([to, other, from]);
    await product.whenWell();
    await product.whenServedBy(to);
  }, 120_000);

  test("and back again: the servers keep their stream, so no data are copied anew", async () => {
    const [from = "", , to = ""] = product.members();
    const copiesOf = async (addr: string): Promise<number> =>
      Number((await fetchInfo({ ...PATIENT, addr }))["sync_full"]);
    const before = await copiesOf(to);
    expect((await product.promote(1, to)).outcome).toBe("done");
    await product.whenFollowing(from, to);
    expect(await copiesOf(to)).toBe(before);
    await product.whenServedBy(to);
  }, 120_000);
});

/** The plan of promoting the server, once both servers have answered in time. */
function planWithoutProblems(to: string): Promise<PromotionPlan> {
  return waitFor("a plan without problems", WAIT_MS, async () => {
    const plan = await product.desk.promotion.plan(1, to);
    expect(plan.problems).toEqual([]);
    return plan;
  });
}

async function whenPlanSays(to: string, problem: string): Promise<void> {
  await waitFor(`"${problem}" in the plan`, WAIT_MS, async () => {
    expect((await product.desk.promotion.plan(1, to)).problems[0]).toContain(problem);
    return true;
  });
}

describe("what makes a promotion impossible", () => {
  test("is said by the plan, and nothing is begun", async () => {
    const { promotion, book } = product.desk;
    const [from = "", to = "", other = ""] = product.members();
    await product.whenWell();
    const plan = await planWithoutProblems(to);
    expect(plan).toMatchObject({ from, to, others: [other], isWatched: false });
    expect(plan.fromVersion).toBe(plan.toVersion);
    const count = book.all().length;

    product.serverAt(other).pause();
    const silent = await catchRejection(promotion.promote(1, other));
    expect([silent.code, silent.message]).toEqual(["STATE_CONFLICT", silent.message]);
    expect(silent.message).toContain("doesn't answer");
    product.serverAt(other).resume();

    await ask(to, "REPLICAOF", "NO", "ONE");
    await whenPlanSays(to, "isn't a replica");
    await ask(to, "REPLICAOF", "127.0.0.1", `${product.serverAt(other).port}`);
    await product.whenFollowing(to, other);
    await whenPlanSays(to, `not ${from}`);
    await ask(to, "REPLICAOF", "127.0.0.1", `${product.serverAt(from).port}`);

    expect((await promotion.plan(1, from)).problems[0]).toContain("can't promote master");
    expect((await catchRejection(promotion.promote(1, "127.0.0.1:1"))).code).toBe("NOT_FOUND");
    expect((await catchRejection(promotion.plan(9, to))).code).toBe("NOT_FOUND");
    expect(book.all().length).toBe(count);
    await product.whenWell();
  }, 120_000);

  test("what an operator should know is a warning", async () => {
    const [from = "", to = ""] = product.members();
    await product.whenWell();
    await ask(from, "ACL", "SETUSER", "reporter", "on", "nopass", "~*", "+get");
    await ask(to, "CONFIG", "SET", "replica-priority", "0");
    await ask(to, "CONFIG", "SET", "maxmemory", "100mb");
    const { warnings } = await planWithoutProblems(to);
    const text = warnings.join("\n");
    expect(text).toContain("user reporter");
    expect(text).toContain("replica-priority");
    expect(text).toContain("maxmemory");
    expect(text).not.toContain("nopass");
    await ask(from, "ACL", "DELUSER", "reporter");
    await ask(to, "CONFIG", "SET", "replica-priority", "100");
    await ask(to, "CONFIG", "SET", "maxmemory", "0");
  }, 120_000);

  test("another promotion of the group, while one is under way", async () => {
    const { promotion } = product.desk;
    const [, to = "", other = ""] = product.members();
    await product.whenWell();
    // `promote` gives the first order before it returns.
    const [first, second] = await Promise.allSettled([
      product.promote(1, to),
      promotion.promote(1, other),
    ]);
    expect(second).toMatchObject({ status: "rejected", reason: { code: "STATE_CONFLICT" } });
    expect(first).toMatchObject({ status: "fulfilled", value: { outcome: "done" } });
    await product.whenWell();
  }, 120_000);
});
