/**
 * Figures out of the INFO of a Redis server, whose values are texts from another program: what isn't a plain
 * number is unknown, never 0.
 */

/** INFO as one flat record. */
export type ServerInfo = Readonly<Record<string, string>>;

/** A whole number from 0; undefined when the field isn't there or is something else. */
export function infoNumber(info: ServerInfo | undefined, field: string): number | undefined {
  const text = info?.[field];
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

/** Keys of all databases. */
export function infoKeys(info: ServerInfo | undefined): number | undefined {
  if (info === undefined) {
    return undefined;
  }
  let keys = 0;
  for (const [field, value] of Object.entries(info)) {
    if (/^db\d+$/.test(field)) {
      keys += Number(/^keys=(\d{1,15})/.exec(value)?.[1] ?? 0);
    }
  }
  return keys;
}

/** `host:port` that the server follows; undefined when it is a master. */
export function infoMaster(info: ServerInfo | undefined): string | undefined {
  const host = info?.["master_host"];
  const port = info?.["master_port"];
  if (host === undefined || port === undefined) {
    return undefined;
  }
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
