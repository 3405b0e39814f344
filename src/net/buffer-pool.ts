/**
 * Output buffers that connections borrow while they have bytes to send, and the count of all bytes held.
 *
 * A connection at rest holds no buffer, so ten thousand idle clients cost nothing here. Sizes are powers of
 * two; small ones are kept for reuse, large ones are left to the garbage collector. `MemoryGauge` counts what
 * is borrowed and what sessions and backends keep besides, for the ceiling `proxy_max_memory`.
 */

/** Smallest buffer lent: most turns of most connections need less. */
export const POOL_BUFFER_BYTES_MIN = 16 * 1024;
/** Larger buffers aren't kept for reuse. */
const POOLED_BYTES_MAX = 1024 * 1024;
/** Buffers of one size kept for reuse, in bytes for each size. */
const KEPT_BYTES_PER_SIZE = 4 * 1024 * 1024;

/** Bytes held by sessions and backends of this process: buffers lent, requests and replies kept. */
export class MemoryGauge {
  usedBytes = 0;
}

/** The gauge of this process. */
export const memoryGauge = new MemoryGauge();

const free: Buffer[][] = [];

/** A buffer of at least `bytes`, its content undefined. Give it back with `releaseBuffer`. */
export function acquireBuffer(bytes: number): Buffer {
  const sizeClass = sizeClassOf(bytes);
  const size = POOL_BUFFER_BYTES_MIN * 2 ** sizeClass;
  memoryGauge.usedBytes += size;
  return free[sizeClass]?.pop() ?? Buffer.allocUnsafeSlow(size);
}

/** Ends the loan; the caller must not touch the buffer afterwards. */
export function releaseBuffer(buffer: Buffer): void {
  const size = buffer.length;
  memoryGauge.usedBytes -= size;
  if (size > POOLED_BYTES_MAX) return;
  const sizeClass = sizeClassOf(size);
  free[sizeClass] ??= [];
  const list = free[sizeClass] as Buffer[];
  if (list.length * size < KEPT_BYTES_PER_SIZE) list.push(buffer);
}

/** 0 for the smallest size, 1 for its double, and so on. */
function sizeClassOf(bytes: number): number {
  if (bytes <= POOL_BUFFER_BYTES_MIN) return 0;
  return 32 - Math.clz32((bytes - 1) >>> 14);
}
