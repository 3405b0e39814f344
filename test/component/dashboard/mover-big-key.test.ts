/**
 * The mover and keys that stall their servers for too long: each rule of `big_key`, and keys that are never moved.
 */
import { afterEach, expect, test } from "bun:test";
import type { MoverLimits } from "../../../src/dashboard/migration/contract.ts";
import type { BigKeyRule } from "../../../src/model/operation/plan.ts";
import { numberOf } from "../../../src/redis/reply.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  callAll,
  fillKeys,
  findWrong,
  keysOf,
  type MoverPair,
  slotOfKey,
  startPair,
  troublesOf,
} from "../../support/mover-pair.ts";

const FIELDS = 30_000;

let pair: MoverPair | undefined;

afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

function limits(bigKeyRule: BigKeyRule): () => MoverLimits {
  return () => ({ ...CALM_LIMITS, bigKeyRule });
}

/** A hash that is expected to stall for some 24 ms, and 300 small keys, some of its slot. */
async function fill({ atSource }: MoverPair): Promise<readonly string[]> {
  const fields = Array.from({ length: FIELDS }, (_, index) => [`field:${index}`, `${index}`]);
  const commands: string[][] = [];
  for (let start = 0; start < FIELDS; start += 1_000) {
    commands.push(["HSET", "{big}hash", ...fields.slice(start, start + 1_000).flat()]);
  }
  await callAll(atSource, commands);
  return [
    ...(await fillKeys(atSource, "{big}key", 100)),
    ...(await fillKeys(atSource, "key", 200)),
  ];
}

test("move and last bring it over, whole", async () => {
  for (const rule of ["move", "last"] as const) {
    pair = await startPair();
    const names = await fill(pair);
    const { mover, emptied, log } = pair.startMover({ limits: limits(rule) });
    mover.add(ALL_SLOTS);
    await emptied(ALL_SLOTS);
    expect(numberOf(await pair.atTarget.call(["HLEN", "{big}hash"]))).toBe(FIELDS);
    expect(await findWrong(pair.atTarget, names)).toEqual([]);
    expect((await keysOf(pair.atSource)).size).toBe(0);
    expect(troublesOf(log)).toEqual([]);
    expect(log.movedKeys).toBe(names.length + 1);
    await pair.close();
  }
  pair = undefined;
}, 90_000);

test("refuse leaves it, moves the others, and says so to people", async () => {
  pair = await startPair();
  const names = await fill(pair);
  const { mover, emptied, trouble, log } = pair.startMover({ limits: limits("refuse") });
  mover.add(ALL_SLOTS);
  const slot = slotOfKey("{big}hash");
  await emptied(ALL_SLOTS.filter((id) => id !== slot));
  const reason = await trouble(/isn't moved/);
  expect(reason).toContain('"{big}hash"');
  expect(reason).toContain(`slot ${slot}`);
  expect(log.forPeople[log.troubles.indexOf(reason)]).toBe(true);
  expect(await keysOf(pair.atSource)).toEqual(new Set(["{big}hash"]));
  expect(await findWrong(pair.atTarget, names)).toEqual([]);
  expect(log.emptied.has(slot)).toBe(false);
});

test("a large string that fits the bound moves with the others", async () => {
  pair = await startPair();
  const { atSource, atTarget } = pair;
  await atSource.call(["SET", "large", "x".repeat(400_000)]);
  await callAll(
    atSource,
    Array.from({ length: 20 }, (_, index) => ["RPUSH", "list", `${index}`, "y".repeat(5_000)]),
  );
  const { mover, emptied } = pair.startMover({ limits: limits("refuse") });
  mover.add(ALL_SLOTS);
  await emptied(ALL_SLOTS);
  expect(numberOf(await atTarget.call(["STRLEN", "large"]))).toBe(400_000);
  expect(numberOf(await atTarget.call(["LLEN", "list"]))).toBe(40);
});
