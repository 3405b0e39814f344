/** Which replicas may be read from, with looks and a clock of the test's own. */
import { beforeEach, describe, expect, test } from "bun:test";
import { OffsetSamples } from "../../../../src/proxy/replica/offset-samples.ts";
import { ReplicaWatch } from "../../../../src/proxy/replica/replica-watch.ts";
import type { ReplicationFacts } from "../../../../src/redis/replication.ts";

const LAG_MAX_MS = 5000;
const [M, A, B] = ["m:1", "a:1", "b:1"];

let nowMs: number;
let watch: ReplicaWatch;
/** What servers answer; "hang": nothing, "fail": an error. */
let answers: Record<string, Partial<ReplicationFacts> | "hang" | "fail">;
let looks: string[];
let open: Set<string>;
let told: string[];

const MASTER: ReplicationFacts = {
  role: "master",
  masterAddr: undefined,
  isLinkUp: false,
  isSyncing: false,
  offset: 100,
  streamId: "s",
  replicas: [],
};
const REPLICA: ReplicationFacts = { ...MASTER, role: "replica", masterAddr: M, isLinkUp: true };

beforeEach(() => {
  nowMs = 1_000_000;
  answers = { [M]: MASTER, [A]: REPLICA, [B]: REPLICA };
  looks = [];
  open = new Set();
  told = [];
  watch = new ReplicaWatch({
    lagMaxMs: LAG_MAX_MS,
    now: () => nowMs,
    onChange: (replica, _master, fault) => told.push(`${replica} ${fault}`.trim()),
    connect(addr) {
      open.add(addr);
      return {
        facts() {
          looks.push(addr);
          const answer = answers[addr];
          if (answer === "hang") return new Promise(() => undefined);
          if (answer === "fail" || answer === undefined) return Promise.reject(new Error("no"));
          return Promise.resolve({ ...(addr === M ? MASTER : REPLICA), ...answer });
        },
        close: () => open.delete(addr),
      };
    },
  });
  watch.setGroups(new Map([[M, new Set([A, B])]]));
});

/** Lets so much time pass, in ticks as the worker's; answers come between them. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    nowMs += 100;
    watch.tick(nowMs);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

function usable(sinceMs = Number.NEGATIVE_INFINITY): string {
  return [A, B].filter((addr) => watch.isUsable(M as string, addr, sinceMs)).join(" ");
}

test("a replica that has all is used after the first look, each server is looked at once a second", async () => {
  expect(usable()).toBe("");
  await pass(100);
  expect(usable()).toBe("a:1 b:1");
  expect(told.sort()).toEqual(["a:1", "b:1"]);
  await pass(2000);
  expect(looks.filter((addr) => addr === M).length).toBe(3);
  expect(looks.filter((addr) => addr === A).length).toBe(3);
});

describe.each([
  ["it is a master", { role: "master" }],
  ["its link to its master is down", { isLinkUp: false }],
  ["it is syncing", { isSyncing: true }],
  ["it follows another master", { streamId: "other" }],
] as const)("%s", (fault, facts) => {
  test("it is left out with the next look, and taken again", async () => {
    await pass(100);
    answers[A] = facts;
    await pass(1000);
    expect(usable()).toBe("b:1");
    expect(told.at(-1)).toBe(`a:1 ${fault}`);
    answers[A] = {};
    await pass(1000);
    expect(usable()).toBe("a:1 b:1");
  });
});

test("servers without a name of their stream are told by the address that they follow", async () => {
  answers = { [M]: { streamId: undefined }, [A]: { streamId: undefined } };
  answers[B] = { streamId: undefined, masterAddr: "other:1" };
  await pass(1100);
  expect(usable()).toBe("a:1");
});

test("one that hangs, or fails, isn't used for longer than three seconds, and holds up no other", async () => {
  await pass(100);
  answers[A] = "hang";
  answers[B] = "fail";
  await pass(2800);
  expect(usable()).toBe("a:1 b:1");
  await pass(300);
  expect(usable()).toBe("");
  expect(told.slice(-2).sort()).toEqual(["a:1 it doesn't answer", "b:1 it doesn't answer"]);
  answers[B] = {};
  await pass(1000);
  expect(usable()).toBe("b:1");
});

test("lag counts from the moment of which it was last known to have everything", async () => {
  await pass(100);
  const freshMs = nowMs;
  for (let offset = 200; nowMs < freshMs + LAG_MAX_MS; offset += 100) {
    answers[M] = { offset };
    await pass(100);
    expect(usable()).toBe("a:1 b:1");
  }
  await pass(100);
  expect(usable()).toBe("");
  expect(told.at(-1)).toBe("b:1 it lags behind");
  // It has all of half a second ago or so.
  answers[A] = { offset: 100_000 };
  await pass(1000);
  expect(usable()).toBe("a:1");
});

test("a replica isn't used when nobody can tell how far its master is", async () => {
  await pass(100);
  answers[M] = "hang";
  await pass(LAG_MAX_MS);
  expect(usable()).toBe("a:1 b:1");
  await pass(200);
  expect(usable()).toBe("");
});

test("a master that was started again is another stream", async () => {
  await pass(100);
  answers[M] = { streamId: "t", offset: 5 };
  await pass(1000);
  expect(usable()).toBe("");
  answers[A] = { streamId: "t", offset: 5 };
  await pass(1000);
  expect(usable()).toBe("a:1");
});

test("one that has shown that it can't serve is used again after a later look only", async () => {
  await pass(100);
  watch.suspend(A as string);
  expect(usable()).toBe("b:1");
  await pass(500);
  expect(usable()).toBe("b:1");
  await pass(600);
  expect(usable()).toBe("a:1 b:1");
});

test("the floor never falls, and one that comes back waits until it has reached it", async () => {
  await pass(100);
  answers[A] = { isLinkUp: false };
  await pass(1000);
  // B goes on alone, and with it the floor; A comes back with what was there two seconds before.
  answers[M] = { offset: 200 };
  answers[B] = { offset: 200 };
  await pass(1000);
  const floorMs = watch.floorMs;
  answers[A] = { offset: 100 };
  await pass(1000);
  expect(usable()).toBe("b:1");
  expect(watch.floorMs).toBe(floorMs);
  answers[A] = { offset: 200 };
  await pass(1000);
  expect(usable()).toBe("a:1 b:1");
  expect(watch.floorMs).toBeGreaterThan(floorMs);
});

test("a slot that came at a moment is read from a replica that has all of a later one", async () => {
  await pass(100);
  expect(usable(nowMs)).toBe("a:1 b:1");
  expect(usable(nowMs + 1)).toBe("");
  await pass(1000);
  expect(usable(nowMs - 900)).toBe("a:1 b:1");
});

test("servers that aren't needed any more are let go", async () => {
  await pass(100);
  watch.setGroups(new Map([[M, new Set([B])]]));
  expect([...open].sort()).toEqual([B, M]);
  expect(usable()).toBe("b:1");
  watch.close();
  expect([...open]).toEqual([]);
  looks = [];
  await pass(2000);
  expect(looks).toEqual([]);
});

test("samples are bounded, and make no replica look younger", () => {
  const samples = new OffsetSamples();
  for (let at = 0; at < 10_000; at++) samples.add("s", at * 10, at);
  for (const offset of [0, 5, 500, 99_000, 99_989, 99_990, 99_999]) {
    expect(samples.coveredMs(offset)).toBeLessThanOrEqual(Math.floor(offset / 10));
  }
  expect(samples.coveredMs(99_995)).toBe(9999);
  expect(samples.coveredMs(-1)).toBe(Number.NEGATIVE_INFINITY);
  samples.add("s", 3, 20_000);
  expect(samples.coveredMs(1_000_000)).toBe(20_000);
});
