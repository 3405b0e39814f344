/**
 * What the upright lines in the charts are: changes of masters and moves of slots, with links to their pages.
 */
import type { V1ChartEvent } from "../../../../src/api/v1-live-schema.ts";
import { formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Table } from "../../ui/table.tsx";
import { eventText } from "./chart-words.ts";

/** See the head of the file. */
export function ChartEvents(props: {
  readonly product: string;
  readonly events: readonly V1ChartEvent[];
}): Children {
  return (
    <Card title={t("performance.events")}>
      <Table
        caption={t("performance.events")}
        name="event"
        rows={props.events.toReversed()}
        rowKey={({ kind, id }) => `${kind} ${id}`}
        empty={<p class="muted">{t("performance.noEvents")}</p>}
        columns={[
          {
            key: "at",
            title: t("performance.event.at"),
            render: ({ at }) => <time>{formatTime(at)}</time>,
          },
          {
            key: "kind",
            title: t("performance.event.kind"),
            render: ({ kind, until }) => (
              <Badge tone={until === null ? "busy" : "idle"}>
                {t(`performance.event.${kind}`)}
              </Badge>
            ),
          },
          {
            key: "what",
            title: t("performance.event.what"),
            render: (event) => (
              <a
                href={href(
                  props.product,
                  event.kind === "failover" ? "ha" : "operations",
                  event.id,
                )}
              >
                {eventText(event)}
              </a>
            ),
          },
        ]}
      />
    </Card>
  );
}
