/**
 * Screen of the audit log: a filter in the address of the page, all changes that fit it, one in detail, and what fits
 * as a file.
 */
import { useMemo } from "preact/hooks";
import { hasRole } from "../../data/session.ts";
import { formatCount, formatDuration, formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps, useNavigate, useQuery } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.ts";
import { cliLine } from "../members/cli-line.ts";
import "../members/members.css";
import { AuditDetail, ResultBadge } from "./audit-detail.tsx";
import { type ExportForm, exportAudit, exportName, saveFile } from "./audit-export.ts";
import { type AuditRow, filterAudit } from "./audit-filter.ts";
import { AuditFilters, useFilter } from "./audit-filters.tsx";
import { useAudit } from "./use-audit.ts";

/** Lines that the command line gives. */
const CLI_LIMIT = 1000;

/** See the head of the file. */
export default function AuditScreen({ product }: ScreenProps): Children {
  const isAllowed = hasRole("viewer");
  const audit = useAudit(isAllowed);
  const state = useFilter();
  const navigate = useNavigate();
  const [opened, setOpened] = useQuery("change");
  const { rows } = audit;
  const shown = useMemo(() => filterAudit(rows, state.filter), [rows, state.filter]);
  const save = (form: ExportForm): void => {
    const text = exportAudit(
      shown.map(({ entry }) => entry),
      form,
    );
    saveFile(exportName(product, form, Date.now()), text, form);
    toast(t("audit.exported", { count: formatCount(shown.length) }));
  };
  if (!isAllowed) {
    return (
      <Page title={t("audit.title")}>
        <EmptyState title={t("audit.noRight")} />
      </Page>
    );
  }
  return (
    <Page
      title={t("audit.title")}
      command={cliLine.listAudit(CLI_LIMIT)}
      lead={t("audit.lead")}
      actions={
        <>
          <Button isPending={audit.isLoading} onPress={audit.reload}>
            {t("audit.refresh")}
          </Button>
          <ExportButtons count={shown.length} onSave={save} />
        </>
      }
    >
      <AuditFilters
        state={state}
        rows={rows}
        onClear={() => navigate(href(product, "audit"), { isReplacing: true })}
      />
      <p class="muted">
        {t("audit.shown", { shown: formatCount(shown.length), total: formatCount(rows.length) })}
        {audit.isLoading && rows.length > 0 && ` · ${t("audit.reading")}`}
      </p>
      {audit.problem !== undefined && <ErrorState problem={audit.problem} onRetry={audit.reload} />}
      <AuditTable
        shown={shown}
        isLoading={audit.isLoading && rows.length === 0}
        isEmpty={rows.length === 0}
        onOpen={(row) => setOpened(String(row.entry.seq))}
      />
      <Opened rows={rows} seq={opened} onClose={() => setOpened(undefined)} />
    </Page>
  );
}

function ExportButtons(props: {
  readonly count: number;
  readonly onSave: (form: ExportForm) => void;
}): Children {
  const isOff = props.count === 0;
  return (
    <>
      <Button isDisabled={isOff} reason={t("audit.nothing")} onPress={() => props.onSave("csv")}>
        {t("audit.csv")}
      </Button>
      <Button isDisabled={isOff} reason={t("audit.nothing")} onPress={() => props.onSave("jsonl")}>
        {t("audit.jsonl")}
      </Button>
    </>
  );
}

function Opened(props: {
  readonly rows: readonly AuditRow[];
  readonly seq: string;
  readonly onClose: () => void;
}): Children {
  const row = props.rows.find(({ entry }) => String(entry.seq) === props.seq);
  return row === undefined ? null : <AuditDetail entry={row.entry} onClose={props.onClose} />;
}

function columns(): readonly Column<AuditRow>[] {
  return [
    {
      key: "seq",
      title: t("audit.seq"),
      align: "end",
      sort: ({ entry }) => entry.seq,
      render: ({ entry }) => String(entry.seq),
    },
    {
      key: "at",
      title: t("audit.at"),
      sort: (row) => row.atMs,
      render: (row) => <time dateTime={row.entry.at}>{formatTime(row.atMs)}</time>,
    },
    {
      key: "who",
      title: t("audit.who"),
      sort: ({ entry }) => entry.who,
      render: ({ entry }) => <span class="code">{entry.who}</span>,
    },
    {
      key: "operation",
      title: t("audit.operation"),
      sort: ({ entry }) => entry.operation,
      render: ({ entry }) => <span class="code">{entry.operation}</span>,
    },
    {
      key: "target",
      title: t("audit.target"),
      sort: (row) => row.target,
      render: (row) => <span class="code">{row.target}</span>,
    },
    {
      key: "state",
      title: t("audit.state"),
      sort: ({ entry }) => entry.state,
      render: ({ entry }) => <ResultBadge state={entry.state} />,
    },
    {
      key: "from",
      title: t("audit.from"),
      sort: ({ entry }) => entry.from,
      render: ({ entry }) => <span class="code">{entry.from}</span>,
    },
    {
      key: "duration",
      title: t("audit.duration"),
      align: "end",
      sort: ({ entry }) => entry.duration_ms,
      render: ({ entry }) => formatDuration(entry.duration_ms),
    },
  ];
}

function AuditTable(props: {
  readonly shown: readonly AuditRow[];
  readonly isLoading: boolean;
  readonly isEmpty: boolean;
  readonly onOpen: (row: AuditRow) => void;
}): Children {
  if (props.isLoading) {
    return <Skeleton lines={10} />;
  }
  return (
    <Table
      caption={t("audit.caption")}
      columns={columns()}
      rows={props.shown}
      rowKey={({ entry }) => String(entry.seq)}
      onOpen={props.onOpen}
      empty={props.isEmpty ? <EmptyState title={t("audit.none")} /> : undefined}
    />
  );
}
