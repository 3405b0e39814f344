/**
 * Finds the keys of wanted slots in one database of the source, page by page, with their sizes: a page of SCAN and
 * the MEMORY USAGE of the page before go in one write. Large keys are looked at closer (TYPE and length).
 *
 * SCAN repeats keys, above all while keys are deleted: a name that was just given isn't given again.
 */
import { slotOf } from "../../../command/hash.ts";
import { bytesToLookAt, lengthCommandOf } from "../../../migrate/stall.ts";
import { refusedBy, unexpectedReply } from "../../../redis/server-error.ts";
import { errorTextOf } from "../../../resp/value.ts";
import { encodeForKeys, keyCommand, readInteger, readScanPage, readText } from "./frame.ts";
import type { MoverLink } from "./link.ts";
import type { ScanStride } from "./scan-stride.ts";
import { CALL_TIMEOUT_MS } from "./source.ts";

/** A key of a wanted slot. */
export interface FoundKey {
  readonly key: Buffer;
  readonly slotId: number;
  /** MEMORY USAGE. */
  readonly bytes: number;
  /** TYPE; empty: not looked at, as the key is small. */
  readonly type: string;
  /** Fields, members or elements; 1 for a string, 0: not looked at. */
  readonly elements: number;
}

/** What a search works with. */
export interface KeySearch {
  /** The wanted database is selected. */
  readonly link: MoverLink;
  readonly slotCount: number;
  readonly isWanted: (slotId: number) => boolean;
  /** Called for every key of a wanted slot, also when it is gone before it could be sized. */
  readonly onMeet: (slotId: number) => void;
  readonly stride: ScanStride;
  readonly maxStallMs: () => number;
  /** Nothing else of this mover is under way. */
  readonly isQuiet: () => boolean;
  /** The mover doesn't go at full speed. */
  readonly isSlow: () => boolean;
  readonly pause: (ms: number) => Promise<void>;
}

/** Larger keys are looked at, or those that might stall too long: so batches of middling keys are estimated well. */
const LOOK_BYTES = 16 * 1024;
/** Names that are remembered, to know one again. */
const NAMES_MAX = 4_000;

const MEMORY_USAGE = keyCommand("MEMORY", "USAGE");
const TYPE = keyCommand("TYPE");

interface Step {
  readonly sizes: readonly Buffer[];
  /** The next page; undefined when there is none. */
  readonly page: { readonly cursor: string; readonly keys: readonly Buffer[] } | undefined;
}

/** See the file head. One for each search. */
export class KeyFinder {
  readonly #search: KeySearch;
  #names = new Set<string>();
  #olderNames = new Set<string>();

  constructor(search: KeySearch) {
    this.#search = search;
  }

  /** All keys, in groups that aren't empty. Throws as links do, and what `pause` throws. */
  async *find(): AsyncGenerator<readonly FoundKey[]> {
    let cursor: string | undefined = "0";
    let keys: readonly Buffer[] = [];
    while (cursor !== undefined || keys.length > 0) {
      const { sizes, page }: Step = await this.#step(keys, cursor);
      const found = await this.#weigh(keys, sizes);
      keys = page === undefined ? [] : this.#select(page.keys);
      cursor = page === undefined || page.cursor === "0" ? undefined : page.cursor;
      if (found.length > 0) {
        yield found;
      }
    }
  }

  /** Sizes of the keys, and the page at the cursor. */
  async #step(keys: readonly Buffer[], cursor: string | undefined): Promise<Step> {
    const { link, stride, maxStallMs, isQuiet, isSlow, pause } = this.#search;
    const count = stride.countFor(maxStallMs(), isSlow());
    const scan = cursor === undefined ? Buffer.alloc(0) : stride.frame(cursor, count);
    const frame = encodeForKeys(MEMORY_USAGE, keys, scan);
    const replyCount = keys.length + (cursor === undefined ? 0 : 1);
    const wasQuiet = isQuiet();
    const sentAtMs = performance.now();
    const replies = await link.send("SCAN", frame, replyCount, CALL_TIMEOUT_MS);
    const tookMs = performance.now() - sentAtMs;
    if (keys.length === 0 && wasQuiet && isQuiet()) {
      stride.learn(count, tookMs);
      const restMs = stride.restMs(tookMs, isSlow());
      if (restMs > 0) {
        await pause(restMs);
      }
    }
    const [first] = replies;
    if (cursor === undefined || first === undefined) {
      return { sizes: replies, page: undefined };
    }
    const page = readScanPage(first);
    if (page === undefined) {
      throw this.#unexpected("SCAN", first);
    }
    return { sizes: replies.slice(1), page };
  }

  /** Those of wanted slots, each once. */
  #select(keys: readonly Buffer[]): readonly Buffer[] {
    const { slotCount, isWanted, onMeet } = this.#search;
    const wanted: Buffer[] = [];
    for (const key of keys) {
      const slotId = slotOf(key, 0, key.length, slotCount - 1);
      if (isWanted(slotId)) {
        onMeet(slotId);
        if (this.#isNew(key)) {
          wanted.push(key);
        }
      }
    }
    return wanted;
  }

  #isNew(key: Buffer): boolean {
    const name = key.toString("latin1");
    if (this.#names.has(name) || this.#olderNames.has(name)) {
      return false;
    }
    this.#names.add(name);
    if (this.#names.size >= NAMES_MAX) {
      this.#olderNames = this.#names;
      this.#names = new Set();
    }
    return true;
  }

  /** Keys with sizes; those that are gone by now are left out. */
  async #weigh(keys: readonly Buffer[], sizes: readonly Buffer[]): Promise<readonly FoundKey[]> {
    const lookBytes = Math.min(LOOK_BYTES, bytesToLookAt(this.#search.maxStallMs()));
    const found: FoundKey[] = [];
    const large: FoundKey[] = [];
    for (const [index, key] of keys.entries()) {
      const raw = sizes[index] ?? Buffer.alloc(0);
      const bytes = readInteger(raw);
      if (bytes === undefined && raw[0] !== 36) {
        throw this.#unexpected("MEMORY USAGE", raw);
      }
      if (bytes !== undefined) {
        const slotId = slotOf(key, 0, key.length, this.#search.slotCount - 1);
        const one = { key, slotId, bytes, type: "", elements: 0 };
        (bytes >= lookBytes ? large : found).push(one);
      }
    }
    return large.length === 0 ? found : [...found, ...(await this.#look(large))];
  }

  async #look(keys: readonly FoundKey[]): Promise<readonly FoundKey[]> {
    const { link } = this.#search;
    const names = keys.map(({ key }) => key);
    const frame = encodeForKeys(TYPE, names);
    const types = await link.send("TYPE", frame, names.length, CALL_TIMEOUT_MS);
    const counted: { readonly found: FoundKey; readonly type: string; readonly command: string }[] =
      [];
    const looked: FoundKey[] = [];
    for (const [index, found] of keys.entries()) {
      const type = readText(types[index] ?? Buffer.alloc(0));
      const command = lengthCommandOf(type);
      if (command === undefined) {
        looked.push({ ...found, type, elements: 1 });
      } else {
        counted.push({ found, type, command });
      }
    }
    const asks = counted.map(({ found, command }) =>
      encodeForKeys(keyCommand(command), [found.key]),
    );
    const lengths = await link.send("HLEN", Buffer.concat(asks), asks.length, CALL_TIMEOUT_MS);
    for (const [index, { found, type }] of counted.entries()) {
      // A key that changed its type or went away meanwhile answers otherwise; its MIGRATE will tell.
      const elements = readInteger(lengths[index] ?? Buffer.alloc(0)) ?? 0;
      looked.push({ ...found, type, elements });
    }
    return looked;
  }

  #unexpected(command: string, raw: Buffer): Error {
    const text = errorTextOf(raw);
    return text === ""
      ? unexpectedReply(this.#search.link.addr, command)
      : refusedBy(this.#search.link.addr, command, text);
  }
}
