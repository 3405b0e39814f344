/**
 * Hands slots over: all proxies hold their requests, and only then any of them may send a command to the target.
 * A proxy that doesn't answer in time undoes the hold, for all; nobody waits longer than the bound.
 *
 *     preparing --locking--> all hold --store prepared, opening--> all move on access --> store migrating
 *
 * Of several parts, one after another, `preparing` of all is stored before the first, and `migrating` behind the last:
 * the only write for each part is `prepared`.
 */
import type { Clock } from "../../base/clock.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import {
  abandonHandovers,
  beginLocking,
  beginOpening,
  beginTurning,
  slotsIn,
  storeMigrating,
  storePrepared,
  turnSlots,
  undoLocking,
} from "../../model/change/slot-step.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { PushReport } from "../control.ts";
import { slotsBy } from "./pair.ts";

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
  /** Durable note that the slots may leave the group; awaited before any key can. */
  readonly noteLeaving: (groupId: number, slotIds: readonly number[]) => Promise<void>;
  readonly onHold: (ms: number, slotIds: readonly number[]) => void;
  readonly clock: Clock;
}

/** Slots of a hand-over, and what is written with it. */
export interface HandedSlots {
  /** At most `HELD_SLOTS_MAX`, `preparing`. */
  readonly slotIds: readonly number[];
  /** Asked of the topology that is changed: whether the slot still is what the look was made for. */
  readonly isWanted: (topology: Topology, slotId: number) => boolean;
}

/** See the file head. */
export class HandOver {
  readonly #options: HandOverOptions;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** Before slots of which some may be handed over soon; durable when it resolves. */
  async noteLeaving(slotIds: readonly number[]): Promise<void> {
    await this.#noteLeaving(slotIds, "groupId");
  }

  /**
   * Until every proxy serves the slots as `migrating`; `storeOpened` stores that, of several parts at once. They must
   * have been noted as leaving. Gives those that it was done with. Throws PROXY_CALL_FAILED with the proxies that
   * didn't confirm; the slots are then either served as before, or `prepared` and served by those that did (`open`
   * goes on from there).
   */
  async lockAndOpen({ slotIds, isWanted }: HandedSlots): Promise<readonly number[]> {
    const { topology } = this.#options;
    const name = `slots ${list(slotIds)}`;
    let ready: readonly number[] = [];
    const startedMs = await this.#hold(`${name}: hold`, (now) => {
      const wanted = slotIds.filter((id) => isWanted(now, id));
      ready = slotsIn(now, wanted, "preparing");
      return beginLocking(now, ready);
    });
    if (ready.length === 0) {
      return ready;
    }
    await this.#orServe(name, (now) => undoLocking(now, ready), this.#confirmHold());
    await this.#orServe(
      name,
      abandonHandovers,
      topology.commit(`${name}: prepared`, (now) => storePrepared(now, ready)),
    );
    await this.#whenOpen(ready, startedMs);
    return ready;
  }

  /** Stores that slots are `migrating` which every proxy serves so. */
  async storeOpened(slotIds: readonly number[]): Promise<void> {
    await this.#options.topology.commit(`slots ${list(slotIds)}: migrating`, (now) =>
      storeMigrating(now, slotIds),
    );
  }

  /** From a stored `prepared` to `migrating`. Throws as `lockAndOpen`. */
  async open(slotIds: readonly number[]): Promise<void> {
    await this.#noteLeaving(slotIds, "groupId");
    const startedMs = await this.#hold(`slots ${list(slotIds)}: open`, (now) =>
      beginOpening(now, slotIds),
    );
    await this.#whenOpen(slotIds, startedMs);
    await this.storeOpened(slotIds);
  }

  /**
   * Turns slots round that are `migrating`: holds them, changes owner and target, lets them go on. `isStillTrue`
   * is asked while they are held; false or a failure undoes the hold. Throws as `lockAndOpen`.
   */
  async turn(slotIds: readonly number[], isStillTrue: () => Promise<boolean>): Promise<boolean> {
    const { topology } = this.#options;
    const name = `slots ${list(slotIds)}`;
    await this.#noteLeaving(slotIds, "targetId");
    const startedMs = await this.#hold(`${name}: hold to go back`, (now) =>
      beginTurning(now, slotIds),
    );
    const undo = (now: Topology): Topology => undoLocking(now, slotIds);
    const isTrue = await this.#orServe(name, undo, this.#confirmHold().then(isStillTrue));
    if (!isTrue) {
      await topology.commit(`${name}: served again`, undo);
      return false;
    }
    await this.#orServe(
      name,
      abandonHandovers,
      topology.commit(`${name}: go back`, (now) => turnSlots(now, slotIds)),
    );
    await this.#whenOpen(slotIds, startedMs);
    await this.storeOpened(slotIds);
    return true;
  }

  /** Tells all proxies, once what is to be stored is; gives when that began, on the monotonic clock. */
  async #hold(name: string, change: (topology: Topology) => Topology): Promise<number> {
    const { topology, clock } = this.#options;
    await topology.commit(name, change);
    return clock.monotonicMs();
  }

  async #confirmHold(): Promise<void> {
    const { topology, whenSynced } = this.#options;
    const report = await whenSynced(topology.snapshot().revision, LOCK_TIMEOUT_MS);
    if (report.failed.length > 0) {
      throw notConfirmed("the hold was undone", report);
    }
  }

  /**
   * What a step gives that needs the slots held; when it fails they are served as they were. A write that failed may
   * still take effect later, so after one they are served only when that can't be any more (`abandonHandovers`).
   */
  async #orServe<Result>(
    name: string,
    serve: (topology: Topology) => Topology,
    step: Promise<Result>,
  ): Promise<Result> {
    try {
      return await step;
    } catch (thrown) {
      try {
        await this.#options.topology.commit(`${name}: served again`, serve);
      } catch (second) {
        // The engine's next round does it, or the next leader.
        throw new CodisError(
          "COORDINATOR_UNREACHABLE",
          `${messageOf(thrown)}; and the slots stay held for now: ${messageOf(second)}`,
          { cause: thrown },
        );
      }
      throw thrown;
    }
  }

  /** Proxies have been told by a commit; waits for them. */
  async #whenOpen(slotIds: readonly number[], startedMs: number): Promise<void> {
    const { topology, whenSynced, clock, onHold } = this.#options;
    const report = await whenSynced(topology.snapshot().revision, OPEN_TIMEOUT_MS);
    if (report.failed.length > 0) {
      throw notConfirmed("the other proxies serve the slots, and it is told again", report);
    }
    onHold(clock.monotonicMs() - startedMs, slotIds);
  }

  /** Durable before any key can leave: where the slots' keys are, or (`targetId`) have begun to be. */
  async #noteLeaving(slotIds: readonly number[], side: "groupId" | "targetId"): Promise<void> {
    const { slots } = this.#options.topology.snapshot();
    const groupOf = (id: number): number | undefined =>
      side === "groupId" ? slots[id]?.groupId : slots[id]?.action.targetId;
    for (const [groupId, ids] of slotsBy(slotIds, groupOf)) {
      if (groupId !== 0) {
        await this.#options.noteLeaving(groupId, ids);
      }
    }
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
