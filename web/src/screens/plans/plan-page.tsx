/**
 * One plan: what it would move and what that means, before anything moves. It is started by its id, so what was
 * looked at is what is done, or nothing.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { apiUrl, curlOf } from "../../data/api-call.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import { formatBytes, formatCount, formatDuration } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useQuery } from "../../route.ts";
import { Age } from "../../ui/age.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { saveFile } from "../audit/audit-export.ts";
import { type PackedSlots, unpackSlots } from "../slots/slot-map.ts";
import { writeFewSlots, writeSlots } from "../slots/slot-text.ts";
import { PlanBars } from "./plan-bars.tsx";
import {
  exportCommand,
  NO_LIMIT,
  planCommands,
  planFileName,
  startCall,
  startCommand,
} from "./plan-command.ts";
import { PlanDifference } from "./plan-difference.tsx";
import { misplacedSlots } from "./plan-figures.ts";
import { formQueryOf } from "./plan-form.ts";
import { PlanMap } from "./plan-map.tsx";
import { rememberPlan } from "./plan-memory.ts";
import { BigKeys, MoveTables } from "./plan-tables.tsx";
import { StartDialog } from "./start-dialog.tsx";

/** Ranges that a warning names. */
const SPANS_SHOWN = 8;

/** See the file head. */
export function PlanPage({
  product,
  id,
}: {
  readonly product: string;
  readonly id: string;
}): Children {
  const { data, problem, reload } = useLoad<V1Plan>(`plans/${id}`);
  const [was] = useQuery("was");
  useEffect(() => {
    if (data !== undefined) {
      rememberPlan(data);
    }
  }, [data]);
  if (problem?.status === 404) {
    return (
      <Page title={t("plans.title", { plan: id })}>
        <EmptyState title={t("plans.gone", { plan: id })} hint={t("plans.gone.hint")}>
          <a class="button button-primary" href={href(product, "rebalance")}>
            {t("plans.gone.go")}
          </a>
        </EmptyState>
      </Page>
    );
  }
  return data === undefined ? (
    <Page title={t("plans.title", { plan: id })}>
      {problem === undefined ? (
        <Skeleton lines={10} />
      ) : (
        <ErrorState problem={problem} onRetry={reload} />
      )}
    </Page>
  ) : (
    <KnownPlan product={product} plan={data} was={was} />
  );
}

function KnownPlan(props: {
  readonly product: string;
  readonly plan: V1Plan;
  readonly was: string;
}): Children {
  const { product, plan, was } = props;
  const [isStarting, setStarting] = useState(false);
  const isEmpty = plan.moves.length === 0;
  const hasProblems = plan.problems.length > 0;
  return (
    <Page
      title={t("plans.title", { plan: plan.id })}
      lead={t(`plans.strategy.${plan.request.strategy}`)}
      actions={
        <>
          <a
            class="button button-plain"
            href={href(product, "rebalance", undefined, formQueryOf(plan.request))}
          >
            {t("plans.another")}
          </a>
          <Button
            isDisabled={isEmpty}
            reason={t("plans.nothing")}
            onPress={() =>
              saveFile(planFileName(product, plan.id), `${JSON.stringify(plan, null, 2)}\n`, "json")
            }
          >
            {t("plans.save")}
          </Button>
          <Button
            variant="primary"
            needs="operator"
            isDisabled={isEmpty || hasProblems}
            reason={isEmpty ? t("plans.nothing") : t("plans.hasProblems")}
            onPress={() => setStarting(true)}
          >
            {t("plans.start")}
          </Button>
        </>
      }
    >
      {was !== "" && <PlanDifference was={was} plan={plan} />}
      <Verdict plan={plan} />
      {isEmpty ? (
        <EmptyState title={t("plans.nothing")} hint={t("plans.nothing.hint")} />
      ) : (
        <Summary plan={plan} />
      )}
      <PlanBars plan={plan} />
      {!isEmpty && <PlanMap plan={plan} />}
      {!isEmpty && <MoveTables moves={plan.moves} />}
      <BigKeys plan={plan} />
      <Card title={t("plans.equal.title")}>
        <CopyLine text={startCommand(plan.id, NO_LIMIT)} />
        <CopyLine text={curlOf(startCall(plan.id, NO_LIMIT), apiUrl())} label={t("ui.copyCurl")} />
        {!isEmpty && <CopyLine text={exportCommand(product, plan.id)} />}
        <p class="muted">{t("plans.equal.make")}</p>
        {planCommands(plan.request).map((line) => (
          <CopyLine key={line} text={line} />
        ))}
      </Card>
      <StartDialog
        product={product}
        plan={plan}
        isOpen={isStarting}
        onClose={() => setStarting(false)}
      />
    </Page>
  );
}

/** What keeps it from being started, and what to know before. */
function Verdict({ plan }: { readonly plan: V1Plan }): Children {
  const packed = live.value<PackedSlots>("slots").value;
  const moved = packed === undefined ? [] : misplacedSlots(plan, unpackSlots(packed));
  const { problems, warnings, refused_slot_ids: refused } = plan;
  if (problems.length + warnings.length + refused.length + moved.length === 0) {
    return null;
  }
  return (
    <Card title={t("plans.verdict.title")}>
      <ul class="plan-verdict">
        {moved.length > 0 && (
          <li>
            <Badge tone="warn">{t("plans.verdict.stale")}</Badge>
            <span>
              {t("plans.verdict.stale.what", { slots: writeFewSlots(moved, SPANS_SHOWN) })}
            </span>
          </li>
        )}
        {problems.map((line, index) => (
          <li key={line}>
            <Badge tone="bad">{t("plans.verdict.problem")}</Badge>
            <span>
              <Said text={line} said={plan.problems_said?.[index]} />
            </span>
          </li>
        ))}
        {warnings.map((line, index) => (
          <li key={line}>
            <Badge tone="warn">{t("plans.verdict.warning")}</Badge>
            <span>
              <Said text={line} said={plan.warnings_said?.[index]} />
            </span>
          </li>
        ))}
        {refused.length > 0 && (
          <li>
            <Badge tone="warn">{t("plans.verdict.refused")}</Badge>
            <code class="plan-slots">{writeSlots([...refused].sort((a, b) => a - b))}</code>
          </li>
        )}
      </ul>
    </Card>
  );
}

function Summary({ plan }: { readonly plan: V1Plan }): Children {
  const about = plan.exact ? "" : "≈ ";
  const facts: readonly (readonly [string, Children])[] = [
    [t("plans.summary.slots"), formatCount(plan.moves.length)],
    [t("plans.summary.keys"), `${about}${formatCount(plan.keys)}`],
    [t("plans.summary.bytes"), `${about}${formatBytes(plan.bytes)}`],
    [t("plans.summary.expected"), `≈ ${formatDuration(plan.expected_ms)}`],
    [t("plans.summary.bigKey"), t(`plans.bigKey.${plan.big_key}`)],
    [t("plans.summary.made"), <Age key="age" at={plan.created_at} />],
    [t("plans.summary.revision"), `${plan.epoch}.${plan.revision}`],
  ];
  return (
    <Card title={t("plans.summary.title")}>
      <dl class="figures">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        {plan.exact ? t("plans.summary.exact") : t("plans.summary.estimate")}{" "}
        {t("plans.summary.expected.hint")}
      </p>
    </Card>
  );
}
