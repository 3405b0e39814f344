/**
 * What is asked before something is done with one server of a group: sync, reads, removal, and adding one. A
 * promotion has a file of its own.
 */
import { useState } from "preact/hooks";
import { type ApiCall, sendCall } from "../../data/api-call.ts";
import { t } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Checkbox, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { isAddr, pathPart } from "../members/addr.ts";
import { cliLine } from "../members/cli-line.ts";
import type { OpenDialog } from "../members/use-dialog.ts";
import type { GroupView, ServerView } from "./group-view.ts";
import { PromoteDialog } from "./promote-dialog.tsx";

/** What every dialog about a server needs. */
export interface OneServer {
  readonly product: string;
  readonly group: GroupView;
  readonly server: ServerView;
  readonly dialog: OpenDialog;
}

/** Path of a server's calls. */
export function serverPath({ group, server }: Pick<OneServer, "group" | "server">): string {
  return `groups/${group.id}/servers/${pathPart(server.addr)}`;
}

/** The dialog that is open, if it is about this server. */
export function ServerDialogs(props: OneServer): Children {
  switch (props.dialog.verb) {
    case "promote":
      return <PromoteDialog {...props} />;
    case "sync":
      return <Sync {...props} />;
    case "cancel-sync":
      return <CancelSync {...props} />;
    case "reads-on":
      return <Reads {...props} isOn={true} />;
    case "reads-off":
      return <Reads {...props} isOn={false} />;
    case "remove-server":
      return <RemoveServer {...props} />;
    default:
      return null;
  }
}

function Sync(props: OneServer): Children {
  const { addr } = props.server;
  const master = props.group.servers[0]?.addr ?? "";
  const call: ApiCall = { method: "PUT", path: `${serverPath(props)}/sync` };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={props.dialog.close}
      level={1}
      title={t("groups.sync.title", { addr })}
      effect={t("groups.sync.effect", { addr, master })}
      name={addr}
      command={cliLine.sync(addr)}
      call={call}
      confirmLabel={t("groups.sync.confirm", { addr })}
      onConfirm={async () => {
        await sendCall(call);
        return t("groups.sync.done", { addr });
      }}
    />
  );
}

function CancelSync(props: OneServer): Children {
  const { addr } = props.server;
  const call: ApiCall = { method: "DELETE", path: `${serverPath(props)}/sync` };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={props.dialog.close}
      level={0}
      title={t("groups.cancelSync.title", { addr })}
      effect={t("groups.cancelSync.effect")}
      name={addr}
      command={cliLine.cancelSync(addr)}
      call={call}
      confirmLabel={t("groups.do.cancelSync")}
      onConfirm={async () => {
        await sendCall(call);
        return t("groups.cancelSync.done", { addr });
      }}
    />
  );
}

function Reads(props: OneServer & { readonly isOn: boolean }): Children {
  const { isOn } = props;
  const { addr } = props.server;
  const call: ApiCall = {
    method: "PATCH",
    path: serverPath(props),
    body: { replica_reads: isOn },
  };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={props.dialog.close}
      level={0}
      title={t(isOn ? "groups.reads.titleOn" : "groups.reads.titleOff", { addr })}
      effect={t(isOn ? "groups.reads.effectOn" : "groups.reads.effectOff")}
      name={addr}
      command={cliLine.replicaReads(addr, isOn)}
      call={call}
      confirmLabel={t(isOn ? "groups.do.readsOn" : "groups.do.readsOff")}
      onConfirm={async () => {
        await sendCall(call);
        return t("groups.reads.done", { addr, state: t(isOn ? "groups.on" : "groups.off") });
      }}
    />
  );
}

function RemoveServer(props: OneServer): Children {
  const { group, product } = props;
  const { addr, role } = props.server;
  const navigate = useNavigate();
  const isMaster = role === "master";
  const call: ApiCall = { method: "DELETE", path: serverPath(props) };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={props.dialog.close}
      level={isMaster ? 2 : 1}
      title={t("groups.removeServer.title", { addr, id: group.id })}
      effect={
        isMaster
          ? t("groups.removeServer.effectMaster")
          : t("groups.removeServer.effect", { left: group.servers.length - 2 })
      }
      name={addr}
      command={cliLine.removeServer(addr)}
      call={call}
      confirmLabel={t("groups.removeServer.confirm", { addr })}
      onConfirm={async () => {
        await sendCall(call);
        navigate(href(product, "groups", String(group.id)));
        return t("groups.removeServer.done", { addr, id: group.id });
      }}
    />
  );
}

/** Adds a server to a group: the first becomes its master, others replicas. */
export function AddServer(props: {
  readonly group: GroupView;
  readonly dialog: OpenDialog;
}): Children {
  const { group, dialog } = props;
  // The address names one that isn't stored yet, where others speak of it.
  const [addr, setAddr] = useState(dialog.target);
  const [datacenter, setDatacenter] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const [isDiscarding, setDiscarding] = useState(false);
  const [isAdopted, setAdopted] = useState(false);
  const master = group.servers[0]?.addr;
  const isFirst = master === undefined;
  const flags = {
    datacenter: datacenter.trim(),
    isReplica: !isFirst && isFollowing,
    isAdopted: isFirst && isAdopted,
    isDiscarding: !isFirst && isFollowing && isDiscarding,
  };
  const own = addr.trim();
  const call: ApiCall = {
    method: "POST",
    path: `groups/${group.id}/servers`,
    body: {
      addr: own,
      ...(flags.datacenter === "" ? {} : { datacenter: flags.datacenter }),
      as_replica: flags.isReplica,
      adopt: flags.isAdopted,
      discard_data: flags.isDiscarding,
    },
  };
  const add = async (): Promise<string> => {
    await sendCall(call);
    return t("groups.add.done", { addr: own, id: group.id });
  };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={dialog.close}
      level={flags.isDiscarding ? 2 : flags.isAdopted ? 1 : 0}
      title={t("groups.add.title", { id: group.id })}
      effect={effectOfAdding(group.id, master, flags.isReplica)}
      name={own}
      command={cliLine.addServer(group.id, isAddr(own) ? own : "HOST:PORT", flags)}
      call={isAddr(own) ? call : undefined}
      confirmLabel={isAddr(own) ? t("groups.add.confirm", { addr: own }) : t("groups.do.addServer")}
      isDisabled={!isAddr(own)}
      reason={t("groups.add.missing")}
      onConfirm={add}
    >
      <TextInput label={t("groups.add.addr")} value={addr} onChange={setAddr} isCode />
      <TextInput
        label={t("groups.create.datacenter")}
        value={datacenter}
        onChange={setDatacenter}
      />
      {isFirst ? (
        <Checkbox label={t("groups.add.adopt")} isChecked={isAdopted} onChange={setAdopted} />
      ) : (
        <>
          <Checkbox
            label={t("groups.add.follow")}
            isChecked={isFollowing}
            onChange={setFollowing}
          />
          {isFollowing && (
            <Checkbox
              label={t("groups.add.discard")}
              isChecked={isDiscarding}
              onChange={setDiscarding}
            />
          )}
        </>
      )}
    </ConfirmDialog>
  );
}

function effectOfAdding(id: number, master: string | undefined, isReplica: boolean): string {
  if (master === undefined) {
    return t("groups.add.effectMaster", { id });
  }
  return isReplica ? t("groups.add.effectReplica", { master }) : t("groups.add.effectIdle", { id });
}
