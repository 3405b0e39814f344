/**
 * One group on the page of all groups: its state, its slots, its servers, and where they differ from what is stored.
 */
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Notice } from "../members/notice.tsx";
import { FaultList } from "./fault-list.tsx";
import { type GroupView, groupState, groupTone, spansText } from "./group-view.ts";
import { ServerTable } from "./server-table.tsx";
import { readGroup } from "./use-groups.ts";

/** Ranges of slots that are written out; of more there is a sign that there are more. */
const SPANS_SHOWN = 6;

/** State of a group as a badge. */
export function GroupBadge(props: { readonly group: GroupView }): Children {
  const state = groupState(props.group);
  return <Badge tone={groupTone(state)}>{textOf("groups.state", state)}</Badge>;
}

/** How many slots a group has, and which. */
export function SlotLine(props: { readonly group: GroupView }): Children {
  const { slots } = props.group;
  if (slots.count === 0) {
    return <Badge tone="idle">{t("groups.noSlots")}</Badge>;
  }
  return (
    <span>
      {t("groups.slotCount", { count: slots.count })}{" "}
      <span class="code muted">{spansText(slots.ranges, SPANS_SHOWN)}</span>
    </span>
  );
}

/** What needs somebody: faults, a change of the master under way, proxies with old slots. */
export function GroupNotices(props: {
  readonly product: string;
  readonly group: GroupView;
}): Children {
  const { product, group } = props;
  return (
    <>
      {group.promoting !== null && group.promoting !== undefined && (
        <Notice tone="busy" word={t("groups.state.promoting")}>
          {t("groups.promotingHint", { state: group.promoting.state })}
        </Notice>
      )}
      {group.out_of_sync && (
        <Notice tone="warn" word={t("groups.state.unsynced")}>
          {t("groups.unsyncedHint")}
        </Notice>
      )}
      {group.faults.length > 0 && <FaultList product={product} faults={group.faults} />}
    </>
  );
}

/** See the head of the file; reads its group itself, so that a change of one draws one again. */
export function GroupCard(props: { readonly product: string; readonly id: number }): Children {
  const group = readGroup(props.id);
  if (group === undefined) {
    return null;
  }
  return (
    <Card
      class="group-card"
      title={
        <a href={href(props.product, "groups", String(group.id))}>
          {t("groups.one", { id: group.id })}
        </a>
      }
      actions={<GroupBadge group={group} />}
    >
      <p>
        <SlotLine group={group} />
      </p>
      <GroupNotices product={props.product} group={group} />
      <ServerTable product={props.product} group={group} />
    </Card>
  );
}
