/**
 * Hands slots over: all proxies hold their requests, and only then any of them may send a command to the target.
 * A proxy that doesn't answer in time undoes the hold, for all; nobody waits longer than the bound.
 *
 *     preparing --locking--> all hold --store prepared, opening--> all move on access --> store migrating
 */
import type { Clock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import {
  beginLocking,
  beginOpening,
  beginTurning,
  storeMigrating,
  storePrepared,
  turnSlots,
  undoLocking,
} from "../../model/change/slot-step.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { PushReport } from "../control.ts";

/** Slots that are held together. */
export const HELD_SLOTS_MAX = 8;
/**
 * A hold that not all proxies have confirmed by then is undone; well below their `slot_hold_timeout` (5 s), so
 * that no client hears of it.
 */
const LOCK_TIMEOUT_MS = 2_000;
/** Wait for proxies that have to be told something that can't be undone; then it is told again. */
const OPEN_TIMEOUT_MS = 2_000;

/** The topology as the steps see and change it; a `TopologyStore`. */
export interface StepTopology {
  snapshot(): Topology;
  commit(name: string, change: (topology: Topology) => Topology): Promise<Topology>;
}

/** What a hand-over needs. */
export interface HandOverOptions {
  readonly topology: StepTopology;
  /** `Fleet.whenSynced`. */
  readonly whenSynced: (revision: number, timeoutMs: number) => Promise<PushReport>;
  /** Durable note that the slots may leave their groups; awaited before any key can. */
  readonly noteLeaving: (slotIds: readonly number[]) => Promise<void>;
  readonly onHold: (ms: number, slotIds: readonly number[]) => void;
  readonly clock: Clock;
}

/** See the file head. */
export class HandOver {
  readonly #options: HandOverOptions;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /**
   * From `preparing` to `migrating`, at most `HELD_SLOTS_MAX` slots. Throws PROXY_CALL_FAILED with the proxies
   * that didn't confirm; the slots are then either served as before, or `prepared` and served by those that
   * did (`open` goes on from there).
   */
  async lockAndOpen(slotIds: readonly number[]): Promise<void> {
    const { topology, clock, noteLeaving } = this.#options;
    await noteLeaving(slotIds);
    const startedMs = clock.monotonicMs();
    const name = `slots ${list(slotIds)}`;
    await topology.commit(`${name}: hold`, (now) => beginLocking(now, slotIds));
    await this.#confirmOrUndo(slotIds, name);
    await topology.commit(`${name}: prepared`, (now) => storePrepared(now, slotIds));
    await this.#open(slotIds, startedMs);
  }

  /** From a stored `prepared` to `migrating`. Throws as `lockAndOpen`. */
  async open(slotIds: readonly number[]): Promise<void> {
    const { topology, clock, noteLeaving } = this.#options;
    await noteLeaving(slotIds);
    const startedMs = clock.monotonicMs();
    await topology.commit(`slots ${list(slotIds)}: open`, (now) => beginOpening(now, slotIds));
    await this.#open(slotIds, startedMs);
  }

  /**
   * Turns slots round that are `migrating`: holds them, changes owner and target, lets them go on. `isStillTrue`
   * is asked while they are held; false undoes the hold. Throws as `lockAndOpen`.
   */
  async turn(slotIds: readonly number[], isStillTrue: () => Promise<boolean>): Promise<boolean> {
    const { topology, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const name = `slots ${list(slotIds)}`;
    await topology.commit(`${name}: hold to go back`, (now) => beginTurning(now, slotIds));
    await this.#confirmOrUndo(slotIds, name);
    let isTrue = false;
    try {
      isTrue = await isStillTrue();
    } finally {
      if (!isTrue) {
        await this.#undo(slotIds, name);
      }
    }
    if (!isTrue) {
      return false;
    }
    await topology.commit(`${name}: go back`, (now) => turnSlots(now, slotIds));
    await this.#open(slotIds, startedMs);
    return true;
  }

  async #confirmOrUndo(slotIds: readonly number[], name: string): Promise<void> {
    const { topology, whenSynced } = this.#options;
    const report = await whenSynced(topology.snapshot().revision, LOCK_TIMEOUT_MS);
    if (report.failed.length > 0) {
      await this.#undo(slotIds, name);
      throw notConfirmed("the hold was undone", report);
    }
  }

  async #undo(slotIds: readonly number[], name: string): Promise<void> {
    await this.#options.topology.commit(`${name}: served again`, (now) =>
      undoLocking(now, slotIds),
    );
  }

  /** Proxies have been told by a commit; waits for them and stores what is true then. */
  async #open(slotIds: readonly number[], startedMs: number): Promise<void> {
    const { topology, whenSynced, clock, onHold } = this.#options;
    const report = await whenSynced(topology.snapshot().revision, OPEN_TIMEOUT_MS);
    if (report.failed.length > 0) {
      throw notConfirmed("the other proxies serve the slots, and it is told again", report);
    }
    onHold(clock.monotonicMs() - startedMs, slotIds);
    await topology.commit(`slots ${list(slotIds)}: migrating`, (now) =>
      storeMigrating(now, slotIds),
    );
  }
}

/** The error for proxies that didn't confirm in time. */
export function notConfirmed(outcome: string, { failed }: PushReport): CodisError {
  const reasons = failed.map(({ reason }) => reason).join("; ");
  return new CodisError("PROXY_CALL_FAILED", `${reasons}: ${outcome}`);
}

/** Slot ids for a log line. */
function list(slotIds: readonly number[]): string {
  return slotIds.join(",");
}
