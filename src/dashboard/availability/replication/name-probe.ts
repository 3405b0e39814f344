/**
 * Finds out which process answers under a name that a replica gives for its master and that the topology doesn't
 * have: asks it for its run id, now and then, a few names at a time. Readers take what is known.
 */
import type { Clock } from "../../../base/clock.ts";
import { lookAt } from "./sight.ts";

/** What to ask with. */
export interface NameProbeOptions {
  readonly password: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Known {
  readonly runId: string | undefined;
  /** On the monotonic clock. */
  readonly askedMs: number;
}

/** An answer is asked for again after so long: the process behind a name may be another one by then. */
const REPEAT_MS = 10_000;
/** No answer: sooner. */
const RETRY_MS = 2_000;
/** Names that are asked at once; the others wait for a later call. */
const PARALLEL_MAX = 8;
/** Names that are remembered; the oldest go. */
const NAMES_MAX = 1_000;

/** See the file head. */
export class NameProbe {
  readonly #options: NameProbeOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Set<string>();

  constructor(options: NameProbeOptions) {
    this.#options = options;
  }

  /** Run id of what answered under the name, last time it was asked. */
  runIdOf(name: string): string | undefined {
    return this.#known.get(name)?.runId;
  }

  /** Asks for these names where it is time to; resolves when what was begun here is known. Never rejects. */
  async ask(names: Iterable<string>): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    const due = [...new Set(names)].filter((name) => {
      const known = this.#known.get(name);
      const pauseMs = known?.runId === undefined ? RETRY_MS : REPEAT_MS;
      return !this.#asking.has(name) && (known === undefined || nowMs - known.askedMs >= pauseMs);
    });
    const room = Math.max(0, PARALLEL_MAX - this.#asking.size);
    await Promise.all(due.slice(0, room).map((name) => this.#askOne(name)));
  }

  async #askOne(name: string): Promise<void> {
    this.#asking.add(name);
    const { clock } = this.#options;
    const sight = await lookAt(name, this.#options, () => clock.nowMs());
    this.#asking.delete(name);
    this.#known.delete(name);
    this.#known.set(name, { runId: sight.facts?.runId, askedMs: clock.monotonicMs() });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= NAMES_MAX) {
        break;
      }
      this.#known.delete(oldest);
    }
  }
}
