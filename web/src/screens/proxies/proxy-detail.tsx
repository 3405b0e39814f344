/**
 * One proxy: what it is, what it does, whether it has the newest slot table, and what can be done with it.
 */
import type { V1LiveProxy } from "../../../../src/api/v1-live-schema.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatTime,
  UNKNOWN,
} from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Age } from "../../ui/age.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { ChartsLink } from "../members/charts-link.tsx";
import { Facts } from "../members/facts.tsx";
import { Notice } from "../members/notice.tsx";
import { Seen } from "../members/seen.tsx";
import type { OpenDialog } from "../members/use-dialog.ts";
import { ProxyBadge, TableBadge } from "./proxy-list.tsx";
import { needsWord, startedAtMs, tableTone } from "./proxy-view.ts";

/** `revision`: the newest of the dashboard. */
export function ProxyDetail(props: {
  readonly product: string;
  readonly proxy: V1LiveProxy;
  readonly revision: number | undefined;
  readonly dialog: OpenDialog;
}): Children {
  const { proxy, dialog } = props;
  return (
    <Page
      title={t("proxies.one", { addr: proxy.proxy_addr })}
      command={`codis proxy show ${proxy.token}`}
      lead={
        <>
          <a href={href(props.product, "proxies")}>{t("proxies.back")}</a>{" "}
          <ChartsLink product={props.product} by="proxy" of={proxy.token} />
        </>
      }
      actions={<Actions proxy={proxy} dialog={dialog} />}
    >
      <FenceNotice proxy={proxy} />
      <div class="cards">
        <Card title={t("proxies.about")}>
          <About proxy={proxy} />
        </Card>
        <Card title={t("proxies.figures")}>
          <Figures proxy={proxy} />
        </Card>
        <Card title={t("proxies.slots")}>
          <Notice tone={tableTone(proxy.table)} word={textOf("proxies.table", proxy.table)}>
            {textOf("proxies.tableHint", proxy.table)}
          </Notice>
          <Facts facts={[[t("proxies.confirmed"), revisionText(proxy, props.revision)]]} />
        </Card>
      </div>
    </Page>
  );
}

function revisionText(proxy: V1LiveProxy, newest: number | undefined): string {
  const own = proxy.confirmed_revision;
  if (own === null || own === undefined) {
    return UNKNOWN;
  }
  return newest === undefined
    ? String(own)
    : t("proxies.ofRevision", { own: String(own), newest: String(newest) });
}

function Actions(props: { readonly proxy: V1LiveProxy; readonly dialog: OpenDialog }): Children {
  const { proxy, dialog } = props;
  return (
    <>
      <Button needs="operator" onPress={() => dialog.open("resend")}>
        {t("proxies.resend")}
      </Button>
      <Button
        needs="operator"
        isDisabled={!needsWord(proxy)}
        reason={t("proxies.goneWord.off")}
        onPress={() => dialog.open("gone")}
      >
        {t("proxies.goneWord")}
      </Button>
      <Button needs="operator" variant="danger" onPress={() => dialog.open("remove")}>
        {t("proxies.remove")}
      </Button>
      <Button needs="operator" variant="danger" onPress={() => dialog.open("force-remove")}>
        {t("proxies.force")}
      </Button>
    </>
  );
}

function FenceNotice({ proxy }: { readonly proxy: V1LiveProxy }): Children {
  const { fence } = proxy;
  if (fence === null || fence === undefined || fence.state === "present") {
    return proxy.error === null || proxy.error === undefined ? null : (
      <Notice tone="bad" word={textOf("proxies.state", proxy.status)}>
        <Said text={proxy.error} />
      </Notice>
    );
  }
  return (
    <Notice
      tone={fence.state === "fenced" ? "idle" : "bad"}
      word={textOf("proxies.fence", fence.state)}
    >
      <p>
        <Said text={fence.text} said={fence.said} />
      </p>
      <p class="muted">
        <Age at={fence.since} />
        {fence.proof !== null && (
          <span> · {t("proxies.proof", { proof: textOf("proxies.proof", fence.proof) })}</span>
        )}
      </p>
    </Notice>
  );
}

function About({ proxy }: { readonly proxy: V1LiveProxy }): Children {
  const code = (text: string): Children => <span class="code">{text === "" ? UNKNOWN : text}</span>;
  return (
    <Facts
      facts={[
        [t("proxies.state"), <ProxyBadge key="state" proxy={proxy} />],
        [t("proxies.table"), <TableBadge key="table" proxy={proxy} />],
        [t("proxies.seen"), <Seen key="seen" at={proxy.observed_at} status={proxy.status} />],
        [t("proxies.addr"), code(proxy.proxy_addr)],
        [t("proxies.adminAddr"), code(proxy.admin_addr)],
        [t("proxies.token"), code(proxy.token)],
        [t("proxies.id"), String(proxy.id)],
        [t("proxies.datacenter"), proxy.datacenter === "" ? UNKNOWN : proxy.datacenter],
        [t("proxies.host"), code(proxy.hostname)],
        [t("proxies.pid"), String(proxy.pid)],
        [t("proxies.protocol"), proxy.proto_type],
        [t("proxies.started"), <Started key="started" text={proxy.start_time} />],
        [t("proxies.discovery"), code(proxy.jodis_path)],
      ]}
    />
  );
}

/** Moment and age; the text itself when it can't be read. */
function Started({ text }: { readonly text: string }): Children {
  const at = startedAtMs(text);
  return at === undefined ? (
    text || UNKNOWN
  ) : (
    <>
      {formatTime(at)} · <Age at={at} />
    </>
  );
}

/** Half of the requests, 99 and 99.9 of a hundred took at most so long. */
function latencyText(proxy: V1LiveProxy): string {
  return [proxy.p50_ms, proxy.p99_ms, proxy.p999_ms].map(formatDuration).join(" · ");
}

function Figures({ proxy }: { readonly proxy: V1LiveProxy }): Children {
  return (
    <Facts
      facts={[
        [t("proxies.ops"), formatRate(proxy.ops_per_second)],
        [t("proxies.sessions"), formatCount(proxy.sessions)],
        [t("proxies.total"), formatCount(proxy.sessions_opened)],
        [t("proxies.opsTotal"), formatCount(proxy.ops)],
        [t("proxies.failed"), formatCount(proxy.ops_failed)],
        [t("proxies.redisErrors"), formatCount(proxy.redis_errors)],
        [t("proxies.latency"), latencyText(proxy)],
        [t("proxies.failedRate"), formatRate(proxy.failures_per_second)],
        [t("proxies.memory"), formatBytes(proxy.memory_bytes)],
        [t("proxies.cpu"), formatPercent(proxy.cpu)],
      ]}
    />
  );
}
