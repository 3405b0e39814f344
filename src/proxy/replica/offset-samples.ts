/**
 * Where a master's replication stream was at some moments, to tell how far back in time a replica is: one that has
 * taken over as many bytes as the master had written at a moment has everything that the master had then.
 *
 *     time      0 s    1 s    2 s    3 s         a replica at offset 250 of the same stream
 *     offset    100    180    240    400         has all of 2 s
 *
 * Bounded: of many samples every second older one is dropped, which makes replicas look older, never younger.
 */

interface Sample {
  readonly offset: number;
  readonly atMs: number;
}

const SAMPLES_MAX = 128;

/** See the file head. */
export class OffsetSamples {
  /** Name of the master's stream; undefined before Redis 4 has none, and before the first sample. */
  streamId: string | undefined;
  /** Oldest first. */
  #samples: Sample[] = [];

  /** The master had written so many bytes at the moment `atMs` or later. */
  add(streamId: string | undefined, offset: number, atMs: number): void {
    const last = this.#samples.at(-1);
    // A stream that is shorter than before is another one, whatever its name.
    if (streamId !== this.streamId || (last !== undefined && offset < last.offset)) {
      this.#samples = [];
      this.streamId = streamId;
    }
    this.#samples.push({ offset, atMs });
    if (this.#samples.length > SAMPLES_MAX) {
      const newest = this.#samples.length - 1;
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0 || index === newest);
    }
  }

  /** The latest sampled moment of which the offset has everything; -Infinity when there is none. */
  coveredMs(offset: number): number {
    for (let index = this.#samples.length - 1; index >= 0; index--) {
      const sample = this.#samples[index] as Sample;
      if (sample.offset <= offset) return sample.atMs;
    }
    return Number.NEGATIVE_INFINITY;
  }
}
