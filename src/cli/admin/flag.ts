/**
 * The flags of `codis admin`, as codis-admin of Codis 3.x has them, and their reader: `--name=VALUE`,
 * `--name VALUE`, the old short forms, and words (`config`, `model`, …). What may go with what is not known
 * here (`order.ts`).
 */
import { CodisError } from "../../base/error.ts";
import { nearestName } from "../../base/nearest-name.ts";

/** Flags that take a value, with the word that help shows for it. */
export const VALUE_FLAGS = {
  proxy: "ADDR",
  dashboard: "ADDR",
  auth: "PASSWORD",
  "api-token": "SECRET",
  addr: "ADDR",
  token: "TOKEN",
  pid: "ID",
  gid: "ID",
  "log-level": "LEVEL",
  fillslots: "FILE",
  datacenter: "NAME",
  beg: "SLOT",
  end: "SLOT",
  sid: "SLOT",
  "gid-from": "ID",
  "gid-to": "ID",
  "num-slots": "N",
  interval: "MICROSECONDS",
  disabled: "0|1",
  product: "NAME",
  zookeeper: "ADDR",
  "zookeeper-auth": "USER:PASSWORD",
  etcd: "ADDR",
  "etcd-auth": "USER:PASSWORD",
  filesystem: "FOLDER",
  "config-convert": "FILE",
  "config-restore": "FILE",
} as const;

/** Flags without a value. */
export const SWITCHES = [
  "start",
  "shutdown",
  "locked",
  "reset-stats",
  "forcegc",
  "reload",
  "slots-status",
  "list-proxy",
  "proxy-status",
  "list-group",
  "group-status",
  "create-proxy",
  "online-proxy",
  "remove-proxy",
  "reinit-proxy",
  "all",
  "force",
  "create-group",
  "remove-group",
  "resync-group",
  "group-add",
  "group-del",
  "replica-groups",
  "enable",
  "disable",
  "promote-server",
  "sync-action",
  "create",
  "remove",
  "slots-assign",
  "offline",
  "confirm",
  "slot-action",
  "create-some",
  "create-range",
  "rebalance",
  "sentinel-add",
  "sentinel-del",
  "sentinel-resync",
  "remove-lock",
  "config-dump",
  "dashboard-list",
  "1",
  "verbose",
  "help",
] as const;

const SHORT: Readonly<Record<string, string>> = {
  v: "verbose",
  a: "auth",
  x: "addr",
  t: "token",
  g: "gid",
  h: "help",
  "1": "1",
};

/** Flags and words of one command line. */
export interface AdminFlags {
  /** By long name; a switch has an empty text. */
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** Reads a command line. Throws `USAGE` with one line. */
export function readAdminFlags(argv: readonly string[]): AdminFlags {
  const values = new Map<string, string>();
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index] ?? "";
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      continue;
    }
    const { name, value } = splitFlag(arg);
    if (values.has(name)) {
      throw usage(`--${name} is given twice`);
    }
    if (!(name in VALUE_FLAGS)) {
      if (value !== undefined) {
        throw usage(`--${name} takes no value`);
      }
      values.set(name, "");
      continue;
    }
    const next = value ?? argv[++index];
    if (next === undefined || (next === "" && name !== "auth")) {
      throw usage(`--${name} needs a value`);
    }
    values.set(name, next);
  }
  return { values, words };
}

/** A flag as people write it: `--gid=ID`. */
export function showFlag(name: string): string {
  const value = Object.entries(VALUE_FLAGS).find(([known]) => known === name)?.[1];
  if (value !== undefined) {
    return `--${name}=${value}`;
  }
  return name === "1" ? "-1" : `--${name}`;
}

function splitFlag(arg: string): { readonly name: string; readonly value: string | undefined } {
  if (arg.startsWith("--")) {
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
    checkName(name);
    return { name, value: equals < 0 ? undefined : arg.slice(equals + 1) };
  }
  const name = SHORT[arg[1] ?? ""];
  if (name === undefined || (arg.length > 2 && !(name in VALUE_FLAGS))) {
    throw usage(`unknown flag ${arg}; codis admin --help lists them`);
  }
  const rest = arg.slice(2).replace(/^=/, "");
  return { name, value: rest === "" ? undefined : rest };
}

function checkName(name: string): void {
  const known = [...Object.keys(VALUE_FLAGS), ...SWITCHES];
  if (!known.includes(name)) {
    const nearest = nearestName(name, known);
    const hint =
      nearest === undefined ? "codis admin --help lists them" : `did you mean --${nearest}?`;
    throw usage(`unknown flag --${name}; ${hint}`);
  }
}

function usage(message: string): CodisError {
  return new CodisError("USAGE", message);
}
