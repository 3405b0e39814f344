/**
 * What is asked before sentinels are added, configured or removed.
 */
import { useState } from "preact/hooks";
import { type ApiCall, sendCall } from "../../data/api-call.ts";
import { t } from "../../i18n/text.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Checkbox, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { isAddr, pathPart } from "../members/addr.ts";
import { cliLine } from "../members/cli-line.ts";
import type { OpenDialog } from "../members/use-dialog.ts";

/** Below this number one that errs can't be outvoted. */
const SENTINELS_MIN = 3;

interface Parts {
  readonly dialog: OpenDialog;
  /** All sentinels. */
  readonly addrs: readonly string[];
}

/** The dialog that is open. */
export function SentinelDialogs(props: Parts): Children {
  const { dialog, addrs } = props;
  switch (dialog.verb) {
    case "add-sentinel":
      return <AddSentinel {...props} />;
    case "configure":
      return <Configure {...props} />;
    case "remove-sentinel":
      return addrs.includes(dialog.target) ? <RemoveSentinel {...props} /> : null;
    default:
      return null;
  }
}

function AddSentinel({ dialog }: Parts): Children {
  const [addr, setAddr] = useState("");
  const own = addr.trim();
  const call: ApiCall = { method: "POST", path: "sentinels", body: { addr: own } };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={0}
      title={t("ha.add")}
      effect={t("ha.add.effect")}
      name={own}
      command={cliLine.addSentinel(isAddr(own) ? own : "HOST:PORT")}
      call={isAddr(own) ? call : undefined}
      confirmLabel={t("ha.add")}
      isDisabled={!isAddr(own)}
      reason={t("ha.add.missing")}
      onConfirm={async () => {
        await sendCall(call);
        return t("ha.add.done", { addr: own });
      }}
    >
      <TextInput label={t("ha.add.addr")} value={addr} onChange={setAddr} isCode />
    </ConfirmDialog>
  );
}

function Configure({ dialog }: Parts): Children {
  const call: ApiCall = { method: "POST", path: "sentinels/resync" };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={1}
      title={t("ha.configure.title")}
      effect={t("ha.configure.effect")}
      name="sentinels"
      command={cliLine.resyncSentinels()}
      call={call}
      confirmLabel={t("ha.configure")}
      onConfirm={async () => {
        await sendCall(call);
        return t("ha.configure.done");
      }}
    />
  );
}

function RemoveSentinel({ dialog, addrs }: Parts): Children {
  const [isForced, setForced] = useState(false);
  const addr = dialog.target;
  const left = addrs.length - 1;
  const call: ApiCall = {
    method: "DELETE",
    path: `sentinels/${pathPart(addr)}${isForced ? "?force=true" : ""}`,
  };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={isForced ? 2 : 1}
      title={t("ha.remove.title", { addr })}
      effect={
        <>
          <p>{t("ha.remove.effect", { left })}</p>
          {left > 0 && left < SENTINELS_MIN && <p class="strong">{t("ha.remove.few")}</p>}
        </>
      }
      name={addr}
      command={cliLine.removeSentinel(addr, isForced)}
      call={call}
      confirmLabel={t("ha.removeOf", { addr })}
      onConfirm={async () => {
        await sendCall(call);
        return t("ha.remove.done", { addr });
      }}
    >
      <Checkbox label={t("ha.remove.force")} isChecked={isForced} onChange={setForced} />
    </ConfirmDialog>
  );
}
