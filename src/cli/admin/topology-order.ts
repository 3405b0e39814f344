/**
 * What `codis admin --dashboard=ADDR` can do with groups, servers and slots.
 *
 * As the original, assigning slots, rebalancing and restoring only print what they would do, until
 * `--confirm` is there.
 */
import { CodisError } from "../../base/error.ts";
import { GROUP_ID_MAX, GROUP_ID_MIN } from "../../model/group.ts";
import { SLOT_COUNTS } from "../../model/slot.ts";
import type { SlotMappingJson } from "../../model/slot-mapping.ts";
import { done, show } from "./answer.ts";
import { dashboardOf } from "./dashboard-order.ts";
import { type AdminArgs, type AdminOrder, note } from "./order.ts";

const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;
const INTERVAL_US_MAX = 1_000_000;

/** In the order of the help text. */
export const TOPOLOGY_ORDERS: readonly AdminOrder[] = [
  {
    target: "dashboard",
    select: ["create-group"],
    needs: ["gid"],
    summary: "Make an empty group.",
    run: (args) => done(dashboardOf(args).createGroup(groupId(args))),
  },
  {
    target: "dashboard",
    select: ["remove-group"],
    needs: ["gid"],
    summary: "Remove an empty group.",
    run: (args) => done(dashboardOf(args).removeGroup(groupId(args))),
  },
  {
    target: "dashboard",
    select: ["resync-group"],
    needs: [["gid", "all"]],
    summary: "Push the slots of a group, or of all, to the proxies again.",
    run: (args) =>
      done(
        args.has("all")
          ? dashboardOf(args).resyncAllGroups()
          : dashboardOf(args).resyncGroup(groupId(args)),
      ),
  },
  {
    target: "dashboard",
    select: ["group-add"],
    needs: ["gid", "addr"],
    takes: ["datacenter"],
    summary: "Add a server to a group; the first is its master.",
    run: (args) =>
      done(
        dashboardOf(args).addServer(
          groupId(args),
          args.addr("addr"),
          args.find("datacenter") ?? "",
        ),
      ),
  },
  {
    target: "dashboard",
    select: ["group-del"],
    needs: ["gid", "addr"],
    summary: "Take a server out of its group.",
    run: (args) => done(dashboardOf(args).removeServer(groupId(args), args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["replica-groups"],
    needs: ["gid", "addr", ["enable", "disable"]],
    summary: "Allow or forbid reading from this server.",
    run: (args) =>
      done(dashboardOf(args).setReplicaGroup(groupId(args), args.addr("addr"), args.has("enable"))),
  },
  {
    target: "dashboard",
    select: ["promote-server"],
    needs: ["gid", "addr"],
    summary: "Make this server the master of its group.",
    run: (args) => done(dashboardOf(args).promoteServer(groupId(args), args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["sync-action", "create"],
    needs: ["addr"],
    summary: "Have a server follow its group's master.",
    run: (args) => done(dashboardOf(args).createSyncAction(args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["sync-action", "remove"],
    needs: ["addr"],
    summary: "Drop that order.",
    run: (args) => done(dashboardOf(args).removeSyncAction(args.addr("addr"))),
  },
  {
    target: "dashboard",
    select: ["slots-assign"],
    needs: ["beg", "end", ["gid", "offline"]],
    takes: ["confirm"],
    summary: "Give slots to a group by force, or take them offline: no data moves.",
    run: assignSlots,
  },
  {
    target: "dashboard",
    select: ["slot-action", "create"],
    needs: ["sid", "gid"],
    summary: "Move a slot to a group.",
    run: (args) => done(dashboardOf(args).createSlotAction(slotId(args, "sid"), groupId(args))),
  },
  {
    target: "dashboard",
    select: ["slot-action", "remove"],
    needs: ["sid"],
    summary: "Drop a move that hasn't begun.",
    run: (args) => done(dashboardOf(args).removeSlotAction(slotId(args, "sid"))),
  },
  {
    target: "dashboard",
    select: ["slot-action", "create-some"],
    needs: ["gid-from", "gid-to", "num-slots"],
    summary: "Move some slots from one group to another.",
    run: (args) =>
      done(
        dashboardOf(args).createSomeSlotActions(
          groupId(args, "gid-from"),
          groupId(args, "gid-to"),
          args.count("num-slots", 1, SLOT_ID_MAX + 1),
        ),
      ),
  },
  {
    target: "dashboard",
    select: ["slot-action", "create-range"],
    needs: ["beg", "end", "gid"],
    summary: "Move all slots from one to another, both included.",
    run: (args) =>
      done(
        dashboardOf(args).createSlotRangeActions(
          slotId(args, "beg"),
          slotId(args, "end"),
          groupId(args),
        ),
      ),
  },
  {
    target: "dashboard",
    select: ["slot-action", "interval"],
    summary: "Pause between two batches of a move.",
    run: (args) =>
      done(dashboardOf(args).setSlotActionInterval(args.count("interval", 0, INTERVAL_US_MAX))),
  },
  {
    target: "dashboard",
    select: ["slot-action", "disabled"],
    summary: "Let moves wait (1) or go on (0).",
    run: (args) =>
      done(dashboardOf(args).setSlotActionDisabled(args.count("disabled", 0, 1) === 1)),
  },
  {
    target: "dashboard",
    select: ["rebalance"],
    takes: ["confirm"],
    summary: "Spread the slots evenly over the groups.",
    run: rebalance,
  },
];

function groupId(args: AdminArgs, name = "gid"): number {
  return args.count(name, GROUP_ID_MIN, GROUP_ID_MAX);
}

function slotId(args: AdminArgs, name: string): number {
  return args.count(name, 0, SLOT_ID_MAX);
}

async function assignSlots(args: AdminArgs): Promise<string> {
  const first = slotId(args, "beg");
  const last = slotId(args, "end");
  if (first > last) {
    throw new CodisError("USAGE", `--beg=${first} is after --end=${last}`);
  }
  const isOffline = args.has("offline");
  const slots = Array.from(
    { length: last - first + 1 },
    (_, index): SlotMappingJson => ({
      id: first + index,
      group_id: isOffline ? 0 : groupId(args),
      action: {},
    }),
  );
  if (!args.has("confirm")) {
    note("nothing was changed; --confirm does it");
    return show(slots);
  }
  const dashboard = dashboardOf(args);
  return done(isOffline ? dashboard.offlineSlots(slots) : dashboard.assignSlots(slots));
}

async function rebalance(args: AdminArgs): Promise<string> {
  const isConfirmed = args.has("confirm");
  const plan = await dashboardOf(args).rebalance(isConfirmed);
  const moves = Object.entries(plan)
    .map(([slot, group]) => ({ slot: Number(slot), group }))
    .sort((a, b) => a.slot - b.slot);
  if (moves.length === 0) {
    return "nothing changes\n";
  }
  const lines: string[] = [];
  for (let start = 0; start < moves.length; ) {
    let end = start;
    const group = moves[start]?.group;
    while (
      moves[end + 1]?.group === group &&
      moves[end + 1]?.slot === (moves[end]?.slot ?? 0) + 1
    ) {
      end++;
    }
    lines.push(`[${pad(moves[start]?.slot)},${pad(moves[end]?.slot)}] => ${group}`);
    start = end + 1;
  }
  if (!isConfirmed) {
    note("nothing was ordered; --confirm does it");
  }
  return `${lines.join("\n")}\ndone\n`;
}

function pad(slot: number | undefined): string {
  return String(slot ?? 0).padStart(4, "0");
}
