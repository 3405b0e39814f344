/**
 * The protocol errors that end a session, with the texts of Redis (networking.c, processMultibulkBuffer
 * and processInlineBuffer of Redis 7).
 *
 * The scanner answers one of these codes instead of throwing: bad input costs one reply and one close.
 * The session puts `-ERR Protocol error: ` before the text.
 */

/** Codes are negative, so that they never collide with a position in a buffer. */
export const PROTOCOL_ERROR_MULTIBULK_LENGTH = -1;
export const PROTOCOL_ERROR_BULK_LENGTH = -2;
export const PROTOCOL_ERROR_EXPECTED_DOLLAR = -3;
export const PROTOCOL_ERROR_BIG_MULTIBULK_COUNT = -4;
export const PROTOCOL_ERROR_BIG_BULK_COUNT = -5;
export const PROTOCOL_ERROR_BIG_INLINE = -6;
export const PROTOCOL_ERROR_UNBALANCED_QUOTES = -7;
export const PROTOCOL_ERROR_UNAUTHENTICATED_MULTIBULK = -8;
export const PROTOCOL_ERROR_UNAUTHENTICATED_BULK = -9;
/** Ours: a request longer than `session_max_request_size`. Redis closes such a client without a word. */
export const PROTOCOL_ERROR_BIG_REQUEST = -10;

/**
 * Text of a protocol error as Redis sends it after `Protocol error: `.
 * `unexpectedByte` is the byte found where a `$` was due.
 */
export function protocolErrorText(code: number, unexpectedByte: number): string {
  switch (code) {
    case PROTOCOL_ERROR_MULTIBULK_LENGTH:
      return "invalid multibulk length";
    case PROTOCOL_ERROR_BULK_LENGTH:
      return "invalid bulk length";
    case PROTOCOL_ERROR_EXPECTED_DOLLAR:
      return `expected '$', got '${printable(unexpectedByte)}'`;
    case PROTOCOL_ERROR_BIG_MULTIBULK_COUNT:
      return "too big mbulk count string";
    case PROTOCOL_ERROR_BIG_BULK_COUNT:
      return "too big bulk count string";
    case PROTOCOL_ERROR_BIG_INLINE:
      return "too big inline request";
    case PROTOCOL_ERROR_UNBALANCED_QUOTES:
      return "unbalanced quotes in request";
    case PROTOCOL_ERROR_UNAUTHENTICATED_MULTIBULK:
      return "unauthenticated multibulk length";
    case PROTOCOL_ERROR_UNAUTHENTICATED_BULK:
      return "unauthenticated bulk length";
    default:
      return "too big request";
  }
}

/** Redis prints the raw byte; line breaks would break the reply's own frame, and Redis blanks them too. */
function printable(byte: number): string {
  return byte === 13 || byte === 10 ? " " : String.fromCharCode(byte);
}
