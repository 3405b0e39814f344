/**
 * The sentinels of a product as a dashboard tells them to a proxy, and their JSON of Codis 3.2
 * (`{"servers": […], "out_of_sync": false}`; an empty list is omitted).
 */
import { CodisError } from "../base/error.ts";
import { parseServerAddr } from "./address.ts";
import { RecordReader, type WithExtra } from "./json-record.ts";

/** Sentinels of one product. */
export const SENTINELS_MAX = 25;

/** Sentinels of a product. */
export interface SentinelRecord extends WithExtra {
  /** `host:port` of each. */
  readonly servers: readonly string[];
  readonly outOfSync: boolean;
}

/** JSON of a `SentinelRecord`. */
export interface SentinelJson {
  servers?: readonly string[];
  out_of_sync: boolean;
}

/** A product without sentinels. */
export const NO_SENTINELS: SentinelRecord = { servers: [], outOfSync: false };

/** JSON of the record, as Codis writes it. */
export function sentinelToJson(sentinel: SentinelRecord): SentinelJson {
  const servers = sentinel.servers.length === 0 ? {} : { servers: sentinel.servers };
  return { ...servers, out_of_sync: sentinel.outOfSync, ...sentinel.extra };
}

/** Checks JSON of a sentinel record; other fields are kept. Throws `MODEL_INVALID`. */
export function decodeSentinel(value: unknown, source: string): SentinelRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(source, 'expected an object like {"servers": ["127.0.0.1:26379"]}');
  }
  const fields = new RecordReader(value, source);
  const servers = fields.any("servers") ?? [];
  const outOfSync = fields.any("out_of_sync") ?? false;
  if (!Array.isArray(servers) || !servers.every(isAddr)) {
    throw wrong(source, 'servers must be a list of addresses like ["127.0.0.1:26379"]');
  }
  if (typeof outOfSync !== "boolean") {
    throw wrong(source, "out_of_sync must be true or false");
  }
  return { servers, outOfSync, ...fields.rest() };
}

function isAddr(value: unknown): value is string {
  return typeof value === "string" && parseServerAddr(value) !== undefined;
}

function wrong(source: string, problem: string): CodisError {
  return new CodisError("MODEL_INVALID", `${source}: ${problem}`);
}
