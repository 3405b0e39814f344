/**
 * The requests that a backend connection has been given and not answered, in order: a ring of parallel
 * arrays, because an object for each request would cost more than everything else done with it.
 *
 *     head            head+count
 *      v                  v
 *  | . | s | s | s | s | s | . | . |      sink, tag, command id and start time of each
 *
 * The ring grows by doubling up to the bound its owner keeps (`backend_max_pipeline`) and never shrinks.
 */
import type { ReplySink } from "../reply/reply-sink.ts";

const CAPACITY_INITIAL = 64;

/** See the file head. The owner reads the arrays directly on the hot path. */
export class InFlight {
  sinks: (ReplySink | undefined)[] = new Array<ReplySink | undefined>(CAPACITY_INITIAL).fill(
    undefined,
  );
  tags: Int32Array = new Int32Array(CAPACITY_INITIAL);
  commands: Int32Array = new Int32Array(CAPACITY_INITIAL);
  /** Milliseconds of the monotonic clock. */
  starts: Float64Array = new Float64Array(CAPACITY_INITIAL);
  head = 0;
  count = 0;
  mask = CAPACITY_INITIAL - 1;

  push(sink: ReplySink, tag: number, commandId: number, startMs: number): void {
    // Hot path.
    if (this.count > this.mask) this.#grow();
    const index = (this.head + this.count) & this.mask;
    this.sinks[index] = sink;
    this.tags[index] = tag;
    this.commands[index] = commandId;
    this.starts[index] = startMs;
    this.count++;
  }

  /** Takes the oldest out; only when there is one. */
  shift(): void {
    // Hot path.
    this.sinks[this.head] = undefined;
    this.head = (this.head + 1) & this.mask;
    this.count--;
  }

  /** Start time of the oldest request; only when there is one. */
  get oldestStartMs(): number {
    return this.starts[this.head] as number;
  }

  #grow(): void {
    const old = this.mask + 1;
    const capacity = old * 2;
    const sinks = new Array<ReplySink | undefined>(capacity).fill(undefined);
    const tags = new Int32Array(capacity);
    const commands = new Int32Array(capacity);
    const starts = new Float64Array(capacity);
    for (let i = 0; i < this.count; i++) {
      const from = (this.head + i) & this.mask;
      sinks[i] = this.sinks[from];
      tags[i] = this.tags[from] as number;
      commands[i] = this.commands[from] as number;
      starts[i] = this.starts[from] as number;
    }
    this.sinks = sinks;
    this.tags = tags;
    this.commands = commands;
    this.starts = starts;
    this.head = 0;
    this.mask = capacity - 1;
  }
}
