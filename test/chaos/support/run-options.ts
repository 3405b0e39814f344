/** The two forms of a chaos run: a short one for every test run, and a long one. */
import type { ChaosRunOptions } from "./chaos-run.ts";

/** Some 20 s under faults on two processors. */
export function shortRun(seed: number): ChaosRunOptions {
  return {
    seed,
    ms: 14_000,
    coordinator: "filesystem",
    groups: 3,
    replicatedGroups: [],
    clients: 12,
    pauseMs: 12,
    fillers: 2_500,
    slots: 24,
    freezeMs: 3_000,
    leaseMs: 2_500,
    restMs: 800,
    losesSecond: true,
  };
}

/** Minutes under faults; every second seed on etcd, which is restarted as well; every third with a replica. */
export function longRun(seed: number, minutes: number): ChaosRunOptions {
  return {
    seed,
    ms: minutes * 60_000,
    coordinator: seed % 2 === 0 ? "etcd" : "filesystem",
    groups: 3,
    replicatedGroups: seed % 3 === 0 ? [2] : [],
    clients: 24,
    pauseMs: 50,
    fillers: 8_000,
    slots: 48,
    // Longer than the hold of a slot, the push to a proxy, the lease of a leader, and what a worker has to answer.
    freezeMs: 7_000,
    leaseMs: 5_000,
    restMs: 3_000,
    losesSecond: true,
  };
}
