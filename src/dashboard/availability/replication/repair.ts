/**
 * `codis group repair`: looks at all servers of a group now, and mends what the rules allow on an operator's word; what
 * could destroy data is refused with the command that decides instead. A dry run only says what would be done.
 *
 * First the stored master, where it is no master; then the others, together. A lag, and a group that has no replica,
 * are nothing that an order could mend: they aren't part of the report.
 */
import { CodisError, isCodisError } from "../../../base/error.ts";
import type { RepairReport } from "../../../model/availability/replication.ts";
import type { GroupRecord } from "../../../model/group.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type { GroupTurns } from "../contract.ts";
import type { Picture } from "./picture.ts";
import { sightOfServer } from "./picture.ts";
import type { OrderWord, ReplicaOrders } from "./replica-orders.ts";
import { type FaultContext, type FoundFault, findFaults } from "./replication-faults.ts";

/** What a repair works with. */
export interface RepairOptions {
  readonly topology: () => Topology;
  readonly orders: ReplicaOrders;
  readonly turns: GroupTurns;
  readonly context: FaultContext;
  /** Around the work at one group, so that the watch leaves it alone. */
  readonly whileWorking: <Result>(groupId: number, work: () => Promise<Result>) => Promise<Result>;
}

const WORD: OrderWord = { isAsked: true, areSentinelsAside: false, timeoutMs: 2_000 };
/** Groups at once. */
const GROUPS_PARALLEL_MAX = 8;

interface Lines {
  readonly done: string[];
  readonly failed: string[];
}

/** See the file head. `groupId` undefined: all groups. Throws NOT_FOUND. */
export async function repair(
  options: RepairOptions,
  groupId: number | undefined,
  isDryRun: boolean,
): Promise<RepairReport> {
  const { groups } = options.topology();
  const ids = groupId === undefined ? [...groups.keys()] : [groupId];
  if (groupId !== undefined && !groups.has(groupId)) {
    throw new CodisError("NOT_FOUND", `group-[${groupId}] doesn't exist`);
  }
  const reports = new Map<number, RepairReport>();
  const waiting = [...ids];
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      reports.set(id, await repairGroup(options, id, isDryRun));
    }
  };
  await Promise.all(Array.from({ length: GROUPS_PARALLEL_MAX }, work));
  const inOrder = ids.map((id) => reports.get(id));
  return {
    done: inOrder.flatMap((report) => report?.done ?? []),
    failed: inOrder.flatMap((report) => report?.failed ?? []),
  };
}

async function repairGroup(
  options: RepairOptions,
  groupId: number,
  isDryRun: boolean,
): Promise<RepairReport> {
  const { turns, topology, whileWorking } = options;
  const lines: Lines = { done: [], failed: [] };
  const busy = turns.busyWith(groupId) ?? promotingOf(topology().groups.get(groupId));
  if (busy !== undefined) {
    lines.failed.push(`group ${groupId}: ${busy}; try again later`);
    return lines;
  }
  if (isDryRun) {
    await plan(options, groupId, lines);
    return lines;
  }
  try {
    await turns.tryRun(groupId, "it is being repaired", () =>
      whileWorking(groupId, () => mend(options, groupId, lines)),
    );
  } catch (thrown) {
    if (!isCodisError(thrown, "STATE_CONFLICT")) {
      throw thrown;
    }
    lines.failed.push(thrown.message); // Somebody else was quicker.
  }
  return lines;
}

/** What `mend` would do, without doing it. */
async function plan(options: RepairOptions, groupId: number, lines: Lines): Promise<void> {
  let picture = await pictureOf(options, groupId);
  const lead = faultsOf(options, picture, groupId).find(isLead);
  if (lead?.isMendable === true) {
    lines.done.push(`${lead.addr} would be made a master again: it is a ${lead.real}`);
    picture = asMaster(picture, lead.addr);
  }
  for (const fault of faultsOf(options, picture, groupId)) {
    if (fault.isMendable) {
      lines.done.push(`${fault.addr} would be made a ${fault.stored}: now ${fault.real}`);
    } else {
      lines.failed.push(fault.text);
    }
  }
}

async function mend(options: RepairOptions, groupId: number, lines: Lines): Promise<void> {
  let picture = await pictureOf(options, groupId);
  const lead = faultsOf(options, picture, groupId).find(isLead);
  if (lead?.isMendable === true) {
    const { kind, text } = await options.orders.lead(groupId, WORD);
    if (kind === "left" || kind === "failed") {
      lines.failed.push(text);
      return;
    }
    lines.done.push(`${lead.addr} is a master again`);
    picture = await pictureOf(options, groupId);
  }
  const found = faultsOf(options, picture, groupId);
  lines.failed.push(...found.filter((fault) => !fault.isMendable).map(({ text }) => text));
  await Promise.all(
    found
      .filter(({ isMendable }) => isMendable)
      .map(async ({ addr, stored }) => {
        const { kind, text } = await options.orders.follow(groupId, addr, WORD);
        if (kind === "done") {
          lines.done.push(`${addr} was made a ${stored}`);
        } else if (kind !== "already") {
          lines.failed.push(text);
        }
      }),
  );
}

async function pictureOf({ topology, orders }: RepairOptions, groupId: number): Promise<Picture> {
  const addrs =
    topology()
      .groups.get(groupId)
      ?.servers.map(({ addr }) => addr) ?? [];
  return orders.freshPicture(addrs, WORD);
}

function faultsOf(
  { context }: RepairOptions,
  picture: Picture,
  groupId: number,
): readonly FoundFault[] {
  // The turn of this repair isn't in its own way.
  const isBusy = (id: number): boolean => id !== groupId;
  return findFaults(picture, { ...context, isBusy }).filter(
    ({ code }) => code !== "LAGGING" && code !== "NO_REPLICA",
  );
}

function isLead({ code }: FoundFault): boolean {
  return code === "MASTER_IS_REPLICA";
}

/** The picture as it will be when this server is a master again. */
function asMaster(picture: Picture, addr: string): Picture {
  const sight = sightOfServer(picture, addr);
  const facts = sight.facts && { ...sight.facts, role: "master" as const, masterAddr: undefined };
  return { ...picture, sights: new Map([...picture.sights, [addr, { ...sight, facts }]]) };
}

function promotingOf(group: GroupRecord | undefined): string | undefined {
  const state = group?.promoting.state ?? "";
  return state === "" ? undefined : `its master is being changed (${state})`;
}
