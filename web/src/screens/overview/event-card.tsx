/**
 * What happened last. Entries of the audit log are there for those who may read it.
 */
import type { V1AuditList } from "../../../../src/api/v1-access-schema.ts";
import type { V1FailoverSummary } from "../../../../src/api/v1-availability-schema.ts";
import type { V1LiveOperation, V1LiveProduct } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import { hasRole } from "../../data/session.ts";
import { formatCount, formatTime } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { targetOf } from "../audit/audit-filter.ts";
import { useReloadOn } from "../members/use-reload-on.ts";
import { stateText, strategyText } from "../operations/operation-text.ts";
import { type RecentEvent, recentEvents } from "./recent-event.ts";

const SHOWN = 10;

/** See the head of the file. */
export function EventCard({ product }: { readonly product: string }): Children {
  const failovers = live.list<V1FailoverSummary>("failover:").value;
  const operations = live.list<V1LiveOperation>("operation:").value;
  const revision = live.value<V1LiveProduct>("product").value?.revision;
  const audit = useLoad<V1AuditList>(hasRole("viewer") ? `audit?limit=${SHOWN}` : undefined);
  useReloadOn(audit.reload, revision);
  const events = recentEvents(failovers, operations, audit.data?.items ?? [], SHOWN);
  return (
    <Card class="overview-events" title={t("overview.events")}>
      {audit.problem !== undefined && <ProblemText problem={audit.problem} />}
      {events.length === 0 && audit.problem === undefined && (
        <EmptyState title={t("overview.noEvents")} hint={t("overview.noEventsHint")} />
      )}
      <ul class="event-list">
        {events.map((event) => (
          <Line key={`${event.source.kind} ${event.id}`} product={product} event={event} />
        ))}
      </ul>
    </Card>
  );
}

function Line(props: { readonly product: string; readonly event: RecentEvent }): Children {
  const { event } = props;
  return (
    <li>
      <time class="muted" dateTime={event.at}>
        {formatTime(event.at)}
      </time>
      <Badge tone={event.tone}>{t(`overview.event.${event.source.kind}`)}</Badge>
      <span class="event-what">
        <a href={href(props.product, event.screen, event.itemId, event.query)}>{whatText(event)}</a>{" "}
        <span class="muted">{howText(event)}</span>
      </span>
    </li>
  );
}

function whatText({ source }: RecentEvent): Children {
  switch (source.kind) {
    case "failover": {
      const { group_id: group, from, to } = source.failover;
      return t("overview.event.masters", { group, from, to: to ?? t("ha.nobody") });
    }
    case "operation": {
      const { id, progress, state } = source.operation;
      if (state === "cancelled") {
        // Slots that stayed count as done, too.
        return `${id}: ${strategyText(source.operation)}`;
      }
      return t("overview.event.slots", {
        id,
        what: strategyText(source.operation),
        done: formatCount(progress.slots_done),
        total: formatCount(progress.slots_total),
      });
    }
    case "audit": {
      const { who, operation, arguments: values } = source.entry;
      return (
        <>
          {who}: <span class="code">{`${operation} ${targetOf(operation, values)}`.trimEnd()}</span>
        </>
      );
    }
  }
}

function howText({ source }: RecentEvent): string {
  switch (source.kind) {
    case "failover":
      return textOf("ha.outcome", source.failover.outcome);
    case "operation":
      return stateText(source.operation);
    case "audit":
      return textOf("audit.state", source.entry.state);
  }
}
