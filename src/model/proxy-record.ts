/**
 * A proxy as the dashboard stores it: its model and the number that the dashboard gave it, with the JSON of
 * Codis 3.2.
 */
import { RecordReader, type WithExtra } from "./json-record.ts";
import {
  type ProxyModel,
  type ProxyModelJson,
  proxyModelToJson,
  readProxyModel,
} from "./proxy-model.ts";

/** Proxies of one product. */
export const PROXIES_MAX = 1000;
/** Largest id of a proxy. */
export const PROXY_ID_MAX = Number.MAX_SAFE_INTEGER - 1;

/** A registered proxy. */
export interface ProxyRecord extends ProxyModel, WithExtra {
  /** 1 or more, unique in the product. */
  readonly id: number;
}

/** JSON of the record, fields in the order of Codis, then those that this program doesn't know. */
export function proxyRecordToJson(proxy: ProxyRecord): ProxyModelJson {
  return { id: proxy.id, ...proxyModelToJson(proxy), ...proxy.extra };
}

/**
 * Checks JSON of a record; `source` begins error lines, `expectedToken` is the one in the node's name.
 * Throws `MODEL_INVALID`.
 */
export function decodeProxyRecord(
  value: unknown,
  source: string,
  expectedToken?: string,
): ProxyRecord {
  const fields = new RecordReader(value, source);
  const id = fields.int("id", 1, PROXY_ID_MAX);
  if (id === 0) {
    throw fields.error("id: expected 1 or more, not nothing");
  }
  const model = readProxyModel(fields);
  if (expectedToken !== undefined && model.token !== expectedToken) {
    throw fields.error(`token: expected ${expectedToken}, not ${model.token}`);
  }
  return { id, ...model, ...fields.rest() };
}
