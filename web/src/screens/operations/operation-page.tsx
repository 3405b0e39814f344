/**
 * One operation: how far it is by keys and by bytes, how fast, how long it still takes, what hinders it and what to
 * do about that, its slots and its history. Figures follow the live document; slots and history are read again
 * when something has happened.
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { V1Operation, V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { useLoad } from "../../data/load.ts";
import { formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { DrainEnd } from "./drain-end.tsx";
import { liveOperation } from "./live-operation.ts";
import { OperationChart } from "./operation-chart.tsx";
import { OperationControls } from "./operation-controls.tsx";
import { OperationFigures } from "./operation-figures.tsx";
import { isOpen } from "./operation-progress.ts";
import { OperationSlots } from "./operation-slots.tsx";
import { strategyText } from "./operation-text.ts";
import { OperationTrouble } from "./operation-trouble.tsx";
import { useOperationWatch } from "./operation-watch.ts";
import { StateBadge } from "./operation-words.tsx";

/** Slots and history are read again at most so often, milliseconds. */
const READ_AGAIN_MS = 2000;

/** See the file head. */
export function OperationPage({
  product,
  id,
}: {
  readonly product: string;
  readonly id: string;
}): Children {
  const { data, problem, reload } = useLoad<V1Operation>(`operations/${id}`);
  const [answered, setAnswered] = useState<V1Operation | undefined>(undefined);
  const current = useMemo(() => liveOperation(id), [id]).value;
  // The answer to a change is newer than the live document until that brings something new.
  useEffect(() => setAnswered(undefined), [current]);
  const operation = answered ?? current ?? data;
  useReadAgain(operation, reload);
  const title = t("operations.one", { operation: id });
  if (operation === undefined) {
    return (
      <Page title={title}>
        {problem === undefined ? (
          <Skeleton lines={10} />
        ) : problem.status === 404 ? (
          <EmptyState title={t("operations.gone", { operation: id })}>
            <a href={href(product, "operations")}>{t("operations.gone.go")}</a>
          </EmptyState>
        ) : (
          <ErrorState problem={problem} onRetry={reload} />
        )}
      </Page>
    );
  }
  return (
    <KnownOperation
      product={product}
      operation={operation}
      detail={answered ?? data}
      onChange={(next) => {
        setAnswered(next);
        reload();
      }}
    />
  );
}

function KnownOperation(props: {
  readonly product: string;
  readonly operation: V1OperationSummary;
  /** With slots and history; may be a little older. */
  readonly detail: V1Operation | undefined;
  readonly onChange: (operation: V1Operation) => void;
}): Children {
  const { product, operation, detail } = props;
  const watched = useOperationWatch(operation.id, isOpen(operation));
  return (
    <Page
      title={t("operations.one", { operation: operation.id })}
      command={`codis operation show ${operation.id}`}
      lead={
        <span class="operation-lead">
          <StateBadge operation={operation} /> <span>{strategyText(operation)}</span>
          {operation.plan_id !== null && (
            <a href={href(product, "plans", operation.plan_id)}>
              {t("operations.plan", { plan: operation.plan_id })}
            </a>
          )}
          <a href={href(product, "slots", undefined, { mode: "state" })}>{t("operations.map")}</a>
        </span>
      }
    >
      <OperationTrouble product={product} operation={operation} stuckMs={watched.stuckMs} />
      {detail !== undefined && <DrainEnd product={product} detail={detail} />}
      <div class="operation-layout">
        <OperationFigures operation={operation} watched={watched} />
        <OperationControls operation={operation} onChange={props.onChange} />
      </div>
      {isOpen(operation) && <OperationChart points={watched.points} />}
      {detail === undefined ? (
        <Skeleton />
      ) : (
        <>
          <OperationSlots detail={detail} />
          <History detail={detail} />
        </>
      )}
    </Page>
  );
}

function History({ detail }: { readonly detail: V1Operation }): Children {
  const events = detail.events.toReversed();
  return (
    <Card title={t("operations.history")}>
      <ol class="operation-history">
        {events.map((event, index) => (
          <li key={events.length - index}>
            <time dateTime={event.at}>{formatTime(event.at)}</time>
            <span>
              <Said text={event.text} said={event.said} />
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** Reads slots and history again when the operation tells of something that changes them. */
function useReadAgain(operation: V1OperationSummary | undefined, reload: () => void): void {
  const sign =
    operation === undefined
      ? ""
      : [
          operation.state,
          operation.reason ?? "",
          operation.progress.slots_done,
          operation.progress.slots_moving,
        ].join(" ");
  const latest = useRef({
    seen: "",
    timer: undefined as ReturnType<typeof setTimeout> | undefined,
  });
  useEffect(() => {
    const state = latest.current;
    if (state.seen === "") {
      state.seen = sign;
    }
    // A change while a timer runs is read with it: what comes every second mustn't put it off for ever.
    if (sign !== state.seen && state.timer === undefined) {
      state.timer = setTimeout(() => {
        state.timer = undefined;
        reload();
      }, READ_AGAIN_MS);
    }
    state.seen = sign;
  }, [sign, reload]);
  useEffect(() => () => clearTimeout(latest.current.timer), []);
}
