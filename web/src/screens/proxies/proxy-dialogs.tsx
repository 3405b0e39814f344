/**
 * What can be done with proxies, each with what it means, asked before it is done.
 */
import { useState } from "preact/hooks";
import type { V1LiveProxy } from "../../../../src/api/v1-live-schema.ts";
import { type ApiCall, sendCall } from "../../data/api-call.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Checkbox, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { cliLine } from "../members/cli-line.ts";
import type { OpenDialog } from "../members/use-dialog.ts";

interface OneProxy {
  readonly product: string;
  readonly proxy: V1LiveProxy;
  readonly dialog: OpenDialog;
}

/** Registers a proxy that runs. */
export function AddProxy(props: { readonly dialog: OpenDialog }): Children {
  const [addr, setAddr] = useState("");
  const [isUpdate, setUpdate] = useState(false);
  const isFilled = /^\S+:\d+$/.test(addr.trim());
  const body = { admin_addr: addr.trim(), ...(isUpdate ? { update: true } : {}) };
  const call: ApiCall = { method: "POST", path: "proxies", body };
  const add = async (): Promise<string> => {
    const proxy = await sendCall<V1LiveProxy>(call);
    return t("proxies.add.done", { addr: proxy.proxy_addr });
  };
  return (
    <ConfirmDialog
      isOpen={props.dialog.verb === "add"}
      onClose={props.dialog.close}
      level={0}
      title={t("proxies.add")}
      effect={t("proxies.add.effect")}
      name={addr.trim()}
      command={cliLine.addProxy(isFilled ? addr.trim() : "HOST:PORT", isUpdate)}
      call={isFilled ? call : undefined}
      confirmLabel={t("proxies.add")}
      isDisabled={!isFilled}
      reason={t("proxies.add.missing")}
      onConfirm={add}
    >
      <TextInput
        label={t("proxies.add.addr")}
        hint={t("proxies.add.addrHint")}
        value={addr}
        onChange={setAddr}
        isCode
      />
      <Checkbox label={t("proxies.add.update")} isChecked={isUpdate} onChange={setUpdate} />
    </ConfirmDialog>
  );
}

/** All that can be done with one proxy. */
export function ProxyDialogs(props: OneProxy & { readonly isLastOnline: boolean }): Children {
  switch (props.dialog.verb) {
    case "resend":
      return <Resend {...props} />;
    case "remove":
      return <Remove {...props} isForced={false} />;
    case "force-remove":
      return <Remove {...props} isForced={true} />;
    case "gone":
      return <Gone {...props} />;
    default:
      return null;
  }
}

function Resend({ proxy, dialog }: OneProxy): Children {
  const addr = proxy.proxy_addr;
  const call: ApiCall = { method: "POST", path: `proxies/${proxy.token}/reinit` };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={0}
      title={t("proxies.resend.title", { addr })}
      effect={t("proxies.resend.effect")}
      name={addr}
      command={cliLine.reinitProxy(proxy.token)}
      call={call}
      confirmLabel={t("proxies.resend")}
      onConfirm={async () => {
        await sendCall(call);
        return t("proxies.resend.done", { addr });
      }}
    />
  );
}

function Remove(
  props: OneProxy & { readonly isForced: boolean; readonly isLastOnline: boolean },
): Children {
  const { proxy, dialog, isForced } = props;
  const navigate = useNavigate();
  const addr = proxy.proxy_addr;
  const effect = isForced
    ? t("proxies.force.effect")
    : t("proxies.remove.effect", { sessions: formatCount(proxy.sessions) });
  const call: ApiCall = {
    method: "DELETE",
    path: `proxies/${proxy.token}${isForced ? "?force=true" : ""}`,
  };
  return (
    <ConfirmDialog
      isOpen={true}
      // A proxy that was removed has no page any more.
      onClose={dialog.close}
      level={isForced || props.isLastOnline ? 2 : 1}
      title={t(isForced ? "proxies.force.title" : "proxies.remove.title", { addr })}
      effect={
        <>
          <p>{effect}</p>
          {props.isLastOnline && <p class="strong">{t("proxies.remove.last")}</p>}
        </>
      }
      name={addr}
      command={cliLine.removeProxy(proxy.token, isForced)}
      call={call}
      confirmLabel={t(isForced ? "proxies.force.confirm" : "proxies.remove.confirm", { addr })}
      onConfirm={async () => {
        await sendCall(call);
        navigate(href(props.product, "proxies"));
        return t("proxies.remove.done", { addr });
      }}
    />
  );
}

function Gone({ proxy, dialog }: OneProxy): Children {
  const [isSure, setSure] = useState(false);
  const addr = proxy.proxy_addr;
  const call: ApiCall = {
    method: "POST",
    path: `proxies/${proxy.token}/gone`,
    body: { cannot_write: true },
  };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={2}
      title={t("proxies.goneWord.title", { addr })}
      effect={
        <>
          <p>{t("proxies.goneWord.effect")}</p>
          <p class="strong">{t("proxies.goneWord.risk")}</p>
        </>
      }
      name={addr}
      command={cliLine.proxyGone(proxy.token)}
      call={call}
      confirmLabel={t("proxies.goneWord.confirm", { addr })}
      isDisabled={!isSure}
      reason={t("proxies.goneWord.tickFirst")}
      onConfirm={async () => {
        await sendCall(call);
        return t("proxies.goneWord.done", { addr });
      }}
    >
      <Checkbox label={t("proxies.goneWord.tick")} isChecked={isSure} onChange={setSure} />
    </ConfirmDialog>
  );
}
