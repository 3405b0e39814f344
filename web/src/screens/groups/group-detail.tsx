/**
 * The page of one group: state, servers with what can be done with each, changes of its master.
 */
import type { V1FailoverSummary } from "../../../../src/api/v1-availability-schema.ts";
import type { V1ServerInfo } from "../../../../src/api/v1-topology-schema.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { StoryTable } from "../availability/story-table.tsx";
import { readSentinels } from "../availability/use-sentinels.ts";
import { pathPart } from "../members/addr.ts";
import { ChartsLink } from "../members/charts-link.tsx";
import type { OpenDialog } from "../members/use-dialog.ts";
import { useReloadOn } from "../members/use-reload-on.ts";
import { GhostList } from "./ghost-list.tsx";
import { ghostMasters, ghostReplicas } from "./ghosts.ts";
import { GroupBadge, GroupNotices, SlotLine } from "./group-card.tsx";
import { RemoveGroup, Repair, ResyncGroup } from "./group-dialogs.tsx";
import type { GroupView } from "./group-view.ts";
import { LeaveCard } from "./leave-card.tsx";
import { ServerActions } from "./server-actions.tsx";
import { AddServer, ServerDialogs } from "./server-dialogs.tsx";
import { ServerTable } from "./server-table.tsx";
import { readGroups } from "./use-groups.ts";
import { groupActs } from "./verbs.ts";

interface DetailProps {
  readonly product: string;
  readonly group: GroupView;
  readonly dialog: OpenDialog;
}

/** See the head of the file. */
export function GroupDetail(props: DetailProps): Children {
  const { product, group, dialog } = props;
  const stories = live
    .list<V1FailoverSummary>("failover:")
    .value.filter(({ group_id }) => group_id === group.id);
  return (
    <Page
      title={t("groups.one", { id: group.id })}
      command={`codis group show ${group.id}`}
      lead={
        <>
          <a href={href(product, "groups")}>{t("groups.back")}</a> <GroupBadge group={group} />{" "}
          <SlotLine group={group} />{" "}
          <ChartsLink product={product} by="group" of={String(group.id)} />
        </>
      }
      actions={<Actions {...props} />}
    >
      <GroupNotices product={product} group={group} />
      <Ghosts product={product} group={group} />
      <Card title={t("groups.serversTitle")}>
        <ServerTable
          product={product}
          group={group}
          actions={(server) => (
            <ServerActions variant="quiet" group={group} server={server} dialog={dialog} />
          )}
        />
      </Card>
      <LeaveCard group={group} dialog={dialog} />
      <Card title={t("groups.history")}>
        {stories.length === 0 ? (
          <p class="muted">{t("groups.noHistory")}</p>
        ) : (
          <StoryTable product={product} stories={stories} />
        )}
      </Card>
      <Dialogs {...props} />
    </Page>
  );
}

/** What the sentinels, the servers, and the INFO of the master say of servers that aren't stored. */
function Ghosts(props: { readonly product: string; readonly group: GroupView }): Children {
  const { product, group } = props;
  const master = group.servers[0];
  const isUp = master?.status === "up";
  const info = useLoad<V1ServerInfo>(
    isUp ? `groups/${group.id}/servers/${pathPart(master.addr)}/info` : undefined,
  );
  useReloadOn(info.reload, group.servers.map(({ addr }) => addr).join(" "));
  const groups = readGroups();
  const named = ghostMasters(groups, readSentinels()?.masters ?? []);
  const fed = info.data === undefined ? [] : ghostReplicas(group, info.data.info, groups);
  const own = [...named.filter(({ groupId }) => groupId === group.id), ...fed];
  return (
    <>
      {info.problem !== undefined && <ProblemText problem={info.problem} />}
      <GhostList product={product} ghosts={own} />
    </>
  );
}

function Actions({ product, group, dialog }: DetailProps): Children {
  const buttons = groupActs(group).map(({ verb, title, isOff = false }) => (
    <Button
      key={verb}
      needs="operator"
      variant={verb === "add-server" ? "primary" : verb === "remove-group" ? "danger" : "plain"}
      isDisabled={isOff}
      reason={t("groups.why.notEmpty")}
      onPress={() => dialog.open(verb)}
    >
      {t(title)}
    </Button>
  ));
  return (
    <>
      {buttons.slice(0, -1)}
      {group.slots.count > 0 ? (
        <a
          class="button button-plain"
          href={href(product, "rebalance", undefined, { strategy: "drain", drain: group.id })}
        >
          {t("groups.do.drain")}
        </a>
      ) : (
        group.servers.length > 0 && (
          <a class="button button-plain" href={href(product, "rebalance")}>
            {t("groups.do.rebalance")}
          </a>
        )
      )}
      {buttons.at(-1)}
    </>
  );
}

function Dialogs(props: DetailProps): Children {
  const { product, group, dialog } = props;
  const server = group.servers.find(({ addr }) => addr === dialog.target);
  if (server !== undefined) {
    return <ServerDialogs {...props} server={server} />;
  }
  switch (dialog.verb) {
    case "add-server":
      return <AddServer group={group} dialog={dialog} />;
    case "resync":
      return <ResyncGroup id={group.id} dialog={dialog} />;
    case "repair":
      return <Repair id={group.id} dialog={dialog} />;
    case "remove-group":
      return <RemoveGroup product={product} id={group.id} dialog={dialog} />;
    default:
      return null;
  }
}
