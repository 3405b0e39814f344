/**
 * The command lines that do what the buttons of these screens do, as `codis help` writes them. Each dialog shows
 * its line, and a test reads every line against the program's own table of verbs.
 */

import { quoteWord } from "../../data/quote-word.ts";

/** Flags of `codis server add`. */
export interface AddServerFlags {
  /** Empty: none. */
  readonly datacenter: string;
  readonly isReplica: boolean;
  readonly isAdopted: boolean;
  readonly isDiscarding: boolean;
}

function line(...words: readonly (string | number)[]): string {
  return ["codis", ...words.map((word) => quoteWord(String(word)))].join(" ");
}

/** A line for each thing that can be done here. */
export const cliLine = {
  addProxy: (adminAddr: string, isUpdate: boolean): string =>
    line("proxy", "add", adminAddr, ...(isUpdate ? ["--update"] : [])),
  listRegistrations: (): string => line("proxy", "registrations"),
  /** Ends a proxy that isn't one of the product, by its own admin port. */
  endProxy: (adminAddr: string): string => line("admin", `--proxy=${adminAddr}`, "--shutdown"),
  reinitProxy: (token: string): string => line("proxy", "reinit", token),
  removeProxy: (token: string, isForced: boolean): string =>
    line("proxy", "remove", token, ...(isForced ? ["--force"] : [])),
  proxyGone: (token: string): string => line("proxy", "gone", token),

  createGroup: (id: number): string => line("group", "create", id),
  removeGroup: (id: number): string => line("group", "remove", id),
  resyncGroup: (id: number): string => line("group", "resync", id),
  promote: (id: number, addr: string): string => line("group", "promote", id, addr),
  /** Without an id: all groups. */
  repair: (id?: number): string => line("group", "repair", ...(id === undefined ? [] : [id])),

  addServer: (id: number, addr: string, flags: AddServerFlags): string =>
    line(
      "server",
      "add",
      id,
      addr,
      ...(flags.datacenter === "" ? [] : ["--datacenter", flags.datacenter]),
      ...(flags.isReplica ? ["--replica"] : []),
      ...(flags.isAdopted ? ["--adopt"] : []),
      ...(flags.isDiscarding ? ["--discard-data"] : []),
    ),
  removeServer: (addr: string): string => line("server", "remove", addr),
  serverInfo: (addr: string): string => line("server", "info", addr),
  sync: (addr: string): string => line("server", "sync", addr),
  cancelSync: (addr: string): string => line("server", "cancel-sync", addr),
  replicaReads: (addr: string, isOn: boolean): string =>
    line("server", "reads", addr, isOn ? "on" : "off"),
  replicaReadsOfAll: (isOn: boolean): string => line("product", "reads", isOn ? "on" : "off"),

  addSentinel: (addr: string): string => line("sentinel", "add", addr),
  removeSentinel: (addr: string, isForced: boolean): string =>
    line("sentinel", "remove", addr, ...(isForced ? ["--force"] : [])),
  resyncSentinels: (): string => line("sentinel", "resync"),
  history: (id?: string): string => line("ha", "history", ...(id === undefined ? [] : [id])),
  haStatus: (): string => line("ha", "status"),

  listAudit: (limit: number): string => line("audit", "list", "--limit", limit),

  /** `hasPassword`: it is read from stdin. */
  addUser: (name: string, role: string, hasPassword: boolean): string =>
    line("user", "add", name, role, ...(hasPassword ? ["--password-stdin"] : [])),
  setPassword: (name: string, isNone: boolean): string =>
    line("user", "password", name, ...(isNone ? ["--remove"] : [])),
  ownPassword: (): string => line("user", "own-password"),
  setRole: (name: string, role: string): string => line("user", "set-role", name, role),
  removeUser: (name: string): string => line("user", "remove", name),
  /** `hours` 0: good until it is revoked. */
  addToken: (user: string, name: string, hours: number): string =>
    line("user", "add-token", user, name, ...(hours === 0 ? [] : ["--expires", `${hours}h`])),
  revokeToken: (user: string, name: string): string => line("user", "revoke-token", user, name),
} as const;
