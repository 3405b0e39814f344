/**
 * A short way to write the replies of this folder: plain strings, numbers and arrays in, RESP2 or RESP3
 * out. The bytes are made by `resp/encode.ts`; here is only the translation into its trees.
 */
import { encodeReply as encodeValue, errorReply } from "../../../resp/encode.ts";
import type { RespValue } from "../../../resp/value.ts";
import type { ProtocolVersion } from "../context.ts";

export { errorReply, OK_REPLY } from "../../../resp/encode.ts";

/** A value of a reply. A string or a Buffer is a bulk string, a number an integer, an array an array. */
export type ReplyValue =
  | string
  | Buffer
  | number
  | null
  | readonly ReplyValue[]
  | { readonly simple: string }
  | { readonly verbatim: string }
  | { readonly set: readonly ReplyValue[] }
  | { readonly map: readonly (readonly [ReplyValue, ReplyValue])[] };

/** No bytes at all: the command has no reply (CLIENT REPLY OFF and SKIP). */
export const NO_REPLY = Buffer.alloc(0);

/** What Redis answers when the options of a command make no sense. */
export const SYNTAX_ERROR_REPLY = errorReply("ERR syntax error");

/** What Redis answers to a text where a whole number is due. */
export const NOT_AN_INTEGER_REPLY = errorReply("ERR value is not an integer or out of range");

/** One whole reply in the given protocol. Strings are UTF-8, simple strings latin1. */
export function encodeReply(value: ReplyValue, proto: ProtocolVersion): Buffer {
  return encodeValue(toValue(value), proto);
}

function toValue(value: ReplyValue): RespValue {
  if (typeof value === "string") {
    return { type: "bulk", bytes: Buffer.from(value) };
  }
  if (typeof value === "number") {
    return { type: "integer", value: BigInt(value) };
  }
  if (value === null) {
    return { type: "null", isArray: false };
  }
  if (Buffer.isBuffer(value)) {
    return { type: "bulk", bytes: value };
  }
  if (isList(value)) {
    return { type: "array", items: value.map(toValue) };
  }
  if ("simple" in value) {
    return { type: "simple", text: value.simple };
  }
  if ("verbatim" in value) {
    return { type: "verbatim", format: "txt", bytes: Buffer.from(value.verbatim) };
  }
  if ("set" in value) {
    return { type: "set", items: value.set.map(toValue) };
  }
  const entries = value.map.map(([key, item]) => [toValue(key), toValue(item)] as const);
  return { type: "map", entries };
}

/** `Array.isArray` doesn't narrow readonly arrays. */
function isList(value: object): value is readonly ReplyValue[] {
  return Array.isArray(value);
}
