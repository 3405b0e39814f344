/**
 * Figures about replicas for the metrics: how many reads each got, how many of them the master answered in the
 * end, and whether reads may go there now. Counts outlive their connections.
 */
import type { ReplicaFigures } from "../control.ts";
import type { ReplicaBackend } from "./replica-backend.ts";
import type { WatchedLag } from "./replica-watch.ts";

/** See the file head. One for each worker. */
export class ReplicaCounts {
  /** Reads over connections that are gone, by replica. */
  readonly #readsBefore = new Map<string, number>();
  readonly #repeats = new Map<string, number>();

  /** A read that the replica didn't answer was sent to the master. */
  repeated(addr: string): void {
    this.#repeats.set(addr, (this.#repeats.get(addr) ?? 0) + 1);
  }

  /** A connection is gone. */
  keep({ settings: { addr }, readCount }: ReplicaBackend): void {
    this.#readsBefore.set(addr, (this.#readsBefore.get(addr) ?? 0) + readCount);
  }

  /** By address, each once: those that are watched, and those that got reads. */
  figures(
    backends: Iterable<ReplicaBackend>,
    lags: readonly WatchedLag[],
  ): readonly ReplicaFigures[] {
    const reads = new Map(this.#readsBefore);
    for (const { settings, readCount } of backends) {
      reads.set(settings.addr, (reads.get(settings.addr) ?? 0) + readCount);
    }
    const lagByAddr = new Map(lags.map((lag) => [lag.addr, lag]));
    return [...new Set([...lagByAddr.keys(), ...reads.keys()])].map((addr) => {
      const lag = lagByAddr.get(addr);
      return {
        addr,
        isUsable: lag?.isUsable === true,
        lagMs: lag?.lagMs ?? Number.POSITIVE_INFINITY,
        reads: reads.get(addr) ?? 0,
        repeats: this.#repeats.get(addr) ?? 0,
      };
    });
  }
}

/** Figures of all workers as one list: counts are summed; a replica is usable where one worker uses it. */
export function mergeReplicas(parts: readonly ReplicaFigures[]): readonly ReplicaFigures[] {
  const merged = new Map<string, ReplicaFigures>();
  for (const part of parts) {
    const known = merged.get(part.addr);
    merged.set(
      part.addr,
      known === undefined
        ? part
        : {
            addr: part.addr,
            isUsable: known.isUsable || part.isUsable,
            lagMs: Math.min(known.lagMs, part.lagMs),
            reads: known.reads + part.reads,
            repeats: known.repeats + part.repeats,
          },
    );
  }
  return [...merged.values()];
}
