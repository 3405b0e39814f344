/**
 * Looks at the sentinels of a product every few seconds, for those who show them: INFO, and what they say of the
 * product's masters and replicas. Nothing is decided here.
 *
 * All sentinels are looked at at the same time, each on a connection of its own that ends with the look, and the next
 * round begins when the last of them has answered or let its time pass.
 */
import type { Clock, ClockTimer } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import { isServerTimeout } from "../../../redis/server-error.ts";
import { groupIdOf } from "../../../sentinel/master-name.ts";
import { type SentinelClient, withSentinel } from "../../../sentinel/sentinel-client.ts";
import type { SentinelFigures, SentinelGroup } from "../../control.ts";

/** What to look with. */
export interface SentinelLooksOptions {
  readonly product: string;
  readonly password: string;
  readonly clock: Clock;
}

/** Between two rounds, and the longest wait for one answer, milliseconds. */
const LOOK_PERIOD_MS = 3_000;
const LOOK_TIMEOUT_MS = 1_000;

/** See the file head. Looks at nothing before `setServers`. */
export class SentinelLooks {
  readonly #options: SentinelLooksOptions;
  readonly #figures = new Map<string, SentinelFigures>();
  readonly #closing = new AbortController();
  #servers: readonly string[] = [];
  #timer: ClockTimer | undefined;
  #round: Promise<void> | undefined;

  constructor(options: SentinelLooksOptions) {
    this.#options = options;
  }

  /** The sentinels to look at from now on; figures of the others are forgotten. */
  setServers(servers: readonly string[]): void {
    this.#servers = servers;
    for (const addr of this.#figures.keys()) {
      if (!servers.includes(addr)) {
        this.#figures.delete(addr);
      }
    }
    this.#timer?.cancel();
    this.#begin();
  }

  /** By address; one that wasn't looked at yet isn't there. A copy. */
  figures(): ReadonlyMap<string, SentinelFigures> {
    return new Map(this.#figures);
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    await this.#round;
  }

  #begin(): void {
    if (this.#closing.signal.aborted || this.#round !== undefined || this.#servers.length === 0) {
      return;
    }
    this.#round = Promise.all(this.#servers.map((addr) => this.#look(addr))).then(() => {
      this.#round = undefined;
      if (!this.#closing.signal.aborted) {
        this.#timer = this.#options.clock.after(LOOK_PERIOD_MS, () => this.#begin());
      }
    });
  }

  async #look(addr: string): Promise<void> {
    const { product, password, clock } = this.#options;
    const { signal } = this.#closing;
    let outcome: Pick<SentinelFigures, "info" | "groups" | "error" | "isTimedOut">;
    try {
      const at = { addr, password, timeoutMs: LOOK_TIMEOUT_MS, signal };
      outcome = await withSentinel(at, async (sentinel) => {
        const [info, groups] = await Promise.all([sentinel.info(), groupsOf(sentinel, product)]);
        return { info, groups, error: undefined, isTimedOut: false };
      });
    } catch (thrown) {
      const isTimedOut = isServerTimeout(thrown);
      outcome = { info: undefined, groups: undefined, error: messageOf(thrown), isTimedOut };
    }
    if (this.#servers.includes(addr)) {
      this.#figures.set(addr, { addr, ...outcome, atMs: clock.nowMs() });
    }
  }
}

/** The masters of the product that a sentinel watches, each with its replicas, by name. */
export async function groupsOf(
  sentinel: SentinelClient,
  product: string,
): Promise<Readonly<Record<string, SentinelGroup>>> {
  const masters = await sentinel.masters();
  const own = masters.filter(({ name }) => groupIdOf(product, name) !== undefined);
  const groups = own.map(async ({ name, fields }): Promise<[string, SentinelGroup]> => {
    return [name, { master: fields, slaves: await sentinel.replicas(name) }];
  });
  return Object.fromEntries(await Promise.all(groups));
}
