/**
 * Takes in, once a second, what the leader knows from its looks at proxies and servers, and makes whole seconds of
 * it. Nobody is asked anything here: the looks are those that are made anyway.
 *
 *     looks at proxies, servers -> counters (rates between two looks) -> frames (one for each second)
 *                                                                          |  after `SETTLE_SECONDS`
 *                                                     store (rings)  <-----+----->  recent (last seconds)
 *
 * When the wall clock is set back, all begins anew: seconds must not be told twice.
 */
import type { Clock, ClockTimer } from "../../base/clock.ts";
import type { LeaderControl } from "../control.ts";
import { FigureStore } from "./figure-store.ts";
import { Frame } from "./frame.ts";
import { GAP_SECONDS_MAX, ProxyCounter } from "./proxy-counter.ts";
import { RecentFigures } from "./recent.ts";
import { ServerCounter } from "./server-counter.ts";

/** A second is taken as it is when it ended so long ago: looks last a second at most, and come once a second. */
const SETTLE_SECONDS = 2;
const TICK_MS = 1_000;
/** After a jump forward of the clock, or a stop of the process, older seconds are left out. */
const FRAMES_MAX = GAP_SECONDS_MAX + SETTLE_SECONDS + 5;

type Source = Pick<LeaderControl, "topology" | "proxyFigures" | "serverFigures">;

/** See the file head. Takes in from the start to `close`. */
export class Sampler {
  readonly #leader: Source;
  readonly #clock: Clock;
  readonly #proxies = new Map<string, ProxyCounter>();
  readonly #servers = new Map<string, ServerCounter>();
  #frames = new Map<number, Frame>();
  #store = new FigureStore();
  #recent = new RecentFigures();
  /** The last second that was handed on. */
  #done = -1;
  #timer: ClockTimer;

  constructor(leader: Source, clock: Clock) {
    this.#leader = leader;
    this.#clock = clock;
    this.#timer = this.#arm();
  }

  get store(): FigureStore {
    return this.#store;
  }

  /** Of the last seconds. */
  get recent(): RecentFigures {
    return this.#recent;
  }

  /** Proxies of the product: how many there are, answered in the last seconds, and tell latencies. */
  proxyCounts(): { readonly total: number; readonly counted: number; readonly timed: number } {
    const { proxies } = this.#leader.topology();
    const counted = [...proxies.keys()].filter((token) => this.#recent.hasProxy(token));
    const timed = counted.filter((token) => this.#proxies.get(token)?.isTimed === true);
    return { total: proxies.size, counted: counted.length, timed: timed.length };
  }

  /** Servers of the product: how many there are, and answered at the last look. */
  serverCounts(): { readonly total: number; readonly counted: number } {
    const servers = [...this.#leader.topology().groups.values()].flatMap((group) => group.servers);
    const figures = this.#leader.serverFigures();
    const counted = servers.filter(({ addr }) => figures.get(addr)?.info !== undefined);
    return { total: servers.length, counted: counted.length };
  }

  close(): void {
    this.#timer.cancel();
  }

  #arm(): ClockTimer {
    return this.#clock.after(TICK_MS, () => {
      this.#timer = this.#arm();
      this.#tick();
    });
  }

  #tick(): void {
    const now = Math.floor(this.#clock.nowMs() / 1000);
    if (now <= this.#done) {
      this.#restart();
    }
    this.#takeProxies();
    this.#takeServers();
    // What was stopped for long begins with the seconds that can still be known.
    const end = now - SETTLE_SECONDS;
    const first = Math.max(this.#done < 0 ? end : this.#done + 1, end - FRAMES_MAX);
    for (let second = first; second <= end; second++) {
      this.#finish(this.#frames.get(second) ?? new Frame(second));
    }
    for (const second of this.#frames.keys()) {
      if (second <= this.#done || second > now + FRAMES_MAX) {
        this.#frames.delete(second);
      }
    }
  }

  #restart(): void {
    this.#store = new FigureStore();
    this.#recent = new RecentFigures();
    this.#frames = new Map();
    this.#proxies.clear();
    this.#servers.clear();
    this.#done = -1;
  }

  #finish(frame: Frame): void {
    this.#done = frame.second;
    const topology = this.#leader.topology();
    this.#store.add(frame, (name) => topology.proxies.has(name) || this.#servers.has(name));
    this.#recent.add(frame);
  }

  #takeProxies(): void {
    const figures = this.#leader.proxyFigures();
    keepOnly(this.#proxies, figures);
    for (const [token, look] of figures) {
      const counter = this.#proxies.get(token) ?? new ProxyCounter();
      this.#proxies.set(token, counter);
      const interval = counter.take(look);
      for (const frame of this.#framesOf(interval)) {
        if (interval !== undefined) {
          frame.addProxy(token, interval);
        }
      }
    }
  }

  #takeServers(): void {
    const figures = this.#leader.serverFigures();
    keepOnly(this.#servers, figures);
    for (const [addr, look] of figures) {
      const counter = this.#servers.get(addr) ?? new ServerCounter();
      this.#servers.set(addr, counter);
      const interval = counter.take(look);
      for (const frame of this.#framesOf(interval)) {
        if (interval !== undefined) {
          frame.addServer(addr, interval);
        }
      }
    }
  }

  /** Frames of an interval that aren't handed on yet. */
  #framesOf(
    interval: { readonly from: number; readonly to: number } | undefined,
  ): readonly Frame[] {
    const frames: Frame[] = [];
    const { from = 0, to = 0 } = interval ?? {};
    for (let second = Math.max(from, this.#done + 1); second < to; second++) {
      const frame = this.#frames.get(second) ?? new Frame(second);
      this.#frames.set(second, frame);
      frames.push(frame);
    }
    return frames;
  }
}

function keepOnly(counters: Map<string, unknown>, figures: ReadonlyMap<string, unknown>): void {
  for (const name of counters.keys()) {
    if (!figures.has(name)) {
      counters.delete(name);
    }
  }
}
