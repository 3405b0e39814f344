/**
 * What a dashboard says of itself: the `model` of its API and the text of the lock in the coordinator,
 * where proxies and command lines find its address. JSON of Codis 3.2.
 */
import { parseServerAddr } from "./address.ts";
import { RecordReader } from "./json-record.ts";

/** A dashboard. */
export interface DashboardModel {
  /** 32 hex digits, new at each start. */
  readonly token: string;
  /** In Go's format, for people. */
  readonly startTime: string;
  /** Address to tell to others. */
  readonly adminAddr: string;
  readonly productName: string;
  readonly pid: number;
  readonly pwd: string;
  readonly sys: string;
}

/** JSON of a `DashboardModel`, fields in the order of Codis. */
export interface DashboardModelJson {
  token: string;
  start_time: string;
  admin_addr: string;
  product_name: string;
  pid: number;
  pwd: string;
  sys: string;
}

/** JSON of the model, fields in the order of Codis. */
export function dashboardModelToJson(model: DashboardModel): DashboardModelJson {
  return {
    token: model.token,
    start_time: model.startTime,
    admin_addr: model.adminAddr,
    product_name: model.productName,
    pid: model.pid,
    pwd: model.pwd,
    sys: model.sys,
  };
}

/**
 * Checks JSON of a model, of the lock or of an answer; `source` begins error lines. Other fields are
 * ignored. Throws `MODEL_INVALID`.
 */
export function decodeDashboardModel(value: unknown, source: string): DashboardModel {
  const fields = new RecordReader(value, source);
  return {
    token: fields.text("token"),
    startTime: fields.text("start_time"),
    adminAddr: fields.textLike(
      "admin_addr",
      (text) => parseServerAddr(text) !== undefined,
      'host:port like "127.0.0.1:18080"',
    ),
    productName: fields.text("product_name"),
    pid: fields.int("pid", 0, Number.MAX_SAFE_INTEGER),
    pwd: fields.text("pwd"),
    sys: fields.text("sys"),
  };
}

/**
 * Who holds a lock, from its text; undefined when the text can't be understood: it is held all the same, only
 * nobody can be named.
 */
export function readLockText(text: unknown): DashboardModel | undefined {
  if (typeof text !== "string") {
    return undefined;
  }
  try {
    return decodeDashboardModel(JSON.parse(text), "lock");
  } catch {
    // Somebody else's text.
    return undefined;
  }
}
