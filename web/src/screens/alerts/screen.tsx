/**
 * Screen of checks and alerts: what is wrong with the product, the gravest first, and every check with its id.
 */
import type { V1Health } from "../../../../src/api/v1-state-schema.ts";
import { live } from "../../data/live.ts";
import { t, textOf } from "../../i18n/text.ts";
import { type ScreenProps, useQuery } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Select } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import "../members/members.css";
import "./alerts.css";
import { type Check, checksOf, type Problem, sortProblems } from "./check-list.ts";
import { CheckBadge, ProblemView } from "./problem-view.tsx";

/** Problems of one kind that are drawn; a cluster that is gone has thousands. */
const SHOWN_OF_KIND = 20;

/** See the head of the file. */
export default function AlertsScreen({ product }: ScreenProps): Children {
  const health = live.value<V1Health>("health").value;
  if (health === undefined) {
    return (
      <Page title={t("alerts.title")} lead={t("alerts.lead")}>
        <Skeleton />
      </Page>
    );
  }
  const checks = checksOf(health.problems);
  const count = (state: Check["state"]): number =>
    checks.filter((check) => check.state === state).length;
  return (
    <Page
      title={t("alerts.title")}
      command="codis product health"
      lead={
        <>
          <p>{t("alerts.lead")}</p>
          <p class="strong" id="alerts-sum">
            {t("alerts.sum", { bad: count("bad"), warn: count("warn"), ok: count("ok") })}
          </p>
        </>
      }
    >
      <Failing product={product} problems={sortProblems(health.problems)} />
      <Card title={t("alerts.all")}>
        <CheckTable checks={checks} />
      </Card>
    </Page>
  );
}

function Failing(props: {
  readonly product: string;
  readonly problems: readonly Problem[];
}): Children {
  const [severity, setSeverity] = useQuery("severity");
  const { problems, product } = props;
  if (problems.length === 0) {
    return (
      <Card title={t("alerts.failing")}>
        <EmptyState title={t("alerts.none")} hint={t("alerts.noneHint")} />
      </Card>
    );
  }
  const fitting = problems.filter(
    (each) => severity === "" || (severity === "critical") === each.is_critical,
  );
  const kinds = [...new Set(fitting.map(({ kind }) => kind))];
  return (
    <Card title={t("alerts.failing")}>
      <div class="filters">
        <Select
          label={t("alerts.severity")}
          value={severity}
          options={[
            { value: "", label: t("alerts.any") },
            { value: "critical", label: t("alerts.state.bad") },
            { value: "warning", label: t("alerts.state.warn") },
          ]}
          onChange={setSeverity}
        />
      </div>
      {kinds.map((kind) => (
        <Kind
          key={kind}
          product={product}
          kind={kind}
          problems={fitting.filter((each) => each.kind === kind)}
        />
      ))}
    </Card>
  );
}

function Kind(props: {
  readonly product: string;
  readonly kind: string;
  readonly problems: readonly Problem[];
}): Children {
  const more = props.problems.length - SHOWN_OF_KIND;
  return (
    <section class="problem-kind">
      <h3>{textOf("alerts.kind", props.kind)}</h3>
      <ul class="problem-list">
        {props.problems.slice(0, SHOWN_OF_KIND).map((problem) => (
          <ProblemView
            key={`${problem.subject} ${problem.message}`}
            product={props.product}
            problem={problem}
          />
        ))}
      </ul>
      {more > 0 && <p class="muted">{t("alerts.more", { count: more })}</p>}
    </section>
  );
}

function CheckTable({ checks }: { readonly checks: readonly Check[] }): Children {
  return (
    <Table
      caption={t("alerts.all")}
      rows={checks}
      rowKey={({ id }) => id}
      filter={({ id, kind }) => `${id} ${textOf("alerts.kind", kind)}`}
      columns={[
        {
          key: "state",
          title: t("alerts.state"),
          render: ({ state }) => <CheckBadge state={state} />,
          sort: ({ state }) => (state === "bad" ? 0 : state === "warn" ? 1 : 2),
        },
        {
          key: "check",
          title: t("alerts.check"),
          render: ({ kind }) => textOf("alerts.kind", kind),
          sort: ({ kind }) => textOf("alerts.kind", kind),
        },
        {
          key: "id",
          title: t("alerts.id"),
          render: ({ id }) => <code>{id}</code>,
          sort: ({ id }) => id,
        },
        {
          key: "count",
          title: t("alerts.count"),
          align: "end",
          render: ({ problems }) => String(problems.length),
          sort: ({ problems }) => problems.length,
        },
        {
          key: "do",
          title: t("alerts.doColumn"),
          render: ({ kind }) => textOf("alerts.do", kind),
        },
      ]}
    />
  );
}
