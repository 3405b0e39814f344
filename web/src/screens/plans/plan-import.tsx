/**
 * Makes a plan of the moves in a file: one that was saved here, or that `codis plan show ID --json` printed. The file
 * is read by the browser, judged by the dashboard, and nothing moves before the new plan is started.
 */
import { useState } from "preact/hooks";
import {
  PLAN_FILE_BYTES_MAX,
  type PlanFileReading,
  readPlanFile,
} from "../../../../src/model/operation/plan-file.ts";
import { useAct } from "../../data/act.ts";
import { makePlan } from "../../data/make-plan.ts";
import { formatBytes, formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { Field } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { importCommand } from "./plan-command.ts";
import { rememberPlan } from "./plan-memory.ts";

/** A file that was chosen. */
interface ChosenFile {
  readonly name: string;
  readonly reading: PlanFileReading | { readonly kind: "unreadable" } | { readonly kind: "large" };
}

/** See the file head. */
export function PlanImport({ product }: { readonly product: string }): Children {
  const [chosen, setChosen] = useState<ChosenFile | undefined>(undefined);
  const navigate = useNavigate();
  const request = chosen?.reading.kind === "plan" ? chosen.reading.request : undefined;
  const act = useAct(async () => {
    if (request !== undefined) {
      const plan = await makePlan(request);
      rememberPlan(plan);
      navigate(href(product, "plans", plan.id));
    }
  });
  return (
    <Card title={t("plans.import.title")}>
      <p class="muted">{t("plans.import.lead")}</p>
      <Field label={t("plans.import.file")} error={faultOf(chosen)}>
        {(ids) => (
          <input
            {...ids}
            class="input plan-file"
            type="file"
            accept=".json,application/json"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              setChosen(undefined);
              if (file !== undefined) {
                void readFile(file).then(setChosen);
              }
            }}
          />
        )}
      </Field>
      {chosen !== undefined && request !== undefined && (
        <>
          <p>
            {t("plans.import.holds", {
              slots: formatCount(request.moves.length),
              groups: [...new Set(request.moves.map((move) => move.group_id))]
                .sort((one, other) => one - other)
                .join(", "),
            })}
          </p>
          <CopyLine text={importCommand(chosen.name)} />
        </>
      )}
      <div class="plan-form-end">
        <Button
          needs="operator"
          isDisabled={request === undefined}
          reason={t("plans.import.none")}
          isPending={act.isPending}
          onPress={() => void act.run()}
        >
          {t("plans.import.submit")}
        </Button>
        {act.isPending && <span class="muted">{t("plans.measuring")}</span>}
      </div>
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
    </Card>
  );
}

async function readFile(file: File): Promise<ChosenFile> {
  const { name } = file;
  if (file.size > PLAN_FILE_BYTES_MAX) {
    return { name, reading: { kind: "large" } };
  }
  try {
    return { name, reading: readPlanFile(await file.text()) };
  } catch {
    // Gone or forbidden since it was chosen; the browser says no more than that.
    return { name, reading: { kind: "unreadable" } };
  }
}

function faultOf(chosen: ChosenFile | undefined): string | undefined {
  if (chosen === undefined) {
    return undefined;
  }
  const { reading } = chosen;
  switch (reading.kind) {
    case "plan":
      return undefined;
    case "bad-move":
      return t("plans.import.bad-move", { number: formatCount(reading.index + 1) });
    case "large":
      return t("plans.import.large", { most: formatBytes(PLAN_FILE_BYTES_MAX) });
    default:
      return t(`plans.import.${reading.kind}`);
  }
}
