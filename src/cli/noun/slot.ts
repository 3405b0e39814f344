/**
 * `codis slot …`: which group owns which slot, as ranges, giving slots to groups by force, and moving them with
 * their data.
 */
import type { V1Client } from "../../api/v1-client.ts";
import type { V1AssignResult, V1Slot, V1SlotList } from "../../api/v1-topology-schema.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import { slotOf } from "../../command/hash.ts";
import type { BigKeyRule } from "../../model/operation/plan.ts";
import { type SlotKeys, sumOfKeys } from "../../model/slot-keys.ts";
import { formatCount, formatFacts, formatSpan, formatTable } from "../table.ts";
import { argumentAt, readGroupId, readSlotId, readSpans } from "./argument.ts";
import { CARRY_DETAILS, CARRY_OPTIONS, type CarryFlags, carryOut } from "./carry-out.ts";
import { describePush, findPushFailure } from "./group.ts";
import type { Answer, Noun, Verb } from "./program.ts";
import { BIG_KEY_OPTION, REBALANCE } from "./rebalance.ts";

/** Flags of `assign` and `offline`. */
interface ChangeFlags {
  readonly dryRun?: boolean;
}

/** Status of a path that a dashboard doesn't have. */
const HTTP_NOT_FOUND = 404;

const DRY_RUN = ["--dry-run", "check and show what would change, but change nothing"] as const;

const INFO: Verb<{ readonly all?: boolean }> = {
  use: "info [slots]",
  summary: "who owns slots: one, ranges like 0-511,600, or all",
  options: [["--all", "all slots"]],
  run: async ({ client, args, flags }) => {
    const [text] = args;
    if (text === undefined && flags.all !== true) {
      throw new CodisError("USAGE", "which slots? For all of them: codis slot info --all");
    }
    if (text !== undefined && /^\d+$/.test(text)) {
      const slot = await client.slot(readSlotId(text));
      return { json: slot, text: describeSlot(slot) };
    }
    const [list, counts] = await Promise.all([client.slots(), readKeys(client)]);
    const spans = text === undefined ? [{ from: 0, to: list.slot_count - 1 }] : readSpans(text);
    const ranges = list.ranges.flatMap((range) =>
      spans
        .map(({ from, to }) => ({
          ...range,
          from: Math.max(range.from, from),
          to: Math.min(range.to, to),
        }))
        .filter((part) => part.from <= part.to)
        .map((part) => ({ ...part, keys: counts === undefined ? null : sumOfKeys(counts, part) })),
    );
    const table = rangeTable(joinNeighbours(ranges), counts === undefined ? "?" : "-");
    const isCounted = ranges.every(({ group_id, keys }) => group_id === 0 || keys !== null);
    const note = counts === undefined ? KEYS_NOT_TOLD : isCounted ? "" : KEYS_NOT_COUNTED;
    return { json: { ...list, ranges }, text: `${table}${note}` };
  },
};

const ASSIGN: Verb<ChangeFlags> = {
  use: "assign <slots> <gid>",
  summary: "give slots to a group by force: no data moves",
  options: [DRY_RUN],
  details:
    "For a new product, or after a repair by hand: keys that other groups hold of these slots are no\n" +
    "longer seen. Example: codis slot assign 0-511 1",
  confirm: ({ args, flags }) => {
    const groupId = readGroupId(argumentAt(args, 1));
    return flags.dryRun === true
      ? undefined
      : `${showSpans(args)} will belong to group ${groupId}, and no data moves.`;
  },
  run: ({ client, args, flags }) =>
    assign(client, argumentAt(args, 0), readGroupId(argumentAt(args, 1)), flags),
};

const OFFLINE: Verb<ChangeFlags> = {
  use: "offline <slots>",
  summary: "take slots out of service: commands on their keys fail",
  options: [DRY_RUN],
  confirm: ({ args, flags }) =>
    flags.dryRun === true
      ? undefined
      : `${showSpans(args)} will be offline: commands on their keys fail.`,
  run: ({ client, args, flags }) => assign(client, argumentAt(args, 0), 0, flags),
};

const OF: Verb = {
  use: "of <key...>",
  summary: "the slot and the group of keys",
  run: async ({ client, args }) => {
    const list = await client.slots();
    const keys = args.map((key) => {
      const bytes = Buffer.from(key);
      const slot = slotOf(bytes, 0, bytes.length, list.slot_count - 1);
      const range = list.ranges.find(({ from, to }) => from <= slot && slot <= to);
      return { key, slot, group_id: range?.group_id ?? 0 };
    });
    const rows = keys.map(({ key, slot, group_id: id }) => [key, slot, showGroup(id)]);
    return { json: keys, text: formatTable([["KEY", "SLOT", "GROUP"], ...rows]) };
  },
};

const MIGRATE: Verb<CarryFlags & { readonly to?: string; readonly bigKey?: BigKeyRule }> = {
  use: "migrate <slots>",
  summary: "move slots with their keys to another group, while clients work",
  options: [["--to <gid>", "the group"], BIG_KEY_OPTION, ...CARRY_OPTIONS],
  asksItself: true,
  details: `Example: codis slot migrate 0-99,512 --to 2\n${CARRY_DETAILS}`,
  run: (call) => {
    const { to, bigKey } = call.flags;
    const spans = readSpans(argumentAt(call.args, 0));
    if (to === undefined) {
      throw new CodisError("USAGE", "to which group? Say --to GID");
    }
    const groupId = readGroupId(to);
    const moves = spans.flatMap(({ from, to: last }) =>
      Array.from({ length: last - from + 1 }, (_, index) => ({
        slot_id: from + index,
        group_id: groupId,
      })),
    );
    return carryOut(call, () =>
      call.client.createPlan({
        strategy: "move",
        moves,
        ...(bigKey === undefined ? {} : { big_key: bigKey }),
      }),
    );
  },
};

/** See the file head. */
export const SLOT: Noun = {
  name: "slot",
  summary: "Slots: every key belongs to one, and every slot to a group.",
  examples: [
    ["codis slot info --all", "who owns what"],
    ["codis slot assign 0-511 1", "give the lower half to group 1, in a new product"],
    ["codis slot migrate 0-99 --to 2", "move a hundred slots with their keys"],
    ["codis slot of user:42", "where a key is"],
  ],
  whenNotFound: "codis slot info --all shows the slots, codis group list the groups",
  verbs: [INFO, ASSIGN, OFFLINE, OF, MIGRATE, REBALANCE],
};

async function assign(
  client: V1Client,
  slots: string,
  groupId: number,
  flags: ChangeFlags,
): Promise<Answer> {
  const isDry = flags.dryRun === true;
  const result = await client.assignSlots({
    assignments: readSpans(slots).map(({ from, to }) => ({ from, to, group_id: groupId })),
    dry_run: isDry,
  });
  const { push } = result;
  return {
    json: result,
    text: describeChanges(result) + (push === null ? "" : describePush(push)),
    failure: push === null ? undefined : findPushFailure(push),
  };
}

function describeChanges(result: V1AssignResult): string {
  if (result.slots_changed === 0) {
    return "nothing changes\n";
  }
  const rows = result.changes.map((change) => [
    formatSpan(change.from, change.to),
    showGroup(change.previous_group_id),
    showGroup(change.group_id),
    change.drops_action ? "a move under way is dropped" : "",
  ]);
  const verb = result.dry_run ? "would change" : "changed";
  const table = formatTable([["SLOTS", "FROM", "TO", ""], ...rows]);
  return `${table}${formatCount(result.slots_changed, "slot", "slots")} ${verb}\n`;
}

/** A range with its keys; null when they aren't known. */
type CountedRange = V1SlotList["ranges"][number] & { readonly keys: number | null };

/** Under a table whose keys nobody was asked for. */
const KEYS_NOT_TOLD =
  "! keys aren't shown: this dashboard is of an older release, which has no GET /api/v1/slot-keys\n";

/** Under a table of slots whose servers don't count. */
const KEYS_NOT_COUNTED =
  "keys by slot are known of servers with the slots commands only; codis server list has those of each server\n";

/** Keys by slot; undefined when the dashboard is too old to tell. */
async function readKeys(client: V1Client): Promise<SlotKeys | undefined> {
  try {
    return (await client.slotKeys()).keys;
  } catch (thrown) {
    if (isCodisError(thrown) && thrown.context["status"] === HTTP_NOT_FOUND) {
      return undefined;
    }
    throw thrown;
  }
}

/** For people: slots in a row that do the same are one line, also those that the API tells one by one. */
function joinNeighbours(ranges: readonly CountedRange[]): readonly CountedRange[] {
  const joined: CountedRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && last.to + 1 === range.from && isAlike(last, range)) {
      const keys = last.keys === null || range.keys === null ? null : last.keys + range.keys;
      joined[joined.length - 1] = { ...last, to: range.to, keys };
    } else {
      joined.push(range);
    }
  }
  return joined;
}

function isAlike(one: CountedRange, other: CountedRange): boolean {
  return (
    one.group_id === other.group_id &&
    one.action?.state === other.action?.state &&
    one.action?.target_id === other.action?.target_id
  );
}

/** `unknown`: shown instead of keys that nobody can tell. */
function rangeTable(ranges: readonly CountedRange[], unknown: string): string {
  const rows = ranges.map((range) => [
    formatSpan(range.from, range.to),
    range.to - range.from + 1,
    showGroup(range.group_id),
    range.keys ?? unknown,
    range.action === null ? "" : `${range.action.state} to group ${range.action.target_id}`,
  ]);
  return formatTable([["SLOTS", "COUNT", "GROUP", "KEYS", "ACTION"], ...rows]);
}

function describeSlot(slot: V1Slot): string {
  return formatFacts([
    ["slot", slot.id],
    ["group", showGroup(slot.group_id)],
    ["master", slot.backend_addr],
    ["locked", slot.locked],
    ["action", slot.action === null ? null : slot.action.state],
    ["target", slot.action === null ? null : showGroup(slot.action.target_id)],
    ["comes from", slot.migrate_from],
    ["moves by", slot.migrate_from === null ? null : slot.forward_method],
    ["keys", slot.keys],
    ["keys to come", slot.keys_to_come],
    ["replicas", slot.replica_groups.flat().join(" ") || null],
  ]);
}

/** The slots of the first argument as they will be understood. Throws USAGE. */
/** `Slot 7`, `Slots 0-511,600`. */
function showSpans(args: readonly string[]): string {
  const spans = readSpans(argumentAt(args, 0));
  const isOne = spans.length === 1 && spans[0]?.from === spans[0]?.to;
  return `${isOne ? "Slot" : "Slots"} ${spans.map(({ from, to }) => formatSpan(from, to)).join(",")}`;
}

function showGroup(id: number): string {
  return id === 0 ? "offline" : String(id);
}
