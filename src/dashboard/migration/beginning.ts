/**
 * Begins with slots: everything that is looked at before a slot is held happens here, beside the engine's turn, one
 * job for each pair of groups, so that a target that is searched for minutes or a server that doesn't answer holds
 * up nobody else. A job ends with the hand-over of a few slots, in the turn.
 *
 *     older movers cut --> proxies fine --> pair fine, target searched --> in turn: preparing, hand-over
 */
import { prepareSlots, slotsIn } from "../../model/change/slot-step.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { type HandOver, HELD_SLOTS_MAX, type StepTopology } from "./hand-over.ts";
import type { OlderMovers } from "./older-movers.ts";
import { type Pair, placeOf } from "./pair.ts";
import type { Preflight } from "./preflight.ts";
import type { Steps } from "./steps.ts";

/** What beginning needs of the engine. */
export interface BeginningOptions {
  readonly topology: StepTopology;
  readonly preflight: Pick<Preflight, "checkProxies" | "checkMethods" | "checkPair">;
  readonly olderMovers: Pick<OlderMovers, "cut">;
  readonly handOver: HandOver;
  readonly steps: Steps;
  /** Runs with no other step of the engine under way. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  /** Those of the slots that may be begun at this moment. */
  readonly beginnable: (slotIds: readonly number[]) => readonly number[];
  readonly pairOf: (slotId: number) => Pair;
  /** Every proxy moves keys of these on access. */
  readonly onOpened: (slotIds: readonly number[]) => void;
  /** A job has ended: there may be more to do. */
  readonly onEnd: () => void;
}

/** Slots for which a target is searched in one go. */
const SEARCHED_SLOTS_MAX = 4_096;

const KEY_PREFIX = "pair ";

interface Job {
  readonly slotIds: ReadonlySet<number>;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** See the file head. */
export class Beginning {
  readonly #options: BeginningOptions;
  readonly #jobs = new Map<string, Job>();

  constructor(options: BeginningOptions) {
    this.#options = options;
  }

  /** The key of the pair's steps. */
  static keyOf(pair: Pair): string {
    return `${KEY_PREFIX}${placeOf(pair)}`;
  }

  /** Whether it is the key of some pair. */
  static isKey(key: string): boolean {
    return key.startsWith(KEY_PREFIX);
  }

  /**
   * Hands over the first few of these slots of one pair, if no job of the pair is under way or rests. `soon`:
   * all slots of the pair that will be begun.
   */
  begin(pair: Pair, slotIds: readonly number[], soon: readonly number[]): void {
    const part = slotIds.slice(0, HELD_SLOTS_MAX);
    const searched = soon.slice(0, SEARCHED_SLOTS_MAX);
    this.#start(pair, part[0], [...part, ...searched], async (signal) => {
      const { preflight, inTurn, topology } = this.#options;
      await preflight.checkProxies();
      const isTargetGiving = isGiving(topology.snapshot(), pair.target.groupId);
      await preflight.checkPair({ pair, slotIds: part, soon: searched, isTargetGiving, signal });
      await inTurn(() => this.#handOver(pair, part, signal));
    });
  }

  /** Cuts what earlier leaders' movers may still do at the pair's servers, before keys of `slotId` are moved. */
  cut(pair: Pair, slotId: number): void {
    this.#start(pair, slotId, [], () => this.#options.olderMovers.cut(pair));
  }

  /** Ends what is under way with any of these slots; resolves when nothing is. */
  async release(slotIds: readonly number[]): Promise<void> {
    const ended = [...this.#jobs.values()].filter((job) =>
      slotIds.some((id) => job.slotIds.has(id)),
    );
    for (const { stop } of ended) {
      stop.abort();
    }
    await Promise.all(ended.map(({ done }) => done));
  }

  /** Ends everything; resolves when nothing is under way. */
  async close(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const { stop } of jobs) {
      stop.abort();
    }
    await Promise.all(jobs.map(({ done }) => done));
  }

  #start(
    pair: Pair,
    slotId: number | undefined,
    slotIds: readonly number[],
    run: (signal: AbortSignal) => Promise<void>,
  ): void {
    const { steps, onEnd } = this.#options;
    const key = Beginning.keyOf(pair);
    if (this.#jobs.has(key) || steps.isResting(key)) {
      return;
    }
    const stop = new AbortController();
    const { signal } = stop;
    const whole = async (): Promise<void> => {
      try {
        await run(signal);
      } catch (thrown) {
        // One that was stopped hasn't failed.
        if (!signal.aborted) {
          throw thrown;
        }
      }
    };
    const done = steps.run(key, slotId, whole).then(() => {
      this.#jobs.delete(key);
      onEnd();
    });
    this.#jobs.set(key, { slotIds: new Set(slotIds), stop, done });
  }

  async #handOver(pair: Pair, slotIds: readonly number[], signal: AbortSignal): Promise<void> {
    const { topology, preflight, handOver, beginnable, pairOf, onOpened } = this.#options;
    const place = placeOf(pair);
    // The wait for the turn may have been long.
    const wanted = beginnable(slotIds).filter((id) => placeOf(pairOf(id)) === place);
    if (signal.aborted || wanted.length === 0) {
      return;
    }
    await topology.commit(`slots ${wanted.join(",")}: preparing`, (now) =>
      prepareSlots(now, wanted),
    );
    preflight.checkMethods();
    const ready = slotsIn(topology.snapshot(), wanted, "preparing").filter(
      (id) => placeOf(pairOf(id)) === place,
    );
    if (ready.length > 0) {
      await handOver.lockAndOpen(ready);
      onOpened(ready);
    }
  }
}

/** Whether proxies may move keys away from the group's master at this moment. */
function isGiving({ slots }: Topology, groupId: number): boolean {
  return slots.some(
    (slot) => slot.groupId === groupId && ["prepared", "migrating"].includes(slot.action.state),
  );
}
