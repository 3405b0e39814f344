/**
 * Groups before and after a plan, as pairs of bars with their figures beside them; the figures alone say it all, bars
 * are for the eye.
 */
import type { V1Plan } from "../../../../src/api/v1-operation-schema.ts";
import { formatBytes, formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { useQuery } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Tabs } from "../../ui/tabs.tsx";
import { barsOf, PLAN_MEASURES, type PlanBar, type PlanMeasure } from "./plan-figures.ts";

/** See the file head. */
export function PlanBars({ plan }: { readonly plan: V1Plan }): Children {
  const [chosen, setMeasure] = useQuery("measure");
  const measure = PLAN_MEASURES.find((each) => each === chosen) ?? "slots";
  return (
    <Card title={t("plans.bars.title")}>
      <Tabs
        label={t("plans.bars.measure")}
        tabs={PLAN_MEASURES.map((key) => ({ key, title: t(`plans.measure.${key}`) }))}
        open={measure}
        onChange={setMeasure}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
        <div
          class="table-scroll"
          role="group"
          aria-label={t("plans.bars.title")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
          tabIndex={0}
        >
          <table class="plan-bars">
            <caption class="visually-hidden">{t("plans.bars.title")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("plans.bars.group")}</th>
                <th scope="col">{t("plans.bars.before")}</th>
                <th scope="col">{t("plans.bars.after")}</th>
                <th scope="col">{t("plans.bars.change")}</th>
              </tr>
            </thead>
            <tbody>
              {barsOf(plan, measure).map((bar) => (
                <BarRow key={bar.groupId} bar={bar} measure={measure} />
              ))}
            </tbody>
          </table>
        </div>
      </Tabs>
    </Card>
  );
}

function BarRow({
  bar,
  measure,
}: {
  readonly bar: PlanBar;
  readonly measure: PlanMeasure;
}): Children {
  const change = bar.after - bar.before;
  const sign = change > 0 ? "+" : change < 0 ? "−" : "";
  return (
    <tr>
      <th scope="row">{t("plans.group", { group: bar.groupId })}</th>
      <td>
        <Bar share={bar.beforeShare} kind="before" text={figure(bar.before, measure)} />
      </td>
      <td>
        <Bar share={bar.afterShare} kind="after" text={figure(bar.after, measure)} />
      </td>
      <td class="plan-bar-change">
        {change === 0 ? t("plans.bars.same") : `${sign}${figure(Math.abs(change), measure)}`}
      </td>
    </tr>
  );
}

function Bar(props: {
  readonly share: number;
  readonly kind: "before" | "after";
  readonly text: string;
}): Children {
  return (
    <span class="plan-bar">
      <span class="plan-bar-track" aria-hidden="true">
        <span
          class={`plan-bar-fill plan-bar-${props.kind}`}
          style={{ inlineSize: `${props.share * 100}%` }}
        />
      </span>
      <span class="plan-bar-text">{props.text}</span>
    </span>
  );
}

function figure(value: number, measure: PlanMeasure): string {
  return measure === "bytes" ? formatBytes(value) : formatCount(value);
}
