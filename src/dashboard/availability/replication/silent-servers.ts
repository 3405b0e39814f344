/**
 * Looks once a second at servers that the poller found silent: it asks those more and more seldom, and an old master
 * that comes back has to be seen at once, before anybody writes to it. Only in groups of several servers, a few at a
 * time. Good looks only are kept; that a server doesn't answer, the poller tells.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Picture } from "./picture.ts";
import { lookAt, type Sight } from "./sight.ts";

/** What to look with. */
export interface SilentServersOptions {
  readonly password: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Looks under way. */
const PARALLEL_MAX = 32;

/** See the file head. */
export class SilentServers {
  readonly #options: SilentServersOptions;
  readonly #sights = new Map<string, Sight>();
  readonly #looking = new Set<string>();

  constructor(options: SilentServersOptions) {
    this.#options = options;
  }

  /** The newer one of the poller's look and the one made here. */
  newest(polled: Sight): Sight {
    const own = this.#sights.get(polled.addr);
    return own !== undefined && own.atMs > polled.atMs ? own : polled;
  }

  /** Looks at those that were silent when they were last looked at; whether one of them answers now. Never rejects. */
  async look({ topology, sights }: Picture): Promise<boolean> {
    const servers = [...topology.groups.values()]
      .filter(({ servers }) => servers.length > 1)
      .flatMap(({ servers }) => servers.map(({ addr }) => addr));
    for (const addr of this.#sights.keys()) {
      if (!sights.has(addr)) {
        this.#sights.delete(addr);
      }
    }
    const due = servers.filter((addr) => sights.get(addr)?.facts === undefined && sights.has(addr));
    const again = servers.filter(
      (addr) => this.#sights.get(addr) === sights.get(addr) && sights.has(addr),
    );
    const waiting = [...due, ...again].filter((addr) => !this.#looking.has(addr));
    const room = Math.max(0, PARALLEL_MAX - this.#looking.size);
    const outcomes = await Promise.all(
      waiting.slice(0, room).map((addr) => this.#lookAt(addr, due.includes(addr))),
    );
    return outcomes.includes(true);
  }

  async #lookAt(addr: string, wasSilent: boolean): Promise<boolean> {
    this.#looking.add(addr);
    const { clock } = this.#options;
    const sight = await lookAt(addr, this.#options, () => clock.nowMs());
    this.#looking.delete(addr);
    if (sight.facts === undefined) {
      this.#sights.delete(addr);
      return false;
    }
    this.#sights.set(addr, sight);
    return wasSilent;
  }
}
