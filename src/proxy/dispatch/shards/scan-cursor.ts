/**
 * The cursor of SCAN over all groups: everything that the next call needs, in one number of 64
 * bits, because that call may come to another worker or, after a restart, to another process.
 *
 * A position is Redis's own cursor, which stays below the number of buckets of its hash table (the
 * bits above are cleared in dictScan), so 30 bits are a billion keys on one master. Of a revision
 * the low bits are kept; the full one is the newest that ends like this, which is wrong only for a
 * pass that outlived 32768 changes of the slot table, or a million in class 0.
 */

/** `window` of a first pass: it looks at all groups. */
export const WINDOW_FIRST = 0;
/**
 * Windows 1 to 13: the groups that received slots in the 2^window revisions before the pass began.
 */
export const WINDOW_POWER_MAX = 13;
/** All groups again. */
export const WINDOW_ALL = 14;
/** All groups again, because the revision of the pass before was not known here. */
export const WINDOW_UNKNOWN = 15;

/** Where a SCAN stands. */
export interface ScanPosition {
  readonly groupId: number;
  /** The cursor of that group's master, 0 at its begin. */
  readonly position: number;
  /** Revision of the slot table when the pass began; undefined: not one of this process. */
  readonly startRevision: number | undefined;
  /** The part of a pass that looks at the targets of moving slots again. */
  readonly isTail: boolean;
  /** Which groups the pass looks at; one of the WINDOW_ constants or a power. */
  readonly window: number;
}

interface CursorClass {
  readonly group: bigint;
  readonly position: bigint;
  readonly revision: bigint;
  readonly window: bigint;
}

const CLASS_BITS = 2n;
/**
 * How a cursor is laid out; the first class that group and position fit in is taken.
 *
 *     low bits                                                      high bits
 *     | class 2 | group + 1 | position | revision | tail 1 | window |
 *
 * They take 57, 63, 63 and 64 bits. In a first pass window and tail are 0, so that a cursor of
 * class 0 is below 2^53: exact also for clients that keep it in a double.
 */
const CLASSES: readonly CursorClass[] = [
  { group: 6n, position: 24n, revision: 20n, window: 4n },
  { group: 6n, position: 32n, revision: 18n, window: 4n },
  { group: 14n, position: 24n, revision: 18n, window: 4n },
  { group: 14n, position: 30n, revision: 15n, window: 2n },
];
const FULL_WINDOW_BITS = 4n;
/** The windows that two bits can tell apart; powers become WINDOW_ALL, which looks at more. */
const SHORT_WINDOWS = [WINDOW_FIRST, WINDOW_ALL, WINDOW_UNKNOWN];

/** The cursor as a number; undefined when group or position are larger than any class holds. */
export function packCursor(
  at: ScanPosition & { readonly startRevision: number },
): bigint | undefined {
  const group = BigInt(at.groupId + 1);
  const position = BigInt(at.position);
  const classId = CLASSES.findIndex(
    (fits) => group >> fits.group === 0n && position >> fits.position === 0n,
  );
  const widths = CLASSES[classId];
  if (widths === undefined) return undefined;
  const window =
    widths.window === FULL_WINDOW_BITS
      ? at.window
      : Math.max(
          0,
          SHORT_WINDOWS.indexOf(
            at.window === WINDOW_FIRST ? WINDOW_FIRST : Math.max(at.window, WINDOW_ALL),
          ),
        );
  let packed = BigInt(window);
  packed = (packed << 1n) | (at.isTail ? 1n : 0n);
  packed =
    (packed << widths.revision) | BigInt.asUintN(Number(widths.revision), BigInt(at.startRevision));
  packed = (packed << widths.position) | position;
  packed = (packed << widths.group) | group;
  return (packed << CLASS_BITS) | BigInt(classId);
}

/**
 * What a cursor says, read by a process whose slot table has the given revision. Every number means
 * something, as in Redis: one that we never gave leads to some place in the keyspace, and ends.
 */
export function unpackCursor(cursor: bigint, revision: number): ScanPosition {
  let rest = cursor;
  const take = (bits: bigint): number => {
    const value = Number(BigInt.asUintN(Number(bits), rest));
    rest >>= bits;
    return value;
  };
  const widths = CLASSES[take(CLASS_BITS)] as CursorClass;
  const groupId = Math.max(0, take(widths.group) - 1);
  const position = take(widths.position);
  const startRevision = fullRevision(take(widths.revision), Number(widths.revision), revision);
  const isTail = take(1n) === 1;
  const code = take(widths.window);
  const window = widths.window === FULL_WINDOW_BITS ? code : (SHORT_WINDOWS[code] ?? WINDOW_ALL);
  return { groupId, position, startRevision, isTail, window };
}

/**
 * The newest revision up to `now` whose low bits are these; undefined when it lies before the
 * first.
 */
function fullRevision(low: number, bits: number, now: number): number | undefined {
  const span = 2 ** bits;
  const age = (((now - low) % span) + span) % span;
  return age > now ? undefined : now - age;
}

/** The smallest window over at least so many revisions. */
export function windowOver(revisions: number): number {
  const power = Math.max(1, Math.ceil(Math.log2(Math.max(1, revisions))));
  return power > WINDOW_POWER_MAX ? WINDOW_ALL : power;
}

/** Number of revisions that a window of a power covers. */
export function revisionsOf(window: number): number {
  return 2 ** window;
}

/**
 * The number that Redis would read (strtoul, parseScanCursorOrReply): digits with an optional sign,
 * or nothing at all, which is 0; undefined for anything else. A zero byte ends the argument.
 */
export function parseCursor(argument: Buffer): bigint | undefined {
  const zero = argument.indexOf(0);
  const length = zero === -1 ? argument.length : zero;
  const text = argument.toString("latin1", 0, Math.min(length, 64));
  if (text === "") return 0n;
  const found = /^([+-]?)([0-9]+)$/.exec(text);
  if (found === null || length > text.length) return undefined;
  const value = BigInt(found[2] as string);
  if (value >> 64n !== 0n) return undefined;
  // As strtoul, a minus wraps around.
  return found[1] === "-" ? BigInt.asUintN(64, -value) : value;
}
