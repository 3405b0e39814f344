/**
 * Screen of performance: what went through the proxies and how long it took, over minutes to days, as a whole or by
 * proxy, command, server or group. Everything that is chosen is in the address.
 */
import { chartRange } from "../../data/preferences.ts";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps, useNavigate, useQuery } from "../../route.ts";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import "../members/members.css";
import { BeforeNote } from "./before-note.tsx";
import { comparedStep } from "./chart-compare.ts";
import { ChartEvents } from "./chart-events.tsx";
import { ChartGrid } from "./chart-grid.tsx";
import {
  type Choice,
  COMPARE_BEFORE,
  eventsIn,
  isKept,
  joinAnswers,
  pathsOf,
  pollMs,
  readChoice,
} from "./chart-plan.ts";
import { ChoiceBar } from "./choice-bar.tsx";
import { CommandTable } from "./command-table.tsx";
import { CoverageNote } from "./coverage-note.tsx";
import "./performance.css";
import { useBefore } from "./use-before.ts";
import { usePerformance } from "./use-performance.ts";

/** See the head of the file. */
export default function PerformanceScreen({ product }: ScreenProps): Children {
  const choice = useChoice();
  const navigate = useNavigate();
  const isRead = isKept(choice.by, choice.range);
  const step = comparedStep(choice, Date.now());
  const load = usePerformance(
    isRead ? pathsOf(choice, choice.isCompared ? step : undefined) : [],
    choice.zoom === undefined ? pollMs(choice.range) : undefined,
  );
  const change = (part: Partial<Choice>, isStep = false): void => {
    const next = { ...choice, ...part };
    const query = {
      range: next.range,
      by: next.by === "total" ? undefined : next.by,
      of: next.of,
      from: next.zoom?.from,
      to: next.zoom?.to,
      compare: next.isCompared ? COMPARE_BEFORE : undefined,
    };
    navigate(href(product, "performance", undefined, query), { isReplacing: !isStep });
  };
  const first = load.answers?.[0];
  const now = joinAnswers(load.answers ?? [], choice.zoom);
  const before = useBefore(choice, now, first, step);
  const joined = before.joined;
  const events = eventsIn(first?.events ?? [], choice.zoom);
  return (
    <Page title={t("performance.title")} lead={t("performance.lead")} command="codis product stats">
      <ChoiceBar
        product={product}
        choice={choice}
        joined={joined}
        canCompare={step !== undefined}
        onChange={change}
      />
      {load.problem !== undefined && <ErrorState problem={load.problem} onRetry={load.reload} />}
      {!isRead && <p class="notice notice-warn">{t("performance.notKept")}</p>}
      {isRead && (first !== undefined || load.problem === undefined) && (
        <>
          <CoverageNote answer={first} />
          {choice.isCompared && <BeforeNote before={before} />}
          <ChartGrid
            product={product}
            choice={choice}
            joined={joined}
            events={events}
            before={before.period}
            onZoom={(from, to) => change({ zoom: { from, to } }, true)}
          />
        </>
      )}
      {isRead && first !== undefined && <ChartEvents product={product} events={events} />}
      <CommandTable onOpen={(command) => change({ by: "command", of: command, ...near(choice) })} />
    </Page>
  );
}

/** Figures by command aren't kept as long as others. */
function near(choice: Choice): Pick<Choice, "range" | "zoom"> {
  return isKept("command", choice.range)
    ? { range: choice.range, zoom: undefined }
    : { range: "6h", zoom: undefined };
}

function useChoice(): Choice {
  const [range] = useQuery("range");
  const [by] = useQuery("by");
  const [of] = useQuery("of");
  const [from] = useQuery("from");
  const [to] = useQuery("to");
  const [compare] = useQuery("compare");
  return readChoice({ range, by, of, from, to, compare }, chartRange.value);
}
