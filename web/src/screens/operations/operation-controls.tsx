/**
 * What can be done with an operation: pause, resume, speed, cancel. Each shows the command line that does the same;
 * nothing is shown as done before the dashboard has said so.
 */
import { useState } from "preact/hooks";
import type { V1Operation, V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { useAct } from "../../data/act.ts";
import { api } from "../../data/api.ts";
import { type ApiCall, sendCall } from "../../data/api-call.ts";
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { RadioGroup } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { NO_LIMIT, type SpeedLimit } from "../plans/plan-command.ts";
import { SpeedFields } from "../plans/speed-fields.tsx";
import { NO_SPEED, speedOf, textsOfSpeed } from "../plans/speed-text.ts";
import { speedCommand } from "./operation-command.ts";
import { controlsOf } from "./operation-progress.ts";
import { limitText } from "./operation-words.tsx";

/** What is told when something was changed. */
interface ControlProps {
  readonly operation: V1OperationSummary;
  /** The operation as the dashboard answered. */
  readonly onChange: (operation: V1Operation) => void;
}

/** See the file head. */
export function OperationControls(props: ControlProps): Children {
  const { operation, onChange } = props;
  const { id } = operation;
  const can = controlsOf(operation);
  const [isCancelling, setCancelling] = useState(false);
  const act = useAct(async (what: "pause" | "resume") => {
    onChange(await api.send<V1Operation>("POST", `operations/${id}/${what}`));
    return t(`operations.done.${what}`, { operation: id });
  });
  if (!can.canSetSpeed) {
    return null;
  }
  const button = (what: "pause" | "resume"): Children => (
    <Button
      variant={what === "resume" ? "primary" : "plain"}
      needs="operator"
      isPending={act.isPending}
      onPress={() => void act.run(what)}
    >
      {t(`operations.act.${what}`)}
    </Button>
  );
  return (
    <Card title={t("operations.controls")}>
      <div class="operation-buttons">
        {can.canPause && button("pause")}
        {can.canResume && button("resume")}
        {(can.canCancel || can.canRollBack) && (
          <Button variant="danger" needs="operator" onPress={() => setCancelling(true)}>
            {t(can.canRollBack ? "operations.act.rollBack" : "operations.act.cancel")}
          </Button>
        )}
      </div>
      {can.canPause && <CopyLine text={`codis operation pause ${id}`} />}
      {can.canResume && <CopyLine text={`codis operation resume ${id}`} />}
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
      <SpeedForm {...props} />
      <CancelDialog {...props} isOpen={isCancelling} onClose={() => setCancelling(false)} />
    </Card>
  );
}

function SpeedForm({ operation, onChange }: ControlProps): Children {
  const { id, speed } = operation;
  const [texts, setTexts] = useState(() =>
    textsOfSpeed({
      keysPerSecond: speed.keys_per_second,
      bytesPerSecond: speed.bytes_per_second,
      p99GuardMs: speed.p99_guard_ms,
    }),
  );
  const limit = speedOf(texts);
  const act = useAct(async ({ keysPerSecond, bytesPerSecond, p99GuardMs }: SpeedLimit) => {
    const body = {
      keys_per_second: keysPerSecond,
      bytes_per_second: bytesPerSecond,
      p99_guard_ms: p99GuardMs,
    };
    onChange(await api.send<V1Operation>("PATCH", `operations/${id}`, body));
    return t("operations.done.speed", { operation: id });
  });
  const limits = limitText(speed);
  return (
    <form
      class="operation-speed"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (limit !== undefined) {
          void act.run(limit);
        }
      }}
    >
      <h3>{t("operations.speed")}</h3>
      <p class="muted">{limits ?? t("operations.limit.none")}</p>
      <SpeedFields texts={texts} onChange={setTexts} />
      <div class="operation-buttons">
        <Button
          type="submit"
          needs="operator"
          isDisabled={limit === undefined}
          reason={t("plans.form.faulty")}
          isPending={act.isPending}
        >
          {t("operations.act.speed")}
        </Button>
        {limits !== undefined && (
          <Button
            variant="quiet"
            needs="operator"
            isPending={act.isPending}
            onPress={() => {
              setTexts(NO_SPEED);
              void act.run(NO_LIMIT);
            }}
          >
            {t("operations.act.unlimited")}
          </Button>
        )}
      </div>
      {limit !== undefined && <CopyLine text={speedCommand(id, limit)} />}
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
    </form>
  );
}

type CancelWay = "finish" | "rollback";

function CancelDialog(
  props: ControlProps & { readonly isOpen: boolean; readonly onClose: () => void },
): Children {
  const { operation, onChange } = props;
  const { id, progress } = operation;
  const isOnlyRollBack = controlsOf(operation).canRollBack;
  const [chosen, setWay] = useState<CancelWay>("finish");
  const way = isOnlyRollBack ? "rollback" : chosen;
  const body = way === "rollback" ? { rollback: true } : {};
  const call: ApiCall = { method: "POST", path: `operations/${id}/cancel`, body };
  const confirm = async (): Promise<string> => {
    onChange(await sendCall<V1Operation>(call));
    return t(`operations.done.cancel.${way}`, { operation: id });
  };
  return (
    <ConfirmDialog
      isOpen={props.isOpen}
      onClose={props.onClose}
      level={1}
      title={t("operations.cancel.title", { operation: id })}
      effect={
        <p>
          {t("operations.cancel.effect", {
            done: progress.slots_done,
            pending: progress.slots_pending,
            moving: progress.slots_moving,
          })}
        </p>
      }
      name={id}
      command={`codis operation cancel ${id}${way === "rollback" ? " --rollback" : ""}`}
      call={call}
      confirmLabel={t(`operations.cancel.confirm.${way}`, { operation: id })}
      onConfirm={confirm}
    >
      {!isOnlyRollBack && (
        <RadioGroup
          label={t("operations.cancel.half")}
          value={chosen}
          options={(["finish", "rollback"] as const).map((value) => ({
            value,
            label: t(`operations.cancel.${value}`),
            hint: t(`operations.cancel.${value}.hint`),
          }))}
          onChange={setWay}
        />
      )}
    </ConfirmDialog>
  );
}
