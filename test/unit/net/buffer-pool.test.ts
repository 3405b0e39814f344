/**
 * Buffers are lent in powers of two, taken back for reuse, and counted while they are out.
 */
import { expect, test } from "bun:test";
import {
  acquireBuffer,
  memoryGauge,
  POOL_BUFFER_BYTES_MIN,
  releaseBuffer,
} from "../../../src/net/buffer-pool.ts";

test("a buffer has room for what was asked, and never twice as much above the smallest", () => {
  for (const bytes of [1, 16_384, 16_385, 32_768, 32_769, 1_000_000, 5_000_000]) {
    const buffer = acquireBuffer(bytes);
    expect(buffer.length).toBeGreaterThanOrEqual(bytes);
    expect(buffer.length).toBeLessThan(Math.max(POOL_BUFFER_BYTES_MIN + 1, bytes * 2));
    releaseBuffer(buffer);
  }
  expect(memoryGauge.usedBytes).toBe(0);
});

test("what is out is counted; a buffer given back is lent again, and never to two at once", () => {
  const one = acquireBuffer(20_000);
  const other = acquireBuffer(20_000);
  expect(other).not.toBe(one);
  expect(memoryGauge.usedBytes).toBe(one.length + other.length);
  releaseBuffer(one);
  expect(acquireBuffer(30_000)).toBe(one);
  releaseBuffer(one);
  releaseBuffer(other);
  expect(memoryGauge.usedBytes).toBe(0);
});

test("large buffers are not kept", () => {
  const large = acquireBuffer(8 * 1024 * 1024);
  releaseBuffer(large);
  const next = acquireBuffer(8 * 1024 * 1024);
  expect(next).not.toBe(large);
  releaseBuffer(next);
});
