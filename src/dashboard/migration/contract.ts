/**
 * Contracts inside the moving of slots. `operation/` decides what moves and how fast; the engine
 * (`migration/engine.ts`) takes each slot through the states of Codis and is the only one that changes slots'
 * actions after they were created; a mover moves the keys of one pair of groups while slots are `migrating`.
 *
 *     operation  --policy-->  engine  --slots-->  mover (one for each pair of groups)
 *        ^                      |                   |
 *        +------- events -------+---- progress -----+
 */
import type { BigKeyRule } from "../../model/operation/plan.ts";
import type { Trouble } from "../../model/operation/trouble-code.ts";

/** A server that keys move from or to: a group's master, and how to log in. */
export interface MoverServer {
  readonly groupId: number;
  readonly addr: string;
  /** Empty: the default user. */
  readonly user: string;
  readonly password: string;
}

/** What limits a mover; read anew before each batch, so that changes count at once. */
export interface MoverLimits {
  /** Bound for one stall of a server by one MIGRATE, milliseconds (`migration_max_stall`). */
  readonly maxStallMs: number;
  /** Bound of each step of one MIGRATE (`migration_io_timeout`), milliseconds. */
  readonly ioTimeoutMs: number;
  readonly bigKeyRule: BigKeyRule;
}

/** The speed limit, shared by all movers of a leader. */
export interface Pace {
  /**
   * Asks to move so many keys and bytes now: 0 grants it (and counts it); else how many milliseconds to wait
   * before asking again, `Infinity` while everything is paused (ask again after `PACE_ASK_MS`).
   */
  take(keys: number, bytes: number): number;
}

/** How often a paused mover asks again, milliseconds. */
export const PACE_ASK_MS = 100;

/** What a mover is made of. */
export interface MoverOptions {
  readonly source: MoverServer;
  readonly target: MoverServer;
  /** Number of slots of the product. */
  readonly slotCount: number;
  /** Names the connections: `codis-mover-<epoch>`. */
  readonly epoch: number;
  /** Asks the coordinator whether this leader still leads; awaited after every connect, before its first
   * MIGRATE. Rejects with LEADERSHIP_LOST. */
  readonly confirm: () => Promise<void>;
  readonly limits: () => MoverLimits;
  readonly pace: Pace;
  /**
   * Whether proxies may take keys out of a batch at this time. Then the mover counts what is there right before it
   * sends the batch, which costs some hundredths of its speed. Without it nobody else moves keys.
   */
  readonly mayProxiesMove?: (() => boolean) | undefined;
  readonly events: MoverEvents;
}

/** What a mover tells. Called from its own loop; must not throw. */
export interface MoverEvents {
  /** No key of the slots is at the source any more, by the criterion of design section 8. */
  onEmptied(slotIds: readonly number[]): void;
  /** Keys have arrived at the target and are gone from the source (durable there, see design). By slot. */
  onMoved(slotId: number, keys: number, bytes: number): void;
  /** It can't go on and tries again by itself (a server that is away, a full target): why, and whether a
   * person has to act. undefined: it goes on. */
  onTrouble(trouble: Trouble | undefined, isForPeople: boolean): void;
  /** One MIGRATE held up its servers so long. */
  onStall(ms: number): void;
  onRetry(): void;
}

/** Moves keys of slots from one master to another until nothing is left. One for each pair of groups. */
export interface Mover {
  /** Slots that every proxy moves on access by now. Those that it has already are ignored. */
  add(slotIds: readonly number[]): void;
  /**
   * Whether more slots will be added soon. Then it waits for them, within bounds, before it begins a cycle, because
   * those that come too late for it need another one.
   */
  expectMore(isMore: boolean): void;
  /**
   * Stops moving keys of these slots. Resolves when none of them is under way any more, for certain; bounded
   * by the mover's own timeouts, rejects when that can't be told (the source is away).
   */
  remove(slotIds: readonly number[]): Promise<void>;
  /**
   * Unlinks at the source every key of the slots that the target has as well (an interrupted move: the
   * target's copy wins), by one full cycle over the source. For roll-back; the slots must have been removed.
   * Gives the number of keys and the source's run id, which must be the same before and after.
   */
  unlinkDuplicates(
    slotIds: readonly number[],
  ): Promise<{ readonly keys: number; readonly runId: string }>;
  /** Ends everything; resolves when no MIGRATE is under way or its outcome will never be known. */
  close(): Promise<void>;
}

/** Finds and removes what earlier moves left at a server. See `stale-keys.ts`. */
export interface StaleKeySearch {
  /**
   * Looks through all databases of the target for keys of the slots. Those of slots in `leftSlotIds` (recorded
   * as having left this group) are unlinked and counted. Any other stops the move: rejects with
   * STATE_CONFLICT and names a key, its slot and database. Resolves with the run id of the target that was
   * searched. The signal ends it at once; what was unlinked stays so.
   */
  clear(
    target: MoverServer,
    slotIds: ReadonlySet<number>,
    leftSlotIds: ReadonlySet<number>,
    signal?: AbortSignal,
  ): Promise<{ readonly unlinked: number; readonly runId: string }>;
}

/** Decides which slots may go on; given to the engine by the operations. */
export interface MigrationPolicy {
  /**
   * Slots with an action, in the order in which they may be begun or carried on now; slots that aren't in it
   * stay as they are (a paused or waiting operation). `isCancelled`: of a cancelled operation; it is finished
   * when it is beyond `pending` (the operation drops pending ones itself).
   */
  runnable(): readonly number[];
  readonly pace: Pace;
  /** As `MoverOptions.mayProxiesMove`. */
  readonly mayProxiesMove: () => boolean;
  readonly bigKeyRule: () => BigKeyRule;
}

/** The two groups that a mover works between. There is one such object for each mover, which is told apart by it. */
export interface MovingPair {
  readonly source: Pick<MoverServer, "groupId">;
  readonly target: Pick<MoverServer, "groupId">;
}

/** From which group to which keys go; ids. */
export interface Direction {
  readonly sourceId: number;
  readonly targetId: number;
}

/** A slot whose keys would close a ring with those that go the other way. */
export interface DirectionWait {
  readonly slotId: number;
  readonly direction: Direction;
  /** One of the ring; the slot may go when no keys go this way any more, if not earlier. */
  readonly behind: Direction;
}

/** What the engine tells the operations. */
export interface EngineEvents extends Omit<MoverEvents, "onEmptied" | "onTrouble"> {
  /** As `MoverEvents.onTrouble`, of the pair's mover. It goes on also when it has ended. */
  onTrouble(pair: MovingPair, trouble: Trouble | undefined, isForPeople: boolean): void;
  /** The slot has arrived and its action is gone. `toGroupId` is its owner now. */
  onArrived(slotId: number, toGroupId: number): void;
  /** Slots were held so long at a hand-over. */
  onHold(ms: number, slotIds: readonly number[]): void;
  onStaleKeys(count: number): void;
  /** A step of a slot failed and will be tried again: why. undefined: it goes on. */
  onStepTrouble(slotId: number, trouble: Trouble | undefined): void;
  /** All slots that wait now because of the directions of others; told in each round, also that there are none. */
  onWaits(waits: readonly DirectionWait[]): void;
}

/** The engine as the leader and the operations use it. */
export interface MigrationEngine {
  /** Begins to carry out the actions that are stored. */
  start(): void;
  /** Something in the policy or the topology changed: look again soon. */
  wake(): void;
  /**
   * Turns slots that are `migrating` round: what has moved already is the beginning, the rest goes back
   * (design section 8 and docs/slot-migration.md). The slot's owner becomes the old target, its target the
   * old owner. Resolves when that is stored; rejects for a slot in another state.
   */
  reverse(slotIds: readonly number[]): Promise<void>;
  /** Stops all work on these slots, for good: they are about to be assigned by force. As `Mover.remove`. */
  release(slotIds: readonly number[]): Promise<void>;
  /**
   * No step of a slot that moves from or to the group is begun until the result is called. Resolves when none is
   * under way: hand-overs are finished or undone, movers of the group are closed. Bounded by their own deadlines.
   */
  hold(groupId: number): Promise<() => void>;
  close(): Promise<void>;
}
