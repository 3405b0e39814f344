/**
 * Reads arguments of local commands the way Redis reads them: option words without regard to case, whole
 * numbers in their one canonical spelling, names without blanks. Leaf of this folder; nothing here
 * answers, the handlers choose the error text.
 */

/** An option word is compared by this many bytes; none is longer, and an argument may have 512 MB. */
const WORD_BYTES_MAX = 64;
/** Redis prints at most this much of a subcommand that it doesn't know. */
const SHOWN_BYTES_MAX = 128;

const NAME_BYTE_FIRST = 0x21;
const NAME_BYTE_LAST = 0x7e;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** The argument as a lower-case word, for comparison with option names; "" when it is absent. */
export function wordOf(arg: Buffer | undefined): string {
  if (arg === undefined || arg.length > WORD_BYTES_MAX) {
    return "";
  }
  return arg.toString("latin1").toLowerCase();
}

/** The bytes of an argument for an error text: as a C string, so up to the first zero byte. */
export function shown(arg: Buffer | undefined, bytesMax = SHOWN_BYTES_MAX): string {
  if (arg === undefined) {
    return "";
  }
  const text = arg.toString("latin1", 0, Math.min(arg.length, bytesMax));
  const zero = text.indexOf("\0");
  return zero === -1 ? text : text.slice(0, zero);
}

/**
 * The whole number that Redis would read (string2ll): no blanks, no plus, no leading zero, 64 bits;
 * undefined for anything else. Beyond 2^53 the value is the nearest double, which is enough to see that
 * it is out of every range we have.
 */
export function integerOf(arg: Buffer | undefined): number | undefined {
  if (arg === undefined || arg.length > 20) {
    return undefined;
  }
  const text = arg.toString("latin1");
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) {
    return undefined;
  }
  const value = BigInt(text);
  return value > INT64_MAX || value < INT64_MIN ? undefined : Number(value);
}

/** Whether Redis takes this as the name of a client or a library: only `!` to `~` (validateClientAttr). */
export function isPlainName(arg: Buffer): boolean {
  for (const byte of arg) {
    if (byte < NAME_BYTE_FIRST || byte > NAME_BYTE_LAST) {
      return false;
    }
  }
  return true;
}
