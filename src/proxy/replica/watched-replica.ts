/**
 * What is known of one replica of one master, and whether it may be read from. Pure: looks and time come from
 * outside.
 *
 * Lag is the time since the replica was last known to have everything that its master had at that moment (see
 * `OffsetSamples`). It grows while nobody can tell: a master that doesn't answer, a look that hangs.
 */
import type { ReplicationFacts } from "../../redis/replication.ts";
import type { OffsetSamples } from "./offset-samples.ts";

/** What a look has seen is believed for so long: two looks may fail, a third may not. */
const LOOK_AGE_MAX_MS = 3000;

/** See the file head. */
export class WatchedReplica {
  readonly addr: string;
  /** It has everything that the master had at this moment. */
  freshMs = Number.NEGATIVE_INFINITY;
  /** Why the last look found it unfit; "" when it was fit. */
  #fault = "it wasn't looked at yet";
  /** When the last look that was answered began. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  #suspendedMs = Number.NEGATIVE_INFINITY;

  constructor(addr: string) {
    this.addr = addr;
  }

  /**
   * The outcome of a look that began at `atMs`; undefined: it failed, which only lets time pass. `masterAddr` and
   * `samples` are those of the master that it should follow.
   */
  note(
    facts: ReplicationFacts | undefined,
    atMs: number,
    masterAddr: string,
    samples: OffsetSamples,
  ): void {
    if (facts === undefined) return;
    this.#lookedMs = atMs;
    this.#fault = faultOf(facts, masterAddr, samples.streamId);
    const isFit = this.#fault === "" && facts.offset !== undefined;
    this.freshMs = isFit ? samples.coveredMs(facts.offset ?? 0) : Number.NEGATIVE_INFINITY;
  }

  /** It has shown at this moment that it can't serve: it isn't used before a later look finds it fit. */
  suspend(nowMs: number): void {
    this.#suspendedMs = nowMs;
  }

  /** Why it may not be read from; "" when it may. */
  faultAt(nowMs: number, lagMaxMs: number): string {
    if (this.#fault !== "") return this.#fault;
    if (this.#lookedMs <= this.#suspendedMs) return "it has answered that it can't serve";
    if (nowMs - this.#lookedMs > LOOK_AGE_MAX_MS) return "it doesn't answer";
    return nowMs - this.freshMs > lagMaxMs ? "it lags behind" : "";
  }
}

function faultOf(
  facts: ReplicationFacts,
  masterAddr: string,
  streamId: string | undefined,
): string {
  if (facts.role !== "replica") return "it is a master";
  if (facts.isSyncing) return "it is syncing";
  if (!facts.isLinkUp) return "its link to its master is down";
  // The name of the stream says more than an address, which may be written in several ways. Redis before 4 has none.
  const isFollowing =
    streamId === undefined || facts.streamId === undefined
      ? facts.masterAddr?.toLowerCase() === masterAddr.toLowerCase()
      : facts.streamId === streamId;
  return isFollowing ? "" : "it follows another master";
}
