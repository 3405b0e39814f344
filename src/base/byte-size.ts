/**
 * Byte sizes as Codis writes them in its configuration files: a number, whole or decimal, and a unit
 * of 1024s: `b k kb m mb g gb t tb p pb`, in any case; and as they are shown to people. Pure text and numbers.
 *
 * Invariant: `parseByteSize(formatByteSize(n)) === n` for whole n.
 */

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  t: 2 ** 40,
  tb: 2 ** 40,
  p: 2 ** 50,
  pb: 2 ** 50,
};

const SIZE_PATTERN = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*([a-z]*)$/i;

/** Bytes of a size like `128kb` or `1.5g`; undefined for any other text. May be negative. */
export function parseByteSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text.trim());
  if (match === null) {
    return undefined;
  }
  const factor = UNIT_BYTES[(match[2] ?? "").toLowerCase()];
  if (factor === undefined) {
    return undefined;
  }
  const bytes = Math.trunc(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes + 0 : undefined;
}

const UNITS = ["pb", "tb", "gb", "mb", "kb"] as const;

/** The size in the largest unit that divides it: 1048576 is `1mb`, 1500 is `1500`. */
export function formatByteSize(bytes: number): string {
  if (bytes !== 0) {
    for (const unit of UNITS) {
      const factor = UNIT_BYTES[unit] ?? 1;
      if (bytes % factor === 0) {
        return `${bytes / factor}${unit}`;
      }
    }
  }
  return String(bytes);
}

/** For people, rounded, with a unit of 1024s: `512 B`, `1.5 MB`. */
export function describeBytes(bytes: number): string {
  let value = bytes;
  let unit = "B";
  for (const next of ["KB", "MB", "GB", "TB"]) {
    if (value < 1024) {
      break;
    }
    value /= 1024;
    unit = next;
  }
  return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
}
