/**
 * Overview of a product: how it is in one sentence, its key figures, what needs attention, the slots in small, and what
 * happened last.
 */
import type { V1LiveProduct } from "../../../../src/api/v1-live-schema.ts";
import type { V1Health } from "../../../../src/api/v1-state-schema.ts";
import { live } from "../../data/live.ts";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import "../alerts/alerts.css";
import { type Problem, sortProblems } from "../alerts/check-list.ts";
import { ProblemView } from "../alerts/problem-view.tsx";
import { EventCard } from "./event-card.tsx";
import { FigureRow } from "./figure-row.tsx";
import { FirstSteps } from "./first-steps.tsx";
import "./overview.css";
import { SlotCard } from "./slot-card.tsx";
import { TruthLine } from "./truth-line.tsx";

/** Problems that are shown; the screen of alerts has all. */
const SHOWN = 6;
/** With so many problems at most there is room for the slots below them. */
const CALM = 1;

/** See the head of the file. */
export default function OverviewScreen({ product }: ScreenProps): Children {
  const shown = live.value<V1LiveProduct>("product").value;
  return (
    <Page title={t("overview.title", { product })} command="codis product show">
      {shown === undefined ? (
        <Skeleton />
      ) : (
        <>
          <TruthLine product={product} />
          <FirstSteps product={product} shown={shown} />
          <FigureRow product={product} />
          <Parts product={product} />
        </>
      )}
    </Page>
  );
}

function Parts({ product }: { readonly product: string }): Children {
  const problems = live.value<V1Health>("health").value?.problems ?? [];
  return (
    <div class={problems.length <= CALM ? "overview-columns overview-calm" : "overview-columns"}>
      <Attention product={product} all={problems} />
      <SlotCard product={product} />
      <EventCard product={product} />
    </div>
  );
}

function Attention(props: {
  readonly product: string;
  readonly all: readonly Problem[];
}): Children {
  const { product } = props;
  const problems = sortProblems(props.all);
  const more = problems.length - SHOWN;
  return (
    <Card
      class="overview-attention"
      title={<a href={href(product, "alerts")}>{t("overview.attention")}</a>}
    >
      {problems.length === 0 ? (
        <p>
          <Badge tone="ok">{t("alerts.none")}</Badge>
        </p>
      ) : (
        <ul class="problem-list">
          {problems.slice(0, SHOWN).map((problem) => (
            <ProblemView
              key={`${problem.kind} ${problem.subject} ${problem.message}`}
              product={product}
              problem={problem}
              isShort
            />
          ))}
        </ul>
      )}
      {more > 0 && (
        <p>
          <a class="target" href={href(product, "alerts")}>
            {t("overview.more", { count: more })}
          </a>
        </p>
      )}
    </Card>
  );
}
