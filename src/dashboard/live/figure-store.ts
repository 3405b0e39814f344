/**
 * All series of a product, in the leader's memory. Bounded by the numbers below: at most 1 MB for the product,
 * 660 kB for each of 64 proxies, 330 kB for each of 128 servers and 90 kB for each of 25 commands, about 90 MB in
 * all; a product of 3 proxies and 16 servers has 10 MB. Of more proxies or servers no series are kept, which answers
 * tell; those that are no longer part of the product lose their places first.
 */
import { BusiestCommands, OTHER_COMMANDS } from "./busiest.ts";
import type { Frame } from "./frame.ts";
import { type SecondFigures, Series, type SeriesForm, TIERS } from "./series.ts";

/** Proxies with series. */
export const PROXIES_MAX = 64;
/** Servers with series. */
export const SERVERS_MAX = 128;

const TOTAL: SeriesForm = {
  gauges: ["ops", "failures", "reply_errors", "sessions", "bytes_in", "bytes_out", "proxies"],
  hasLatencies: true,
  tiers: TIERS.length,
};
const PROXY: SeriesForm = {
  gauges: ["ops", "failures", "reply_errors", "sessions", "bytes_in", "bytes_out", "cpu", "memory"],
  hasLatencies: true,
  tiers: TIERS.length,
};
const COMMAND: SeriesForm = {
  gauges: ["ops", "failures", "reply_errors", "time"],
  hasLatencies: true,
  tiers: 2,
};
const SERVER: SeriesForm = {
  gauges: ["ops", "memory", "keys", "clients", "hits", "misses"],
  hasLatencies: false,
  tiers: TIERS.length,
};
const NOTHING: SecondFigures = { values: {}, latencies: undefined };

/** See the file head. */
export class FigureStore {
  readonly total = new Series(TOTAL);
  readonly proxies = new SeriesSet(PROXY, PROXIES_MAX);
  readonly servers = new SeriesSet(SERVER, SERVERS_MAX);
  readonly commands = new SeriesSet(COMMAND, Number.POSITIVE_INFINITY);
  readonly #busiest = new BusiestCommands();
  #firstSecond: number | undefined;
  #lastSecond = -1;

  /** Seconds since 1970 of the first second and the last one that were added; undefined before. */
  get span(): { readonly first: number; readonly last: number } | undefined {
    return this.#firstSecond === undefined
      ? undefined
      : { first: this.#firstSecond, last: this.#lastSecond };
  }

  /** A whole second; they come in order. `isPart`: whether a token or an address is one of the product now. */
  add(frame: Frame, isPart: (name: string) => boolean): void {
    this.#firstSecond ??= frame.second;
    this.#lastSecond = frame.second;
    this.total.add(frame.second, frame.total());
    this.proxies.add(frame.second, frame.proxies, isPart);
    this.servers.add(frame.second, frame.servers, isPart);
    const rates = [...frame.commands].map(([name, { values }]) => [name, values.ops ?? 0] as const);
    for (const lost of this.#busiest.add(new Map(rates))) {
      this.commands.delete(lost);
    }
    const { kept } = this.#busiest;
    this.commands.add(frame.second, this.#commandsOf(frame, kept), () => true);
  }

  /** A command that nobody called in a second in which proxies are known had no calls: 0, not unknown. */
  #commandsOf(frame: Frame, kept: ReadonlySet<string>): ReadonlyMap<string, SecondFigures> {
    const found = new Map(frame.keptCommands(kept, OTHER_COMMANDS));
    if (frame.proxies.size > 0) {
      for (const name of this.commands.names()) {
        if (!found.has(name)) {
          found.set(name, {
            values: { ops: 0, failures: 0, reply_errors: 0, time: 0 },
            latencies: undefined,
          });
        }
      }
    }
    return found;
  }
}

/** Series of many subjects of one kind, by name. */
class SeriesSet {
  readonly #form: SeriesForm;
  readonly #countMax: number;
  readonly #series = new Map<string, Series>();

  constructor(form: SeriesForm, countMax: number) {
    this.#form = form;
    this.#countMax = countMax;
  }

  names(): readonly string[] {
    return [...this.#series.keys()];
  }

  get(name: string): Series | undefined {
    return this.#series.get(name);
  }

  delete(name: string): void {
    this.#series.delete(name);
  }

  /** Those that aren't in the map aren't known for this second. */
  add(
    second: number,
    figures: ReadonlyMap<string, SecondFigures>,
    isPart: (name: string) => boolean,
  ): void {
    for (const name of figures.keys()) {
      if (!this.#series.has(name) && this.#makeRoom(isPart)) {
        this.#series.set(name, new Series(this.#form));
      }
    }
    for (const [name, series] of this.#series) {
      series.add(second, figures.get(name) ?? NOTHING);
    }
  }

  #makeRoom(isPart: (name: string) => boolean): boolean {
    if (this.#series.size < this.#countMax) {
      return true;
    }
    const gone = this.names().find((name) => !isPart(name));
    if (gone !== undefined) {
      this.#series.delete(gone);
    }
    return gone !== undefined;
  }
}
