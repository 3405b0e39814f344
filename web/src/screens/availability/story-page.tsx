/**
 * The story of one change of a master, line by line, each with its milliseconds from the beginning.
 */
import type { V1Failover, V1FailoverSummary } from "../../../../src/api/v1-availability-schema.ts";
import type { V1LiveProxy } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatTime,
  momentOf,
} from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { cliLine } from "../members/cli-line.ts";
import { Facts } from "../members/facts.tsx";
import { useReloadOn } from "../members/use-reload-on.ts";
import { MastersText, OutcomeBadge } from "./story-table.tsx";
import { type StoryLine, stepTone, storyTimes, votesOf } from "./story-view.ts";

/** See the head of the file. */
export function StoryPage(props: { readonly product: string; readonly id: string }): Children {
  const { product, id } = props;
  const story = useLoad<V1Failover>(`failovers/${encodeURIComponent(id)}`);
  useReloadOn(story.reload, live.value<V1FailoverSummary>(`failover:${id}`).value);
  const back = <a href={href(product, "ha")}>{t("ha.back")}</a>;
  if (story.data === undefined) {
    return (
      <Page title={t("ha.title")} lead={back}>
        {story.problem === undefined ? (
          <Skeleton lines={8} />
        ) : story.problem.status === 404 ? (
          <EmptyState title={t("ha.storyMissing", { id })}>{back}</EmptyState>
        ) : (
          <ErrorState problem={story.problem} onRetry={story.reload} />
        )}
      </Page>
    );
  }
  return (
    <Page title={t("ha.story", { group: story.data.group_id })} lead={back}>
      <Card title={<MastersText story={story.data} />}>
        <Summary story={story.data} product={product} />
      </Card>
      <Card title={t("ha.lines")}>
        <Lines events={story.data.events} />
        <CopyLine text={cliLine.history(id)} />
      </Card>
    </Page>
  );
}

function Summary(props: { readonly story: V1Failover; readonly product: string }): Children {
  const { story } = props;
  const times = storyTimes(story.events);
  const began = momentOf(story.began_at);
  const ended = momentOf(story.ended_at);
  const took = began === undefined || ended === undefined ? undefined : ended - began;
  const votes = votesOf(story.events).length;
  return (
    <Facts
      facts={[
        [t("ha.outcome"), <OutcomeBadge key="outcome" outcome={story.outcome} />],
        ...(story.reason === null
          ? []
          : [
              [
                t("ha.reason"),
                <Said key="reason" text={story.reason} said={story.said} />,
              ] as const,
            ]),
        [t("ha.kind"), textOf("ha.kind", story.kind)],
        [t("ha.when"), formatTime(story.began_at)],
        [
          t("ha.group"),
          <a key="group" href={href(props.product, "groups", String(story.group_id))}>
            {String(story.group_id)}
          </a>,
        ],
        [t("ha.pause"), formatDuration(story.pause_ms)],
        [t("ha.lost"), formatBytes(story.lost_bytes)],
        ...(votes === 0
          ? []
          : [[t("ha.step.vote"), t("ha.votes", { count: formatCount(votes) })] as const]),
        [t("ha.decidedAfter"), formatDuration(times.decided)],
        [t("ha.promotedAfter"), formatDuration(times.promoted)],
        [t("ha.servedAfter"), formatDuration(times.served)],
        [t("ha.took"), formatDuration(took)],
      ]}
    />
  );
}

/** A proxy by its address, as long as it is there; people don't know tokens. */
function aboutText(about: string | null): string {
  const proxy = live.value<V1LiveProxy>(`proxy:${about ?? ""}`).value;
  return proxy?.proxy_addr ?? about ?? "";
}

function Lines(props: { readonly events: readonly StoryLine[] }): Children {
  const rows = props.events.map((event, index) => ({ event, index }));
  return (
    <Table
      caption={t("ha.linesCaption")}
      columns={[
        {
          key: "after",
          title: t("ha.after"),
          align: "end",
          render: ({ event }) => (
            <span title={formatTime(event.at)}>
              +{formatCount(event.after_ms)} {t("unit.ms")}
            </span>
          ),
        },
        {
          key: "step",
          title: t("ha.step"),
          render: ({ event }) => (
            <Badge tone={stepTone(event.step)}>{textOf("ha.step", event.step)}</Badge>
          ),
        },
        {
          key: "about",
          title: t("ha.about"),
          render: ({ event }) => <span class="code">{aboutText(event.about)}</span>,
        },
        {
          key: "text",
          title: t("ha.text"),
          render: ({ event }) => <Said text={event.text} said={event.said} />,
        },
      ]}
      rows={rows}
      rowKey={({ index }) => String(index)}
    />
  );
}
