/** What several sentinels say together, and the names that they know masters by. */
import { describe, expect, test } from "bun:test";
import {
  agreeOnMasters,
  majorityOf,
  type SentinelAnswer,
} from "../../../src/sentinel/agreement.ts";
import { groupIdOf, masterName } from "../../../src/sentinel/master-name.ts";
import type { WatchedMaster } from "../../../src/sentinel/sentinel-client.ts";

const OLD = "10.0.0.1:6379";
const NEW = "10.0.0.2:6379";

function says(addr: string, epoch: number, name = "demo-1"): WatchedMaster {
  return {
    name,
    addr,
    epoch,
    runId: `run of ${addr}`,
    flags: new Set(["master"]),
    quorum: 2,
    otherSentinels: 2,
    fields: {},
  };
}

/** One answer for each sentinel; undefined: it doesn't answer. */
function answers(...masters: readonly (readonly WatchedMaster[] | undefined)[]): SentinelAnswer[] {
  return masters.map((known, index) => ({ addr: `10.1.0.${index + 1}:26379`, masters: known }));
}

function agreed(...masters: readonly (readonly WatchedMaster[] | undefined)[]) {
  const found = agreeOnMasters("demo", answers(...masters)).masters.get(1);
  return found === undefined ? undefined : [found.addr, found.epoch];
}

describe("agreement", () => {
  test("a majority of the configured sentinels has to answer", () => {
    expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
    expect(agreed([says(OLD, 3)], undefined, undefined)).toBeUndefined();
    expect(agreeOnMasters("demo", answers([], undefined, undefined)).hasMajority).toBe(false);
    expect(agreed([says(OLD, 3)], [says(OLD, 3)], undefined)).toEqual([OLD, 3]);
    expect(agreeOnMasters("demo", []).hasMajority).toBe(false);
  });

  test("a group that fewer than a majority watch isn't watched", () => {
    const view = agreeOnMasters("demo", answers([says(OLD, 5)], [], []));
    expect(view.hasMajority).toBe(true);
    expect([...view.watched]).toEqual([]);
    expect(view.masters.size).toBe(0);
  });

  test("the highest epoch counts, also when one alone has heard of it", () => {
    expect(agreed([says(OLD, 3)], [says(NEW, 4)], [says(OLD, 3)])).toEqual([NEW, 4]);
  });

  test("of two addresses with one epoch the one that more name counts, and none when as many do", () => {
    expect(agreed([says(OLD, 4)], [says(NEW, 4)], [says(NEW, 4)])).toEqual([NEW, 4]);
    const view = agreeOnMasters("demo", answers([says(OLD, 4)], [says(NEW, 4)], undefined));
    expect(view.masters.get(1)).toBeUndefined();
    expect([...view.watched]).toEqual([1]);
  });

  test("masters of other products don't count", () => {
    const others = [says(OLD, 9, "demo2-1"), says(OLD, 9, "demo-x-1"), says(OLD, 9, "demo-01")];
    expect(agreed(others, others, [says(NEW, 1)])).toBeUndefined();
  });
});

test("a name is a group's only when it is spelled as it would be built", () => {
  expect(masterName("demo-1", 12)).toBe("demo-1-12");
  expect(groupIdOf("demo-1", "demo-1-12")).toBe(12);
  expect(groupIdOf("demo", "demo-9999")).toBe(9999);
  for (const name of ["demo", "demo-", "demo-0", "demo-01", "demo-10000", "demo-1-12", "xdemo-1"]) {
    expect(groupIdOf("demo", name)).toBeUndefined();
  }
});
