/**
 * Searches a server for a key of a slot that its group doesn't own. On codis-server the counts of SLOTSINFO
 * answer that at once; on stock Redis all databases are scanned, in steps small enough not to be felt and
 * with a rest after each, until a key is found, all are seen, or the time is over.
 *
 * The search stops at the first such key: one is enough to refuse the server, and to name.
 */
import { systemClock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import { slotOf } from "../../command/hash.ts";
import type { SlotCount } from "../../model/slot.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { KeyspaceEntry } from "../../redis/info.ts";
import { scan, selectDatabase, slotsInfo, slotsScan } from "../../redis/server-command.ts";

/** A key where it shouldn't be. */
export interface ForeignKey {
  readonly db: number;
  readonly slot: number;
  /** undefined when the server counted it, but it was gone when its name was asked for. */
  readonly key: Buffer | undefined;
}

/** How far a search has come, in keys; `total` is what INFO said at its start. */
export interface SearchProgress {
  readonly checked: number;
  readonly total: number;
}

/** What is searched, and how. */
export interface KeySearch {
  readonly slotCount: SlotCount;
  /** Databases with keys, as INFO lists them. */
  readonly keyspace: readonly KeyspaceEntry[];
  /** Whether the group owns a slot. */
  readonly isOwn: (slot: number) => boolean;
  /** Whether the server has SLOTSINFO. */
  readonly knowsSlots: boolean;
  /** Longest time of a scan, milliseconds. */
  readonly budgetMs: number;
  readonly onProgress?: ((progress: SearchProgress) => void) | undefined;
}

/** Keys in one step: a step of 1000 takes Redis well under a millisecond. */
const SCAN_COUNT = 1_000;
/** The server rests so long for each millisecond that a step took, so that it has time for its clients. */
const REST_SHARE = 0.5;
/** Slots that codis-server counts; it knows no other number. */
const CODIS_SLOT_COUNT = 1_024;
/** Steps of SLOTSSCAN that look for the name of a counted key. */
const NAME_STEPS_MAX = 100;
/** Longest part of a key that is shown, bytes. */
const KEY_BYTES_SHOWN = 64;

/**
 * The first key of a slot that isn't the group's; undefined when there is none. Leaves the connection in any
 * database. Throws SERVER_HOLDS_FOREIGN_KEYS when the time is over before all keys were seen.
 */
export async function findForeignKey(
  client: RedisClient,
  search: KeySearch,
): Promise<ForeignKey | undefined> {
  const canCount = search.knowsSlots && search.slotCount === CODIS_SLOT_COUNT;
  const progress = new ScanProgress(client.addr, search);
  for (const { db } of search.keyspace) {
    await selectDatabase(client, db);
    const found = canCount
      ? await findCounted(client, db, search)
      : await findScanned(client, db, search, progress);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** A key for a message: printable ASCII as it is, the rest as `\xNN`, cut when long. */
export function showKey(key: Uint8Array): string {
  let text = "";
  for (const byte of key.subarray(0, KEY_BYTES_SHOWN)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return key.length > KEY_BYTES_SHOWN ? `"${text}"... (${key.length} bytes)` : `"${text}"`;
}

async function findCounted(
  client: RedisClient,
  db: number,
  search: KeySearch,
): Promise<ForeignKey | undefined> {
  const slots = [...(await slotsInfo(client))].filter(([, keys]) => keys > 0);
  const slot = slots.map(([id]) => id).find((id) => !search.isOwn(id));
  if (slot === undefined) {
    return undefined;
  }
  let cursor = "0";
  for (let step = 0; step < NAME_STEPS_MAX; step += 1) {
    const answer = await slotsScan(client, slot, cursor, SCAN_COUNT);
    const [key] = answer.keys;
    if (key !== undefined || answer.cursor === "0") {
      return { db, slot, key };
    }
    cursor = answer.cursor;
  }
  return { db, slot, key: undefined };
}

async function findScanned(
  client: RedisClient,
  db: number,
  search: KeySearch,
  progress: ScanProgress,
): Promise<ForeignKey | undefined> {
  let cursor = "0";
  do {
    const startedMs = systemClock.monotonicMs();
    const step = await scan(client, cursor, SCAN_COUNT);
    for (const key of step.keys) {
      const slot = slotOf(key, 0, key.length, search.slotCount - 1);
      if (!search.isOwn(slot)) {
        return { db, slot, key };
      }
    }
    cursor = step.cursor;
    progress.advance(step.keys.length);
    if (cursor !== "0") {
      progress.checkTime();
      await pause((systemClock.monotonicMs() - startedMs) * REST_SHARE);
    }
  } while (cursor !== "0");
  return undefined;
}

/** Counts keys and time of one search. */
class ScanProgress {
  readonly #addr: string;
  readonly #search: KeySearch;
  readonly #total: number;
  readonly #endsMs: number;
  #checked = 0;

  constructor(addr: string, search: KeySearch) {
    this.#addr = addr;
    this.#search = search;
    this.#total = search.keyspace.reduce((sum, entry) => sum + entry.keys, 0);
    this.#endsMs = systemClock.monotonicMs() + search.budgetMs;
  }

  advance(keys: number): void {
    this.#checked += keys;
    this.#search.onProgress?.({ checked: this.#checked, total: this.#total });
  }

  /** There is more to scan: is there time? */
  checkTime(): void {
    if (systemClock.monotonicMs() > this.#endsMs) {
      throw new CodisError(
        "SERVER_HOLDS_FOREIGN_KEYS",
        `server ${this.#addr}: ${this.#checked} of about ${this.#total} keys were checked within ` +
          `${this.#search.budgetMs / 1000} s, and all belong to slots of the group; the rest is ` +
          "unknown, so it isn't added. Try again when the server has less to do",
        { context: { addr: this.#addr, checked: this.#checked, total: this.#total } },
      );
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}
