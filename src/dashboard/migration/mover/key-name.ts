/**
 * Names of keys for people: plain ASCII as it is, everything else as hex digits, cut when long. Keys are binary, and
 * a message is one line.
 */

/** Longest part of a key that is shown, bytes. */
const BYTES_SHOWN = 64;

/** `key "name" of database 3`. */
export function describeKey(key: Uint8Array, db: number): string {
  const bytes = Buffer.from(key.subarray(0, BYTES_SHOWN));
  const text = bytes.toString("latin1");
  const name = /^[\x20-\x7e]*$/.test(text) ? `"${text}"` : `0x${bytes.toString("hex")}`;
  const cut = key.length > BYTES_SHOWN ? `... (${key.length} bytes)` : "";
  return `key ${name}${cut} of database ${db}`;
}
