/**
 * Asks for a plan: what it is to reach and within which limits. Making one measures the servers and changes nothing.
 */

import type { V1LiveGroup } from "../../../../src/api/v1-live-schema.ts";
import { useAct } from "../../data/act.ts";
import { live } from "../../data/live.ts";
import { makePlan } from "../../data/make-plan.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { Checkbox, RadioGroup, Select, TextInput } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { planCommands } from "./plan-command.ts";
import {
  FORM_STRATEGIES,
  type FormFaults,
  findFaults,
  isFaultless,
  type PlanForm,
  requestOf,
} from "./plan-form.ts";
import { PlanImport } from "./plan-import.tsx";
import { rememberPlan } from "./plan-memory.ts";
import { type ChangeForm, usePlanForm } from "./use-plan-form.ts";

const BIG_KEYS = ["", "move", "last", "refuse"] as const;
/** Of a product that hasn't told yet. */
const SLOT_COUNT = 1024;

/** See the file head. */
export function RebalanceForm({ product }: { readonly product: string }): Children {
  const [form, change] = usePlanForm();
  const groups = live.list<V1LiveGroup>("group:").value;
  const count = live.value<{ readonly slot_count?: number }>("product").value?.slot_count;
  const faults = findFaults(form, count ?? SLOT_COUNT);
  const navigate = useNavigate();
  const act = useAct(async () => {
    const plan = await makePlan(requestOf(form));
    rememberPlan(plan);
    navigate(href(product, "plans", plan.id));
  });
  const isReady = isFaultless(faults);
  return (
    <Page title={t("plans.form.title")} lead={t("plans.form.lead")}>
      {count === undefined && <Skeleton />}
      {count !== undefined && groups.length === 0 && (
        <EmptyState title={t("slots.noGroups")} hint={t("slots.noGroups.hint")}>
          <a class="button button-primary" href={href(product, "groups")}>
            {t("slots.noGroups.go")}
          </a>
        </EmptyState>
      )}
      {groups.length > 0 && (
        <form
          class="form plan-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (isReady) {
              void act.run();
            }
          }}
        >
          <div class="plan-form-parts">
            <Card title={t("plans.form.aim")}>
              <Aim form={form} change={change} groups={groups} faults={faults} />
            </Card>
            <Card title={t("plans.form.limits")}>
              <Limits form={form} change={change} groups={groups} faults={faults} />
            </Card>
          </div>
          {isReady && <CopyLine text={planCommands(requestOf(form)).join("\n")} />}
          <div class="plan-form-end">
            <Button
              type="submit"
              variant="primary"
              needs="operator"
              isDisabled={!isReady}
              reason={t("plans.form.faulty")}
              isPending={act.isPending}
            >
              {t("plans.form.submit")}
            </Button>
            {act.isPending && <span class="muted">{t("plans.measuring")}</span>}
          </div>
          {act.problem !== undefined && <ProblemText problem={act.problem} />}
        </form>
      )}
      {groups.length > 0 && <PlanImport product={product} />}
    </Page>
  );
}

interface PartProps {
  readonly form: PlanForm;
  readonly change: ChangeForm;
  readonly groups: readonly V1LiveGroup[];
  readonly faults: FormFaults;
}

function Aim({ form, change, groups, faults }: PartProps): Children {
  return (
    <>
      <RadioGroup
        label={t("plans.form.strategy")}
        value={form.strategy}
        options={FORM_STRATEGIES.map((value) => ({
          value,
          label: t(`plans.strategy.${value}`),
          hint: t(`plans.strategy.${value}.hint`),
        }))}
        onChange={(strategy) => change({ strategy })}
      />
      {form.strategy === "drain" && (
        <Select
          label={t("plans.form.drain")}
          value={form.drainGroupId === 0 ? "" : String(form.drainGroupId)}
          options={[
            { value: "", label: t("plans.form.chooseGroup") },
            ...groups.map(({ id, slots }) => ({
              value: String(id),
              label: t("plans.form.group", { group: id, count: formatCount(slots.count) }),
            })),
          ]}
          onChange={(value) => change({ drainGroupId: Number(value) })}
          error={faults.drain === "excepted" ? t("plans.form.drain.excepted") : undefined}
        />
      )}
      {form.strategy === "weight" && (
        <fieldset class="field plan-weights">
          <legend>{t("plans.form.weights")}</legend>
          {groups.map(({ id }) => (
            <TextInput
              key={id}
              label={t("plans.group", { group: id })}
              placeholder="1"
              value={form.weights[id] ?? ""}
              onChange={(weight) => change({ weights: { ...form.weights, [id]: weight.trim() } })}
              error={
                faults.weights?.includes(String(id)) === true
                  ? t("plans.form.weights.wrong")
                  : undefined
              }
              isCode
            />
          ))}
        </fieldset>
      )}
    </>
  );
}

function Limits({ form, change, groups, faults }: PartProps): Children {
  const { exceptGroupIds } = form;
  return (
    <>
      <TextInput
        label={t("plans.form.maxSlots")}
        hint={t("plans.form.maxSlots.hint")}
        value={form.maxSlots}
        onChange={(maxSlots) => change({ maxSlots })}
        error={faults.maxSlots === true ? t("plans.form.maxSlots.wrong") : undefined}
        isCode
      />
      <Select
        label={t("plans.form.bigKey")}
        value={form.bigKey}
        options={BIG_KEYS.map((value) => ({
          value,
          label: t(`plans.bigKey.${value === "" ? "default" : value}`),
        }))}
        onChange={(bigKey) => change({ bigKey })}
      />
      <fieldset class="field plan-except">
        <legend>{t("plans.form.except")}</legend>
        {groups.map(({ id }) => (
          <Checkbox
            key={id}
            label={t("plans.group", { group: id })}
            isChecked={exceptGroupIds.includes(id)}
            onChange={(isExcepted) =>
              change({
                exceptGroupIds: isExcepted
                  ? [...exceptGroupIds, id].sort((one, other) => one - other)
                  : exceptGroupIds.filter((each) => each !== id),
              })
            }
          />
        ))}
      </fieldset>
    </>
  );
}
