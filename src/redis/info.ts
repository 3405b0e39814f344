/**
 * The text of INFO as values: one flat record as Codis keeps it, the databases, and the version. Pure. A
 * field that a server doesn't have is left out, never guessed.
 */
import { formatHostPort } from "../model/address.ts";

/** All fields of INFO, name -> value. */
export type ServerInfo = Readonly<Record<string, string>>;

/** One database that holds keys. */
export interface KeyspaceEntry {
  readonly db: number;
  readonly keys: number;
}

/** `a.b.c` as numbers. */
export type Version = readonly [number, number, number];

/**
 * All sections as one record, without headings. A name that comes twice has its last value. As Codis does, a
 * replica's record also has `master_addr` (`host:port`), which its programs show.
 */
export function parseInfo(text: string): ServerInfo {
  const info: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && line.charCodeAt(0) !== 35) {
      info[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
    }
  }
  const masterAddr = infoMaster(info);
  if (masterAddr !== undefined) {
    info["master_addr"] = masterAddr;
  }
  return info;
}

/** Databases that hold keys, lowest first; empty for an empty server. */
export function keyspaceOf(info: ServerInfo): readonly KeyspaceEntry[] {
  const entries: KeyspaceEntry[] = [];
  for (const [name, value] of Object.entries(info)) {
    const db = /^db(\d+)$/.exec(name)?.[1];
    const keys = /^keys=(\d{1,15})/.exec(value)?.[1];
    if (db !== undefined && keys !== undefined && Number(keys) > 0) {
      entries.push({ db: Number(db), keys: Number(keys) });
    }
  }
  return entries.sort((one, other) => one.db - other.db);
}

/** Numbers of a version like `7.0.15` or `6.2.0-rc1`; undefined for other texts. */
export function parseVersion(text: string | undefined): Version | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? "");
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether a version is `major.minor` or a later one. */
export function isVersionAtLeast(version: Version, major: number, minor: number): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor);
}

/** Keys of all databases; undefined without INFO. */
export function infoKeys(info: ServerInfo | undefined): number | undefined {
  return info && keyspaceOf(info).reduce((sum, { keys }) => sum + keys, 0);
}

/** A field that is a whole number from 0; undefined when it is missing or isn't one, never 0 instead. */
export function infoNumber(info: ServerInfo | undefined, name: string): number | undefined {
  const text = info?.[name] ?? "";
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

/** `host:port` that the server follows; undefined when it is a master. */
export function infoMaster(info: ServerInfo | undefined): string | undefined {
  const host = info?.["master_host"] ?? "";
  const port = Number(info?.["master_port"] ?? Number.NaN);
  return host === "" || !Number.isInteger(port) ? undefined : formatHostPort({ host, port });
}
