/**
 * All commands that the proxy answers itself, by the name that the command table gives them. Dispatch has
 * checked login, subcommand and arity before it calls one.
 *
 * A test holds this map equal to the table's commands with the route `local`. Bare containers aside:
 * without a subcommand those fail by arity. And MODULE LIST aside, which the table may refuse.
 */
import { COMMANDS } from "../../../command/table.ts";
import type { CommandHandler } from "../context.ts";
import { generatePassword, users, whoAmI } from "./acl.ts";
import * as client from "./client.ts";
import * as command from "./command-info.ts";
import { getKeys, getKeysAndFlags } from "./command-keys.ts";
import * as connection from "./connection.ts";
import { auth, hello, reset } from "./login.ts";
import { slotsHashKey, slotsMapping } from "./slots.ts";

/** CLUSTER with each of its subcommands: all of them answer alike. */
const clusterHandlers = Object.fromEntries(
  COMMANDS.filter(({ name }) => name.startsWith("cluster|")).map(
    ({ name }) => [name, connection.clusterDisabled] as const,
  ),
);

/** Handlers by lower-case `name` or `name|subcommand`. */
export const localHandlers: Readonly<Record<string, CommandHandler>> = {
  ...clusterHandlers,
  "acl|cat": command.aclCategories,
  "acl|genpass": generatePassword,
  "acl|users": users,
  "acl|whoami": whoAmI,
  asking: connection.clusterDisabled,
  auth,
  "client|capa": client.capability,
  "client|getname": client.getName,
  "client|getredir": client.getRedirect,
  "client|id": client.getId,
  "client|info": client.info,
  "client|kill": client.kill,
  "client|list": client.list,
  "client|maint_notifications": client.maintNotifications,
  "client|no-evict": client.noEvict,
  "client|no-touch": client.noTouch,
  "client|pause": client.pause,
  "client|reply": client.reply,
  "client|setinfo": client.setInfo,
  "client|setname": client.setName,
  "client|trackinginfo": client.trackingInfo,
  "client|unblock": client.unblock,
  "client|unpause": client.unpause,
  command: command.describeAll,
  "command|count": command.count,
  "command|docs": command.docs,
  "command|getkeys": getKeys,
  "command|getkeysandflags": getKeysAndFlags,
  "command|info": command.describeSome,
  "command|list": command.listNames,
  echo: connection.echo,
  hello,
  "module|list": connection.moduleList,
  ping: connection.ping,
  quit: connection.quit,
  readonly: connection.readOnly,
  readwrite: connection.readWrite,
  reset,
  role: connection.role,
  select: connection.select,
  slotshashkey: slotsHashKey,
  slotsmapping: slotsMapping,
  time: connection.time,
};
