/**
 * The form for a plan in the address: every field is a parameter, so a filled-in form has a link.
 */
import { useQuery } from "../../route.ts";
import { EMPTY_FORM, FORM_STRATEGIES, type PlanForm } from "./plan-form.ts";

/** Changes some fields. */
export type ChangeForm = (part: Partial<PlanForm>) => void;

const BIG_KEYS = ["move", "last", "refuse"] as const;

/** The form as the address has it, and how to change it. */
export function usePlanForm(): readonly [PlanForm, ChangeForm] {
  const [strategy, setStrategy] = useQuery("strategy");
  const [drain, setDrain] = useQuery("drain");
  const [weights, setWeights] = useQuery("weights");
  const [except, setExcept] = useQuery("except");
  const [maxSlots, setMaxSlots] = useQuery("max-slots");
  const [bigKey, setBigKey] = useQuery("big-key");
  const form: PlanForm = {
    strategy: FORM_STRATEGIES.find((each) => each === strategy) ?? EMPTY_FORM.strategy,
    drainGroupId: /^[1-9]\d{0,3}$/.test(drain) ? Number(drain) : 0,
    weights: readWeights(weights),
    exceptGroupIds: except
      .split(",")
      .filter((id) => /^[1-9]\d{0,3}$/.test(id))
      .map(Number),
    maxSlots,
    bigKey: BIG_KEYS.find((each) => each === bigKey) ?? "",
  };
  const change: ChangeForm = (part) => {
    if (part.strategy !== undefined) {
      setStrategy(part.strategy === EMPTY_FORM.strategy ? "" : part.strategy);
    }
    if (part.drainGroupId !== undefined) {
      setDrain(part.drainGroupId === 0 ? "" : String(part.drainGroupId));
    }
    if (part.weights !== undefined) {
      setWeights(writeWeights(part.weights));
    }
    if (part.exceptGroupIds !== undefined) {
      setExcept(part.exceptGroupIds.join(","));
    }
    if (part.maxSlots !== undefined) {
      setMaxSlots(part.maxSlots);
    }
    if (part.bigKey !== undefined) {
      setBigKey(part.bigKey);
    }
  };
  return [form, change];
}

/** `1=2,3=0.5`. */
function readWeights(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").map((pair) => pair.split("="));
  return Object.fromEntries(
    pairs
      .filter(([id]) => /^[1-9]\d{0,3}$/.test(id ?? ""))
      .map(([id = "", weight = ""]) => [id, weight]),
  );
}

function writeWeights(weights: Readonly<Record<string, string>>): string {
  return Object.entries(weights)
    .filter(([, weight]) => weight !== "")
    .map(([id, weight]) => `${id}=${weight}`)
    .join(",");
}
