/**
 * Asks for the keys of all slots while the slot map is open: servers that count them answer at once, so it costs
 * little, but it isn't in the live document, which everybody gets.
 */
import { useEffect } from "preact/hooks";
import type { V1SlotKeys } from "../../../../src/api/v1-topology-schema.ts";
import { useLoad } from "../../data/load.ts";
import type { ApiProblem } from "../../data/problem.ts";
import type { SlotsModel } from "./slots-model.ts";

const EVERY_MS = 5_000;

/** Puts them into the model; what isn't known is null there. Gives why they couldn't be read. */
export function useSlotKeys(model: SlotsModel): ApiProblem | undefined {
  const { data, problem, reload } = useLoad<V1SlotKeys>("slot-keys");
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") {
        reload();
      }
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [reload]);
  useEffect(() => {
    if (data !== undefined) {
      model.keys.value = data.keys;
    }
  }, [model, data]);
  // A dashboard of an older release doesn't have them.
  return problem?.status === 404 ? undefined : problem;
}
