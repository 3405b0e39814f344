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
import { CopyLine } from "../../ui/copy-line.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import "../alerts/alerts.css";
import { sortProblems } from "../alerts/check-list.ts";
import { ProblemView } from "../alerts/problem-view.tsx";
import { EventCard } from "./event-card.tsx";
import { FigureRow } from "./figure-row.tsx";
import "./overview.css";
import { SlotCard } from "./slot-card.tsx";
import { TruthLine } from "./truth-line.tsx";

/** Problems that are shown; the screen of alerts has all. */
const SHOWN = 6;

/** See the head of the file. */
export default function OverviewScreen({ product }: ScreenProps): Children {
  const shown = live.value<V1LiveProduct>("product").value;
  return (
    <Page title={t("overview.title", { product })}>
      {shown === undefined ? (
        <Skeleton />
      ) : (
        <>
          <TruthLine product={product} />
          <FigureRow product={product} />
          <div class="overview-columns">
            <Attention product={product} />
            <div class="overview-column">
              <SlotCard product={product} />
              <EventCard product={product} />
            </div>
          </div>
          <CopyLine text="codis product show" />
        </>
      )}
    </Page>
  );
}

function Attention({ product }: { readonly product: string }): Children {
  const problems = sortProblems(live.value<V1Health>("health").value?.problems ?? []);
  const more = problems.length - SHOWN;
  return (
    <Card title={<a href={href(product, "alerts")}>{t("overview.attention")}</a>}>
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
          <a href={href(product, "alerts")}>{t("overview.more", { count: more })}</a>
        </p>
      )}
    </Card>
  );
}
