/**
 * Screen of groups and servers: all groups, the one that the address names, or one of its servers
 * (`?server=10.0.0.1:6379`).
 */
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps, useQuery } from "../../route.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { useDialog } from "../members/use-dialog.ts";
import "../members/members.css";
import { GroupDetail } from "./group-detail.tsx";
import { GroupList } from "./group-list.tsx";
import { ServerDetail } from "./server-detail.tsx";
import { isLoaded, readGroup } from "./use-groups.ts";

/** See the head of the file. */
export default function GroupsScreen(props: ScreenProps): Children {
  const dialog = useDialog();
  const [addr] = useQuery("server");
  const { product, id } = props;
  if (id === undefined) {
    return <GroupList product={product} dialog={dialog} />;
  }
  const group = /^\d{1,4}$/.test(id) ? readGroup(Number(id)) : undefined;
  if (group === undefined) {
    return <Missing product={product} text={t("groups.missing", { id })} />;
  }
  if (addr === "") {
    return <GroupDetail key={id} product={product} group={group} dialog={dialog} />;
  }
  const server = group.servers.find((each) => each.addr === addr);
  return server === undefined ? (
    <Missing product={product} text={t("groups.missingServer", { id, addr })} />
  ) : (
    <ServerDetail key={addr} product={product} group={group} server={server} dialog={dialog} />
  );
}

function Missing(props: { readonly product: string; readonly text: string }): Children {
  return (
    <Page title={t("groups.title")}>
      {isLoaded() ? (
        <EmptyState title={props.text}>
          <a href={href(props.product, "groups")}>{t("groups.back")}</a>
        </EmptyState>
      ) : (
        <Skeleton />
      )}
    </Page>
  );
}
