/**
 * Commands of the last minutes as a table, sorted by the share of time that they take: where to look when latency rose.
 */
import { formatDuration, formatPercent, formatRate } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Meter } from "../../ui/meter.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { COMMANDS_PATH, type CommandFigures, commandFigures } from "./command-figures.ts";
import { usePerformance } from "./use-performance.ts";

const EVERY_MS = 10_000;

/** `onOpen`: a command was chosen, to be shown in the charts. */
export function CommandTable(props: { readonly onOpen: (command: string) => void }): Children {
  const { answers, problem, reload } = usePerformance([COMMANDS_PATH], EVERY_MS);
  const answer = answers?.[0];
  return (
    <Card title={t("performance.commands")}>
      <p class="muted">{t("performance.commands.lead")}</p>
      {problem !== undefined && <ErrorState problem={problem} onRetry={reload} />}
      {answer === undefined && problem === undefined && <Skeleton />}
      {answer !== undefined && (
        <Table
          caption={t("performance.commands")}
          name="command"
          rows={commandFigures(answer)}
          rowKey={({ command }) => command}
          sortedBy="-time"
          filter={({ command }) => command}
          onOpen={({ command }) => props.onOpen(command)}
          empty={
            <EmptyState
              title={t("performance.noCommands")}
              hint={t("performance.noCommandsHint")}
            />
          }
          columns={columns(props.onOpen)}
        />
      )}
    </Card>
  );
}

type Name = Exclude<keyof CommandFigures, "command">;

function columns(onOpen: (command: string) => void): readonly Column<CommandFigures>[] {
  const figure = (
    key: string,
    title: string,
    name: Name,
    format: (value: number | null) => string,
  ): Column<CommandFigures> => ({
    key,
    title,
    align: "end",
    render: (row) => format(row[name]),
    sort: (row) => row[name],
  });
  return [
    {
      key: "command",
      title: t("performance.command"),
      render: ({ command }) => (
        <button type="button" class="link-button code" onClick={() => onOpen(command)}>
          {command}
        </button>
      ),
      sort: ({ command }) => command,
    },
    {
      key: "time",
      title: t("performance.timeShare"),
      render: ({ command, timeShare }) => (
        <Meter
          value={timeShare}
          max={1}
          label={t("performance.timeShareOf", { command })}
          text={formatPercent(timeShare)}
        />
      ),
      sort: ({ timeShare }) => timeShare,
    },
    figure("ops", t("performance.metric.ops"), "opsPerSecond", formatRate),
    figure("p50", t("performance.metric.p50"), "p50Ms", formatDuration),
    figure("p99", t("performance.metric.p99"), "p99Ms", formatDuration),
    figure("p999", t("performance.metric.p999"), "p999Ms", formatDuration),
    figure("max", t("performance.metric.max"), "maxMs", formatDuration),
    figure("failures", t("performance.metric.failures"), "failuresPerSecond", formatRate),
    figure("errors", t("performance.metric.reply_errors"), "replyErrorsPerSecond", formatRate),
  ];
}
