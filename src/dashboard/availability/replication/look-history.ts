/**
 * The last few looks at each server: whether its data change, and how far a replica is behind its master. Looks at two
 * servers are made at different moments, so a replica is compared with what its master had written before: the lag that
 * this gives may be too small, never too large.
 */
import type { Sight } from "./sight.ts";

/** Looks kept for each server. */
const LOOKS_KEPT = 4;

/** See the file head. */
export class LookHistory {
  readonly #looksByAddr = new Map<string, readonly Sight[]>();

  /** Takes the newest looks; servers without one are forgotten. */
  update(sights: ReadonlyMap<string, Sight>): void {
    for (const addr of this.#looksByAddr.keys()) {
      if (!sights.has(addr)) {
        this.#looksByAddr.delete(addr);
      }
    }
    for (const [addr, sight] of sights) {
      const looks = this.#looksByAddr.get(addr) ?? [];
      if (sight.facts !== undefined && looks.at(-1)?.atMs !== sight.atMs) {
        this.#looksByAddr.set(addr, [...looks, sight].slice(-LOOKS_KEPT));
      }
    }
  }

  /** Whether the server's data have changed between its last two looks. */
  isWritten(addr: string): boolean {
    const [before, now] = (this.#looksByAddr.get(addr) ?? []).slice(-2).map(({ facts }) => facts);
    return (
      before?.changes !== undefined &&
      now?.changes !== undefined &&
      before.runId === now.runId &&
      now.changes > before.changes
    );
  }

  /** Bytes that the replica is behind its master at least; undefined when nothing can be compared. */
  lagOf(replica: Sight, master: Sight): number | undefined {
    const { offset, streamId } = replica.facts ?? {};
    const written = (this.#looksByAddr.get(master.addr) ?? [])
      .filter(({ atMs, facts }) => atMs <= replica.atMs && facts?.streamId === streamId)
      .map(({ facts }) => facts?.offset)
      .filter((bytes) => bytes !== undefined);
    return offset === undefined || streamId === undefined || written.length === 0
      ? undefined
      : Math.max(0, ...written.map((bytes) => bytes - offset));
  }
}
