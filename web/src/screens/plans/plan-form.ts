/**
 * The form for a plan: what is filled in, what is wrong with it, the request that it becomes, and the command line
 * that asks for the same. Pure; numbers are texts until they are read.
 */
import type { V1PlanRequest } from "../../../../src/api/v1-operation-schema.ts";

/** Strategies that the form offers; `move` comes from the slot map. */
export const FORM_STRATEGIES = ["slots", "memory", "weight", "drain", "fill"] as const;
/** One of `FORM_STRATEGIES`. */
export type FormStrategy = (typeof FORM_STRATEGIES)[number];

/** What is filled in. */
export interface PlanForm {
  readonly strategy: FormStrategy;
  /** For `drain`; 0: not chosen yet. */
  readonly drainGroupId: number;
  /** For `weight`: texts by group id; an empty one is 1. */
  readonly weights: Readonly<Record<string, string>>;
  /** Groups that neither give nor take. */
  readonly exceptGroupIds: readonly number[];
  /** Empty: no limit. */
  readonly maxSlots: string;
  /** Empty: as the configuration says. */
  readonly bigKey: "" | "move" | "last" | "refuse";
}

/** Nothing special: equal numbers of slots. */
export const EMPTY_FORM: PlanForm = {
  strategy: "slots",
  drainGroupId: 0,
  weights: {},
  exceptGroupIds: [],
  maxSlots: "",
  bigKey: "",
};

/** Bounds of the API. */
export const WEIGHT_BOUNDS = { min: 0.001, max: 1000 } as const;

/** What is wrong, by field. */
export interface FormFaults {
  /** `drain` needs a group; it can't be left alone at the same time. */
  readonly drain?: "missing" | "excepted";
  /** Ids of groups with a weight that isn't a number within the bounds. */
  readonly weights?: readonly string[];
  /** Not a whole number from 1 to the number of slots. */
  readonly maxSlots?: true;
}

/** Empty when the form can be sent. `slotCount` is that of the product. */
export function findFaults(form: PlanForm, slotCount: number): FormFaults {
  const { strategy, drainGroupId, exceptGroupIds } = form;
  const wrongWeights = Object.entries(strategy === "weight" ? form.weights : {})
    .filter(([, text]) => text.trim() !== "" && !isWeight(text))
    .map(([id]) => id);
  const drain =
    strategy !== "drain"
      ? undefined
      : drainGroupId === 0
        ? "missing"
        : exceptGroupIds.includes(drainGroupId)
          ? "excepted"
          : undefined;
  return {
    ...(drain === undefined ? {} : { drain }),
    ...(wrongWeights.length === 0 ? {} : { weights: wrongWeights }),
    ...(isSlotLimit(form.maxSlots, slotCount) ? {} : { maxSlots: true }),
  };
}

/** Whether there are none. */
export function isFaultless(faults: FormFaults): boolean {
  return Object.keys(faults).length === 0;
}

/** The body of `POST plans`, of a form without faults. */
export function requestOf(form: PlanForm): V1PlanRequest {
  const { strategy, drainGroupId, exceptGroupIds, bigKey } = form;
  const weights = Object.entries(form.weights)
    .filter(([, text]) => text.trim() !== "")
    .map(([id, text]) => [id, Number(text)] as const);
  const maxSlots = form.maxSlots.trim();
  return {
    strategy,
    ...(strategy === "drain" ? { drain_group_id: drainGroupId } : {}),
    ...(strategy === "weight" && weights.length > 0
      ? { weights: Object.fromEntries(weights) }
      : {}),
    ...(exceptGroupIds.length > 0 ? { except_group_ids: [...exceptGroupIds] } : {}),
    ...(maxSlots === "" ? {} : { max_slots: Number(maxSlots) }),
    ...(bigKey === "" ? {} : { big_key: bigKey }),
  };
}

/** The form that asks for the same; a request for single slots gives the empty form. */
export function formOf(request: V1PlanRequest): PlanForm {
  const strategy = FORM_STRATEGIES.find((each) => each === request.strategy);
  if (strategy === undefined) {
    return EMPTY_FORM;
  }
  const weights = Object.entries(request.weights ?? {}).map(([id, weight]) => [id, `${weight}`]);
  return {
    strategy,
    drainGroupId: request.drain_group_id ?? 0,
    weights: Object.fromEntries(weights),
    exceptGroupIds: request.except_group_ids ?? [],
    maxSlots: request.max_slots === undefined ? "" : String(request.max_slots),
    bigKey: request.big_key ?? "",
  };
}

/** The form that asks for the same, as parameters of the address of the form. */
export function formQueryOf(request: V1PlanRequest): Readonly<Record<string, string | undefined>> {
  const form = formOf(request);
  const weights = Object.entries(form.weights).map(([id, weight]) => `${id}=${weight}`);
  return {
    strategy: form.strategy === EMPTY_FORM.strategy ? undefined : form.strategy,
    drain: form.drainGroupId === 0 ? undefined : String(form.drainGroupId),
    weights: weights.join(","),
    except: form.exceptGroupIds.join(","),
    "max-slots": form.maxSlots,
    "big-key": form.bigKey,
  };
}

function isWeight(text: string): boolean {
  const weight = Number(text);
  return weight >= WEIGHT_BOUNDS.min && weight <= WEIGHT_BOUNDS.max;
}

function isSlotLimit(text: string, slotCount: number): boolean {
  const shown = text.trim();
  return shown === "" || (/^[1-9]\d{0,3}$/.test(shown) && Number(shown) <= slotCount);
}
