/**
 * All operations that are known, the newest first: those that run with how far they are, and the ended ones. What is
 * live comes with the live document, older ones are read once.
 */
import type {
  V1OperationList,
  V1OperationSummary,
} from "../../../../src/api/v1-operation-schema.ts";
import { useLoad } from "../../data/load.ts";
import { formatCount, formatPercent, formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { liveOperations } from "./live-operation.ts";
import { isOpen, newestFirst, sharesOf } from "./operation-progress.ts";
import { stateText, strategyText } from "./operation-text.ts";
import { useOperationWatch } from "./operation-watch.ts";
import { etaText, rateText, StateBadge } from "./operation-words.tsx";

/** Operations that are read. */
const READ_MAX = 100;

/** See the file head. */
export function OperationList({ product }: { readonly product: string }): Children {
  const { data, problem, reload } = useLoad<V1OperationList>(`operations?limit=${READ_MAX}`);
  const current = liveOperations();
  const navigate = useNavigate();
  const byId = new Map((data?.items ?? []).map((item) => [item.id, item]));
  for (const operation of current) {
    byId.set(operation.id, operation);
  }
  const rows = newestFirst([...byId.values()]);
  return (
    <Page
      title={t("operations.title")}
      command="codis operation list"
      lead={t("operations.lead")}
      actions={
        <a class="button button-plain" href={href(product, "rebalance")}>
          {t("operations.rebalance")}
        </a>
      }
    >
      {data === undefined && problem === undefined && rows.length === 0 && <Skeleton />}
      {problem !== undefined && <ErrorState problem={problem} onRetry={reload} />}
      {(data !== undefined || rows.length > 0) && (
        <Table
          caption={t("operations.title")}
          columns={columnsFor(product)}
          rows={rows}
          rowKey={({ id }) => id}
          onOpen={({ id }) => navigate(href(product, "operations", id))}
          filter={(row) => `${row.id} ${stateText(row)} ${strategyText(row)}`}
          empty={
            <EmptyState title={t("operations.none")} hint={t("operations.none.hint")}>
              <a class="button button-primary" href={href(product, "rebalance")}>
                {t("operations.rebalance")}
              </a>
            </EmptyState>
          }
        />
      )}
    </Page>
  );
}

function columnsFor(product: string): readonly Column<V1OperationSummary>[] {
  return [
    {
      key: "id",
      title: t("operations.column.id"),
      render: ({ id }) => <a href={href(product, "operations", id)}>{id}</a>,
      sort: ({ id }) => Number(id.slice(3)),
    },
    {
      key: "state",
      title: t("operations.column.state"),
      render: (row) => <StateBadge operation={row} />,
      sort: (row) => stateText(row),
    },
    {
      key: "what",
      title: t("operations.column.what"),
      class: "wraps",
      render: (row) => strategyText(row),
      sort: (row) => strategyText(row),
    },
    {
      key: "slots",
      title: t("operations.column.slots"),
      align: "end",
      // Of a cancelled one slots are at their end that never moved, or went back.
      render: ({ progress, state }) =>
        state === "cancelled"
          ? "–"
          : `${formatCount(progress.slots_done)} / ${formatCount(progress.slots_total)}`,
      sort: ({ progress }) => progress.slots_total,
    },
    {
      key: "progress",
      title: t("operations.column.progress"),
      render: (row) => <Progress row={row} />,
      sort: (row) => sharesOf(row).keys,
    },
    {
      key: "rate",
      title: t("operations.column.rate"),
      align: "end",
      class: "wraps",
      render: ({ progress, state }) =>
        state === "running" || state === "cancelling"
          ? rateText(progress.keys_per_second, progress.bytes_per_second)
          : "–",
    },
    {
      key: "eta",
      title: t("operations.column.eta"),
      render: (row) => (isOpen(row) ? <EtaCell id={row.id} /> : "–"),
    },
    {
      key: "created",
      title: t("operations.column.created"),
      render: ({ created_at: at }) => <time dateTime={at}>{formatTime(at)}</time>,
      sort: ({ created_at: at }) => at,
    },
  ];
}

function Progress({ row }: { readonly row: V1OperationSummary }): Children {
  const shares = sharesOf(row);
  return (
    <Meter
      value={shares.keys}
      max={1}
      label={t("operations.progress.of", { operation: row.id })}
      text={t("operations.progress.both", {
        keys: formatPercent(shares.keys),
        bytes: formatPercent(shares.bytes),
      })}
      tone={row.state === "done" ? "ok" : row.state === "running" ? "busy" : "warn"}
    />
  );
}

function EtaCell({ id }: { readonly id: string }): Children {
  return <>{etaText(useOperationWatch(id, true).eta)}</>;
}
