/**
 * What `codis fe` knows of the products: where their dashboards are and whether they answer, looked at every few
 * seconds. When the source can't be read, what was known last stays: dashboards serve on without it.
 */
import type { V1Session } from "../api/v1-console-schema.ts";
import type { Clock, ClockTimer } from "../base/clock.ts";
import { CodisError, messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { askDashboard } from "./dashboard-call.ts";
import { inTurns } from "./in-turns.ts";
import type { ProductSource } from "./product-source.ts";

/** A product. */
export interface KnownProduct {
  readonly name: string;
  /** Address of its dashboard; empty when it has none now. */
  readonly dashboard: string;
  /** undefined: it answers. */
  readonly trouble: string | undefined;
  /** Since when it answers, or doesn't; milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Pause between two looks; the original reads its list as often. */
const LOOK_MS = 5_000;
/** A call that failed has the next look come sooner, but no sooner than this after the last. */
const LOOK_MS_MIN = 500;
/** Longest wait for one dashboard. */
const PROBE_MS = 2_000;

/** The products of now. */
export class ProductBook {
  readonly #source: ProductSource;
  readonly #clock: Clock;
  readonly #log: Log;
  #products: ReadonlyMap<string, KnownProduct> = new Map();
  #timer: ClockTimer | undefined;
  #looking: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isDiscovered = false;
  #complaint = "";
  #isClosed = false;

  constructor(source: ProductSource, clock: Clock, log: Log) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
  }

  /** Looks for the first time, and then again and again. Resolves after the first look, whatever it found. */
  async start(): Promise<void> {
    await this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Whether the source was read at least once. */
  isDiscovered(): boolean {
    return this.#isDiscovered;
  }

  /** In order of their names. */
  list(): readonly KnownProduct[] {
    return [...this.#products.values()];
  }

  /** Throws NOT_FOUND. */
  get(name: string): KnownProduct {
    const product = this.#products.get(name);
    if (product === undefined) {
      throw new CodisError("NOT_FOUND", `there is no product ${name} in ${this.#source.label}`);
    }
    return product;
  }

  /** A dashboard didn't answer: another one may lead by now. */
  lookSoon(): void {
    const waitMs = this.#lookedAtMs + LOOK_MS_MIN - this.#clock.monotonicMs();
    if (this.#looking === undefined && !this.#isClosed) {
      this.#plan(Math.max(0, Math.min(LOOK_MS, waitMs)));
    }
  }

  #plan(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking ??= this.#readAndProbe().finally(() => {
      this.#looking = undefined;
      this.#lookedAtMs = this.#clock.monotonicMs();
      if (!this.#isClosed) {
        this.#plan(LOOK_MS);
      }
    });
    await this.#looking;
  }

  async #readAndProbe(): Promise<void> {
    let isRead = false;
    let places = this.list().map(({ name, dashboard }) => ({ name, dashboard }));
    try {
      places = [...(await this.#source.read())];
      isRead = true;
      this.#complaint = "";
    } catch (thrown) {
      if (messageOf(thrown) !== this.#complaint) {
        this.#complaint = messageOf(thrown);
        this.#log.warn("fe.undiscovered", `the products can't be read from ${this.#source.label}`, {
          error: thrown,
        });
      }
    }
    const found = await inTurns(places, async ({ name, dashboard }) => {
      const trouble = await findTrouble(name, dashboard);
      return this.#describe(name, dashboard, trouble);
    });
    this.#products = new Map(found.map((product) => [product.name, product]));
    this.#isDiscovered ||= isRead;
  }

  #describe(name: string, dashboard: string, trouble: string | undefined): KnownProduct {
    const before = this.#products.get(name);
    const isSame =
      before !== undefined && (before.trouble === undefined) === (trouble === undefined);
    if (!isSame) {
      const what = trouble === undefined ? "its dashboard answers" : trouble;
      this.#log.info("fe.product", `product ${name}: ${what}`, { product: name, dashboard });
    }
    return { name, dashboard, trouble, sinceMs: isSame ? before.sinceMs : this.#clock.nowMs() };
  }
}

/** Why the dashboard can't be asked; undefined: it can. */
async function findTrouble(product: string, addr: string): Promise<string | undefined> {
  if (addr === "") {
    return "it has no dashboard now";
  }
  try {
    await askDashboard<V1Session>({
      addr,
      product,
      name: "getSession",
      headers: {},
      timeoutMs: PROBE_MS,
    });
    return undefined;
  } catch (thrown) {
    return describeTrouble(thrown);
  }
}

/** One line about a dashboard that failed, without its address, which is nobody's business. */
export function describeTrouble(thrown: unknown): string {
  if (!(thrown instanceof CodisError)) {
    return "its dashboard can't be asked";
  }
  const { reason } = thrown.context;
  if (typeof reason === "string") {
    return `its dashboard says: ${reason}`;
  }
  const cause = thrown.message.split(": ").at(-1) ?? "";
  return `its dashboard doesn't answer: ${cause}`;
}
