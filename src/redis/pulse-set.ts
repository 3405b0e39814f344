/**
 * The pulses of many servers: those of a list that changes, each watched from the moment it comes until it goes. One
 * awake time for all, see `awake-time.ts`.
 */
import { AwakeTime } from "../base/awake-time.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { ServerPulse, type ServerPulseOptions } from "./server-pulse.ts";

/** How they are watched, the same for all. */
export type PulseSetOptions = Omit<ServerPulseOptions, "addr" | "awake">;

/** Servers that are watched at once; more than a product of 4096 slots has masters that matter. */
const PULSES_MAX = 4_096;

/** See the file head. Watches nobody before `setServers`. */
export class PulseSet {
  readonly #options: PulseSetOptions;
  readonly #awake: AwakeTime;
  readonly #pulses = new Map<string, ServerPulse>();

  constructor(options: PulseSetOptions) {
    this.#options = options;
    const clock: Clock = options.clock ?? systemClock;
    this.#awake = new AwakeTime(clock);
  }

  /** Those to watch from now on; what is known of the others is forgotten. Beyond `PULSES_MAX` they are left out. */
  setServers(addrs: Iterable<string>): void {
    const wanted = new Set([...addrs].slice(0, PULSES_MAX));
    for (const [addr, pulse] of this.#pulses) {
      if (!wanted.has(addr)) {
        pulse.close();
        this.#pulses.delete(addr);
      }
    }
    for (const addr of wanted) {
      if (!this.#pulses.has(addr)) {
        this.#pulses.set(addr, new ServerPulse({ ...this.#options, addr, awake: this.#awake }));
      }
    }
  }

  /** Undefined: it isn't watched. */
  get(addr: string): ServerPulse | undefined {
    return this.#pulses.get(addr);
  }

  /** All that are watched, in no order. */
  all(): Iterable<ServerPulse> {
    return this.#pulses.values();
  }

  /** Ends all connections and timers. */
  close(): void {
    this.#awake.close();
    for (const pulse of this.#pulses.values()) {
      pulse.close();
    }
    this.#pulses.clear();
  }
}
