/**
 * What a proxy writes into the coordinator so that applications find it: the node under `/jodis/{product}`,
 * read by Jodis of Java and by `src/client`. JSON of Codis 3.2, which writes its fields in the order of their
 * names. Readers look at `addr` and `state` only.
 */
import { encodeGoJson } from "../base/go-json.ts";
import { parseServerAddr } from "./address.ts";
import { coordinatorPath } from "./coordinator-path.ts";
import { parseJsonNode, RecordReader } from "./json-record.ts";
import type { ProxyModel } from "./proxy-model.ts";

/** The only state in which a proxy is used. */
export const JODIS_ONLINE = "online";

/** A registration. */
export interface JodisRecord {
  /** Where clients connect: `host:port`, or the path of a unix socket. */
  readonly addr: string;
  /** Admin address; empty in the registrations of Codis 2. */
  readonly admin: string;
  /** Start of the proxy in Go's format, for people. */
  readonly start: string;
  /** Identity of the proxy. */
  readonly token: string;
  /** `JODIS_ONLINE`, or anything else for "not to be used". */
  readonly state: string;
}

/** The registration of a proxy that is online, as the text of its node. */
export function encodeJodisRecord(model: ProxyModel): string {
  return encodeGoJson({
    addr: model.proxyAddr,
    admin: model.adminAddr,
    start: model.startTime,
    state: JODIS_ONLINE,
    token: model.token,
  });
}

/** Reads the text of a node; `source` begins error lines. Throws `MODEL_INVALID`. */
export function decodeJodisRecord(text: string, source: string): JodisRecord {
  const fields = new RecordReader(parseJsonNode(text, source), source);
  return {
    addr: fields.textLike(
      "addr",
      (addr) => addr.startsWith("/") || parseServerAddr(addr) !== undefined,
      'host:port like "10.0.0.1:19000"',
    ),
    admin: fields.text("admin"),
    start: fields.text("start"),
    token: fields.text("token"),
    state: fields.text("state"),
  };
}

/** The node of a proxy; `isCompatible` is where Codis 2 has it. */
export function jodisPath(product: string, token: string, isCompatible: boolean): string {
  return isCompatible
    ? coordinatorPath.jodisCompatible(product, token)
    : coordinatorPath.jodis(product, token);
}

/** The folder that readers watch. */
export function jodisFolder(product: string, isCompatible: boolean): string {
  const path = jodisPath(product, "", isCompatible);
  return path.slice(0, path.lastIndexOf("/"));
}
