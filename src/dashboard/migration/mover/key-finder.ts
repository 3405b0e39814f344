/**
 * Finds the keys of wanted slots in one database of the source, page by page, with their sizes: a page of SCAN and
 * the MEMORY USAGE of the page before go in one write. Large keys are looked at closer (TYPE and length).
 *
 * SCAN repeats keys, above all while keys are deleted: a name that was just given isn't given again.
 */
import { crc32, slotOf } from "../../../command/hash.ts";
import { bytesToLookAt, expectedStallMs, lengthCommandOf } from "../../../migrate/stall.ts";
import { refusedBy, unexpectedReply } from "../../../redis/server-error.ts";
import { errorTextOf } from "../../../resp/value.ts";
import { FoundKey } from "./found-key.ts";
import { encodeForFound, keyCommand, readText, visitScanPage } from "./frame.ts";
import type { IntegerReplies } from "./integer-replies.ts";
import type { MoverLink } from "./link.ts";
import { RecentNames } from "./recent-names.ts";
import type { ScanStride } from "./scan-stride.ts";
import { CALL_TIMEOUT_MS } from "./source.ts";

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
  /** Keys that one page should hold, so that nobody has to wait for the next one; Infinity: any number. */
  readonly keysWanted: () => number;
  /** Nothing else of this mover is under way. */
  readonly isQuiet: () => boolean;
  /** The mover doesn't go at full speed. */
  readonly isSlow: () => boolean;
  /** Does a step when it may be done, at once at full speed. */
  readonly inTurn: <T>(step: () => Promise<T>) => Promise<T>;
  readonly pause: (ms: number) => Promise<void>;
}

/** Larger keys are looked at, or those that might stall too long: so batches of middling keys are estimated well. */
const LOOK_BYTES = 16 * 1024;

const MEMORY_USAGE = keyCommand("MEMORY", "USAGE");
const TYPE = keyCommand("TYPE");
const NOTHING = Buffer.alloc(0);
/** Pages that are only read to learn how long one takes, while nothing else goes on. */
const PROBES = 3;

interface Step {
  readonly sizes: IntegerReplies;
  /** The next page, keys of wanted slots, each once; undefined when there is none. */
  readonly page: { readonly cursor: string; readonly keys: readonly FoundKey[] } | undefined;
  /** For the source, before the next step. */
  readonly restMs: number;
}

/** See the file head. One for each search. */
export class KeyFinder {
  readonly #search: KeySearch;
  readonly #names = new RecentNames();

  constructor(search: KeySearch) {
    this.#search = search;
  }

  /** All keys, in groups that aren't empty, with sizes and expected stalls. Throws as links do, and as `pause`. */
  async *find(): AsyncGenerator<readonly FoundKey[]> {
    const { inTurn, pause } = this.#search;
    await inTurn(() => this.#probe());
    let cursor: string | undefined = "0";
    let keys: readonly FoundKey[] = [];
    while (cursor !== undefined || keys.length > 0) {
      const [sized, from]: [readonly FoundKey[], string | undefined] = [keys, cursor];
      const { sizes, page, restMs }: Step = await inTurn(() => this.#step(sized, from));
      if (restMs > 0) {
        await pause(restMs);
      }
      const found = await this.#weigh(keys, sizes);
      keys = page?.keys ?? [];
      cursor = page === undefined || page.cursor === "0" ? undefined : page.cursor;
      if (found.length > 0) {
        yield found;
      }
    }
  }

  async #probe(): Promise<void> {
    const { link, stride, isQuiet } = this.#search;
    for (let probe = 0; probe < PROBES && isQuiet(); probe += 1) {
      const count = this.#count(false);
      const sentAtMs = performance.now();
      await link.send("SCAN", stride.frame("0", count), 1, CALL_TIMEOUT_MS);
      stride.learn(count, performance.now() - sentAtMs);
    }
  }

  #count(isAlone: boolean): number {
    const { stride, maxStallMs, isSlow, keysWanted } = this.#search;
    const wish = { maxStallMs: maxStallMs(), isSlow: isSlow(), isAlone, keys: keysWanted() };
    return stride.countFor(wish);
  }

  /** Sizes of the keys, and the page at the cursor. */
  async #step(keys: readonly FoundKey[], cursor: string | undefined): Promise<Step> {
    const { link, stride, isQuiet, isSlow } = this.#search;
    const count = this.#count(keys.length === 0 && cursor !== "0" && isQuiet());
    const scan = cursor === undefined ? NOTHING : stride.frame(cursor, count);
    const sizing = encodeForFound(MEMORY_USAGE, keys);
    const frame = keys.length === 0 ? scan : Buffer.concat([scan, sizing]);
    const expected = { raw: cursor === undefined ? 0 : 1, integers: keys.length };
    const wasQuiet = isQuiet();
    const sentAtMs = performance.now();
    const { replies, integers } = await link.exchange("SCAN", frame, expected, CALL_TIMEOUT_MS);
    const tookMs = performance.now() - sentAtMs;
    let restMs = 0;
    if (keys.length === 0 && wasQuiet && isQuiet()) {
      stride.learn(count, tookMs);
      restMs = stride.restMs(tookMs, isSlow());
    }
    const [first] = replies;
    const page = first === undefined ? undefined : this.#readPage(first);
    return { sizes: integers, page, restMs };
  }

  #readPage(raw: Buffer): Step["page"] {
    const { slotCount, isWanted, onMeet, stride } = this.#search;
    const keys: FoundKey[] = [];
    let all = 0;
    const cursor = visitScanPage(raw, (frameStart, start, end, frameEnd) => {
      all += 1;
      const slotId = slotOf(raw, start, end, slotCount - 1);
      if (isWanted(slotId)) {
        onMeet(slotId);
        const found = new FoundKey(raw, frameStart, start, frameEnd, slotId);
        if (this.#names.note(found, crc32(raw, start, end))) {
          keys.push(found);
        }
      }
    });
    if (cursor === undefined) {
      throw this.#unexpected("SCAN", raw);
    }
    stride.noteFound(all, keys.length);
    return { cursor, keys };
  }

  /** Sizes the keys; those that are gone by now are left out. */
  async #weigh(keys: readonly FoundKey[], sizes: IntegerReplies): Promise<readonly FoundKey[]> {
    if (sizes.odd !== undefined) {
      throw this.#unexpected("MEMORY USAGE", sizes.odd);
    }
    const lookBytes = Math.min(LOOK_BYTES, bytesToLookAt(this.#search.maxStallMs()));
    const found: FoundKey[] = [];
    const large: FoundKey[] = [];
    for (const [index, key] of keys.entries()) {
      const bytes = sizes.values[index] ?? Number.NaN;
      if (!Number.isNaN(bytes)) {
        key.bytes = bytes;
        key.workUs = expectedStallMs("", 0, bytes) * 1_000;
        (bytes >= lookBytes ? large : found).push(key);
      }
    }
    if (large.length > 0) {
      await this.#look(large);
    }
    return large.length === 0 ? found : [...found, ...large];
  }

  /** Expects stalls by type and length. */
  async #look(keys: readonly FoundKey[]): Promise<void> {
    const { link } = this.#search;
    const frame = encodeForFound(TYPE, keys);
    const types = await link.send("TYPE", frame, keys.length, CALL_TIMEOUT_MS);
    const counted: { readonly key: FoundKey; readonly type: string; readonly ask: Buffer }[] = [];
    for (const [index, key] of keys.entries()) {
      const type = readText(types[index] ?? NOTHING);
      const command = lengthCommandOf(type);
      if (command === undefined) {
        key.workUs = expectedStallMs(type, 1, key.bytes) * 1_000;
      } else {
        counted.push({ key, type, ask: encodeForFound(keyCommand(command), [key]) });
      }
    }
    const asks = Buffer.concat(counted.map(({ ask }) => ask));
    const expected = { raw: 0, integers: counted.length };
    const { integers } = await link.exchange("HLEN", asks, expected, CALL_TIMEOUT_MS);
    for (const [index, { key, type }] of counted.entries()) {
      // A key that changed its type or went away meanwhile answers otherwise; its MIGRATE will tell.
      const elements = integers.values[index] ?? Number.NaN;
      key.workUs = expectedStallMs(type, Number.isNaN(elements) ? 0 : elements, key.bytes) * 1_000;
    }
  }

  #unexpected(command: string, raw: Buffer): Error {
    const text = errorTextOf(raw);
    return text === ""
      ? unexpectedReply(this.#search.link.addr, command)
      : refusedBy(this.#search.link.addr, command, text);
  }
}
