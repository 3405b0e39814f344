/**
 * What an operation is and how it stands, in words: for its own pages, charts and lists of events.
 */
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { t } from "../../i18n/text.ts";

/** The state in words. */
export function stateText(
  operation: Pick<V1OperationSummary, "state" | "self_paused" | "rollback">,
): string {
  const { state, self_paused: isSelfPaused, rollback: isRollback } = operation;
  if (state === "paused" && isSelfPaused) {
    return t("operations.state.selfPaused");
  }
  if (state === "cancelling" && isRollback) {
    return t("operations.state.rollback");
  }
  return t(`operations.state.${state}`);
}

/** What it was ordered for. */
export function strategyText({
  strategy,
  origin,
}: Pick<V1OperationSummary, "strategy" | "origin">): string {
  return origin === "plan"
    ? t(`operations.strategy.${strategy}`)
    : t(`operations.origin.${origin}`);
}
