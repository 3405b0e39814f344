/** Which movers may use which servers at the same time. */
import { expect, test } from "bun:test";
import { ServerTurns } from "../../../../src/dashboard/migration/mover/server-turns.ts";

const { signal } = new AbortController();

async function isTaken(turn: Promise<unknown>): Promise<boolean> {
  return Promise.race([turn.then(() => true), new Promise<false>((r) => setImmediate(r, false))]);
}

test("one mover a source, many a target, and no server is both", async () => {
  const turns = new ServerTurns();
  const first = await turns.take("a", "c", signal);
  expect(await isTaken(turns.take("b", "c", signal))).toBe(true);
  const sameSource = turns.take("a", "d", signal);
  const back = turns.take("c", "a", signal);
  expect([await isTaken(sameSource), await isTaken(back)]).toEqual([false, false]);
  first();
  first();
  expect([await isTaken(sameSource), await isTaken(back)]).toEqual([true, false]);
});

test("who gives up waiting is in nobody's way", async () => {
  const turns = new ServerTurns();
  const first = await turns.take("a", "b", signal);
  const stop = new AbortController();
  const given = turns.take("a", "c", stop.signal);
  stop.abort(new Error("closed"));
  await expect(given).rejects.toThrow("closed");
  const next = turns.take("a", "d", signal);
  first();
  expect(await isTaken(next)).toBe(true);
});
