/**
 * `codis rebalance`, also as `codis slot rebalance`: from what is asked on the command line to a plan that spreads
 * slots over groups, and on to its end (`carry-out.ts`).
 */
import type { V1PlanRequest } from "../../api/v1-operation-schema.ts";
import { CodisError } from "../../base/error.ts";
import { BIG_KEY_RULES, type BigKeyRule } from "../../model/operation/plan.ts";
import { WEIGHT_MAX, WEIGHT_MIN } from "../../model/operation/plan-request.ts";
import { SLOT_COUNTS } from "../../model/slot.ts";
import { readGroupId, readNumber } from "./argument.ts";
import { CARRY_DETAILS, CARRY_OPTIONS, type CarryFlags, carryOut } from "./carry-out.ts";
import type { LoneVerb, Verb, VerbOption } from "./program.ts";

/** Values of `--strategy`; other strategies have flags of their own. */
const STRATEGIES = ["slots", "memory", "weight"] as const;
const SLOTS_MAX = Math.max(...SLOT_COUNTS);

/** For every verb that makes a plan. */
export const BIG_KEY_OPTION: VerbOption = [
  "--big-key <rule>",
  "keys too big to move unnoticed: move them, move them last, or refuse to move their slots",
  BIG_KEY_RULES,
];

/** Flags of `rebalance`. */
export interface RebalanceFlags extends CarryFlags {
  readonly strategy?: (typeof STRATEGIES)[number];
  readonly weight?: readonly string[];
  readonly except?: readonly string[];
  readonly maxSlots?: string;
  readonly drain?: string;
  readonly fill?: boolean;
  readonly bigKey?: BigKeyRule;
}

/** The verb. */
export const REBALANCE: Verb<RebalanceFlags> = {
  use: "rebalance",
  summary: "spread the slots over the groups, and move their keys while clients work",
  options: [
    [
      "--strategy <name>",
      "slots: the same number for each group; memory: the same size; weight: by --weight",
      STRATEGIES,
    ],
    ["--weight <gid=n...>", "share of a group, 1 for those that aren't named: 1=2 2=0.5"],
    ["--except <gid...>", "groups that neither give nor take"],
    ["--max-slots <n>", "move at most so many slots"],
    ["--drain <gid>", "instead: a group gives all its slots to the others"],
    ["--fill", "instead: give offline slots to groups, move nothing else"],
    BIG_KEY_OPTION,
    ...CARRY_OPTIONS,
  ],
  asksItself: true,
  details: CARRY_DETAILS,
  run: (call) => {
    const request = readRequest(call.flags);
    return carryOut(call, () => call.client.createPlan(request));
  },
};

/** `codis rebalance`. */
export const LONE_REBALANCE: LoneVerb = {
  verb: REBALANCE,
  examples: [
    ["codis rebalance --dry-run", "what would move, and what that means"],
    ["codis rebalance", "do it: asks first, shows how far it is"],
    ["codis rebalance --strategy memory --keys-per-second 5000", "equal memory, slowly"],
    ["codis rebalance --drain 3 --yes --no-wait", "empty group 3, from a script"],
  ],
  whenNotFound: "codis group list shows the groups",
};

/** What is asked for. Throws USAGE. */
export function readRequest(flags: RebalanceFlags): V1PlanRequest {
  const { strategy, weight, drain, except, maxSlots, bigKey } = flags;
  const isFill = flags.fill === true;
  const chosen = [
    ...(strategy === undefined ? [] : ["--strategy"]),
    ...(drain === undefined ? [] : ["--drain"]),
    ...(isFill ? ["--fill"] : []),
  ];
  if (chosen.length > 1) {
    throw new CodisError("USAGE", `${chosen.join(" and ")} exclude each other`);
  }
  const isByWeight = strategy === "weight" || (weight !== undefined && chosen.length === 0);
  if (weight !== undefined && !isByWeight) {
    throw new CodisError("USAGE", "--weight belongs to --strategy weight");
  }
  if (isByWeight && weight === undefined) {
    throw new CodisError("USAGE", "which weights? Say --weight GID=N, like --weight 1=2");
  }
  return {
    ...(drain === undefined
      ? { strategy: isFill ? "fill" : isByWeight ? "weight" : (strategy ?? "slots") }
      : { strategy: "drain", drain_group_id: readGroupId(drain) }),
    ...(weight === undefined ? {} : { weights: readWeights(weight) }),
    ...(except === undefined ? {} : { except_group_ids: readGroupIds(except) }),
    ...(maxSlots === undefined
      ? {}
      : { max_slots: readNumber(maxSlots, "--max-slots", 1, SLOTS_MAX) }),
    ...(bigKey === undefined ? {} : { big_key: bigKey }),
  };
}

/** `1=2 2=0.5`, also with commas. */
function readWeights(texts: readonly string[]): Readonly<Record<string, number>> {
  const weights = new Map<string, number>();
  for (const part of splitList(texts)) {
    const [group = "", text = "", ...more] = part.split("=");
    const weight = Number(text);
    if (
      more.length > 0 ||
      !/^\d+(\.\d+)?$/.test(text) ||
      weight < WEIGHT_MIN ||
      weight > WEIGHT_MAX
    ) {
      throw new CodisError(
        "USAGE",
        `invalid --weight ${part}: expected GID=N, N from ${WEIGHT_MIN} to ${WEIGHT_MAX}`,
      );
    }
    const id = String(readGroupId(group));
    if (weights.has(id)) {
      throw new CodisError("USAGE", `--weight: group ${id} is there twice`);
    }
    weights.set(id, weight);
  }
  return Object.fromEntries(weights);
}

function readGroupIds(texts: readonly string[]): number[] {
  return [...new Set(splitList(texts).map((text) => readGroupId(text)))];
}

function splitList(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(","));
}
