/**
 * Changes of masters that are kept, with a filter by group, by whom and by outcome in the address of the page.
 */
import type {
  V1FailoverList,
  V1FailoverSummary,
} from "../../../../src/api/v1-availability-schema.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import { t, textOf } from "../../i18n/text.ts";
import { useQuery } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Select } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { cliLine } from "../members/cli-line.ts";
import { useReloadOn } from "../members/use-reload-on.ts";
import { StoryTable } from "./story-table.tsx";

/** More than the dashboard keeps. */
const LIMIT = 1000;

/** See the head of the file. */
export function HistoryCard(props: { readonly product: string }): Children {
  const history = useLoad<V1FailoverList>(`failovers?limit=${LIMIT}`);
  useReloadOn(history.reload, live.list<V1FailoverSummary>("failover:").value);
  const stories = history.data?.items;
  return (
    <Card title={t("ha.history")}>
      {stories === undefined && history.problem === undefined && <Skeleton lines={3} />}
      {stories === undefined && history.problem !== undefined && (
        <ErrorState problem={history.problem} onRetry={history.reload} />
      )}
      {stories !== undefined && <History product={props.product} stories={stories} />}
      <CopyLine text={cliLine.history()} />
    </Card>
  );
}

function History(props: {
  readonly product: string;
  readonly stories: readonly V1FailoverSummary[];
}): Children {
  const [group, setGroup] = useQuery("group");
  const [kind, setKind] = useQuery("kind");
  const [outcome, setOutcome] = useQuery("outcome");
  const { stories } = props;
  if (stories.length === 0) {
    return <EmptyState title={t("ha.noHistory")} />;
  }
  const fitting = stories.filter(
    (story) =>
      (group === "" || String(story.group_id) === group) &&
      (kind === "" || story.kind === kind) &&
      (outcome === "" || story.outcome === outcome),
  );
  const groups = [...new Set(stories.map(({ group_id }) => group_id))].sort((a, b) => a - b);
  const any = { value: "", label: t("ha.any") };
  return (
    <>
      <div class="filters">
        <Select
          label={t("ha.filterGroup")}
          value={group}
          options={[any, ...groups.map((id) => ({ value: String(id), label: String(id) }))]}
          onChange={setGroup}
        />
        <Select
          label={t("ha.filterKind")}
          value={kind}
          options={[any, ...optionsOf("ha.kind", ["planned", "detector", "sentinel"])]}
          onChange={setKind}
        />
        <Select
          label={t("ha.filterOutcome")}
          value={outcome}
          options={[
            any,
            ...optionsOf("ha.outcome", ["running", "done", "refused", "undone", "failed"]),
          ]}
          onChange={setOutcome}
        />
      </div>
      <StoryTable product={props.product} stories={fitting} />
    </>
  );
}

function optionsOf(
  prefix: string,
  codes: readonly string[],
): readonly { readonly value: string; readonly label: string }[] {
  return codes.map((code) => ({ value: code, label: textOf(prefix, code) }));
}
