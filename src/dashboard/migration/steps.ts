/**
 * Steps of the engine, each under a key that says what it is about (a pair of servers, say): one that fails is told
 * and rests before it is tried again, and holds up nobody else.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { toTrouble } from "../../model/operation/trouble-code.ts";
import type { EngineEvents } from "./contract.ts";

/** What the steps need. */
export interface StepsOptions {
  readonly events: Pick<EngineEvents, "onStepTrouble" | "onRetry">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Rests after a step that failed, milliseconds. */
const REST = { minMs: 200, maxMs: 5_000 };

interface Trouble {
  readonly backoff: Backoff;
  restUntilMs: number;
  /** The slot that it was told of. */
  slotId: number | undefined;
}

/** See the file head. */
export class Steps {
  readonly #options: StepsOptions;
  readonly #troubles = new Map<string, Trouble>();
  #isClosed = false;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** Whether the last step of this key failed, and it isn't time yet to try it again. */
  isResting(key: string): boolean {
    const { clock } = this.#options;
    return (this.#troubles.get(key)?.restUntilMs ?? Number.NEGATIVE_INFINITY) > clock.monotonicMs();
  }

  /** Milliseconds until a key has rested enough; undefined when none rests. */
  get shortestRestMs(): number | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    const rests = [...this.#troubles.values()]
      .map(({ restUntilMs }) => restUntilMs - nowMs)
      .filter((ms) => ms > 0);
    return rests.length === 0 ? undefined : Math.min(...rests);
  }

  /** Runs a step, whether its key rests or not. False when it failed. Never rejects. */
  async run(
    key: string,
    slotId: number | undefined,
    step: () => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await step();
    } catch (thrown) {
      this.#fail(key, slotId, thrown);
      return false;
    }
    this.#end(key);
    return true;
  }

  /** Keys that nobody has a step for any more are forgotten, with their troubles. */
  retain(isWanted: (key: string) => boolean): void {
    for (const key of [...this.#troubles.keys()]) {
      if (!isWanted(key)) {
        this.#end(key);
      }
    }
  }

  /** Failures from now on are those of an engine that is closed: nobody is told. */
  close(): void {
    this.#isClosed = true;
  }

  #fail(key: string, slotId: number | undefined, thrown: unknown): void {
    if (this.#isClosed) {
      return;
    }
    const { clock, log, events } = this.#options;
    let trouble = this.#troubles.get(key);
    if (trouble === undefined) {
      trouble = { backoff: new Backoff(REST), restUntilMs: 0, slotId: undefined };
      this.#troubles.set(key, trouble);
    }
    trouble.restUntilMs = clock.monotonicMs() + trouble.backoff.nextMs();
    const told = toTrouble(thrown);
    log.warn("migration.step", told.text, { step: key, slot: slotId, error: thrown });
    if (trouble.slotId !== undefined && trouble.slotId !== slotId) {
      events.onStepTrouble(trouble.slotId, undefined);
    }
    trouble.slotId = slotId;
    if (slotId !== undefined) {
      events.onStepTrouble(slotId, told);
    }
    events.onRetry();
  }

  #end(key: string): void {
    const slotId = this.#troubles.get(key)?.slotId;
    this.#troubles.delete(key);
    if (slotId !== undefined && !this.#isClosed) {
      this.#options.events.onStepTrouble(slotId, undefined);
    }
  }
}
