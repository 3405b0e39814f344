/**
 * The filter of the audit log: its fields, kept in the address of the page.
 */
import { useMemo } from "preact/hooks";
import { t, textOf } from "../../i18n/text.ts";
import { useQuery } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Select, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import {
  type AuditFilter,
  type AuditRow,
  choicesOf,
  isPeriod,
  PERIODS,
  readMoment,
} from "./audit-filter.ts";

/** A value of the address and how it is changed. */
type Pair = readonly [string, (value: string | undefined) => void];

/** All fields. */
export interface FilterState {
  readonly filter: AuditFilter;
  readonly query: Pair;
  readonly who: Pair;
  readonly operation: Pair;
  readonly state: Pair;
  readonly period: Pair;
  readonly from: Pair;
  readonly to: Pair;
}

const OWN_PERIOD = "own";
const STATES = ["running", "done", "failed", "unfinished"];

/**
 * Reads the filter out of the address. A named period ends now, to the minute, so that it doesn't change at each
 * drawing.
 */
export function useFilter(): FilterState {
  const query = useQuery("q");
  const who = useQuery("who");
  const operation = useQuery("operation");
  const state = useQuery("result");
  const period = useQuery("period");
  const from = useQuery("from");
  const to = useQuery("to");
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const isOwn = period[0] === OWN_PERIOD;
  const fromMs = isPeriod(period[0])
    ? minute - PERIODS[period[0]]
    : isOwn
      ? readMoment(from[0])
      : undefined;
  const toMs = isOwn ? readMoment(to[0]) : undefined;
  const filter = useMemo(
    () => ({
      query: query[0],
      who: who[0],
      operation: operation[0],
      state: state[0],
      fromMs,
      toMs,
    }),
    [query[0], who[0], operation[0], state[0], fromMs, toMs],
  );
  return { filter, query, who, operation, state, period, from, to };
}

/** See the head of the file; `rows`: all that were read, for the choices. */
export function AuditFilters(props: {
  readonly state: FilterState;
  readonly rows: readonly AuditRow[];
  readonly onClear: () => void;
}): Children {
  const { rows } = props;
  const { query, who, operation, state, period, from, to } = props.state;
  const users = useMemo(() => choicesOf(rows, (row) => row.user), [rows]);
  const operations = useMemo(() => choicesOf(rows, (row) => row.entry.operation), [rows]);
  const any = { value: "", label: t("audit.any") };
  const plain = (values: readonly string[], chosen: string) => [
    any,
    ...[...new Set([...values, ...(chosen === "" ? [] : [chosen])])].map((value) => ({
      value,
      label: value,
    })),
  ];
  return (
    <div class="filters">
      <SearchField pair={query} />
      <Select
        label={t("audit.who")}
        value={who[0]}
        options={plain(users, who[0])}
        onChange={who[1]}
      />
      <Select
        label={t("audit.operation")}
        value={operation[0]}
        options={plain(operations, operation[0])}
        onChange={operation[1]}
      />
      <Select
        label={t("audit.state")}
        value={state[0]}
        options={[any, ...STATES.map((value) => ({ value, label: textOf("audit.state", value) }))]}
        onChange={state[1]}
      />
      <Select
        label={t("audit.period")}
        value={period[0]}
        options={[
          any,
          ...[...Object.keys(PERIODS), OWN_PERIOD].map((value) => ({
            value,
            label: textOf("audit.period", value),
          })),
        ]}
        onChange={period[1]}
      />
      {period[0] === OWN_PERIOD && (
        <>
          <TextInput
            label={t("audit.fromTime")}
            type="datetime-local"
            value={from[0]}
            onChange={from[1]}
          />
          <TextInput
            label={t("audit.toTime")}
            type="datetime-local"
            value={to[0]}
            onChange={to[1]}
          />
        </>
      )}
      <Button onPress={props.onClear}>{t("audit.clear")}</Button>
    </div>
  );
}

function SearchField(props: { readonly pair: Pair }): Children {
  return (
    <div class="field">
      <label for="audit-search">{t("audit.search")}</label>
      <input
        id="audit-search"
        class="input"
        type="search"
        data-filter="true"
        value={props.pair[0]}
        placeholder={t("ui.filterHint")}
        onInput={(event) => props.pair[1](event.currentTarget.value)}
      />
    </div>
  );
}
