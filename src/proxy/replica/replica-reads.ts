/**
 * Reads from replicas in one worker: which slots may be read where, by the slot table, and the connections.
 *
 *     slot table ----> read sets (slots that are told the same) ---+
 *     ReplicaWatch --> which replicas may be used -----------------+--> routes of each view --> SessionReads
 *     connections ---> which of them are open ---------------------+
 *
 * Order of choice as Codis: the lists as they are told, nearest first; in a list the first from a start that
 * can be used; else the master. A slot is read from a replica only when that one has all that its master had when
 * this proxy saw the slot come to it, so keys that a move has just brought aren't missing.
 */
import type { SlotRecord } from "../../model/slot.ts";
import type { Backend, BackendEvents } from "../backend/backend.ts";
import type { BackendSettings } from "../backend/handshake.ts";
import type { ReplicaFigures } from "../control.ts";
import type { ReplySink } from "../reply/reply-sink.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { slotsOfRequest } from "./read-slots.ts";
import type { ReadRoute, ReadSource, ReadView } from "./read-view.ts";
import {
  ReplicaBackend,
  type ReplicaBackendOwner,
  type UnansweredRead,
} from "./replica-backend.ts";
import { ReplicaCounts } from "./replica-figures.ts";
import { lookThrough, ReplicaWatch, type ServerLook } from "./replica-watch.ts";

/** A replica that owes a reply and says nothing for so long is given up; its reads go to the master. */
const SILENCE_MAX_MS = 3000;

/** What happens that is worth a line in the log. */
export interface ReplicaEvents extends Omit<BackendEvents, "onNoResp3"> {
  /** `fault`: "" when reads may go to the replica from now on. */
  onReplica(replica: string, master: string, fault: string): void;
}

/** A read to be sent again. */
export interface RepeatedRead {
  readonly sink: ReplySink;
  readonly tag: number;
  readonly commandId: number;
  readonly startMs: number;
  readonly frame: Buffer;
  readonly db: number;
  readonly proto: 2 | 3;
}

/** What reads from replicas need of their worker. */
export interface ReplicaOptions {
  readonly slotCount: number;
  /** Connections for each replica, database and protocol. */
  readonly laneCount: number;
  /** `replica_max_lag`. */
  readonly lagMaxMs: number;
  readonly backend: Omit<BackendSettings, "addr" | "db" | "proto" | "lane">;
  readonly events: ReplicaEvents;
  /** Replaces the looks at servers (tests). */
  readonly connect?: (addr: string) => ServerLook;
}

/** Slots that are told the same replicas of the same master. */
interface ReadSet {
  readonly key: string;
  readonly master: string;
  readonly lists: readonly (readonly string[])[];
  /** A replica must have all that the master had then; 0 when all that are in use do. */
  readonly sinceMs: number;
}

interface OwnView extends ReadView {
  readonly routeBySet: Map<ReadSet, ReadRoute>;
}

/** A choice that isn't a replica: the master is in the list as well. */
const MASTER = "master";

/** See the file head. */
export class ReplicaReads implements ReadSource, ReplicaBackendOwner, BackendEvents {
  readonly #options: ReplicaOptions;
  readonly #stats: CommandStats;
  readonly #watch: ReplicaWatch;
  readonly #setOfSlot: (ReadSet | undefined)[];
  readonly #sets = new Map<string, ReadSet>();
  readonly #views = new Map<number, OwnView>();
  readonly #backends = new Map<string, ReplicaBackend>();
  readonly #counts = new ReplicaCounts();
  /** Slots have changed since `settle`, the first of them at this moment. */
  #changedMs = 0;
  #isChanged = false;
  /** Some set has a `sinceMs` that not every replica in use has passed. */
  #hasYoung = false;
  /** Sends a read to the master of its slots; false when that isn't possible any more. Set by the router. */
  resend: (slots: readonly number[], read: RepeatedRead) => boolean = () => false;

  constructor(options: ReplicaOptions, stats: CommandStats) {
    this.#options = options;
    this.#stats = stats;
    this.#setOfSlot = new Array<ReadSet | undefined>(options.slotCount).fill(undefined);
    const { backend } = options;
    const login = backend.login ?? backend;
    const name = `${backend.name}-watch`;
    this.#watch = new ReplicaWatch({
      lagMaxMs: options.lagMaxMs,
      connect: options.connect ?? ((addr) => lookThrough(addr, login, name)),
      now: () => performance.now(),
      onChange: (replica, master, fault) => {
        options.events.onReplica(replica, master, fault);
        this.#refresh();
      },
    });
  }

  get floorMs(): number {
    return this.#watch.floorMs;
  }

  /** Some slot may be read from a replica, as far as the table says. */
  get isActive(): boolean {
    return this.#sets.size > 0;
  }

  /** All connections to replicas, for figures. */
  get backends(): Iterable<Backend> {
    return this.#backends.values();
  }

  /** The view for a session with this number; the same object for the same arguments and lane, for ever. */
  view(db: number, proto: 2 | 3, sessionNumber: number): ReadView {
    const lane = sessionNumber % this.#options.laneCount;
    const key = (db * 2 + (proto - 2)) * this.#options.laneCount + lane;
    let view = this.#views.get(key);
    if (view === undefined) {
      const routes = new Array<ReadRoute | undefined>(this.#options.slotCount).fill(undefined);
      view = { source: this, db, proto, lane, routes, routeBySet: new Map() };
      this.#views.set(key, view);
      for (let slot = 0; slot < routes.length; slot++) this.#route(view, slot);
      this.#refresh();
    }
    return view;
  }

  /** A slot of the table has changed; after the last one comes `settle`. `isServed`: by its master, and not moving. */
  setSlot(record: SlotRecord, isServed: boolean): void {
    const { id, backendAddr: master } = record;
    const before = this.#setOfSlot[id];
    if (!this.#isChanged) this.#changedMs = performance.now();
    const lists = isServed ? record.replicaGroups.filter((list) => list.length > 0) : [];
    if (lists.length === 0) {
      if (before === undefined) return;
      this.#setOfSlot[id] = undefined;
    } else {
      const sinceMs = before?.master === master ? before.sinceMs : this.#changedMs;
      this.#setOfSlot[id] = this.#findSet(master, lists, sinceMs);
    }
    this.#isChanged = true;
    for (const view of this.#views.values()) this.#route(view, id);
  }

  /** All changes of the table are told: what nothing needs any more goes, the watch follows. */
  settle(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#age();
    const groups = this.#groups();
    this.#watch.setGroups(groups);
    const addrs = new Set([...groups.values()].flatMap((replicas) => [...replicas]));
    for (const [key, backend] of this.#backends) {
      if (addrs.has(backend.settings.addr)) backend.keep();
      else backend.retire();
      this.#forgetClosed(key, backend);
    }
    this.#refresh();
  }

  /** About ten times a second; `isSecond` once a second. */
  tick(nowMs: number, isSecond: boolean): void {
    this.#watch.tick(nowMs);
    if (this.#hasYoung) {
      this.#age();
      this.#refresh();
    }
    if (!isSecond) return;
    for (const [key, backend] of this.#backends) {
      backend.tick(nowMs);
      this.#forgetClosed(key, backend);
      if (this.isActive) backend.wake(nowMs);
    }
  }

  /** Reads by replica since the start, and how each is doing. */
  figures(): readonly ReplicaFigures[] {
    return this.#counts.figures(this.#backends.values(), this.#watch.lags());
  }

  close(): void {
    this.resend = () => false;
    this.#watch.close();
    for (const backend of this.#backends.values()) backend.close();
  }

  repeat(backend: ReplicaBackend, read: UnansweredRead): boolean {
    const slots = slotsOfRequest(read.frame, this.#options.slotCount - 1);
    if (slots.length === 0) return false;
    if (!slots.every((slot) => read.sink.mayRepeat(read.tag, slot))) return false;
    const { db, proto } = backend.settings;
    if (!this.resend(slots, { ...read, db, proto })) return false;
    this.#counts.repeated(backend.settings.addr);
    return true;
  }

  onCannotServe(backend: ReplicaBackend): void {
    this.#watch.suspend(backend.settings.addr);
  }

  onConnected(backend: Backend): void {
    this.#options.events.onConnected(backend);
    this.#refresh();
  }

  onFailed(backend: Backend, cause: string): void {
    this.#options.events.onFailed(backend, cause);
    this.#refresh();
  }

  onNoResp3(): void {
    // Sessions in RESP3 read from the master then; that one knows HELLO.
  }

  /** What every replica in use has need not be asked for any more; sets that nothing uses are forgotten. */
  #age(): void {
    this.#hasYoung = false;
    for (const [slot, set] of this.#setOfSlot.entries()) {
      if (set === undefined || set.sinceMs === 0) continue;
      if (set.sinceMs > this.#watch.floorMs) {
        this.#hasYoung = true;
        continue;
      }
      this.#setOfSlot[slot] = this.#findSet(set.master, set.lists, 0);
      for (const view of this.#views.values()) this.#route(view, slot);
    }
    const used = new Set(this.#setOfSlot);
    for (const [key, set] of this.#sets) if (!used.has(set)) this.#sets.delete(key);
    for (const view of this.#views.values()) {
      for (const set of view.routeBySet.keys()) if (!used.has(set)) view.routeBySet.delete(set);
    }
  }

  #findSet(master: string, lists: readonly (readonly string[])[], sinceMs: number): ReadSet {
    const key = JSON.stringify([master, sinceMs, lists]);
    let set = this.#sets.get(key);
    if (set === undefined) {
      set = { key, master, lists, sinceMs };
      this.#sets.set(key, set);
    }
    return set;
  }

  #groups(): ReadonlyMap<string, ReadonlySet<string>> {
    const groups = new Map<string, Set<string>>();
    for (const { master, lists } of this.#sets.values()) {
      const replicas = groups.get(master) ?? new Set();
      for (const addr of lists.flat()) if (addr !== master) replicas.add(addr);
      if (replicas.size > 0) groups.set(master, replicas);
    }
    return groups;
  }

  #route(view: OwnView, slot: number): void {
    const set = this.#setOfSlot[slot];
    let route = set === undefined ? undefined : view.routeBySet.get(set);
    if (set !== undefined && route === undefined) {
      route = [];
      view.routeBySet.set(set, route);
    }
    view.routes[slot] = route;
  }

  /** Writes all routes anew; they are few. */
  #refresh(): void {
    for (const view of this.#views.values()) {
      for (const [set, route] of view.routeBySet) this.#fill(route, view, set);
    }
  }

  #fill(route: ReadRoute, view: OwnView, set: ReadSet): void {
    route.length = 0;
    for (const list of set.lists) {
      const choices = list.map((addr) => this.#choice(addr, view, set));
      const { length } = choices;
      for (let seat = 0; seat < length; seat++) {
        let choice: ReplicaBackend | typeof MASTER | undefined;
        for (let step = 0; step < length && choice === undefined; step++) {
          choice = choices[(seat + step) % length];
        }
        if (choice === undefined) break;
        route.push(choice === MASTER ? undefined : choice);
      }
      if (route.length > 0) return;
    }
  }

  #choice(addr: string, view: OwnView, set: ReadSet): ReplicaBackend | typeof MASTER | undefined {
    if (addr === set.master) return MASTER;
    if (!this.#watch.isUsable(set.master, addr, set.sinceMs)) return undefined;
    const backend = this.#backend(addr, view);
    return backend.state === "ready" ? backend : undefined;
  }

  #backend(addr: string, { db, proto, lane }: OwnView): ReplicaBackend {
    const key = `${addr}|${db}|${proto}|${lane}`;
    const known = this.#backends.get(key);
    if (known !== undefined && known.state !== "closed") return known;
    const defaults = this.#options.backend;
    const { recvTimeoutMs } = defaults;
    const settings = {
      ...defaults,
      recvTimeoutMs: recvTimeoutMs === 0 ? SILENCE_MAX_MS : Math.min(recvTimeoutMs, SILENCE_MAX_MS),
      addr,
      db,
      proto,
      lane,
    };
    if (known !== undefined) this.#forgetClosed(key, known);
    const backend = new ReplicaBackend(settings, this.#stats, this, this);
    this.#backends.set(key, backend);
    backend.wake(performance.now());
    return backend;
  }

  #forgetClosed(key: string, backend: ReplicaBackend): void {
    if (backend.state !== "closed") return;
    this.#counts.keep(backend);
    this.#backends.delete(key);
  }
}
