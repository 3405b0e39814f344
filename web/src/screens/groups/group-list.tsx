/**
 * The page of all groups: a filter, reads from replicas for the whole product, what a repair would mend, a card for
 * each group.
 */
import { t } from "../../i18n/text.ts";
import { useQuery } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import type { OpenDialog } from "../members/use-dialog.ts";
import { CreateGroup } from "./create-group.tsx";
import { GroupCard } from "./group-card.tsx";
import { ReadsOfAll, Repair } from "./group-dialogs.tsx";
import { countMendable, countReads, type GroupView, matchesGroup } from "./group-view.ts";
import { isLoaded, readGroups } from "./use-groups.ts";

/** See the head of the file. */
export function GroupList(props: {
  readonly product: string;
  readonly dialog: OpenDialog;
}): Children {
  const { product, dialog } = props;
  const [filter, setFilter] = useQuery("filter");
  const groups = readGroups();
  const shown = groups.filter((group) => matchesGroup(group, filter));
  return (
    <Page
      title={t("groups.title")}
      command="codis group list"
      lead={t("groups.lead")}
      actions={
        <>
          {countMendable(groups.flatMap(({ faults }) => faults)) > 0 && (
            <Button needs="operator" onPress={() => dialog.open("repair")}>
              {t("groups.do.repair")}
            </Button>
          )}
          <Button needs="operator" variant="primary" onPress={() => dialog.open("create")}>
            {t("groups.do.create")}
          </Button>
        </>
      }
    >
      {!isLoaded() && <Skeleton lines={8} />}
      {isLoaded() && groups.length === 0 && (
        <EmptyState title={t("groups.none")} hint={t("groups.noneHint")} />
      )}
      {groups.length > 0 && (
        <>
          <div class="table-filter">
            <input
              class="input"
              type="search"
              data-filter="true"
              aria-label={t("groups.filter")}
              placeholder={t("ui.filterHint")}
              value={filter}
              onInput={(event) => setFilter(event.currentTarget.value)}
            />
            <span class="muted">
              {t("groups.shown", { shown: shown.length, total: groups.length })}
            </span>
          </div>
          {shown.length === 0 && <p class="muted">{t("groups.noneFits")}</p>}
          <div class="group-cards">
            {shown.map(({ id }) => (
              <GroupCard key={id} product={product} id={id} />
            ))}
          </div>
          <ReadsCard groups={groups} dialog={dialog} />
        </>
      )}
      <ListDialogs {...props} groups={groups} />
    </Page>
  );
}

function ReadsCard(props: {
  readonly groups: readonly GroupView[];
  readonly dialog: OpenDialog;
}): Children {
  const { dialog } = props;
  return (
    <Card
      title={t("groups.readsTitle")}
      actions={
        <>
          <Button needs="operator" onPress={() => dialog.open("reads-all-on")}>
            {t("groups.do.readsAllOn")}
          </Button>
          <Button needs="operator" onPress={() => dialog.open("reads-all-off")}>
            {t("groups.do.readsAllOff")}
          </Button>
        </>
      }
    >
      <p>{t("groups.readsCount", countReads(props.groups))}</p>
    </Card>
  );
}

function ListDialogs(props: {
  readonly product: string;
  readonly dialog: OpenDialog;
  readonly groups: readonly GroupView[];
}): Children {
  const { dialog, groups } = props;
  switch (dialog.verb) {
    case "create":
      // Before all groups are known a free id can't be told.
      return isLoaded() ? (
        <CreateGroup
          product={props.product}
          takenIds={groups.map(({ id }) => id)}
          onClose={dialog.close}
        />
      ) : null;
    case "repair":
      return <Repair dialog={dialog} />;
    case "reads-all-on":
      return <ReadsOfAll isOn={true} dialog={dialog} />;
    case "reads-all-off":
      return <ReadsOfAll isOn={false} dialog={dialog} />;
    default:
      return null;
  }
}
