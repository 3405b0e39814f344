/**
 * What is done to a product with replicas while clients write: processes killed and frozen, alone and in pairs, also in
 * the middle of a promotion and of moving slots. Each fault ends by itself: what it killed is started again.
 */
import type { Member, ReplicatedProduct } from "../../support/replicated-product.ts";
import type { RunningDashboard } from "../../support/running-dashboard.ts";
import type { Random } from "../../support/seed.ts";
import { sleep } from "./fault.ts";

/** What a fault works with. */
export interface AvailabilityContext {
  readonly product: ReplicatedProduct;
  readonly random: Random;
  readonly note: (text: string) => void;
}

/** One fault. */
export interface AvailabilityFault {
  readonly name: string;
  /** A master may be replaced because of it, and what it hadn't told its replica is lost then. */
  readonly mayLose: boolean;
  readonly run: (context: AvailabilityContext) => Promise<void>;
}

/** Longer than `ha_down_after` of these runs and what follows it. */
const AWAY_MS = 5_000;
/** Longer than the lease of a leader. */
const DASHBOARD_AWAY_MS = 8_000;
/** Shorter than it. */
const BLINK_MS = 700;
const MIDDLE_MS = 60;

/** All of them. */
export const AVAILABILITY_FAULTS: readonly AvailabilityFault[] = [
  {
    name: "master killed",
    mayLose: true,
    run: async (context) => killAndRestart(await anyMaster(context), context),
  },
  {
    name: "master frozen",
    mayLose: true,
    run: async (context) => freeze(await anyMaster(context), AWAY_MS, context),
  },
  {
    name: "master frozen for a moment",
    mayLose: false,
    run: async (context) => freeze(await anyMaster(context), BLINK_MS, context),
  },
  {
    name: "replica killed",
    mayLose: false,
    run: async (context) => killAndRestart(await anyReplica(context), context),
  },
  {
    name: "replica frozen",
    mayLose: false,
    run: async (context) => freeze(await anyReplica(context), AWAY_MS, context),
  },
  { name: "dashboard killed", mayLose: false, run: (context) => killDashboard(context) },
  { name: "dashboard frozen", mayLose: false, run: (context) => freezeDashboard(context) },
  { name: "proxy killed", mayLose: false, run: (context) => killProxy(context) },
  { name: "proxy frozen", mayLose: false, run: (context) => freezeProxy(context) },
  { name: "promotion", mayLose: false, run: (context) => promote(context) },
  {
    name: "dashboard killed in a promotion",
    mayLose: false,
    run: (context) => inPromotion(context, () => killDashboard(context)),
  },
  {
    name: "replica killed in its promotion",
    mayLose: true,
    run: (context) => inPromotion(context, (replica) => killAndRestart(replica, context)),
  },
  {
    name: "proxy frozen in a promotion",
    mayLose: false,
    run: (context) => inPromotion(context, () => freezeProxy(context)),
  },
  { name: "slots moved", mayLose: false, run: (context) => moveSlots(context) },
  {
    name: "master killed while slots move",
    mayLose: true,
    run: async (context) => {
      await moveSlots(context);
      await killAndRestart(await anyMaster(context), context);
    },
  },
  {
    name: "promotion while slots move",
    mayLose: false,
    run: async (context) => {
      await moveSlots(context);
      await promote(context);
    },
  },
  {
    name: "dashboard and master killed",
    mayLose: true,
    run: async (context) => {
      const master = await anyMaster(context);
      await Promise.all([killDashboard(context), killAndRestart(master, context)]);
    },
  },
  {
    name: "proxy and master killed",
    mayLose: true,
    run: async (context) => {
      const master = await anyMaster(context);
      await Promise.all([killProxy(context), killAndRestart(master, context)]);
    },
  },
];

async function anyMaster({ product, random }: AvailabilityContext): Promise<Member> {
  return await product.masterOf(1 + random.below(product.groups));
}

async function anyReplica({ product, random }: AvailabilityContext): Promise<Member> {
  const [replica] = await product.replicasOf(1 + random.below(product.groups));
  if (replica === undefined) {
    throw new Error("a group has no replica");
  }
  return replica;
}

async function killAndRestart(member: Member, { note }: AvailabilityContext): Promise<void> {
  note(`redis-server ${member.addr} of group ${member.groupId}: SIGKILL`);
  await member.kill();
  await sleep(AWAY_MS);
  await member.restart();
  note(`redis-server ${member.addr} is started again`);
}

async function freeze(member: Member, ms: number, { note }: AvailabilityContext): Promise<void> {
  note(`redis-server ${member.addr} of group ${member.groupId}: SIGSTOP for ${ms} ms`);
  member.pause();
  await sleep(ms);
  member.resume();
}

function anyDashboard({ product, random }: AvailabilityContext): RunningDashboard {
  const { dashboards } = product;
  const dashboard = dashboards[random.below(dashboards.length)];
  if (dashboard === undefined) {
    throw new Error("there is no dashboard");
  }
  return dashboard;
}

async function killDashboard(context: AvailabilityContext): Promise<void> {
  const { product, note } = context;
  const dashboard = anyDashboard(context);
  note(`dashboard ${dashboard.addr}: SIGKILL`);
  await product.killDashboard(dashboard);
  await product.addDashboard("started");
}

async function freezeDashboard(context: AvailabilityContext): Promise<void> {
  const dashboard = anyDashboard(context);
  context.note(`dashboard ${dashboard.addr}: SIGSTOP`);
  dashboard.program.signal("SIGSTOP");
  await sleep(DASHBOARD_AWAY_MS);
  dashboard.program.signal("SIGCONT");
}

async function killProxy({ product, random, note }: AvailabilityContext): Promise<void> {
  const index = random.below(product.proxies.length);
  const proxy = product.proxies[index];
  if (proxy !== undefined) {
    note(`proxy ${proxy.adminAddr}: SIGKILL, and started again`);
    product.proxies[index] = await proxy.restart();
  }
}

async function freezeProxy({ product, random, note }: AvailabilityContext): Promise<void> {
  const proxy = product.proxies[random.below(product.proxies.length)];
  note(`proxy ${proxy?.adminAddr}: SIGSTOP`);
  proxy?.program.signal("SIGSTOP");
  await sleep(AWAY_MS);
  proxy?.program.signal("SIGCONT");
}

/** An order that is refused or undone is no problem: it says why, and nothing has changed. */
async function promote(context: AvailabilityContext): Promise<void> {
  await orderPromotion(context, await anyReplica(context));
}

async function inPromotion(
  context: AvailabilityContext,
  fault: (replica: Member) => Promise<void>,
): Promise<void> {
  const replica = await anyReplica(context);
  const ordered = orderPromotion(context, replica);
  await sleep(context.random.below(MIDDLE_MS));
  await Promise.all([ordered, fault(replica)]);
}

async function orderPromotion(
  { product, note }: AvailabilityContext,
  { groupId, addr }: Member,
): Promise<void> {
  try {
    const story = await product.dashboard.v1.promoteServer(groupId, addr);
    note(`${addr} promoted: ${story.outcome} ${story.pause_ms} ms`);
  } catch (thrown) {
    note(`${addr} not promoted: ${thrown instanceof Error ? thrown.message : "a failure"}`);
  }
}

async function moveSlots({ product, random, note }: AvailabilityContext): Promise<void> {
  const first = random.below(1_000);
  const moves = Array.from({ length: 8 }, (_, index) => first + index);
  const groupId = 1 + random.below(product.groups);
  try {
    const { v1 } = product.dashboard;
    const plan = await v1.createPlan({
      strategy: "move",
      moves: moves.map((slotId) => ({ slot_id: slotId, group_id: groupId })),
    });
    await v1.startOperation({ plan: plan.id, keys_per_second: 0 });
    note(`slots ${first} and 7 more go to group ${groupId}`);
  } catch (thrown) {
    note(`slots don't move: ${thrown instanceof Error ? thrown.message : "a failure"}`);
  }
}
