/**
 * An application that works through a discovery without a pause: it counts a key of its own up (INCR, which
 * must not be carried out twice) and reads it back (GET, which may), and keeps account of every call that
 * failed: to which proxy it had been given, and when.
 */
import type { Discovery, DiscoveryEvent } from "../../src/client/discovery.ts";

/** A call that failed. Times are those of `performance.now()`. */
export interface FailedCall {
  readonly command: "INCR" | "GET";
  /** The proxy that it was given to last; undefined when it never got a client. */
  readonly addr: string | undefined;
  /** When it got that client. */
  readonly givenAtMs: number;
  readonly failedAtMs: number;
  readonly error: unknown;
}

/** The commands, with any Redis library. */
export interface LoadCommands<C> {
  incr(client: C, key: string): Promise<number>;
  get(client: C, key: string): Promise<string | null>;
  /** Address of the proxy that the client is connected to. */
  addrOf(client: C): string;
}

/** From one round to the next: the machine has other work too. */
const ROUND_PAUSE_MS = 3;

/** See the file head. */
export class DiscoveryLoad<C extends object> {
  readonly key: string;
  readonly failed: FailedCall[] = [];
  /** When each connection was lost, by address. */
  readonly lostAtMs = new Map<string, number[]>();
  /** Calls that worked, by address. */
  readonly servedBy = new Map<string, number>();
  /** Answers that can't be right. */
  readonly wrong: string[] = [];
  incremented = 0;
  #last = 0;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();
  readonly #commands: LoadCommands<C>;

  constructor(key: string, commands: LoadCommands<C>) {
    this.key = key;
    this.#commands = commands;
  }

  /** For `onEvent` of the discovery. */
  note(event: DiscoveryEvent): void {
    if (event.kind !== "lost") return;
    const times = this.lostAtMs.get(event.addr) ?? [];
    this.lostAtMs.set(event.addr, [...times, performance.now()]);
  }

  start(discovery: Discovery<C>): void {
    this.#running = this.#run(discovery);
  }

  /** Resolves when the round under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Calls that worked so far. */
  served(): number {
    return [...this.servedBy.values()].reduce((sum, count) => sum + count, 0);
  }

  async #run(discovery: Discovery<C>): Promise<void> {
    while (!this.#isStopped) {
      const value = await this.#call(discovery, "INCR", (client) =>
        this.#commands.incr(client, this.key),
      );
      if (value !== undefined) {
        this.incremented += 1;
        if (value <= this.#last) this.wrong.push(`INCR gave ${value} after ${this.#last}`);
        this.#last = value;
      }
      const read = await this.#call(discovery, "GET", (client) =>
        this.#commands.get(client, this.key),
      );
      if (read !== undefined && Number(read) < this.#last) {
        this.wrong.push(`GET gave ${read} after ${this.#last}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ROUND_PAUSE_MS));
    }
  }

  async #call<T>(
    discovery: Discovery<C>,
    command: "INCR" | "GET",
    send: (client: C) => Promise<T>,
  ): Promise<T | undefined> {
    let addr: string | undefined;
    let givenAtMs = 0;
    try {
      const answer = await discovery.run(
        (client) => {
          addr = this.#commands.addrOf(client);
          givenAtMs = performance.now();
          return send(client);
        },
        { isIdempotent: command === "GET" },
      );
      if (addr !== undefined) this.servedBy.set(addr, (this.servedBy.get(addr) ?? 0) + 1);
      return answer;
    } catch (error) {
      this.failed.push({ command, addr, givenAtMs, failedAtMs: performance.now(), error });
      return undefined;
    }
  }
}
