/**
 * The slot table of a worker and the backends it leads to.
 *
 * A session holds a `RouteView`: for its database, protocol and lane, the backend of each slot, or undefined
 * where a request can't simply be sent (offline, locked, moving). A change of the table rewrites the views in
 * place between two requests, so a session never sees half of it. Backends are made when a view first needs
 * them and retired when no slot does.
 */
import { assert } from "../../base/assert.ts";
import { offlineSlot, type SlotCount, type SlotRecord } from "../../model/slot.ts";
import { Backend, type BackendEvents } from "../backend/backend.ts";
import type { BackendSettings } from "../backend/handshake.ts";
import { type RepeatedRead, type ReplicaOptions, ReplicaReads } from "../replica/replica-reads.ts";
import type { CommandStats } from "../stats/command-stats.ts";
import { type HeldRequest, sendHeld } from "./held-request.ts";
import { type MoveOptions, MovingSlots } from "./moving-slots.ts";
import { namesOfFrame } from "./request-keys.ts";
import { SlotHold } from "./slot-hold.ts";

/** The slot is served by one master. */
export const SLOT_SERVED = 0;
/** Nobody owns the slot. */
export const SLOT_OFFLINE = 1;
/** Requests wait. */
export const SLOT_LOCKED = 2;
/** Keys come from another group; needs a mover. */
export const SLOT_MIGRATING = 3;

/** Backends by slot, for one database, protocol and lane. */
export interface RouteView {
  readonly db: number;
  readonly proto: 2 | 3;
  readonly lane: number;
  readonly backends: (Backend | undefined)[];
}

/** Settings of all backends; the rest comes from the table and the view. */
export type BackendDefaults = Omit<BackendSettings, "addr" | "db" | "proto" | "lane">;

/** Options of a router. */
export interface RouterOptions {
  readonly slotCount: SlotCount;
  /** Connections for each server, database and protocol; a session uses one of them. */
  readonly laneCount: number;
  readonly slotHoldTimeoutMs: number;
  /** A backend that loses a slot may take so long to answer what it has; then it is cut. */
  readonly drainTimeoutMs: number;
  readonly backend: BackendDefaults;
  readonly moves: MoveOptions;
  /** Undefined: all reads go to masters. */
  readonly replicas?: ReplicaOptions | undefined;
}

/** See the file head. */
export class Router {
  readonly slotCount: SlotCount;
  /** For `slotOf`: slot count - 1. */
  readonly slotMask: number;
  readonly laneCount: number;
  /** Grows with each change of the table. */
  revision = 0;
  /** One of the SLOT_ constants by slot. */
  readonly slotStates: Uint8Array;
  readonly hold: SlotHold;
  /** Slots whose keys come from another server. */
  readonly moving: MovingSlots;
  /** Where reads may go besides masters; undefined: nowhere. */
  readonly replicas: ReplicaReads | undefined;
  readonly #records: SlotRecord[];
  readonly #views = new Map<number, RouteView>();
  readonly #backends = new Map<string, Backend>();
  /** Revision at which a group last received a slot. */
  readonly #receivedAt = new Map<number, number>();
  readonly #defaults: BackendDefaults;
  readonly #drainTimeoutMs: number;
  #isSuspended = false;
  readonly #stats: CommandStats;
  readonly #events: BackendEvents;
  /** Called after each change of the table. */
  #listeners: (() => void)[] = [];

  constructor(options: RouterOptions, stats: CommandStats, events: BackendEvents) {
    this.slotCount = options.slotCount;
    this.slotMask = options.slotCount - 1;
    this.laneCount = options.laneCount;
    this.slotStates = new Uint8Array(options.slotCount).fill(SLOT_OFFLINE);
    this.hold = new SlotHold(options.slotHoldTimeoutMs);
    this.#records = Array.from({ length: options.slotCount }, (_, id) => offlineSlot(id));
    this.#drainTimeoutMs = options.drainTimeoutMs;
    this.#defaults = options.backend;
    this.#stats = stats;
    this.#events = events;
    const findBackend = this.backend.bind(this);
    const onLeft = this.#onLeft.bind(this);
    this.moving = new MovingSlots(options.moves, findBackend, stats, onLeft);
    const { replicas } = options;
    this.replicas = replicas === undefined ? undefined : new ReplicaReads(replicas, stats);
    if (this.replicas !== undefined) this.replicas.resend = this.#resend.bind(this);
  }

  /** The table as it is, by slot id. */
  get records(): readonly SlotRecord[] {
    return this.#records;
  }

  /** All backends that exist, for figures and ticks. */
  get backends(): Iterable<Backend> {
    return this.#backends.values();
  }

  /** The view for a session; the same object for the same arguments, for ever. */
  view(db: number, proto: 2 | 3, lane: number): RouteView {
    const key = (db * 2 + (proto - 2)) * this.laneCount + lane;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const backends = new Array<Backend | undefined>(this.slotCount).fill(undefined);
    const view: RouteView = { db, proto, lane, backends };
    this.#views.set(key, view);
    for (let id = 0; id < this.slotCount; id++) this.#routeSlot(view, id);
    return view;
  }

  /** The backend of a server for the given kind of session. */
  backend(addr: string, db: number, proto: 2 | 3, lane: number): Backend {
    const key = `${addr}|${db}|${proto}|${lane}`;
    let backend = this.#backends.get(key);
    // A retired one closes with its last reply and is forgotten later; the server may be back before that.
    if (backend === undefined || backend.state === "closed") {
      backend = new Backend(
        { ...this.#defaults, addr, db, proto, lane },
        this.#stats,
        this.#events,
      );
      this.#backends.set(key, backend);
    }
    return backend;
  }

  /** Group that owns the slot, 0 when it is offline. */
  groupOfSlot(slotId: number): number {
    return (this.#records[slotId] as SlotRecord).backendAddrGroupId;
  }

  /** Ids of the groups that received a slot after the given revision, sorted. */
  groupsThatReceivedSince(revision: number): number[] {
    const groups: number[] = [];
    for (const [groupId, at] of this.#receivedAt) if (at > revision) groups.push(groupId);
    return groups.sort((a, b) => a - b);
  }

  /**
   * Replaces the given slots; the records were checked before. The new table holds at once; the promise
   * resolves when no request sent by the old one is in flight, so that a lock that was acknowledged is one, and
   * no key is being moved by it. `revision` names the table as it is afterwards, with the same number in all
   * workers of the proxy. Rejects with MOVE_UNSETTLED, see `KeyMovers.settled`; the table holds all the same.
   */
  async fill(records: readonly SlotRecord[], revision = this.revision + 1): Promise<void> {
    assert(revision >= this.revision, "the revisions of one proxy only grow");
    const left = this.#backendsLeft(records);
    this.#apply(records, revision);
    const settled = this.moving.settled(this.#drainTimeoutMs);
    await Promise.all([...left.map((backend) => backend.drained(this.#drainTimeoutMs)), settled]);
  }

  /** No slot is served, whatever the table says, and the table may be old. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /**
   * The table may be old: until `resume` all requests wait as those of locked slots do. What was taken for a server and
   * isn't there yet is given up, with all that is in flight on its connection.
   */
  suspend(cause: string): void {
    this.#isSuspended = true;
    this.#apply([...this.#records], this.revision);
    this.moving.cutUnsent();
    for (const backend of this.#backends.values()) {
      if (backend.hasUnsent) backend.reconnect(cause);
    }
  }

  /** The table, with all changes that came meanwhile, is the newest one. */
  resume(): void {
    this.#isSuspended = false;
    this.#apply([...this.#records], this.revision);
  }

  #stateOf(record: SlotRecord): number {
    const state = stateOf(record);
    return this.#isSuspended && state !== SLOT_OFFLINE ? SLOT_LOCKED : state;
  }

  /**
   * The login at the servers has changed, and what was sent with the old one is answered by nobody: all connections
   * begin anew, and no slot is served before `fill` says so again.
   */
  beginAnew(cause: string): void {
    const locked = this.#records.filter(({ backendAddr }) => backendAddr !== "");
    this.#apply(
      locked.map((record) => ({ ...record, locked: true })),
      this.revision,
    );
    for (const backend of this.#backends.values()) backend.reconnect(cause);
    for (const backend of this.replicas?.backends ?? []) backend.reconnect(cause);
  }

  /** Backends that a request for one of these slots may be in flight to, and that lose the slot. */
  #backendsLeft(records: readonly SlotRecord[]): Backend[] {
    const addrs = new Set<string>();
    for (const record of records) {
      const old = this.#records[record.id];
      if (old !== undefined) for (const addr of addrsLeft(old, record)) addrs.add(addr);
    }
    return [...this.#backends.values()].filter(
      (backend) => addrs.has(backend.settings.addr) && backend.inFlight.count > 0,
    );
  }

  /** What was at the source of a slot that moved otherwise before has its answers: the table holds for all. */
  #onLeft(slotId: number, comeBack: readonly HeldRequest[]): void {
    const record = this.#records[slotId] as SlotRecord;
    this.#apply([record], this.revision, new Map([[slotId, comeBack]]));
  }

  /** `comeBack`: requests that go ahead of all others of their slot. */
  #apply(
    records: readonly SlotRecord[],
    revision: number,
    comeBack: ReadonlyMap<number, readonly HeldRequest[]> = new Map(),
  ): void {
    this.revision = revision;
    const carried: (readonly HeldRequest[])[] = [];
    for (const record of records) {
      assert(
        record.id >= 0 && record.id < this.slotCount,
        "a checked record has a slot that exists",
      );
      const old = this.#records[record.id] as SlotRecord;
      if (record.backendAddr !== "" && hasNewKeys(record, old)) {
        this.#receivedAt.set(record.backendAddrGroupId, revision);
      }
      this.#records[record.id] = record;
      const wanted = this.#stateOf(record);
      const waiting = this.moving.update(record, wanted === SLOT_MIGRATING);
      carried.push([...(comeBack.get(record.id) ?? []), ...waiting]);
      const isLeaving = wanted !== SLOT_OFFLINE && this.moving.isLeaving(record.id);
      const state = isLeaving ? SLOT_LOCKED : wanted;
      this.slotStates[record.id] = state;
      this.replicas?.setSlot(record, state === SLOT_SERVED);
      for (const view of this.#views.values()) this.#routeSlot(view, record.id);
    }
    this.#retireUnused();
    this.replicas?.settle();
    const refused: { readonly held: HeldRequest; readonly reply: Buffer }[] = [];
    for (const [index, record] of records.entries()) {
      // What was carried by a slot that moved is older than what was held since.
      for (const held of [...(carried[index] ?? []), ...this.hold.take(record.id)]) {
        const reply = this.#resume(record.id, held);
        if (reply !== undefined) refused.push({ held, reply });
      }
    }
    // Last, because a session that gets an answer may send the next request at once.
    for (const { held, reply } of refused) held.sink.onFailure(held.tag, reply);
    for (const listener of this.#listeners) listener();
  }

  /** Calls the listener after each change of the table, for the life of the router. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** About ten times a second: timeouts of held requests; `isSecond` once a second: backends. */
  tick(nowMs: number, isSecond: boolean): void {
    this.hold.expire(nowMs);
    this.moving.tick(nowMs, isSecond);
    this.replicas?.tick(nowMs, isSecond);
    if (!isSecond) return;
    for (const [key, backend] of this.#backends) {
      backend.tick(nowMs);
      if (backend.state === "closed") this.#backends.delete(key);
    }
  }

  close(): void {
    this.replicas?.close();
    this.moving.close();
    for (const backend of this.#backends.values()) backend.close();
    this.#backends.clear();
  }

  #routeSlot(view: RouteView, slotId: number): void {
    const record = this.#records[slotId] as SlotRecord;
    if (this.slotStates[slotId] !== SLOT_SERVED) {
      view.backends[slotId] = undefined;
      return;
    }
    const backend = this.backend(record.backendAddr, view.db, view.proto, view.lane);
    backend.groupId = record.backendAddrGroupId;
    view.backends[slotId] = backend;
  }

  /** What waited for a slot goes on: to its server, or to where it waits by the new table. Else: the error. */
  #resume(slotId: number, held: HeldRequest): Buffer | undefined {
    const backend = this.view(held.db, held.proto, held.lane).backends[slotId];
    if (backend !== undefined) {
      sendHeld(backend, held);
      return undefined;
    }
    if (this.slotStates[slotId] === SLOT_LOCKED) {
      this.hold.add(slotId, held);
      return undefined;
    }
    const slot = this.moving.slot(slotId);
    if (slot === undefined) return SLOT_IS_OFFLINE;
    const names = namesOfFrame(held.commandId, held.frame);
    if (names === undefined) return this.moving.cannotName();
    this.moving.add(slot, held, names);
    return undefined;
  }

  /**
   * A read that a replica didn't answer, behind what was sent to the master meanwhile. Several slots: only while one
   * server serves them all.
   */
  #resend(slots: readonly number[], read: RepeatedRead): boolean {
    const held: HeldRequest = { ...read, lane: 0, writer: undefined };
    const slot = slots[0] as number;
    const { backends } = this.view(read.db, read.proto, 0);
    const backend = backends[slot];
    if (backend !== undefined && slots.every((other) => backends[other] === backend)) {
      sendHeld(backend, held);
      return true;
    }
    // A part of a request isn't one that could wait for its slot or its keys.
    if (slots.length > 1 || read.commandId < 0) return false;
    const refusal = this.#resume(slot, held);
    if (refusal !== undefined) read.sink.onFailure(read.tag, refusal);
    return true;
  }

  #retireUnused(): void {
    const used = new Set<string>();
    for (const record of this.#records) if (record.backendAddr !== "") used.add(record.backendAddr);
    for (const addr of this.moving.addresses()) used.add(addr);
    for (const [key, backend] of this.#backends) {
      if (used.has(backend.settings.addr)) {
        backend.keep();
        continue;
      }
      backend.retire();
      if (backend.state === "closed") this.#backends.delete(key);
    }
  }
}

/** Of a slot that is neither served, locked nor moving. */
const SLOT_IS_OFFLINE = Buffer.from("-ERR handle request, slot is not ready, may be offline\r\n");
/** The owner may have keys of the slot now that a look at all groups before the change couldn't see. */
function hasNewKeys(record: SlotRecord, old: SlotRecord): boolean {
  return (
    record.backendAddrGroupId !== old.backendAddrGroupId ||
    record.backendAddr !== old.backendAddr ||
    record.migrateFrom !== old.migrateFrom
  );
}

/** Servers that requests for the slot may have been sent to, and that don't serve it by the new record. */
function addrsLeft(old: SlotRecord, record: SlotRecord): readonly string[] {
  const oldState = stateOf(old);
  const state = stateOf(record);
  const isSame = old.backendAddr === record.backendAddr && old.migrateFrom === record.migrateFrom;
  if (oldState === state && isSame) return [];
  const isServed = state === SLOT_SERVED || state === SLOT_MIGRATING;
  // While a slot migrates its source answers reads of keys that can't go.
  const addrs =
    oldState === SLOT_MIGRATING ? [old.backendAddr, old.migrateFrom] : [old.backendAddr];
  return oldState === SLOT_SERVED || oldState === SLOT_MIGRATING
    ? addrs.filter((addr) => !isServed || addr !== record.backendAddr)
    : [];
}

function stateOf(record: SlotRecord): number {
  if (record.locked) return SLOT_LOCKED;
  if (record.backendAddr === "") return SLOT_OFFLINE;
  return record.migrateFrom === "" ? SLOT_SERVED : SLOT_MIGRATING;
}
