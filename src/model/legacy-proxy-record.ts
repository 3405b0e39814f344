/**
 * A proxy as Codis 1.9 and 2.0 have it: the node `/zk/codis/db_PRODUCT/proxy/NAME` that it makes for itself,
 * and an entry of the list of proxies. Jodis reads `addr` and `state` of the same node. A proxy has a name there
 * that its operator chose (`proxy_id`), not a token.
 */
import { encodeGoJson } from "../base/go-json.ts";
import { parseServerAddr } from "./address.ts";
import { jodisFolder } from "./jodis-record.ts";
import { parseJsonNode, RecordReader } from "./json-record.ts";
import type { ProxyModel } from "./proxy-model.ts";

/** States of a proxy; one that is offline listens, and waits to be brought online. */
export type LegacyProxyState = "online" | "offline";

/** JSON of a proxy, fields in the order of Codis 2.0. */
export interface LegacyProxyJson {
  /** Its name. */
  id: string;
  /** Where clients connect. */
  addr: string;
  last_event: string;
  last_event_ts: number;
  state: LegacyProxyState;
  description: string;
  /** Its admin address. */
  debug_var_addr: string;
  pid: number;
  /** In Go's format, for people. */
  start_at: string;
}

/** What was read of a node. */
export interface LegacyProxyRecord {
  readonly name: string;
  readonly addr: string;
  readonly adminAddr: string;
  readonly isOnline: boolean;
  readonly pid: number;
  readonly startTime: string;
  /** Empty in nodes of an original proxy. */
  readonly token: string;
}

/** The JSON of a proxy; `description` is its token, the last event isn't kept. */
export function legacyProxyJson(
  name: string,
  state: LegacyProxyState,
  proxy: Pick<ProxyModel, "proxyAddr" | "adminAddr" | "token" | "pid" | "startTime">,
): LegacyProxyJson {
  return {
    id: name,
    addr: proxy.proxyAddr,
    last_event: "",
    last_event_ts: 0,
    state,
    description: proxy.token,
    debug_var_addr: proxy.adminAddr,
    pid: proxy.pid,
    start_at: proxy.startTime,
  };
}

/** The text of a proxy's node. */
export function encodeLegacyProxy(
  name: string,
  state: LegacyProxyState,
  model: ProxyModel,
): string {
  return encodeGoJson(legacyProxyJson(name, state, model));
}

/**
 * Reads the text of a node; `source` begins error lines. undefined for the node of a proxy of 3.2 with
 * `jodis_compatible`, which has no name. Throws `MODEL_INVALID`.
 */
export function decodeLegacyProxy(text: string, source: string): LegacyProxyRecord | undefined {
  const fields = new RecordReader(parseJsonNode(text, source), source);
  if (!fields.has("id")) {
    return undefined;
  }
  const isAddr = (addr: string): boolean => parseServerAddr(addr) !== undefined;
  return {
    name: fields.text("id"),
    addr: fields.text("addr"),
    adminAddr: fields.textLike("debug_var_addr", isAddr, 'host:port like "10.0.0.1:11000"'),
    isOnline: fields.text("state") === "online",
    pid: fields.int("pid", 0, Number.MAX_SAFE_INTEGER),
    startTime: fields.text("start_at"),
    token: fields.text("description"),
  };
}

/** Folder of the nodes of a product. */
export function legacyProxyFolder(product: string): string {
  return jodisFolder(product, true);
}

/**
 * The name of a proxy by the path of its registration; undefined for one that isn't registered, or under its
 * token, as those of 3.2.
 */
export function legacyProxyName(
  proxy: Pick<ProxyModel, "jodisPath" | "productName" | "token">,
): string | undefined {
  const folder = `${legacyProxyFolder(proxy.productName)}/`;
  const name = proxy.jodisPath.startsWith(folder) ? proxy.jodisPath.slice(folder.length) : "";
  return name === "" || name === proxy.token ? undefined : name;
}
