/**
 * CONFIG GET and CONFIG SET, for the parameters in one table.
 *
 * GET answers what is true of the whole: the proxy's own value where the proxy decides (how many
 * clients, how many databases), a sum where the masters add up, else the value of the first master.
 * SET changes all masters, and only what can't hurt: no file names, no addresses, no passwords, no
 * replication, nothing whose GET isn't what was set. Parameters that aren't in the table don't
 * exist for GET, as a pattern that matches nothing.
 */
import { bulkValue, encodeReply, errorReply } from "../../../resp/encode.ts";
import type { RespValue } from "../../../resp/value.ts";
import { decodeReply } from "../../../resp/value.ts";
import type { ClientState, CommandHandler, HandlerEnv } from "../context.ts";
import { askAnyShard, askShards, decodeParts, failureOf, REPLY_BAD_PART } from "./ask.ts";
import { shardsWithKeys } from "./ownership.ts";
import { changeAll } from "./script.ts";

type ConfigRule =
  /** The value of the first master; CONFIG SET is refused. */
  | "read"
  /** The same, and CONFIG SET goes to all masters. */
  | "write"
  /** Sum over the masters; 0 when one of them has 0, which means no limit. */
  | "sum"
  /** The proxy's own value. */
  | ((settings: HandlerEnv["settings"]) => string);

const RULES: Readonly<Record<string, ConfigRule>> = {
  databases: (settings) => `${settings.databaseCount}`,
  maxclients: (settings) => `${settings.proxyMaxClients}`,
  timeout: (settings) => `${Math.ceil(settings.sessionRecvTimeoutMs / 1000)}`,
  maxmemory: "sum",
  appendfsync: "read",
  appendonly: "read",
  "cluster-enabled": "read",
  "proto-max-bulk-len": "read",
  "replica-read-only": "read",
  save: "read",
  "slave-read-only": "read",
  activedefrag: "write",
  "hash-max-listpack-entries": "write",
  "hash-max-listpack-value": "write",
  "hash-max-ziplist-entries": "write",
  "hash-max-ziplist-value": "write",
  "hll-sparse-max-bytes": "write",
  "latency-monitor-threshold": "write",
  "lazyfree-lazy-eviction": "write",
  "lazyfree-lazy-expire": "write",
  "lazyfree-lazy-server-del": "write",
  "lazyfree-lazy-user-del": "write",
  "lazyfree-lazy-user-flush": "write",
  "lfu-decay-time": "write",
  "lfu-log-factor": "write",
  "list-compress-depth": "write",
  "list-max-listpack-size": "write",
  "list-max-ziplist-size": "write",
  "maxmemory-policy": "write",
  "maxmemory-samples": "write",
  "notify-keyspace-events": "write",
  "set-max-intset-entries": "write",
  "set-max-listpack-entries": "write",
  "set-max-listpack-value": "write",
  "slowlog-log-slower-than": "write",
  "slowlog-max-len": "write",
  "stream-node-max-bytes": "write",
  "stream-node-max-entries": "write",
  "zset-max-listpack-entries": "write",
  "zset-max-listpack-value": "write",
  "zset-max-ziplist-entries": "write",
  "zset-max-ziplist-value": "write",
};

function ruleOf(name: string): ConfigRule | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(RULES, key) ? RULES[key] : undefined;
}

/**
 * CONFIG GET pattern …. The masters match the patterns; every parameter of the table exists there
 * too.
 */
export const configGet: CommandHandler = async (client, argv, env) => {
  const parts = await askShards(client, env, shardsWithKeys(env.shards), argv);
  const failure = failureOf(parts);
  if (failure !== undefined) return failure;
  const masters = decodeParts(parts)?.map(readParameters);
  if (masters === undefined || masters.includes(undefined)) return REPLY_BAD_PART;
  const entries: (readonly [RespValue, RespValue])[] = [];
  for (const [name, first] of masters[0] ?? []) {
    // A name that isn't a pattern comes back as the client spelled it.
    const rule = ruleOf(name);
    if (rule === undefined) continue;
    const all = masters.map((master) => master?.get(name) ?? "0");
    entries.push([bulkValue(name), bulkValue(mergeParameter(rule, first, all, env))]);
  }
  return encodeReply({ type: "map", entries }, client.proto);
};

function mergeParameter(
  rule: ConfigRule,
  first: string,
  all: readonly string[],
  env: HandlerEnv,
): Buffer {
  if (typeof rule === "function") return Buffer.from(rule(env.settings));
  if (rule !== "sum") return Buffer.from(first, "latin1");
  const isUnlimited = all.includes("0");
  return Buffer.from(`${isUnlimited ? 0 : all.reduce((sum, value) => sum + Number(value), 0)}`);
}

/** The parameters of a reply: a map, or names and values in turn. Undefined when it is neither. */
function readParameters(value: RespValue): Map<string, string> | undefined {
  const flat =
    value.type === "map" ? value.entries.flat() : value.type === "array" ? value.items : undefined;
  if (flat === undefined || flat.length % 2 !== 0) return undefined;
  const parameters = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) {
    const [name, text] = [flat[i], flat[i + 1]];
    if (name?.type !== "bulk" || text?.type !== "bulk") return undefined;
    parameters.set(name.bytes.toString("latin1"), text.bytes.toString("latin1"));
  }
  return parameters;
}

/** Longest part of a name that an error repeats. */
const SHOWN_BYTES_MAX = 128;

/** CONFIG SET name value …: all names must be allowed before anything is changed. */
export const configSet: CommandHandler = async (client, argv, env) => {
  if (argv.length % 2 !== 0) return errorReply("ERR syntax error");
  for (let i = 2; i < argv.length; i += 2) {
    const shown = (argv[i] as Buffer).toString("latin1", 0, SHOWN_BYTES_MAX);
    const rule = ruleOf(shown);
    if (rule === "write") continue;
    if (rule === undefined && !(await isKnownParameter(client, env, argv[i] as Buffer))) {
      return errorReply(`ERR Unknown option or number of arguments for CONFIG SET - '${shown}'`);
    }
    return errorReply(
      `ERR CONFIG SET failed (possibly related to argument '${shown}') - ` +
        "can't be set through the proxy",
    );
  }
  return changeAll(client, argv, env);
};

/** Whether a server has such a parameter. A name with pattern bytes is none. */
async function isKnownParameter(
  client: ClientState,
  env: HandlerEnv,
  name: Buffer,
): Promise<boolean> {
  if (!/^[A-Za-z0-9_-]+$/.test(name.toString("latin1", 0, SHOWN_BYTES_MAX))) return false;
  const value = decodeReply(await askAnyShard(client, env, ["CONFIG", "GET", name]));
  return value !== undefined && (readParameters(value)?.size ?? 1) > 0;
}
