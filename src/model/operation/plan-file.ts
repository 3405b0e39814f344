/**
 * A plan of named slots as a file: what `codis plan import` and the console read. It is the JSON of a plan as
 * `/api/v1` shows it (`codis plan show ID --json`, "Save as JSON" in the console), or the moves alone:
 *
 *     {"moves": [{"slot_id": 12, "from_group_id": 1, "to_group_id": 2}, …], "big_key": "last"}
 *
 * The file only says what is asked for; the dashboard judges it, and refuses slots that aren't with `from_group_id`
 * any more. Pure; no schema library, so that browsers can read it too.
 */
import { BIG_KEY_RULES, type BigKeyRule } from "./plan.ts";

/** Slots of the largest product. */
const MOVES_MAX = 4096;
/** Larger files aren't plans, bytes. A plan of 4,096 slots has less than a tenth of it. */
export const PLAN_FILE_BYTES_MAX = 8 * 1024 ** 2;

/** The body of `POST /api/v1/plans` that a file asks for. */
export interface PlanFileRequest {
  readonly strategy: "move";
  readonly moves: {
    readonly slot_id: number;
    readonly group_id: number;
    /** Absent: whoever has it; 0: nobody. */
    readonly from_group_id?: number;
  }[];
  readonly big_key?: BigKeyRule;
}

/** What a text turned out to be. */
export type PlanFileReading =
  | { readonly kind: "plan"; readonly request: PlanFileRequest }
  | { readonly kind: "not-json" }
  /** JSON, but without a list `moves` of 1 to 4,096 entries. */
  | { readonly kind: "no-moves" }
  /** The entry with this index, from 0, has no slot or no group, or something that is no number. */
  | { readonly kind: "bad-move"; readonly index: number }
  | { readonly kind: "bad-rule" };

/** See the file head. Checks the form only. */
export function readPlanFile(text: string): PlanFileReading {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return { kind: "not-json" };
  }
  const { moves, big_key: rule } = fieldsOf(file);
  if (!Array.isArray(moves) || moves.length === 0 || moves.length > MOVES_MAX) {
    return { kind: "no-moves" };
  }
  const read: PlanFileRequest["moves"] = [];
  for (const [index, each] of moves.entries()) {
    const move = readMove(each);
    if (move === undefined) {
      return { kind: "bad-move", index };
    }
    read.push(move);
  }
  const bigKey = BIG_KEY_RULES.find((known) => known === rule);
  if (rule !== undefined && bigKey === undefined) {
    return { kind: "bad-rule" };
  }
  const request = { strategy: "move" as const, moves: read };
  return {
    kind: "plan",
    request: bigKey === undefined ? request : { ...request, big_key: bigKey },
  };
}

function readMove(each: unknown): PlanFileRequest["moves"][number] | undefined {
  const {
    slot_id: slotId,
    from_group_id: fromId,
    to_group_id: toId,
    group_id: groupId,
  } = fieldsOf(each);
  const target = toId ?? groupId;
  if (!isCount(slotId) || !isCount(target) || (fromId !== undefined && !isCount(fromId))) {
    return undefined;
  }
  const move = { slot_id: slotId, group_id: target };
  return fromId === undefined ? move : { ...move, from_group_id: fromId };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
