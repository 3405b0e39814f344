/**
 * Screen of the proxies: all of them, or the one that the address names.
 */
import type { V1LiveProxy } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import "../members/members.css";
import { useDialog } from "../members/use-dialog.ts";
import { ProxyDetail } from "./proxy-detail.tsx";
import { AddProxy, ProxyDialogs } from "./proxy-dialogs.tsx";
import { ProxyList } from "./proxy-list.tsx";
import { stateOf } from "./proxy-view.ts";
import { StrayProxies } from "./stray-proxies.tsx";

interface LiveProduct {
  readonly revision?: number;
}

/** See the head of the file. */
export default function ProxiesScreen(props: ScreenProps): Children {
  const proxies = live.list<V1LiveProxy>("proxy:").value;
  const product = live.value<LiveProduct>("product").value;
  const dialog = useDialog();
  if (props.id !== undefined) {
    const proxy = proxies.find(({ token }) => token === props.id);
    if (proxy === undefined) {
      return <Missing product={props.product} token={props.id} isKnown={product !== undefined} />;
    }
    const online = proxies.filter((each) => stateOf(each) === "online");
    const isLastOnline = online.length === 1 && online[0] === proxy;
    return (
      <>
        <ProxyDetail
          product={props.product}
          proxy={proxy}
          revision={product?.revision}
          dialog={dialog}
        />
        <ProxyDialogs
          product={props.product}
          proxy={proxy}
          dialog={dialog}
          isLastOnline={isLastOnline}
        />
      </>
    );
  }
  return (
    <Page
      title={t("proxies.title")}
      command="codis proxy list"
      lead={t("proxies.lead")}
      actions={
        <Button needs="operator" variant="primary" onPress={() => dialog.open("add")}>
          {t("proxies.add")}
        </Button>
      }
    >
      {product === undefined ? (
        <Skeleton />
      ) : (
        <ProxyList product={props.product} proxies={proxies} />
      )}
      <StrayProxies isKnown={product !== undefined} />
      <AddProxy dialog={dialog} />
    </Page>
  );
}

function Missing(props: {
  readonly product: string;
  readonly token: string;
  readonly isKnown: boolean;
}): Children {
  return (
    <Page title={t("proxies.title")}>
      {props.isKnown ? (
        <EmptyState title={t("proxies.gone", { token: props.token })}>
          <a href={href(props.product, "proxies")}>{t("proxies.back")}</a>
        </EmptyState>
      ) : (
        <Skeleton />
      )}
    </Page>
  );
}
