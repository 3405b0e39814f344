/**
 * Starts a plan by its id, after a last question. When the server says that the plan isn't true any more, nothing is
 * started: a new plan is made of the same request, and its page shows what differs.
 */
import { useState } from "preact/hooks";
import type { V1Operation, V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { api } from "../../data/api.ts";
import { makePlan } from "../../data/make-plan.ts";
import { asProblem } from "../../data/problem.ts";
import { formatBytes, formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import type { Children } from "../../ui/props.ts";
import { NO_LIMIT, startCall, startCommand } from "./plan-command.ts";
import { isStaleAnswer } from "./plan-figures.ts";
import { rememberPlan } from "./plan-memory.ts";
import { SpeedFields } from "./speed-fields.tsx";
import { NO_SPEED, speedOf } from "./speed-text.ts";

/** See the file head. */
export function StartDialog(props: {
  readonly product: string;
  readonly plan: V1Plan;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): Children {
  const { product, plan } = props;
  const [texts, setTexts] = useState(NO_SPEED);
  const navigate = useNavigate();
  const speed = speedOf(texts);
  const limit = speed ?? NO_LIMIT;
  const confirm = async (): Promise<string> => {
    try {
      const { body } = startCall(plan.id, limit);
      const operation = await api.send<V1Operation>("POST", "operations", body);
      navigate(href(product, "operations", operation.id));
      return t("plans.start.done", { operation: operation.id });
    } catch (thrown) {
      if (!isStaleAnswer(asProblem(thrown))) {
        throw thrown;
      }
    }
    const next = await makePlan(plan.request);
    rememberPlan(plan);
    rememberPlan(next);
    navigate(href(product, "plans", next.id, { was: plan.id }));
    return t("plans.start.stale", { plan: plan.id });
  };
  return (
    <ConfirmDialog
      isOpen={props.isOpen}
      onClose={props.onClose}
      // Named slots were chosen one by one; what a strategy chose is to be confirmed by name.
      level={plan.request.strategy === "move" || plan.request.strategy === "fill" ? 1 : 2}
      title={t("plans.start.title", { plan: plan.id })}
      effect={
        <p>
          {t("plans.start.effect", {
            slots: formatCount(plan.moves.length),
            keys: formatCount(plan.keys),
            bytes: formatBytes(plan.bytes),
          })}
        </p>
      }
      name={plan.id}
      command={startCommand(plan.id, limit)}
      call={startCall(plan.id, limit)}
      confirmLabel={t("plans.start.confirm", { slots: formatCount(plan.moves.length) })}
      onConfirm={confirm}
      isDisabled={speed === undefined}
      reason={t("plans.form.faulty")}
    >
      <SpeedFields texts={texts} onChange={setTexts} />
    </ConfirmDialog>
  );
}
