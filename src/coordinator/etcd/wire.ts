/**
 * Requests and answers of etcd's store as its JSON gateway writes them: bytes in base64, 64-bit numbers as
 * texts, and nothing at all for zero, false and empty.
 *
 * Revisions and leases stay texts: they are compared, never calculated with.
 */

/** A key with its value. */
export interface WireKeyValue {
  readonly key?: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
  readonly lease?: string;
}

/** Part of every answer. */
export interface WireHeader {
  readonly revision?: string;
}

/** Answer of a range. */
export interface WireRange {
  readonly header?: WireHeader;
  readonly kvs?: readonly WireKeyValue[];
  readonly more?: boolean;
}

/** Answer of a transaction. */
export interface WireTxn {
  readonly header?: WireHeader;
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: WireRange }[];
}

/** One condition of a transaction: equality. `0` stands for a key that isn't there. */
export type WireCompare =
  | { key: string; target: "MOD"; result: "EQUAL"; mod_revision: string }
  | { key: string; target: "CREATE"; result: "EQUAL"; create_revision: string };

/** One step of a transaction. */
export type WireOperation =
  | { request_put: { key: string; value: string; lease?: string } }
  | { request_delete_range: { key: string } }
  | { request_range: { key: string; keys_only?: boolean } };

/** A key that was read. */
export interface EtcdNode {
  readonly path: string;
  readonly data: string;
  /** Revision of the store when the key was made. */
  readonly createRevision: string;
  /** Revision of the store when it was written last: its version. */
  readonly modRevision: string;
  /** `0`: it doesn't depend on any. */
  readonly lease: string;
}

/** A text, or bytes, as the gateway takes them. */
export function toBase64(text: string | Buffer): string {
  return (typeof text === "string" ? Buffer.from(text, "utf8") : text).toString("base64");
}

/** The bytes of a key or value. */
export function fromBase64(text: string | undefined): Buffer {
  return Buffer.from(text ?? "", "base64");
}

/** The first key of an answer; undefined when there is none. */
export function firstNode(range: WireRange | undefined): EtcdNode | undefined {
  const found = range?.kvs?.[0];
  return found === undefined ? undefined : toNode(found);
}

/** A key of an answer. Bytes that aren't UTF-8 come as replacement characters. */
export function toNode(wire: WireKeyValue): EtcdNode {
  return {
    path: fromBase64(wire.key).toString("utf8"),
    data: fromBase64(wire.value).toString("utf8"),
    createRevision: wire.create_revision ?? "0",
    modRevision: wire.mod_revision ?? "0",
    lease: wire.lease ?? "0",
  };
}

/** The condition that a key was written last at this revision; `0`: that it isn't there. */
export function isWrittenAt(path: string, revision: string): WireCompare {
  const key = toBase64(path);
  return { key, target: "MOD", result: "EQUAL", mod_revision: revision };
}

/** The condition that a key was made at this revision. */
export function isMadeAt(path: string, revision: string): WireCompare {
  const key = toBase64(path);
  return { key, target: "CREATE", result: "EQUAL", create_revision: revision };
}

/** The step that writes a key; without a lease it stays for ever. */
export function putOf(path: string, data: string, lease?: string): WireOperation {
  const put = { key: toBase64(path), value: toBase64(data) };
  return { request_put: lease === undefined ? put : { ...put, lease } };
}

/** The step that reads a key. */
export function rangeOf(path: string): WireOperation {
  return { request_range: { key: toBase64(path) } };
}

/** The step that reads what a key is worth for a condition, without its value. */
export function versionOf(path: string): WireOperation {
  return { request_range: { key: toBase64(path), keys_only: true } };
}
