/**
 * Begins with slots: everything that is looked at before a slot is held happens here, beside the engine's turn, one
 * job for each pair of groups, so that a target that is searched for minutes or a server that doesn't answer holds
 * up nobody else. A job ends with the hand-over of some slots in small parts, in the turn.
 *
 *     older movers cut --> proxies fine --> pair fine, target searched --> in turn: preparing, hand-over, hand-over …
 */
import { prepareSlots } from "../../model/change/slot-step.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { type HandOver, HELD_SLOTS_MAX, type StepTopology } from "./hand-over.ts";
import type { MoveMethods } from "./move-methods.ts";
import type { OlderMovers } from "./older-movers.ts";
import { type Pair, placeOf } from "./pair.ts";
import type { PairLook, Preflight } from "./preflight.ts";
import type { Steps } from "./steps.ts";

/** What beginning needs of the engine. */
export interface BeginningOptions {
  readonly topology: StepTopology;
  readonly preflight: Pick<Preflight, "checkProxies" | "checkMethods" | "checkPair">;
  readonly olderMovers: Pick<OlderMovers, "cut">;
  readonly methods: Pick<MoveMethods, "note">;
  readonly handOver: HandOver;
  readonly steps: Steps;
  /** Runs with no other step of the engine under way. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  /** Those of the slots that may be begun at this moment. */
  readonly beginnable: (slotIds: readonly number[]) => readonly number[];
  readonly pairOf: (topology: Topology, slotId: number) => Pair;
  /** Every proxy moves keys of these on access. */
  readonly onOpened: (slotIds: readonly number[]) => void;
  /** A job has ended: there may be more to do. */
  readonly onEnd: () => void;
}

/** Slots of one job: a look at both servers and one note in the coordinator are enough for some hand-overs. */
const BEGUN_SLOTS_MAX = 4 * HELD_SLOTS_MAX;
/** Slots for which a target is searched in one go. */
const SEARCHED_SLOTS_MAX = 4_096;

const KEY_PREFIX = "pair ";

interface Job {
  readonly slotIds: ReadonlySet<number>;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** A job that has come to its hand-overs. */
interface Begun {
  readonly pair: Pair;
  readonly look: PairLook;
  readonly signal: AbortSignal;
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
    const begun = slotIds.slice(0, BEGUN_SLOTS_MAX);
    const searched = soon.slice(0, SEARCHED_SLOTS_MAX);
    this.#start(pair, begun[0], [...begun, ...searched], async (signal) => {
      const { preflight, inTurn, topology } = this.#options;
      await preflight.checkProxies();
      const isTargetGiving = isGiving(topology.snapshot(), pair.target.groupId);
      const check = { pair, slotIds: begun, soon: searched, isTargetGiving, signal };
      const look = await preflight.checkPair(check);
      try {
        await inTurn(() => this.#handOverAll({ pair, look, signal }, begun));
      } finally {
        look.close();
      }
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

  /** Part by part, until all are handed over or something stands in the way of the next part. */
  async #handOverAll(begun: Begun, slotIds: readonly number[]): Promise<void> {
    const { handOver, onOpened } = this.#options;
    if (!(await this.#prepareFirst(begun, slotIds))) {
      return;
    }
    await handOver.noteLeaving(slotIds);
    const isWanted = (now: Topology, id: number): boolean => this.#isOf(begun.pair, now, id);
    const opened: number[] = [];
    try {
      for (let start = 0; start < slotIds.length; start += HELD_SLOTS_MAX) {
        const part = this.#wanted(begun, slotIds.slice(start, start + HELD_SLOTS_MAX));
        if (part.length > 0) {
          opened.push(...(await handOver.lockAndOpen({ slotIds: part, isWanted })));
        }
      }
    } finally {
      // Also when a later part failed. What can't be stored stays `prepared`, and the engine opens it again.
      if (opened.length > 0) {
        await handOver.storeOpened(opened);
        onOpened(opened);
      }
    }
  }

  /** Once a slot of theirs is `preparing` no proxy comes that can't take part. False: nothing is to be begun. */
  async #prepareFirst(begun: Begun, slotIds: readonly number[]): Promise<boolean> {
    const { topology, preflight, methods } = this.#options;
    const { look } = begun;
    // The wait for the turn may have been long.
    const first = this.#wanted(begun, slotIds);
    if (first.length === 0) {
      return false;
    }
    const { slots } = topology.snapshot();
    await methods.note(
      slotIds.flatMap((id) => slots[id] ?? []),
      look.method,
      slots,
    );
    await topology.commit(`slots ${first.join(",")}: preparing`, (now) =>
      prepareSlots(
        now,
        first.filter((id) => this.#isOf(begun.pair, now, id)),
      ),
    );
    preflight.checkMethods(look.method);
    return true;
  }

  /** Those that may be begun still, and with this pair; none when a server was lost since it was looked at. */
  #wanted({ pair, look, signal }: Begun, slotIds: readonly number[]): readonly number[] {
    const { topology, beginnable } = this.#options;
    const now = topology.snapshot();
    return signal.aborted || !look.isCurrent()
      ? []
      : beginnable(slotIds).filter((id) => this.#isOf(pair, now, id));
  }

  #isOf(pair: Pair, now: Topology, slotId: number): boolean {
    return placeOf(this.#options.pairOf(now, slotId)) === placeOf(pair);
  }
}

/** Whether proxies may move keys away from the group's master at this moment. */
function isGiving({ slots }: Topology, groupId: number): boolean {
  return slots.some(
    (slot) => slot.groupId === groupId && ["prepared", "migrating"].includes(slot.action.state),
  );
}
