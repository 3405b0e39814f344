/**
 * Screen of performance: what went through the proxies and how long it took, over minutes to days, as a whole or by
 * proxy, command, server or group. Everything that is chosen is in the address.
 */
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps, useNavigate, useQuery } from "../../route.ts";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import "../members/members.css";
import { ChartEvents } from "./chart-events.tsx";
import { ChartGrid } from "./chart-grid.tsx";
import { type Choice, isKept, joinAnswers, pathsOf, pollMs, readChoice } from "./chart-plan.ts";
import { ChoiceBar } from "./choice-bar.tsx";
import { CommandTable } from "./command-table.tsx";
import { CoverageNote } from "./coverage-note.tsx";
import "./performance.css";
import { usePerformance } from "./use-performance.ts";

/** See the head of the file. */
export default function PerformanceScreen({ product }: ScreenProps): Children {
  const choice = useChoice();
  const navigate = useNavigate();
  const isRead = isKept(choice.by, choice.range);
  const load = usePerformance(
    isRead ? pathsOf(choice) : [],
    choice.zoom === undefined ? pollMs(choice.range) : undefined,
  );
  const change = (part: Partial<Choice>, isStep = false): void => {
    const next = { ...choice, ...part };
    const query = {
      range: next.range === "1h" ? undefined : next.range,
      by: next.by === "total" ? undefined : next.by,
      of: next.of,
      from: next.zoom?.from,
      to: next.zoom?.to,
    };
    navigate(href(product, "performance", undefined, query), { isReplacing: !isStep });
  };
  const first = load.answers?.[0];
  const joined = joinAnswers(load.answers ?? [], choice.zoom);
  return (
    <Page title={t("performance.title")} lead={t("performance.lead")} command="codis product stats">
      <ChoiceBar product={product} choice={choice} joined={joined} onChange={change} />
      {load.problem !== undefined && <ErrorState problem={load.problem} onRetry={load.reload} />}
      {!isRead && <p class="notice notice-warn">{t("performance.notKept")}</p>}
      {isRead && (first !== undefined || load.problem === undefined) && (
        <>
          <CoverageNote answer={first} />
          <ChartGrid
            choice={choice}
            joined={joined}
            events={first?.events ?? []}
            onZoom={(from, to) => change({ zoom: { from, to } }, true)}
          />
        </>
      )}
      {isRead && first !== undefined && <ChartEvents product={product} events={first.events} />}
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
  return readChoice({ range, by, of, from, to });
}
