/**
 * A place in the replication stream of a group's master, and the replicas that have passed it: what slots wait for
 * that came to the group, before they may be read from its replicas. Pure; figures come from the looks at servers.
 *
 * The place is taken from the second look at the master that is seen after the mark was made: looks follow one
 * another, so that one began after the slots had come, and with them all their keys.
 */
import { serverKey } from "../../model/topology/topology.ts";
import { type ReplicationFacts, replicationOf } from "../../redis/replication.ts";
import type { ServerFigures } from "../control.ts";

/** By address: the outcome of the last look at each server; another object for each look. */
export type LookedFigures = ReadonlyMap<string, Pick<ServerFigures, "info">>;

/** Looks at the master that must be seen first. */
const LOOKS_MIN = 2;

/** See the file head. */
export class ReplicaMark {
  readonly groupId: number;
  readonly master: string;
  /** Servers that have everything; never the master. */
  readonly #passed = new Set<string>();
  #lastLook: unknown;
  #lookCount = 0;
  #place: ReplicationFacts | undefined;

  /** `figures`: what is known when the slots have come. */
  constructor(groupId: number, master: string, figures: LookedFigures) {
    this.groupId = groupId;
    this.master = master;
    this.#lastLook = figures.get(master);
  }

  /** Whether the server has everything that came with the slots. */
  isPassedBy(addr: string): boolean {
    return addr === this.master || this.#passed.has(addr);
  }

  /** Looks at what is known now; whether one of the servers has passed just now. */
  check(addrs: readonly string[], figures: LookedFigures): boolean {
    const missing = addrs.filter((addr) => !this.isPassedBy(addr));
    if (missing.length === 0) {
      return false;
    }
    this.#takePlace(figures);
    const passed = missing.filter((addr) => this.#hasPassed(factsOf(figures, addr)));
    for (const addr of passed) {
      this.#passed.add(addr);
    }
    return passed.length > 0;
  }

  /** The group's servers that may be read from are these now; one that comes back later has to pass anew. */
  keepOnly(addrs: ReadonlySet<string>): void {
    for (const addr of this.#passed) {
      if (!addrs.has(addr)) {
        this.#passed.delete(addr);
      }
    }
  }

  #takePlace(figures: LookedFigures): void {
    const look = figures.get(this.master);
    if (look !== this.#lastLook) {
      this.#lastLook = look;
      this.#lookCount += 1;
    }
    const facts = factsOf(figures, this.master);
    const isUsable = facts?.role === "master" && facts.offset !== undefined;
    if (this.#lookCount < LOOKS_MIN || !isUsable) {
      return;
    }
    // A master that was started again has another stream; a place in it is later than that in the old one.
    if (this.#place === undefined || this.#place.streamId !== facts.streamId) {
      this.#place = facts;
    }
  }

  #hasPassed(facts: ReplicationFacts | undefined): boolean {
    const place = this.#place;
    if (facts?.role !== "replica" || !facts.isLinkUp || facts.isSyncing || place === undefined) {
      return false;
    }
    // Redis before 4 has no name of the stream.
    const isFollowing =
      place.streamId === undefined || facts.streamId === undefined
        ? serverKey(facts.masterAddr ?? "") === serverKey(this.master)
        : facts.streamId === place.streamId;
    return isFollowing && (facts.offset ?? -1) >= (place.offset ?? Number.POSITIVE_INFINITY);
  }
}

function factsOf(figures: LookedFigures, addr: string): ReplicationFacts | undefined {
  const info = figures.get(addr)?.info;
  return info === undefined ? undefined : replicationOf(info);
}
