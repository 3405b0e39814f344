/**
 * One point of InfluxDB's line protocol from the statistics of a proxy: measurement `codis_usage` with the
 * tags and fields of Codis 3.2, and where to write it (`/write`, the API of version 1). Pure; the sending is
 * `http-post.ts`.
 */
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";
import type { ProxyModelJson } from "../../model/proxy-model.ts";
import { type UsageField, usageFields } from "./usage-fields.ts";

const MEASUREMENT = "codis_usage";

/** The line, with its newline. `atMs` is the wall clock; the protocol counts nanoseconds. */
export function influxLine(model: ProxyModelJson, stats: ProxyStatsJson, atMs: number): string {
  // In the order of their names, which spares the server the sorting.
  const tags = [
    ["admin_addr", model.admin_addr],
    ["hostname", model.hostname],
    ["product_name", model.product_name],
    ["proxy_addr", model.proxy_addr],
    ["token", model.token],
  ] as const;
  const key = tags
    .map(([name, value]) => [name, escapeTag(value)] as const)
    // A tag without a value isn't allowed: it is left out.
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `,${name}=${value}`)
    .join("");
  const fields = usageFields(stats).map(showField).join(",");
  return `${MEASUREMENT}${key} ${fields} ${BigInt(Math.trunc(atMs)) * 1_000_000n}\n`;
}

/** Where points of a database are written, on a server like `http://10.0.0.1:8086`. */
export function influxWriteUrl(server: string, database: string): URL {
  const url = new URL(server);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/write`;
  url.searchParams.set("db", database);
  url.searchParams.set("precision", "ns");
  return url;
}

/**
 * Comma, blank and equals sign get a backslash. A line break would end the line: it becomes a blank. A
 * backslash at the end would hide the comma after it and can't be escaped: it goes.
 */
export function escapeTag(value: string): string {
  return value
    .replace(/[\r\n\t]+/g, " ")
    .replace(/\\+$/, "")
    .replace(/[,= ]/g, "\\$&");
}

function showField({ name, value, isFraction }: UsageField): string {
  const finite = Number.isFinite(value) ? value : 0;
  return isFraction === true ? `${name}=${finite}` : `${name}=${Math.round(finite)}i`;
}
