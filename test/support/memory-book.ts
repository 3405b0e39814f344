/**
 * Stories of changed masters that are kept in memory only, for tests of the rooms that write them; the real book is
 * `src/dashboard/availability/failover/failover-book.ts`.
 */
import type {
  FailoverBook,
  FailoverStory,
  NewFailover,
} from "../../src/dashboard/availability/contract.ts";
import type { Failover } from "../../src/model/availability/failover.ts";

/** Stories in memory. */
export class MemoryBook implements FailoverBook {
  readonly #stories: Failover[] = [];
  /** Called with every new line. */
  onNote: (step: string, about: string, text: string) => void = () => undefined;

  begin(story: NewFailover): FailoverStory {
    const id = `t-${this.#stories.length + 1}`;
    let told: Failover = {
      ...story,
      id,
      beganAtMs: Date.now(),
      endedAtMs: undefined,
      outcome: "running",
      reason: "",
      pauseMs: undefined,
      lostBytes: undefined,
      events: [],
    };
    const at = this.#stories.push(told) - 1;
    const change = (next: Partial<Failover>): void => {
      told = { ...told, ...next };
      this.#stories[at] = told;
    };
    return {
      id,
      note: (step, about, text) => {
        change({ events: [...told.events, { atMs: Date.now(), step, about, text }] });
        this.onNote(step, about, text);
      },
      set: change,
      end: async (outcome, reason = "") => change({ outcome, reason, endedAtMs: Date.now() }),
    };
  }

  resume(): undefined {
    return undefined;
  }

  all(): readonly Failover[] {
    return this.#stories.toReversed();
  }
}
