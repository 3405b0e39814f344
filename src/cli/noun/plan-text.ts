/**
 * A plan of moving slots as text for people: what moves, the groups before and after, big keys, and what is in
 * the way. Pure; programs get the plan itself.
 */
import type { V1Plan } from "../../api/v1-operation-schema.ts";
import { CodisError } from "../../base/error.ts";
import { spansOf } from "../../model/slot-range.ts";
import { formatAmount, formatTimeSpan } from "../figure.ts";
import { formatBytes, formatCount, formatSpan, formatTable } from "../table.ts";

/** Big keys that a text names; `--json` has them all. */
const BIG_KEYS_SHOWN = 10;
/** Ranges of slots in one line of a table. */
const SPANS_SHOWN = 6;

/** A plan for people: its moves, groups before and after, big keys, problems and warnings. */
export function describePlan(plan: V1Plan): string {
  const { moves, problems, warnings } = plan;
  const lines = [
    ...problems.map((line) => `! ${line}\n`),
    ...warnings.map((line) => `- ${line}\n`),
  ];
  const parts =
    moves.length === 0
      ? [
          `plan ${plan.id}: nothing has to move; codis group list shows slots and servers of each group\n`,
        ]
      : [describeAmount(plan), moveTable(moves), groupTable(plan)];
  const blocks = [...parts, bigKeyTable(plan), lines.join("")];
  return blocks.filter((block) => block !== "").join("\n");
}

/** Moves by source and target, in the order of their first slots. */
export function moveTable(moves: V1Plan["moves"]): string {
  const pairs = Map.groupBy(moves, (move) => `${move.from_group_id} ${move.to_group_id}`);
  const rows = [...pairs.values()].map((pair) => {
    const sum = (field: "keys" | "bytes"): number =>
      pair.reduce((total, move) => total + move[field], 0);
    return [
      pair[0]?.from_group_id === 0 ? "offline" : pair[0]?.from_group_id,
      pair[0]?.to_group_id,
      pair.length,
      formatAmount(sum("keys")),
      formatBytes(sum("bytes")),
      formatSlots(pair.map((move) => move.slot_id)),
    ];
  });
  return formatTable([["FROM", "TO", "SLOTS", "KEYS", "SIZE", "WHICH"], ...rows]);
}

/** What keeps the plan from being started; undefined when nothing does. */
export function findProblem({ id, problems }: V1Plan): CodisError | undefined {
  if (problems.length === 0) {
    return undefined;
  }
  const [first, ...more] = problems;
  const rest = more.length === 0 ? "" : ` (and ${formatCount(more.length, "other", "others")})`;
  return new CodisError("STATE_CONFLICT", `plan ${id} can't be started: ${first}${rest}`);
}

function describeAmount(plan: V1Plan): string {
  const { id, request, moves, keys, bytes, expected_ms: expectedMs, exact: isExact } = plan;
  const about = isExact ? "" : "about ";
  const amount = `${about}${formatAmount(keys)} keys, ${formatBytes(bytes)}`;
  return (
    `plan ${id} (${describeStrategy(request)}): ${formatCount(moves.length, "move", "moves")}, ${amount}, ` +
    `in ${formatTimeSpan(expectedMs)} at best: idle servers, no limit of speed\n`
  );
}

function describeStrategy(request: V1Plan["request"]): string {
  switch (request.strategy) {
    case "slots":
      return "equal numbers of slots";
    case "memory":
      return "equal memory";
    case "weight":
      return "slots by weight";
    case "drain":
      return `drain group ${request.drain_group_id}`;
    case "fill":
      return "offline slots";
    case "move":
      return "slots as named";
  }
}

function groupTable({ groups }: V1Plan): string {
  const change = (before: string | null, after: string | null): string =>
    before === after ? `${before}` : `${before} -> ${after}`;
  const rows = groups.map((group) => [
    group.group_id,
    change(String(group.slots_before), String(group.slots_after)),
    change(formatAmount(group.keys_before), formatAmount(group.keys_after)),
    change(formatBytes(group.bytes_before), formatBytes(group.bytes_after)),
  ]);
  return formatTable([["GROUP", "SLOTS", "KEYS", "SIZE"], ...rows]);
}

function bigKeyTable({ big_keys: keys, big_key: rule }: V1Plan): string {
  if (keys.length === 0) {
    return "";
  }
  const rows = keys
    .slice(0, BIG_KEYS_SHOWN)
    .map((key) => [
      formatTimeSpan(key.stall_ms),
      formatBytes(key.bytes),
      key.elements,
      key.type,
      key.slot_id,
      key.db,
      JSON.stringify(key.name),
    ]);
  const head = ["STALL", "SIZE", "ELEMENTS", "TYPE", "SLOT", "DB", "BIG KEY"];
  const more = keys.length - rows.length;
  const rest = more === 0 ? "" : `and ${more} more, which --json shows\n`;
  const fate = {
    move: "they move like all others",
    last: "they move after all others of their slots",
    refuse: "their slots stay where they are",
  }[rule];
  return `${formatTable([head, ...rows])}${rest}big_key = ${rule}: ${fate}\n`;
}

function formatSlots(ids: readonly number[]): string {
  const spans = spansOf([...ids].sort((a, b) => a - b));
  const shown = spans.slice(0, SPANS_SHOWN).map(({ from, to }) => formatSpan(from, to));
  return shown.join(",") + (spans.length > shown.length ? ",…" : "");
}
