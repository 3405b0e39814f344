/**
 * A latency histogram as short text, in the statistics that a proxy tells its dashboard once a second: only
 * buckets that aren't empty, each as the distance to the one before and its count, in base 36.
 *
 *     buckets 130: 4, 131: 70, 140: 1    ->    "3m.4 1.1y 9.1"
 *
 * The counts are those since the start of the proxy, so that a lost answer loses nothing. The layout of the buckets
 * is that of `base/latency-histogram.ts`; its name goes along, and another one isn't read.
 */
import { BUCKET_COUNT } from "../base/latency-histogram.ts";

/** Name of the layout: 16 buckets in each of 23 rows of microseconds, and one for the rest. */
export const LATENCY_LAYOUT = "us-16x23+1";

const RADIX = 36;
/** Larger counts aren't whole numbers any more. */
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** The text of a histogram; "" when it is empty. */
export function encodeLatencies(buckets: ArrayLike<number>): string {
  let text = "";
  let last = 0;
  for (let index = 0; index < buckets.length; index++) {
    const count = buckets[index] ?? 0;
    if (count > 0) {
      text += `${text === "" ? "" : " "}${(index - last).toString(RADIX)}.${count.toString(RADIX)}`;
      last = index;
    }
  }
  return text;
}

/** The counts by bucket; undefined for a text that isn't one of `encodeLatencies`. */
export function decodeLatencies(text: string): Float64Array | undefined {
  const buckets = new Float64Array(BUCKET_COUNT);
  if (text === "") {
    return buckets;
  }
  let index = 0;
  for (const pair of text.split(" ")) {
    const dot = pair.indexOf(".");
    const distance = parseInt(pair.slice(0, dot), RADIX);
    const count = parseInt(pair.slice(dot + 1), RADIX);
    index += distance;
    if (!(dot > 0 && index >= 0 && index < BUCKET_COUNT && count > 0 && count <= COUNT_MAX)) {
      return undefined;
    }
    buckets[index] = count;
  }
  return buckets;
}
