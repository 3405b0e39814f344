/**
 * What can be done with a group and with a server, as the verbs of the dialogs (`?do=promote:10.0.0.2:6379`): for the
 * buttons of the pages and for the palette, so that both offer the same. Pure.
 */
import { countMendable, type GroupView, isSyncing, type ServerView } from "./group-view.ts";

/** Something that can be done. */
export interface Act {
  readonly verb: string;
  /** The text of its button. */
  readonly title: `groups.do.${
    | "addServer"
    | "resync"
    | "repair"
    | "removeGroup"
    | "promote"
    | "sync"
    | "cancelSync"
    | "readsOn"
    | "readsOff"
    | "removeServer"}`;
  /** Not now: the state of the group forbids it. */
  readonly isOff?: boolean;
}

/** Of a group; without those that go to another page. */
export function groupActs(group: GroupView): readonly Act[] {
  const isEmpty = group.servers.length === 0 && group.slots.count === 0;
  return [
    { verb: "add-server", title: "groups.do.addServer" },
    { verb: "resync", title: "groups.do.resync" },
    ...(countMendable(group.faults) > 0
      ? [{ verb: "repair", title: "groups.do.repair" } as const]
      : []),
    { verb: "remove-group", title: "groups.do.removeGroup", isOff: !isEmpty },
  ];
}

/** Of a server of the group. */
export function serverActs(group: GroupView, server: ServerView): readonly Act[] {
  const isMaster = server.role === "master";
  const mayLeave = !isMaster || (group.servers.length === 1 && group.slots.count === 0);
  const ofReplica: readonly Act[] = [
    { verb: "promote", title: "groups.do.promote" },
    isSyncing(server)
      ? { verb: "cancel-sync", title: "groups.do.cancelSync" }
      : { verb: "sync", title: "groups.do.sync" },
  ];
  return [
    ...(isMaster ? [] : ofReplica),
    server.replica_reads === true
      ? { verb: "reads-off", title: "groups.do.readsOff" }
      : { verb: "reads-on", title: "groups.do.readsOn" },
    { verb: "remove-server", title: "groups.do.removeServer", isOff: !mayLeave },
  ];
}
