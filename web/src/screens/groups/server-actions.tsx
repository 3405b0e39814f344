/**
 * Buttons of what can be done with one server of a group; each opens its dialog. One that can't be used says why.
 */
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import type { Children } from "../../ui/props.ts";
import type { OpenDialog } from "../members/use-dialog.ts";
import { type GroupView, isSyncing, type ServerView } from "./group-view.ts";

/** See the head of the file. */
export function ServerActions(props: {
  readonly group: GroupView;
  readonly server: ServerView;
  readonly dialog: OpenDialog;
  /** `quiet` in a table. */
  readonly variant: "quiet" | "plain";
}): Children {
  const { group, server, dialog, variant } = props;
  const { addr } = server;
  const isMaster = server.role === "master";
  const named = (verb: string): string => t("groups.of", { verb, addr });
  const isOn = server.replica_reads === true;
  const mayLeave = !isMaster || (group.servers.length === 1 && group.slots.count === 0);
  return (
    <span class={variant === "quiet" ? "row-actions" : "head-actions"}>
      {!isMaster && (
        <Button
          variant={variant}
          needs="operator"
          label={named(t("groups.do.promote"))}
          onPress={() => dialog.open("promote", addr)}
        >
          {t("groups.do.promote")}
        </Button>
      )}
      {!isMaster && (
        <Button
          variant={variant}
          needs="operator"
          label={named(t(isSyncing(server) ? "groups.do.cancelSync" : "groups.do.sync"))}
          onPress={() => dialog.open(isSyncing(server) ? "cancel-sync" : "sync", addr)}
        >
          {t(isSyncing(server) ? "groups.do.cancelSync" : "groups.do.sync")}
        </Button>
      )}
      <Button
        variant={variant}
        needs="operator"
        label={named(t(isOn ? "groups.do.readsOff" : "groups.do.readsOn"))}
        onPress={() => dialog.open(isOn ? "reads-off" : "reads-on", addr)}
      >
        {t(isOn ? "groups.do.readsOff" : "groups.do.readsOn")}
      </Button>
      <Button
        variant={variant === "plain" ? "danger" : variant}
        needs="operator"
        label={named(t("groups.do.removeServer"))}
        isDisabled={!mayLeave}
        reason={t("groups.why.masterStays")}
        onPress={() => dialog.open("remove-server", addr)}
      >
        {t("groups.do.removeServer")}
      </Button>
    </span>
  );
}
