/**
 * Values as the bytes of RESP2 or RESP3: replies that the proxy puts together, and commands that it
 * sends on its own. Leaf; the counterpart of `value.ts`, whose trees it takes.
 *
 * What RESP2 doesn't have is written as Redis itself does for such a client: a map as an array of
 * keys and values in turn, a set or push as an array, a double, big number or verbatim text as a
 * bulk string, a boolean as 1 or 0. Nothing of the client's can end a frame early: line breaks in
 * one-line texts become blanks, as Redis does.
 */
import type { RespValue } from "./value.ts";

/** `+OK`. Shared, nobody writes to it. */
export const OK_REPLY = Buffer.from("+OK\r\n");

const CRLF = Buffer.from("\r\n");

/** One whole reply. The result shares no bytes with the value. */
export function encodeReply(value: RespValue, proto: 2 | 3): Buffer {
  const parts: Uint8Array[] = [];
  append(parts, value, proto);
  return Buffer.concat(parts);
}

/** An error reply; `text` begins with its code (`ERR …`) and holds one byte a character. */
export function errorReply(text: string): Buffer {
  return Buffer.from(`-${oneLine(text)}\r\n`, "latin1");
}

/** An integer reply, the same in both protocols. */
export function integerReply(value: number | bigint): Buffer {
  return Buffer.from(`:${value}\r\n`);
}

/** A long text: verbatim (`txt`) in RESP3, a bulk string in RESP2. */
export function textReply(text: string, proto: 2 | 3): Buffer {
  return encodeReply(
    { type: "verbatim", format: "txt", bytes: Buffer.from(text, "latin1") },
    proto,
  );
}

/** A command as an array of bulk strings; strings are UTF-8. */
export function encodeCommand(argv: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${argv.length}\r\n`)];
  for (const argument of argv) {
    appendBulk(parts, typeof argument === "string" ? Buffer.from(argument) : argument);
  }
  return Buffer.concat(parts);
}

/** A bulk value; a string is UTF-8. */
export function bulkValue(bytes: Buffer | string): RespValue {
  return { type: "bulk", bytes: typeof bytes === "string" ? Buffer.from(bytes) : bytes };
}

/** An integer value. */
export function integerValue(value: number | bigint): RespValue {
  return { type: "integer", value: BigInt(value) };
}

/** An array value. */
export function arrayValue(items: readonly RespValue[]): RespValue {
  return { type: "array", items };
}

function append(parts: Uint8Array[], value: RespValue, proto: 2 | 3): void {
  switch (value.type) {
    case "simple":
      parts.push(Buffer.from(`+${oneLine(value.text)}\r\n`, "latin1"));
      return;
    case "error":
      parts.push(errorReply(value.text));
      return;
    case "integer":
      parts.push(integerReply(value.value));
      return;
    case "bulk":
      appendBulk(parts, value.bytes);
      return;
    case "array":
    case "set":
    case "push":
      parts.push(Buffer.from(`${listByte(value.type, proto)}${value.items.length}\r\n`));
      for (const item of value.items) append(parts, item, proto);
      return;
    case "map":
      parts.push(
        Buffer.from(
          proto === 3 ? `%${value.entries.length}\r\n` : `*${value.entries.length * 2}\r\n`,
        ),
      );
      for (const [key, item] of value.entries) {
        append(parts, key, proto);
        append(parts, item, proto);
      }
      return;
    default:
      if (proto === 3) appendNew(parts, value);
      else appendOld(parts, value);
  }
}

/** The types that RESP2 lacks or writes otherwise. */
type NewType = Extract<
  RespValue,
  { readonly type: "null" | "boolean" | "double" | "big-number" | "verbatim" }
>;

function appendNew(parts: Uint8Array[], value: NewType): void {
  switch (value.type) {
    case "null":
      parts.push(Buffer.from("_\r\n"));
      return;
    case "boolean":
      parts.push(Buffer.from(value.value ? "#t\r\n" : "#f\r\n"));
      return;
    case "double":
      parts.push(Buffer.from(`,${value.text}\r\n`));
      return;
    case "big-number":
      parts.push(Buffer.from(`(${value.text}\r\n`));
      return;
    case "verbatim":
      // The kind and its colon count in the length.
      parts.push(Buffer.from(`=${value.bytes.length + 4}\r\n${value.format}:`), value.bytes, CRLF);
  }
}

function appendOld(parts: Uint8Array[], value: NewType): void {
  switch (value.type) {
    case "null":
      parts.push(Buffer.from(value.isArray ? "*-1\r\n" : "$-1\r\n"));
      return;
    case "boolean":
      parts.push(integerReply(value.value ? 1 : 0));
      return;
    case "double":
    case "big-number":
      appendBulk(parts, Buffer.from(value.text));
      return;
    case "verbatim":
      appendBulk(parts, value.bytes);
  }
}

function listByte(type: "array" | "set" | "push", proto: 2 | 3): string {
  if (proto === 2 || type === "array") return "*";
  return type === "set" ? "~" : ">";
}

function appendBulk(parts: Uint8Array[], bytes: Uint8Array): void {
  parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}
