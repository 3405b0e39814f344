/**
 * What a promotion works with: the parts of availability, the rooms that it asks for something, and the connections
 * to the two servers. One stored change that must not be left out is made here, however often it takes.
 */
import { Backoff } from "../../../base/backoff.ts";
import type { Clock } from "../../../base/clock.ts";
import { isCodisError, messageOf } from "../../../base/error.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type {
  AvailabilityParts,
  FailoverBook,
  MovingGroups,
  ReplicaFollow,
  SentinelWatch,
} from "../contract.ts";
import type { PairOptions, ServerPair } from "./server-pair.ts";

/** See the file head. */
export interface PromotionParts extends AvailabilityParts {
  readonly book: FailoverBook;
  readonly sentinels: SentinelWatch;
  readonly follow: ReplicaFollow;
  readonly moving: MovingGroups;
  /** Replaces `ServerPair.open` (tests). */
  readonly openPair?: ((options: PairOptions) => Promise<ServerPair>) | undefined;
}

/** Pauses between tries to store something, milliseconds. */
const STORE_REST = { minMs: 50, maxMs: 1_000 };

/**
 * Stores a change that others wait for, again and again while the coordinator doesn't answer. Rejects with
 * LEADERSHIP_LOST, with what the change itself throws, and with the last failure once `isClosed` says so.
 */
export async function persist(
  parts: Pick<PromotionParts, "topology" | "log" | "clock">,
  name: string,
  change: (topology: Topology) => Topology,
  isClosed: () => boolean,
): Promise<Topology> {
  const backoff = new Backoff(STORE_REST);
  for (;;) {
    try {
      return await parts.topology.commit(name, change);
    } catch (thrown) {
      const mayPass = isCodisError(
        thrown,
        "COORDINATOR_UNREACHABLE",
        "COORDINATOR_CONFLICT",
        "COORDINATOR_FULL",
        "TOO_BUSY",
      );
      if (!mayPass || isClosed()) {
        throw thrown;
      }
      parts.log.warn("promotion.unstored", `${name}: ${messageOf(thrown)}; it is tried again`);
      await rest(parts.clock, backoff.nextMs());
    }
  }
}

/** Resolves after so many milliseconds. */
export function rest(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
