/**
 * `codis config slot …`: which group owns which slot. A product always has its slots here, offline until they
 * are set online: `init` has nothing to make, and answers as Codis 2.0 does on a new product and on one whose
 * slots are in use.
 */
import { legacySlotJson } from "../../api/legacy-json.ts";
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Slot } from "../../api/v1-topology-schema.ts";
import { CodisError } from "../../base/error.ts";
import { argumentAt, readGroupId, readNumber, readSlotId } from "../noun/argument.ts";
import { describePush } from "../noun/group.ts";
import { formatSpan } from "../table.ts";
import { type ConfigCall, type ConfigNoun, type ConfigVerb, OK } from "./program.ts";

/** A key a second: less can't be told apart from a move that hangs. */
const DELAY_MS_MAX = 1_000;
const DELAY = ["--delay <ms>", "pause between two keys, milliseconds"] as const;

const INIT: ConfigVerb<{ readonly f?: boolean }> = {
  use: "init",
  summary: "begin with all slots offline; -f: also when groups own some",
  options: [["-f", "take all slots away from their groups: commands on keys fail until range-set"]],
  run: initSlots,
};

const MIGRATE: ConfigVerb<{ readonly delay?: string }> = {
  use: "migrate <slot_from> <slot_to> <group_id>",
  summary: "move slots with their keys to another group",
  options: [DELAY],
  run: async ({ dashboard, args, flags }) => {
    const { from, to } = readSpan(args);
    const groupId = readGroupId(argumentAt(args, 2));
    const delay = readDelay(flags.delay);
    await (await dashboard()).change("migrate", { from, to, new_group: groupId, delay });
    return OK;
  },
};

const REBALANCE: ConfigVerb<{ readonly delay?: string }> = {
  use: "rebalance",
  summary: "spread the slots over the groups by the maxmemory of their masters",
  options: [DELAY],
  run: async ({ dashboard, flags }) => {
    const delay = readDelay(flags.delay);
    const { client, change } = await dashboard();
    await change("rebalance");
    if (delay > 0) {
      await slowDown(client, delay);
    }
    return OK;
  },
};

/** See the file head. */
export const SLOT: ConfigNoun = {
  name: "slot",
  summary: "slots, and the groups that own them",
  verbs: [
    INIT,
    {
      use: "info <slot_id>",
      summary: "a slot",
      run: async ({ dashboard, args }) => {
        const id = readSlotId(argumentAt(args, 0));
        const { client, product } = await dashboard();
        return slotToJson(product.name, await client.slot(id));
      },
    },
    {
      use: "set <slot_id> <group_id> <status>",
      summary: "give a slot to a group by force (online), or take it offline: no data moves",
      run: (call) => {
        const id = readSlotId(argumentAt(call.args, 0));
        return setSlots(call, { from: id, to: id }, call.args.slice(1));
      },
    },
    {
      use: "range-set <slot_from> <slot_to> <group_id> <status>",
      summary: "the same for all slots from one to another, both included",
      run: (call) => setSlots(call, readSpan(call.args), call.args.slice(2)),
    },
    MIGRATE,
    REBALANCE,
  ],
};

async function initSlots({
  dashboard,
  flags,
  note,
}: ConfigCall<{ readonly f?: boolean }>): Promise<typeof OK> {
  const { client, product } = await dashboard();
  const list = await client.slots();
  const owned = list.ranges.filter((range) => range.group_id !== 0 || range.action !== null);
  if (owned.length === 0) {
    return OK;
  }
  const count = owned.reduce((sum, range) => sum + range.to - range.from + 1, 0);
  const groups = [...new Set(owned.map((range) => range.group_id))].join(", ");
  if (flags.f !== true) {
    throw new CodisError(
      "STATE_CONFLICT",
      `the slots of ${product.name} are in use: ${count} of them have a group (${groups}); init -f takes ` +
        "all of them offline",
    );
  }
  const all = { from: 0, to: list.slot_count - 1, group_id: 0 };
  const { push } = await client.assignSlots({ assignments: [all] });
  note(
    `${count} slots that had a group (${groups}) are offline now; slot range-set gives them back`,
  );
  if (push !== null) {
    describePush(push);
  }
  return OK;
}

async function setSlots(
  { dashboard, note }: ConfigCall<object>,
  span: { readonly from: number; readonly to: number },
  args: readonly string[],
): Promise<typeof OK> {
  const groupId = readGroupId(argumentAt(args, 0));
  const status = argumentAt(args, 1);
  if (status !== "online" && status !== "offline") {
    throw new CodisError("USAGE", `invalid status ${status}: expected online or offline`);
  }
  const { client } = await dashboard();
  const result = await client.assignSlots({
    assignments: [{ ...span, group_id: status === "online" ? groupId : 0 }],
  });
  for (const { from, to, previous_group_id: before, group_id: now } of result.changes) {
    if (before !== 0 && now !== 0) {
      const slots = `${from === to ? "slot" : "slots"} ${formatSpan(from, to)}`;
      note(`${slots}: no data moves, so keys that are on group ${before} are no longer seen`);
    }
  }
  if (result.push !== null) {
    describePush(result.push);
  }
  return OK;
}

function readSpan(args: readonly string[]): { readonly from: number; readonly to: number } {
  const from = readSlotId(argumentAt(args, 0));
  const to = readSlotId(argumentAt(args, 1));
  if (from > to) {
    throw new CodisError("USAGE", `invalid slots ${from} to ${to}: the first is after the last`);
  }
  return { from, to };
}

function readDelay(text: string | undefined): number {
  return text === undefined ? 0 : readNumber(text, "--delay", 0, DELAY_MS_MAX);
}

/** The call of 2.0 that rebalances knows no pause; what it ordered is the newest operation of its kind. */
async function slowDown(client: V1Client, delayMs: number): Promise<void> {
  const open = await client.operations({ open: true });
  const ordered = open.find(({ origin }) => origin === "slot-action");
  if (ordered !== undefined) {
    const limit = Math.max(1, Math.floor(1_000 / delayMs));
    await client.updateOperation(ordered.id, { keys_per_second: limit });
  }
}

function slotToJson(product: string, slot: V1Slot) {
  const { id, group_id: groupId, action } = slot;
  return legacySlotJson(product, {
    id,
    groupId,
    action: { state: action?.state ?? "", targetId: action?.target_id ?? 0 },
  });
}
