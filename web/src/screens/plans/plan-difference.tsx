/**
 * What a new plan does otherwise than the one that the server refused because slots or groups had changed.
 */
import { useEffect } from "preact/hooks";
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { useLoad } from "../../data/load.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Table } from "../../ui/table.tsx";
import { announce } from "../../ui/toast.ts";
import { differenceOf, type MoveDifference } from "./plan-figures.ts";
import { recallPlan } from "./plan-memory.ts";
import { groupName } from "./plan-tables.tsx";

/** See the file head; `was` is the id of the older plan. */
export function PlanDifference({
  was,
  plan,
}: {
  readonly was: string;
  readonly plan: V1Plan;
}): Children {
  const kept = recallPlan(was);
  const { data, problem } = useLoad<V1Plan>(kept === undefined ? `plans/${was}` : undefined);
  const before = kept ?? data;
  const changes = before === undefined ? [] : differenceOf(before, plan);
  const lead = t("plans.difference.nothing", { was, now: plan.id });
  const result =
    changes.length === 0
      ? t("plans.difference.same")
      : t("plans.difference.count", { count: formatCount(changes.length) });
  const isKnown = before !== undefined;
  useEffect(() => {
    if (isKnown) {
      announce(`${lead} ${result}`);
    }
  }, [isKnown, lead, result]);
  return (
    <Card title={t("plans.difference.title")} class="plan-difference">
      <p class="notice">{lead}</p>
      {problem !== undefined && <p class="muted">{t("plans.difference.unknown", { was })}</p>}
      {before !== undefined &&
        (changes.length === 0 ? (
          <p>{result}</p>
        ) : (
          <>
            <p>{result}</p>
            <Table
              caption={t("plans.difference.title")}
              columns={[
                {
                  key: "slot",
                  title: t("plans.moves.slot"),
                  align: "end",
                  render: ({ slotId }) => slotId,
                  sort: ({ slotId }) => slotId,
                },
                {
                  key: "before",
                  title: t("plans.difference.before", { was }),
                  render: (change) => way(change.before),
                },
                {
                  key: "after",
                  title: t("plans.difference.after", { now: plan.id }),
                  render: (change) => way(change.after),
                },
              ]}
              rows={changes}
              rowKey={({ slotId }) => String(slotId)}
            />
          </>
        ))}
    </Card>
  );
}

function way(move: MoveDifference["before"]): string {
  return move === undefined
    ? t("plans.difference.stays")
    : `${groupName(move.fromId)} → ${groupName(move.toId)}`;
}
