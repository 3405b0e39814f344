/**
 * Counters of one worker, by command: typed arrays, written on the hot path, merged when somebody asks.
 *
 * `record` runs once for each reply. The time of a request is from the read of its chunk to the arrival of
 * its reply's chunk, so one clock reading serves all requests of a chunk.
 */
import { BUCKET_COUNT, bucketOf } from "../../base/latency-histogram.ts";
import { COMMAND_COUNT } from "../../command/table.ts";

/** Counters of names that the table doesn't know are kept under this id, after all others. */
export const UNKNOWN_COMMAND_ID = COMMAND_COUNT;
const STATS_COUNT = COMMAND_COUNT + 1;

/** See the file head. All figures grow until `reset`. */
export class CommandStats {
  readonly calls = new Float64Array(STATS_COUNT);
  readonly usecs = new Float64Array(STATS_COUNT);
  /** Requests that the proxy or a backend connection failed. */
  readonly fails = new Float64Array(STATS_COUNT);
  /** Requests that Redis answered with an error. */
  readonly redisErrors = new Float64Array(STATS_COUNT);
  readonly buckets = new Float64Array(STATS_COUNT * BUCKET_COUNT);

  /** One answered request; `elapsedMs` by the monotonic clock. */
  record(commandId: number, elapsedMs: number): void {
    // Hot path.
    const us = elapsedMs * 1000;
    this.calls[commandId] = (this.calls[commandId] as number) + 1;
    this.usecs[commandId] = (this.usecs[commandId] as number) + us;
    const index = commandId * BUCKET_COUNT + bucketOf(us);
    this.buckets[index] = (this.buckets[index] as number) + 1;
  }

  recordError(commandId: number): void {
    this.redisErrors[commandId] = (this.redisErrors[commandId] as number) + 1;
  }

  /** A request that got an error of the proxy; counts as a call too. */
  recordFail(commandId: number): void {
    this.calls[commandId] = (this.calls[commandId] as number) + 1;
    this.fails[commandId] = (this.fails[commandId] as number) + 1;
  }

  reset(): void {
    this.calls.fill(0);
    this.usecs.fill(0);
    this.fails.fill(0);
    this.redisErrors.fill(0);
    this.buckets.fill(0);
  }
}
