/**
 * The commands that the control plane sends to servers, each as a function from a connection to what it
 * answers. All of them reject as `RedisCaller.call` does, and with SERVER_REFUSED for a reply of an unknown
 * form.
 */
import { createHash } from "node:crypto";
import { isCodisError } from "../base/error.ts";
import {
  type CallOptions,
  type RedisCaller,
  RedisClient,
  type RedisClientOptions,
} from "./client.ts";
import { parseInfo, type ServerInfo } from "./info.ts";
import { bytesOf, fieldsOf, itemsOf, numberOf, textOf } from "./reply.ts";
import { unexpectedReply } from "./server-error.ts";

/** A library of FUNCTION (Redis >= 7). */
export interface FunctionLibrary {
  readonly name: string;
  /** Its source with the first line (`#!lua name=…`), as FUNCTION LOAD takes it. */
  readonly code: Buffer;
}

/** One step of a SCAN. */
export interface ScanStep {
  /** Where to go on; `"0"`: this was the last step. */
  readonly cursor: string;
  /** May be empty, and may repeat keys of earlier steps. */
  readonly keys: readonly Buffer[];
}

/**
 * INFO as one record, with `maxmemory` of CONFIG GET where INFO hasn't got it, as Codis's dashboard shows
 * it.
 */
export async function readInfo(
  server: RedisCaller,
  options: CallOptions = {},
): Promise<ServerInfo> {
  const text = textOf(await server.call(["INFO"], options));
  if (text === undefined) {
    throw unexpectedReply(server.addr, "INFO");
  }
  const info = parseInfo(text);
  if (info["maxmemory"] !== undefined || info["redis_version"] === undefined) {
    return info;
  }
  try {
    const maxmemory = await configGet(server, "maxmemory", options);
    return maxmemory === undefined ? info : { ...info, maxmemory };
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      return info; // A sentinel has no CONFIG, and some servers give it another name.
    }
    throw thrown;
  }
}

/** INFO over a connection of its own. */
export async function fetchInfo(options: RedisClientOptions): Promise<ServerInfo> {
  const client = await RedisClient.connect(options);
  try {
    return await readInfo(client);
  } finally {
    client.close();
  }
}

/** One setting; undefined when the server doesn't know it. */
export async function configGet(
  server: RedisCaller,
  name: string,
  options: CallOptions = {},
): Promise<string | undefined> {
  const fields = fieldsOf(await server.call(["CONFIG", "GET", name], options));
  if (fields === undefined) {
    throw unexpectedReply(server.addr, "CONFIG GET");
  }
  return textOf(fields.get(name));
}

/** All libraries with their code, in the order of their names. Redis >= 7 only. */
export async function readFunctions(
  server: RedisCaller,
  options: CallOptions = {},
): Promise<readonly FunctionLibrary[]> {
  const items = itemsOf(await server.call(["FUNCTION", "LIST", "WITHCODE"], options));
  const libraries = items?.map((item) => {
    const fields = fieldsOf(item);
    const name = textOf(fields?.get("library_name"));
    const code = bytesOf(fields?.get("library_code"));
    return name === undefined || code === undefined ? undefined : { name, code };
  });
  const known = libraries?.filter((library) => library !== undefined);
  if (known === undefined || known.length !== libraries?.length) {
    throw unexpectedReply(server.addr, "FUNCTION LIST");
  }
  return known.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Adds a library; SERVER_REFUSED when there is one of its name, or its code isn't accepted. */
export async function loadFunction(server: RedisCaller, library: FunctionLibrary): Promise<void> {
  await server.call(["FUNCTION", "LOAD", library.code]);
}

/** Name -> digest of the code; the same code has the same digest on every server. */
export function digestFunctions(
  libraries: readonly FunctionLibrary[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    libraries.map(({ name, code }) => [name, createHash("sha1").update(code).digest("hex")]),
  );
}

/** SLOTSINFO of the connection's database: slot -> keys, only slots with keys. codis-server only. */
export async function slotsInfo(server: RedisCaller): Promise<ReadonlyMap<number, number>> {
  const items = itemsOf(await server.call(["SLOTSINFO"]));
  const counts = new Map<number, number>();
  for (const item of items ?? []) {
    const [slot, keys] = (itemsOf(item) ?? []).map(numberOf);
    if (slot === undefined || keys === undefined) {
      throw unexpectedReply(server.addr, "SLOTSINFO");
    }
    counts.set(slot, keys);
  }
  if (items === undefined) {
    throw unexpectedReply(server.addr, "SLOTSINFO");
  }
  return counts;
}

/** SCAN of the connection's database, from a cursor (`"0"` begins) for about `count` keys. */
export function scan(server: RedisCaller, cursor: string, count: number): Promise<ScanStep> {
  return readScan(server, "SCAN", ["SCAN", cursor, "COUNT", `${count}`]);
}

/** SLOTSSCAN: as `scan`, the keys of one slot. codis-server only. */
export function slotsScan(
  server: RedisCaller,
  slot: number,
  cursor: string,
  count: number,
): Promise<ScanStep> {
  return readScan(server, "SLOTSSCAN", ["SLOTSSCAN", `${slot}`, cursor, "COUNT", `${count}`]);
}

/** SELECT: later calls on this connection are about that database. */
export async function selectDatabase(client: RedisClient, db: number): Promise<void> {
  await client.call(["SELECT", `${db}`]);
}

async function readScan(
  server: RedisCaller,
  command: string,
  args: readonly string[],
): Promise<ScanStep> {
  const items = itemsOf(await server.call(args));
  const cursor = textOf(items?.[0]);
  const keys = itemsOf(items?.[1])?.map(bytesOf);
  const known = keys?.filter((key) => key !== undefined);
  if (cursor === undefined || known === undefined || known.length !== keys?.length) {
    throw unexpectedReply(server.addr, command);
  }
  return { cursor, keys: known };
}
