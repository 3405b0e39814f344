/**
 * Why somebody changes something, in their own words, for the audit log: the header `X-Codis-Reason` of a change. It
 * is percent-encoded UTF-8, because headers have no other way for words in all languages. Pure.
 */
import { CodisError } from "../base/error.ts";

/** Name of the header, in small letters. */
export const REASON_HEADER = "x-codis-reason";
/** Longest reason, characters. */
export const REASON_CHARS_MAX = 200;

/** The value of the header. */
export function encodeReason(reason: string): string {
  return encodeURIComponent(reason);
}

/** The reason of a header; undefined when there is none. Throws ARGUMENT_INVALID. */
export function decodeReason(value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  let text: string;
  try {
    text = decodeURIComponent(typeof value === "string" ? value : value.join(" "));
  } catch (cause) {
    throw wrong("it isn't percent-encoded UTF-8", cause);
  }
  // A reason is one line, wherever it is printed.
  const reason = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  if ([...reason].length > REASON_CHARS_MAX) {
    throw wrong(`expected at most ${REASON_CHARS_MAX} characters`, undefined);
  }
  return reason === "" ? undefined : reason;
}

function wrong(problem: string, cause: unknown): CodisError {
  return new CodisError("ARGUMENT_INVALID", `header X-Codis-Reason: ${problem}`, { cause });
}
