/**
 * The server that keys go to, as a `codis` mover sees it: is it alive, are its replicas behind, which keys of a slot
 * does it have, and over which connections may a transfer that was broken off still come.
 */
import { slotOf } from "../../../command/hash.ts";
import { findSuspects, LISTING_PAUSE_MS, MOVER_NAME_PREFIX } from "../../../migrate/doubt.ts";
import { RedisClient } from "../../../redis/client.ts";
import { textOf } from "../../../redis/reply.ts";
import { scan, selectDatabase } from "../../../redis/server-command.ts";
import type { MoverOptions } from "../contract.ts";
import { pauseUnless } from "./pause.ts";
import { awaitReplica } from "./replica-ack.ts";
import { readSlotCounts, type SlotCounts } from "./slot-counts.ts";
import { isBehindTarget } from "./slot-order.ts";
import { readMaster } from "./slot-source.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
/** Names in one step. */
const SCAN_COUNT = 1_000;
/** The server rests so long for each millisecond that a step took. */
const REST_SHARE = 0.3;
/** How often its role is looked at. */
const LOOK_EVERY_MS = 1_000;
/** What it was told by others within so much time is as good as an answer. */
const ALIVE_MS = 20;
/** Listings without such a connection in a row: one may not have been accepted yet at the first. */
const CLEAN_LISTINGS = 2;
/** Listings after which new ones come all the time from others. */
const LISTINGS_MAX = 10;

/** Some keys of a slot in one database; at least one. */
export interface SlotNames {
  readonly slotId: number;
  readonly db: number;
  readonly names: readonly Buffer[];
}

/** See the file head. */
export class SlotTarget {
  readonly #options: MoverOptions;
  readonly #signal: AbortSignal;
  #client: RedisClient | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #aliveAtMs = Number.NEGATIVE_INFINITY;
  /** No replica acknowledged; nothing is ordered before one does. */
  #isBehind = false;

  constructor(options: MoverOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  get addr(): string {
    return this.#options.target.addr;
  }

  /** Resolves when it has answered just now, is a master, and its replicas aren't known to be behind. */
  async ensure(): Promise<void> {
    const client = await this.#open();
    if (performance.now() - this.#lookedAtMs > LOOK_EVERY_MS) {
      await readMaster(client);
      this.#lookedAtMs = performance.now();
    } else if (performance.now() - this.#aliveAtMs > ALIVE_MS) {
      await client.call(["PING"]);
    }
    if (this.#isBehind) {
      await awaitReplica(client);
      this.#isBehind = false;
    }
  }

  /** An order failed; the source may have waited for a replica in vain. */
  noteFailure(thrown: unknown): void {
    this.#isBehind ||= isBehindTarget(thrown);
  }

  /** It has just answered somebody else. */
  noteAlive(): void {
    this.#aliveAtMs = performance.now();
  }

  /** Cuts connections that a broken transfer may come over, until there are none. `pause` waits. */
  async cutSuspects(pause: (ms: number) => Promise<void>): Promise<void> {
    const client = await this.#open();
    let clean = 0;
    for (let listing = 0; clean < CLEAN_LISTINGS && listing < LISTINGS_MAX; listing += 1) {
      if (listing > 0) {
        await pause(LISTING_PAUSE_MS);
      }
      const ids = findSuspects(textOf(await client.call(["CLIENT", "LIST"])) ?? "");
      clean = ids.length === 0 ? clean + 1 : 0;
      for (const id of ids) {
        await client.call(["CLIENT", "KILL", "ID", id]);
      }
    }
  }

  /** See `readSlotCounts`. */
  async counts(): Promise<SlotCounts> {
    return readSlotCounts(await this.#open());
  }

  /**
   * All names of the slots' keys, page by page, each of one slot. One pass over everything for all of them: SLOTSSCAN
   * walks through all keys of the server too, and once for each slot.
   */
  async *namesOf(slotIds: ReadonlySet<number>): AsyncIterable<SlotNames> {
    const client = await this.#open();
    const counts = await readSlotCounts(client);
    const databases = new Set<number>();
    for (const slotId of slotIds) {
      for (const { db } of counts.get(slotId) ?? []) {
        databases.add(db);
      }
    }
    for (const db of databases) {
      await selectDatabase(client, db);
      let cursor = "0";
      do {
        const startedMs = performance.now();
        const step = await scan(client, cursor, SCAN_COUNT);
        cursor = step.cursor;
        yield* this.#bySlot(slotIds, db, step.keys);
        await pauseUnless(this.#signal, (performance.now() - startedMs) * REST_SHARE);
      } while (cursor !== "0");
    }
  }

  #bySlot(slotIds: ReadonlySet<number>, db: number, keys: readonly Buffer[]): readonly SlotNames[] {
    const mask = this.#options.slotCount - 1;
    const found = new Map<number, Buffer[]>();
    for (const name of keys) {
      const slotId = slotOf(name, 0, name.length, mask);
      if (slotIds.has(slotId)) {
        found.set(slotId, [...(found.get(slotId) ?? []), name]);
      }
    }
    return [...found].map(([slotId, names]) => ({ slotId, db, names }));
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #open(): Promise<RedisClient> {
    if (this.#client?.isOpen !== true) {
      const { target, epoch } = this.#options;
      this.#client = await RedisClient.connect({
        addr: target.addr,
        user: target.user === "" ? undefined : target.user,
        password: target.password,
        name: `${MOVER_NAME_PREFIX}${epoch}`,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        callTimeoutMs: CALL_TIMEOUT_MS,
        signal: this.#signal,
      });
      this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    }
    return this.#client;
  }
}
