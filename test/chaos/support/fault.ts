/**
 * Faults of processes: each does something to a product and brings it back, in bounded time. Faults of
 * transfers are in `transfer-fault.ts`.
 */
import type { RunningDashboard } from "../../support/running-dashboard.ts";
import type { Random } from "../../support/seed.ts";
import type { ChaosProduct } from "./chaos-product.ts";
import type { Timeline } from "./timeline.ts";

/** What a fault works on. */
export interface FaultContext {
  readonly product: ChaosProduct;
  readonly random: Random;
  readonly timeline: Timeline;
  /** Longer than every timeout that is configured, milliseconds. */
  readonly freezeMs: number;
  /** Has clients delete keys; resolves when they are answered. */
  readonly deleteKeys: (keys: readonly string[]) => Promise<void>;
}

/** Something bad that can happen. Resolves when all is as before. */
export interface Fault {
  readonly name: string;
  run(context: FaultContext): Promise<void>;
}

/** Longest time that something is dead before it is started again. */
const DEAD_MS = 1_500;

/** Waits; for faults and pauses between them. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function killLeader({ product, timeline }: FaultContext): Promise<void> {
  const leader = await product.leader();
  timeline.note(`dashboard ${leader.addr} (leads): SIGKILL`);
  await product.killDashboard(leader);
  const added = await product.addDashboard("started");
  timeline.note(`dashboard ${added.addr} is started in its place`);
}

async function killDashboards({ product, random, timeline }: FaultContext): Promise<void> {
  const all = [...product.dashboards];
  timeline.note(`dashboards ${all.map(({ addr }) => addr).join(", ")}: SIGKILL`);
  await Promise.all(all.map((dashboard) => product.killDashboard(dashboard)));
  await sleep(random.below(DEAD_MS));
  for (const _ of all) {
    const added = await product.addDashboard("started");
    timeline.note(`dashboard ${added.addr} is started`);
  }
  await product.leader();
}

/** A leader that comes back when another one leads must do no harm. */
async function freezeLeader(context: FaultContext): Promise<void> {
  const leader: RunningDashboard = await context.product.leader();
  context.timeline.note(`dashboard ${leader.addr} (leads): SIGSTOP`);
  leader.program.signal("SIGSTOP");
  await sleep(context.freezeMs);
  leader.program.signal("SIGCONT");
  context.timeline.note(`dashboard ${leader.addr}: SIGCONT`);
}

async function killProxy({ product, random, timeline }: FaultContext): Promise<void> {
  const index = random.below(product.proxies.length);
  timeline.note(`proxy ${index}: SIGKILL, and started again`);
  await product.restartProxy(index);
}

async function killWorker({ product, random, timeline }: FaultContext): Promise<void> {
  const index = random.below(product.proxies.length);
  const workers = product.workersOf(index);
  if (workers.length > 0) {
    const pid = random.pick(workers);
    timeline.note(`proxy ${index}, worker ${pid}: SIGKILL`);
    process.kill(pid, "SIGKILL");
  }
}

async function freezeProxy({ product, random, timeline, freezeMs }: FaultContext): Promise<void> {
  const index = random.below(product.proxies.length);
  const pids = [product.proxies[index]?.program.pid ?? 0, ...product.workersOf(index)];
  timeline.note(`proxy ${index} with its workers: SIGSTOP`);
  signalAll(pids, "SIGSTOP");
  await sleep(freezeMs);
  signalAll(pids, "SIGCONT");
  timeline.note(`proxy ${index}: SIGCONT`);
}

async function freezeWorker({ product, random, timeline, freezeMs }: FaultContext): Promise<void> {
  const index = random.below(product.proxies.length);
  const workers = product.workersOf(index);
  if (workers.length > 0) {
    const pid = random.pick(workers);
    timeline.note(`proxy ${index}, worker ${pid}: SIGSTOP`);
    signalAll([pid], "SIGSTOP");
    await sleep(freezeMs);
    signalAll([pid], "SIGCONT");
    timeline.note(`proxy ${index}, worker ${pid}: SIGCONT, if it is still there`);
  }
}

/** One that was killed meanwhile is no failure. */
function signalAll(pids: readonly number[], signal: "SIGSTOP" | "SIGCONT"): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") {
        throw thrown;
      }
    }
  }
}

async function killServer({ product, random, timeline }: FaultContext): Promise<void> {
  const server = random.pick(product.servers);
  timeline.note(`redis-server of group ${server.groupId}: SIGKILL`);
  await server.kill();
  await sleep(random.below(DEAD_MS));
  await server.restart();
  timeline.note(`redis-server of group ${server.groupId} is started with its AOF`);
}

/** Keys go on moving only when a replica of the target, where there is one, has them as well. */
async function killReplica({ product, random, timeline }: FaultContext): Promise<void> {
  const replica = random.pick(product.replicas);
  timeline.note(`replica of group ${replica.groupId}: SIGKILL`);
  await replica.kill();
  await sleep(random.below(DEAD_MS));
  await replica.restart(product.serverOf(replica.groupId).addr);
  timeline.note(`replica of group ${replica.groupId} is started`);
}

async function freezeServer({ product, random, timeline }: FaultContext): Promise<void> {
  const server = random.pick(product.servers);
  const ms = 300 + random.below(3_000);
  timeline.note(`redis-server of group ${server.groupId}: SIGSTOP for ${ms} ms`);
  server.pause();
  await sleep(ms);
  server.resume();
  timeline.note(`redis-server of group ${server.groupId}: SIGCONT`);
}

async function restartCoordinator({ product, random, timeline }: FaultContext): Promise<void> {
  if (product.etcd !== undefined) {
    timeline.note("etcd: SIGKILL");
    await product.etcd.kill();
    await sleep(random.below(2 * DEAD_MS));
    await product.etcd.start();
    timeline.note("etcd is started");
  }
}

/** Needs a replica. */
export const REPLICA_FAULT = "kill a replica";

/** Faults of processes. */
export const PROCESS_FAULTS: readonly Fault[] = [
  { name: "kill the leading dashboard", run: killLeader },
  { name: "kill both dashboards", run: killDashboards },
  { name: "freeze the leading dashboard", run: freezeLeader },
  { name: "kill a proxy", run: killProxy },
  { name: "kill a worker", run: killWorker },
  { name: "freeze a proxy", run: freezeProxy },
  { name: "freeze a worker", run: freezeWorker },
  { name: "kill a server", run: killServer },
  { name: "freeze a server", run: freezeServer },
  { name: REPLICA_FAULT, run: killReplica },
];

/** For a product on a coordinator that is a server. */
export const COORDINATOR_FAULT: Fault = {
  name: "restart the coordinator",
  run: restartCoordinator,
};
