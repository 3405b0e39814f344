/**
 * Looks at all servers of a product once a second: INFO, and now and then the FUNCTION libraries.
 *
 *     tick (20 a second) -> servers of its part -> those that answered last time: at once
 *                                               -> the others: through a queue, a few at a time
 *
 * The looks are spread over the second, each server has one at most under way, and those that fail rest
 * longer and longer. So servers that hang, however many, take nothing from those that answer, and cost a
 * bounded number of sockets. Nothing here is awaited by anybody: readers take what is known.
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ServerFigures } from "../control.ts";
import { PolledServer } from "./polled-server.ts";

/** What to look with. */
export interface ServerPollerOptions {
  /** Of the product; empty: none. */
  readonly password: string;
  readonly log: Log;
  /** Between two looks at one server, milliseconds; default 1000. */
  readonly intervalMs?: number | undefined;
  /** Connecting, and each answer, milliseconds; default 1000. */
  readonly timeoutMs?: number | undefined;
  /** Between two questions for FUNCTION libraries whose number hasn't changed; default 30,000. */
  readonly functionsIntervalMs?: number | undefined;
  /** Looks under way at servers that didn't answer last time, or were never asked; default 128. */
  readonly unprovenMax?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Parts that an interval is cut into. */
const TICKS = 20;
const INTERVAL_MS = 1_000;
const TIMEOUT_MS = 1_000;
const FUNCTIONS_INTERVAL_MS = 30_000;
const UNPROVEN_MAX = 128;

/** See the file head. Looks at nothing before `start`. */
export class ServerPoller {
  readonly #options: ServerPollerOptions;
  readonly #clock: Clock;
  readonly #servers = new Map<string, PolledServer>();
  /** Servers by the tick of their look. */
  readonly #parts: readonly Set<PolledServer>[] = Array.from({ length: TICKS }, () => new Set());
  /** Unproven servers whose turn has come, in order; each at most once. */
  readonly #waiting = new Set<PolledServer>();
  #unprovenCount = 0;
  #tick = 0;
  #timer: ClockTimer | undefined;
  #isRunning = false;

  constructor(options: ServerPollerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The servers to look at from now on; figures of the others are forgotten. */
  setServers(addrs: Iterable<string>): void {
    const wanted = new Set(addrs);
    for (const [addr, server] of this.#servers) {
      if (!wanted.has(addr)) {
        this.#remove(server);
      }
    }
    for (const addr of wanted) {
      if (!this.#servers.has(addr)) {
        this.#add(addr);
      }
    }
  }

  /** What is known now, by address; a server that wasn't looked at yet isn't there. A copy. */
  figures(): ReadonlyMap<string, ServerFigures> {
    const known = new Map<string, ServerFigures>();
    for (const [addr, { figures }] of this.#servers) {
      if (figures !== undefined) {
        known.set(addr, figures);
      }
    }
    return known;
  }

  /** Begins to look. */
  start(): void {
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#arm();
    }
  }

  /** Ends all looks and connections. What is known stays readable. */
  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#waiting.clear();
    for (const server of this.#servers.values()) {
      server.close();
    }
  }

  #add(addr: string): void {
    const { password, log, timeoutMs = TIMEOUT_MS } = this.#options;
    const functionsIntervalMs = this.#options.functionsIntervalMs ?? FUNCTIONS_INTERVAL_MS;
    const clock = this.#clock;
    const options = { addr, password, timeoutMs, functionsIntervalMs, log, clock };
    const server = new PolledServer(options);
    this.#servers.set(addr, server);
    let part = this.#parts[0];
    for (const other of this.#parts) {
      part = part === undefined || other.size < part.size ? other : part;
    }
    part?.add(server);
    // A server that was just added is looked at as soon as there is room.
    if (this.#isRunning) {
      this.#enqueue(server);
    }
  }

  #remove(server: PolledServer): void {
    this.#servers.delete(server.addr);
    this.#waiting.delete(server);
    for (const part of this.#parts) {
      part.delete(server);
    }
    server.close();
  }

  #arm(): void {
    const intervalMs = this.#options.intervalMs ?? INTERVAL_MS;
    this.#timer = this.#clock.after(intervalMs / TICKS, () => {
      if (this.#isRunning) {
        this.#arm();
        this.#lookAtPart(this.#parts[this.#tick] ?? new Set());
        this.#tick = (this.#tick + 1) % TICKS;
      }
    });
  }

  #lookAtPart(part: ReadonlySet<PolledServer>): void {
    for (const server of part) {
      if (server.isBusyOrResting) {
        continue;
      }
      if (server.isProven) {
        void server.look();
      } else {
        this.#enqueue(server);
      }
    }
  }

  #enqueue(server: PolledServer): void {
    this.#waiting.add(server);
    this.#pump();
  }

  #pump(): void {
    const limit = this.#options.unprovenMax ?? UNPROVEN_MAX;
    for (const server of this.#waiting) {
      if (this.#unprovenCount >= limit || !this.#isRunning) {
        return;
      }
      this.#waiting.delete(server);
      if (server.isBusyOrResting) {
        continue;
      }
      this.#unprovenCount += 1;
      void server.look().finally(() => {
        this.#unprovenCount -= 1;
        this.#pump();
      });
    }
  }
}
