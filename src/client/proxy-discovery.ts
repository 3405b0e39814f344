/**
 * All proxies of a product as one: hands calls out to them in turn, leaves out those that aren't connected,
 * and makes a call again on another when that is surely safe. `discovery.ts` is what applications see.
 *
 * A call is made again only when (a) nothing of it can have been sent, or (b) the application said that it is
 * idempotent and the connection under it has ended. All else that fails goes to the caller as it came.
 */
import { CodisError } from "../base/error.ts";
import type { Coordinator } from "../coordinator/coordinator.ts";
import type { JodisRecord } from "../model/jodis-record.ts";
import type { ClientAdapter } from "./adapter.ts";
import type { DiscoveryEvent, DiscoveryListener } from "./event.ts";
import { type LinkTimes, ProxyLink } from "./proxy-link.ts";
import { RegistrationList } from "./registration-list.ts";
import { trackClient } from "./tracked-client.ts";

/** Calls that may wait for a connection at the same time. */
const WAITERS_MAX = 10_000;
/** Tries of one call; each failure needs a connection that ended under it. */
const TRIES_MAX = 16;

/** What a discovery is made of. */
export interface ProxyDiscoveryOptions<C extends object> {
  readonly coordinator: Coordinator;
  readonly product: string;
  readonly folder: string;
  readonly adapter: ClientAdapter<C>;
  readonly times: LinkTimes;
  /** A call waits so long for a connected proxy, milliseconds. */
  readonly acquireTimeoutMs: number;
  readonly onEvent: DiscoveryListener;
}

/** One proxy as the discovery sees it. */
export interface KnownProxy {
  readonly addr: string;
  /** Empty for proxies of Codis 2. */
  readonly adminAddr: string;
  readonly token: string;
  readonly isConnected: boolean;
  /** False: its registration is gone, and what is in flight comes to its end. */
  readonly isRegistered: boolean;
  /** Calls that wait for their end. */
  readonly inFlight: number;
}

/** How one call is made. */
export interface CallOptions {
  /**
   * It may be carried out twice without harm (reads, SET of a fixed value, DEL): then it is made again also
   * when its connection ended under it. Default false.
   */
  readonly isIdempotent?: boolean;
}

interface Member<C extends object> {
  readonly record: JodisRecord;
  readonly link: ProxyLink<C>;
}

/** See the file head. */
export class ProxyDiscovery<C extends object> {
  readonly #options: ProxyDiscoveryOptions<C>;
  readonly #list: RegistrationList;
  /** By address, in the order of the registrations; retired ones until they are gone. */
  readonly #members = new Map<string, Member<C>>();
  readonly #waiters = new Set<() => void>();
  #turn = 0;
  #isClosed = false;

  constructor(options: ProxyDiscoveryOptions<C>) {
    this.#options = options;
    this.#list = new RegistrationList({
      coordinator: options.coordinator,
      folder: options.folder,
      onList: (records) => this.#update(records),
      onTrouble: (line) =>
        this.#emit(line === undefined ? { kind: "recovered" } : { kind: "trouble", message: line }),
    });
  }

  /** Resolves when the registrations are known, there may be none. Throws COORDINATOR_UNREACHABLE. */
  start(timeoutMs: number): Promise<void> {
    return this.#list.start(timeoutMs);
  }

  /**
   * Makes a call with the client of the next connected proxy. Rejects with NO_PROXY_REACHABLE when none was
   * connected in time, else with whatever the call rejects with.
   */
  async run<T>(call: (client: C) => T | Promise<T>, options: CallOptions = {}): Promise<T> {
    for (let tries = 1; ; tries++) {
      const { link, client } = await this.#acquire();
      const { adapter } = this.#options;
      const tracked = trackClient(client, () => adapter.isReady(client));
      try {
        return await link.hold(async () => call(tracked.client));
      } catch (error) {
        const isUnsent = tracked.progress() === "unsent";
        const isLost = options.isIdempotent === true && !adapter.isReady(client);
        if (tries === TRIES_MAX || this.#isClosed || !(isUnsent || isLost)) {
          throw error;
        }
      }
    }
  }

  /** All proxies that are registered, or are coming to their end. */
  proxies(): readonly KnownProxy[] {
    return [...this.#members.values()].map(({ record, link }) => ({
      addr: record.addr,
      adminAddr: record.admin,
      token: record.token,
      isConnected: link.ready() !== undefined,
      isRegistered: !link.isRetired,
      inFlight: link.inFlight,
    }));
  }

  /** Takes no more calls, lets those in flight end within `drainMs`, ends all connections. */
  async close(drainMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#list.close();
    this.#wake();
    const endsAtMs = performance.now() + drainMs;
    const isBusy = (): boolean => [...this.#members.values()].some(({ link }) => link.inFlight > 0);
    while (isBusy() && performance.now() < endsAtMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const { link } of [...this.#members.values()]) link.end();
    await this.#options.coordinator.close();
  }

  /** Waits for a connected proxy, within `acquireTimeoutMs`. */
  async #acquire(): Promise<{ readonly link: ProxyLink<C>; readonly client: C }> {
    const { acquireTimeoutMs } = this.#options;
    const endsAtMs = performance.now() + acquireTimeoutMs;
    for (;;) {
      if (this.#isClosed) {
        throw new CodisError("NO_PROXY_REACHABLE", "the discovery was closed");
      }
      const next = this.#next((link) => !link.isRetired) ?? this.#next(() => true);
      if (next !== undefined) return next;
      const leftMs = endsAtMs - performance.now();
      if (leftMs <= 0) {
        throw new CodisError("NO_PROXY_REACHABLE", this.#describeNone(acquireTimeoutMs));
      }
      await this.#waitForChange(leftMs);
    }
  }

  /** The next ready one in turn. */
  #next(
    fits: (link: ProxyLink<C>) => boolean,
  ): { readonly link: ProxyLink<C>; readonly client: C } | undefined {
    const links = [...this.#members.values()].map(({ link }) => link);
    for (let step = 0; step < links.length; step++) {
      const link = links[(this.#turn + step) % links.length] as ProxyLink<C>;
      const client = fits(link) ? link.ready() : undefined;
      if (client !== undefined) {
        this.#turn = (this.#turn + step + 1) % links.length;
        return { link, client };
      }
    }
    return undefined;
  }

  #waitForChange(ms: number): Promise<void> {
    if (this.#waiters.size >= WAITERS_MAX) {
      throw new CodisError("NO_PROXY_REACHABLE", `${WAITERS_MAX} calls wait for a proxy already`);
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiters.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #describeNone(ms: number): string {
    const reasons = [...this.#members.values()].map(
      ({ record, link }) => `${record.addr}: ${link.failure ?? "just connected"}`,
    );
    const { product, folder, coordinator } = this.#options;
    const which =
      reasons.length === 0
        ? `none is registered under ${folder} at ${coordinator.label}`
        : reasons.slice(0, 5).join("; ");
    return `no proxy of ${product} could be reached within ${ms} ms: ${which}`;
  }

  /**
   * An empty list isn't acted upon: a coordinator that lost its sessions looks the same as a product without
   * proxies. Those that were known are used as long as they answer.
   */
  #update(records: readonly JodisRecord[]): void {
    if (this.#isClosed) return;
    if (records.length === 0) {
      if (this.#members.size > 0) {
        const message = "no proxy is registered any more; those that were known stay in use";
        this.#emit({ kind: "trouble", message });
      }
      return;
    }
    const addrs = new Set(records.map((record) => record.addr));
    for (const [addr, { link }] of this.#members) {
      if (!addrs.has(addr) && !link.isRetired) {
        this.#emit({ kind: "unregistered", addr });
        link.retire();
      }
    }
    for (const record of records) this.#add(record);
  }

  #add(record: JodisRecord): void {
    const { addr } = record;
    const known = this.#members.get(addr);
    const wasRetired = known?.link.isRetired ?? true;
    if (wasRetired) this.#emit({ kind: "registered", addr });
    if (known?.link.revive() === true) {
      this.#members.set(addr, { record, link: known.link });
      return;
    }
    const { adapter, times } = this.#options;
    const link: ProxyLink<C> = new ProxyLink({
      addr,
      adapter,
      times,
      onEvent: (event) => this.#emit(event),
      onReady: () => this.#wake(),
      onGone: () => {
        if (this.#members.get(addr)?.link === link) this.#members.delete(addr);
      },
    });
    this.#members.set(addr, { record, link });
    link.start();
  }

  #emit(event: DiscoveryEvent): void {
    this.#options.onEvent(event);
  }
}
