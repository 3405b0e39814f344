/**
 * What moves the keys that requests want, for one pair of servers and one way of moving: with MIGRATE of stock
 * Redis (`key-mover.ts`), or with the slot commands of codis-server (`tag-mover.ts`). And what both are given and
 * tell.
 */
import type { ForwardMethod } from "../../model/slot.ts";
import type { LinkSettings } from "./link.ts";
import type { MovingSlot } from "./moving-slot.ts";
import type { KeyWaiter } from "./wanted-key.ts";

/** Settings of all movers of a worker. */
export interface MoverSettings extends Omit<LinkSettings, "addr"> {
  /** Bound of the source for each step of one transfer (`migration_io_timeout`), milliseconds. */
  readonly ioTimeoutMs: number;
}

/** What a mover tells. */
export interface MoverEvents {
  /** Something must be made sure of before anything that was moved is used. */
  onDoubt(mover: SlotMover): void;
  /** It can't go on and tries again by itself; undefined: it goes on. Told when it changes. */
  onTrouble(mover: SlotMover, trouble: string | undefined): void;
  /** What may be under way at the source has changed. */
  onProgress(): void;
}

/** See the file head. */
export interface SlotMover {
  /** How keys are reached. */
  readonly method: ForwardMethod;
  /** Addresses as in the slot table. */
  readonly source: string;
  readonly target: string;
  /** Why keys aren't moved now, one line; undefined when they are. */
  readonly trouble: string | undefined;
  /** The slots whose keys may be taken away from the source by a command that isn't answered. */
  readonly slotsUnderWay: readonly MovingSlot[];
  /** Has something to do. */
  readonly isBusy: boolean;
  /** Reads may be answered by whichever server has the keys, without moving them. */
  readonly isReadAnywhere: boolean;
  /** Of the keys that such reads asked for lately most were at the target. */
  readonly isMostlyGone: boolean;
  /** Such a read found all of its keys at the target, or it didn't. */
  noteRead(isThere: boolean): void;
  /** See `MovingSlot.want`. */
  want(slot: MovingSlot, db: number, name: Buffer, id: string, waiter: KeyWaiter): void;
  /** Keys will be wanted: connects, and makes sure of what was before. */
  prepare(): void;
  /** What would take keys away isn't sent any more, if it wasn't yet. */
  cutUnsent(): void;
  /** Drops the connections; whoever waits hears nothing more. */
  close(): void;
}
