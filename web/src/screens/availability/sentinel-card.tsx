/**
 * The sentinels: whether each answers, which masters it watches, and whether a majority agrees with what is stored.
 */
import { t, textOf } from "../../i18n/text.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Notice } from "../members/notice.tsx";
import { Seen } from "../members/seen.tsx";
import type { OpenDialog } from "../members/use-dialog.ts";
import { disagreements, type SentinelRow, sentinelRows } from "./story-view.ts";
import { readSentinels } from "./use-sentinels.ts";

const TONES: Readonly<Record<SentinelRow["status"], Tone>> = {
  up: "ok",
  timeout: "bad",
  error: "bad",
  unknown: "idle",
};

/** `masters`: stored master by group. */
export function SentinelCard(props: {
  readonly masters: ReadonlyMap<number, string>;
  readonly dialog: OpenDialog;
}): Children {
  const { masters, dialog } = props;
  const list = readSentinels();
  return (
    <Card
      title={t("ha.sentinels")}
      actions={
        <>
          <Button needs="operator" onPress={() => dialog.open("add-sentinel")}>
            {t("ha.add")}
          </Button>
          <Button needs="operator" onPress={() => dialog.open("configure")}>
            {t("ha.configure")}
          </Button>
        </>
      }
    >
      {list === undefined && <Skeleton lines={3} />}
      {list !== undefined && (
        <>
          <Table
            caption={t("ha.sentinels")}
            columns={columns(dialog)}
            rows={sentinelRows(list, [...masters.keys()])}
            rowKey={(row) => row.addr}
            empty={<EmptyState title={t("ha.noSentinels")} hint={t("ha.noSentinelsHint")} />}
          />
          {list.items.length > 0 && <Agreement list={list} masters={masters} />}
        </>
      )}
    </Card>
  );
}

function columns(dialog: OpenDialog): readonly Column<SentinelRow>[] {
  return [
    {
      key: "addr",
      title: t("ha.addr"),
      sort: (row) => row.addr,
      render: (row) => <span class="code">{row.addr}</span>,
    },
    {
      key: "state",
      title: t("ha.state"),
      sort: (row) => row.status,
      render: (row) => (
        <>
          <Badge tone={TONES[row.status]}>{textOf("ha.state", row.status)}</Badge>
          {row.error !== null && (
            <p class="muted">
              <Said text={row.error} />
            </p>
          )}
        </>
      ),
    },
    { key: "version", title: t("ha.version"), render: (row) => row.version ?? "–" },
    { key: "watched", title: t("ha.watched"), render: watchedText },
    {
      key: "seen",
      title: t("ha.seen"),
      render: (row) => <Seen at={row.observedAt} status={row.status} />,
    },
    {
      key: "actions",
      title: t("ha.actions"),
      render: (row) => (
        <Button
          variant="quiet"
          needs="operator"
          label={t("ha.removeOf", { addr: row.addr })}
          onPress={() => dialog.open("remove-sentinel", row.addr)}
        >
          {t("ha.remove")}
        </Button>
      ),
    },
  ];
}

function watchedText(row: SentinelRow): string {
  if (row.watched === undefined) {
    return "–";
  }
  const count = row.watched.length;
  return row.missing.length === 0
    ? t("ha.watchedAll", { count })
    : t("ha.watchedSome", { count, missing: row.missing.join(", ") });
}

function Agreement(props: {
  readonly list: NonNullable<ReturnType<typeof readSentinels>>;
  readonly masters: ReadonlyMap<number, string>;
}): Children {
  const { list } = props;
  const found = disagreements(list, props.masters);
  const up = list.looks.filter(({ status }) => status === "up").length;
  return (
    <>
      {up * 2 <= list.items.length && (
        <Notice tone="bad" word={t("ha.quorumWord")}>
          {t("ha.quorumLost", { up, total: list.items.length })}
        </Notice>
      )}
      {list.out_of_sync && (
        <Notice tone="warn" word={t("ha.outOfSyncWord")}>
          {t("ha.outOfSync")}
        </Notice>
      )}
      {found.length === 0 ? (
        <Notice tone="ok" word={t("ha.agreedWord")}>
          {t("ha.agreed")}
        </Notice>
      ) : (
        found.map(({ groupId, stored, agreed }) => (
          <Notice key={groupId} tone="bad" word={t("ha.disagreeWord")}>
            {agreed === undefined
              ? t("ha.noMajority", { group: groupId, stored })
              : t("ha.disagree", { group: groupId, stored, agreed })}
          </Notice>
        ))
      )}
    </>
  );
}
