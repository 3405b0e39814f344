/**
 * How long one MIGRATE of a key holds up its servers: the source writes the value, the target reads it, and
 * neither does anything else meanwhile. Shared by plans, which name such keys, and by the mover, which decides
 * when a key moves and in which company.
 *
 * Measured with redis-server 7.0.15 on two cores, both servers on them, milliseconds for one MIGRATE:
 *
 *     string, random bytes    100 KB: 1.6    1 MB: 8.6    10 MB: 70     50 MB: 343     (7 ns a byte)
 *     string, one byte again  100 KB: 0.5    1 MB: 3.0    10 MB: 26     50 MB: 125
 *     elements of ~15 bytes   hash 10,000: 3.6, 100,000: 72, 1,000,000: 1268; set 2.2, 53, 962; zset 3.6, 76, 1149
 *     packed                  list 1,000,000: 42; stream 1,000,000: 95                 (3 to 4 ns a byte)
 */

const KEY_MS = 0.006;
const BYTE_MS = 0.000_007;
/** Types whose elements are allocated one by one; the more there are, the less fits into caches. */
const SCATTERED_TYPES: ReadonlySet<string> = new Set(["hash", "set", "zset"]);
const ELEMENT_STEPS = [
  { elementsMax: 20_000, ms: 0.0004 },
  { elementsMax: 200_000, ms: 0.0008 },
  { elementsMax: Number.POSITIVE_INFINITY, ms: 0.0013 },
] as const;
/** A scattered element takes no less memory than this. */
const ELEMENT_BYTES_MIN = 32;

const LENGTH_COMMANDS: ReadonlyMap<string, string> = new Map([
  ["list", "LLEN"],
  ["hash", "HLEN"],
  ["set", "SCARD"],
  ["zset", "ZCARD"],
  ["stream", "XLEN"],
]);

/**
 * Milliseconds that both servers stall for the key alone, on a machine like the one above. `type` as TYPE
 * answers, `elements` as the command of `lengthCommandOf` answers (1 for others), `bytes` as MEMORY USAGE.
 */
export function expectedStallMs(type: string, elements: number, bytes: number): number {
  const bytesMs = bytes * BYTE_MS;
  if (!SCATTERED_TYPES.has(type)) {
    return KEY_MS + bytesMs;
  }
  const step = ELEMENT_STEPS.find(({ elementsMax }) => elements <= elementsMax);
  return KEY_MS + Math.max(bytesMs, elements * (step?.ms ?? 0));
}

/** Keys with fewer bytes stall for less than `stallMs`, whatever their type: it needn't be asked. */
export function bytesToLookAt(stallMs: number): number {
  const leftMs = stallMs - KEY_MS;
  const scattered = ELEMENT_STEPS.map(({ elementsMax, ms }, at) => {
    const elements = Math.max(ELEMENT_STEPS[at - 1]?.elementsMax ?? 0, leftMs / ms);
    return elements <= elementsMax ? elements * ELEMENT_BYTES_MIN : Number.POSITIVE_INFINITY;
  });
  return Math.max(1, Math.floor(Math.min(leftMs / BYTE_MS, ...scattered)));
}

/** The command that counts the elements of a type; undefined for a string and for types of modules. */
export function lengthCommandOf(type: string): string | undefined {
  return LENGTH_COMMANDS.get(type);
}
