/**
 * Does the target know the format in which the source sends its keys? Found out without making a key: RESTORE
 * looks at the version and the checksum at the end of a payload first. One with the source's version, a right
 * checksum and a body that is no value is refused as "Bad data format" by a target that knows the version, and
 * with another text by one that doesn't.
 *
 * Layout of a payload (tried on 7.0): body, version (2 bytes, little end first), CRC-64 of all before (8 bytes,
 * little end first; polynomial 0xad93d23594c935a9, reflected, begins with 0).
 */
import { CodisError, isCodisError } from "../../base/error.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { KeyspaceEntry } from "../../redis/info.ts";
import { bytesOf } from "../../redis/reply.ts";
import { selectDatabase } from "../../redis/server-command.ts";

const FOOTER_BYTES = 10;
const VERSION_BYTES = 2;
/** No type of a value has this number. */
const NO_TYPE = 0xff;
/** Of the polynomial, reflected. */
const POLYNOMIAL = 0x95ac9329ac4bc9b5n;
/** Keys that are tried until one is still there when it is dumped. */
const TRIES_MAX = 10;

/**
 * Whether it is known now that the target knows the source's payloads: a source without keys proves nothing. Throws
 * SERVER_VERSION_UNSUPPORTED when the target doesn't know them.
 */
export async function probePayload(
  source: RedisClient,
  keyspace: readonly KeyspaceEntry[],
  target: RedisClient,
): Promise<boolean> {
  const version = await versionOf(source, keyspace);
  if (version === undefined) {
    return false;
  }
  const refusal = await refusalOf(target, probeOf(version));
  if (/Bad data format/i.test(refusal)) {
    return true;
  }
  throw new CodisError(
    "SERVER_VERSION_UNSUPPORTED",
    `server ${target.addr} doesn't know the format of keys of ${source.addr} (version ${version}); ` +
      `it is older, expected the same or a later Redis: ${refusal}`,
  );
}

/** The checksum that Redis puts behind a payload. */
export function crc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 1n) === 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
    }
  }
  return crc;
}

/** A payload of this version with no value in it. */
function probeOf(version: number): Buffer {
  const payload = Buffer.alloc(1 + FOOTER_BYTES);
  payload[0] = NO_TYPE;
  payload.writeUInt16LE(version, 1);
  payload.writeBigUInt64LE(crc64(payload.subarray(0, 1 + VERSION_BYTES)), 1 + VERSION_BYTES);
  return payload;
}

async function versionOf(
  source: RedisClient,
  keyspace: readonly KeyspaceEntry[],
): Promise<number | undefined> {
  for (const { db } of keyspace) {
    await selectDatabase(source, db);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const key = bytesOf(await source.call(["RANDOMKEY"]));
      const payload = key === undefined ? undefined : bytesOf(await source.call(["DUMP", key]));
      if (payload !== undefined && payload.length > FOOTER_BYTES) {
        return payload.readUInt16LE(payload.length - FOOTER_BYTES);
      }
    }
  }
  return undefined;
}

async function refusalOf(target: RedisClient, payload: Buffer): Promise<string> {
  try {
    // The name is never used: no value can come of it.
    await target.call(["RESTORE", "codis:probe", "1", payload]);
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      return thrown.message;
    }
    throw thrown;
  }
  throw new CodisError("SERVER_REFUSED", `server ${target.addr} took a payload that is no value`);
}
