/**
 * How long calls of the console are waited for: reads, changes, and plans, for which a dashboard measures all servers.
 */
import { afterEach, expect, spyOn, test } from "bun:test";
import { api, setApiProduct } from "../../../web/src/data/api.ts";
import { makePlan } from "../../../web/src/data/make-plan.ts";
import { asProblem } from "../../../web/src/data/problem.ts";

/** The largest `plan_timeout`. */
const PLAN_MAX_MS = 600_000;
const deadlines: number[] = [];
const spies = [
  spyOn(globalThis, "fetch").mockImplementation(
    Object.assign((): Promise<Response> => Promise.resolve(Response.json({})), fetch),
  ),
  spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    deadlines.push(ms);
    return AbortSignal.abort();
  }),
];

afterEach(() => {
  deadlines.length = 0;
});

test("a change is given longer than a read, and a plan longer than it may take", async () => {
  setApiProduct("shop");
  await api.get("groups");
  await api.send("POST", "groups", { id: 1 });
  await makePlan({ strategy: "count" });
  await api.send("POST", "groups", { id: 2 }, { deadlineMs: 5 });
  const [read = 0, change = 0, plan = 0, told] = deadlines;
  expect(read).toBeLessThan(change);
  expect(plan).toBeGreaterThan(PLAN_MAX_MS);
  expect(told).toBe(5);
  for (const spy of spies) {
    spy.mockRestore();
  }
});

test("a call that took too long is a problem without an answer", () => {
  const late = new DOMException("The operation timed out.", "TimeoutError");
  expect(asProblem(late)).toMatchObject({ status: 0, code: "no_answer" });
});
