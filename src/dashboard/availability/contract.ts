/**
 * What the rooms of availability share: each gets `AvailabilityParts` and sees no other room, but through the small
 * interfaces here. `availability.ts` puts them together.
 *
 *     promotion    planned change of a master, nothing lost
 *     failover     dead masters: our own detector, and the book of all stories
 *     sentinel     what sentinels are told, and what they decide
 *     replication  stored against real, repair, replicas that follow a new master
 *     fence        proxies that are gone
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type {
  Failover,
  FailoverKind,
  FailoverOutcome,
  FailoverStep,
} from "../../model/availability/failover.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { DashboardConfig } from "../config/key.ts";
import type { ProductStorage, ProxyFigures, PushReport, ServerFigures } from "../control.ts";

/** What every room stands on; all of one leader. */
export interface AvailabilityParts {
  readonly config: DashboardConfig;
  /** Of this leader; names that it gives contain it. */
  readonly epoch: number;
  /** `commit` stores, then tells proxies; the change is a pure function, see `src/model/change`. */
  readonly topology: {
    snapshot(): Topology;
    commit(name: string, change: (topology: Topology) => Topology): Promise<Topology>;
    onChange(listener: (topology: Topology) => void): () => void;
  };
  /** `Fleet.whenSynced`, with proxies left out that are fenced. */
  readonly whenSynced: (revision: number, timeoutMs: number) => Promise<PushReport>;
  /** Asks the coordinator whether this dashboard leads; rejects with LEADERSHIP_LOST or COORDINATOR_UNREACHABLE. */
  readonly confirm: () => Promise<void>;
  readonly serverFigures: () => ReadonlyMap<string, ServerFigures>;
  readonly proxyFigures: () => ReadonlyMap<string, ProxyFigures>;
  readonly storage: ProductStorage;
  readonly turns: GroupTurns;
  readonly log: Log;
  readonly clock: Clock;
}

/** One change of a group's master at a time. */
export interface GroupTurns {
  /** Runs when no other change of the group is under way; what it gives. */
  run<Result>(groupId: number, change: () => Promise<Result>): Promise<Result>;
  /** Rejects with STATE_CONFLICT instead of waiting; `what` names the change for others' errors. */
  tryRun<Result>(groupId: number, what: string, change: () => Promise<Result>): Promise<Result>;
  /** What is under way with the group, undefined: nothing. */
  busyWith(groupId: number): string | undefined;
}

/** Writes stories down; see `src/model/availability/failover.ts`. Kept in memory at once, stored soon after. */
export interface FailoverBook {
  begin(story: NewFailover): FailoverStory;
  /**
   * The open story that an earlier leader began with the group, for whoever goes on with it: only of a planned change
   * whose group is still promoting; the book has ended all others. Undefined: there is none.
   */
  resume(groupId: number): FailoverStory | undefined;
  /** The newest first. */
  all(): readonly Failover[];
}

/** How a story begins. */
export interface NewFailover {
  readonly groupId: number;
  readonly kind: FailoverKind;
  readonly from: string;
  readonly to: string;
}

/** A story that is being written. */
export interface FailoverStory {
  readonly id: string;
  /** `about`: a token or an address. */
  note(step: FailoverStep, about: string, text: string): void;
  /** Sets what is measured or chosen on the way. */
  set(facts: Partial<Pick<Failover, "to" | "pauseMs" | "lostBytes">>): void;
  /** Ends it and resolves when it is stored (a failure to store it is logged). Once. */
  end(outcome: Exclude<FailoverOutcome, "running">, reason?: string): Promise<void>;
}

/** What moves slots, as far as a change of a master concerns it. */
export interface MovingGroups {
  /**
   * Stops movers from and into the group and lets no new step begin there, until the result is called; resolves when
   * nothing of the dashboard touches these slots any more.
   */
  hold(groupId: number): Promise<() => void>;
}

/** What watches a group from outside. */
export interface SentinelWatch {
  /** Whether sentinels of this product watch the group now. */
  isWatched(groupId: number): boolean;
  /**
   * `host:port` of the group's master as a majority of the sentinels last named it, in their spelling; undefined when
   * they don't watch it, don't answer, or don't agree.
   */
  masterOf(groupId: number): string | undefined;
  /** Takes the group from the sentinels, all that answer; throws when a majority still watches it. */
  release(groupId: number): Promise<void>;
  /** Gives the group to them again, with the master as stored now; what fails is tried again later. */
  watch(groupId: number): Promise<void>;
}

/** Replicas that follow. */
export interface ReplicaFollow {
  /**
   * Makes every other server of the group a replica of its stored master, the old one too, as far as they answer; the
   * rest follows when they are back. One line for each that didn't.
   */
  follow(groupId: number, story: FailoverStory | undefined): Promise<readonly string[]>;
}
