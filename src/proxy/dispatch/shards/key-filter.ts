/**
 * Key names out of raw replies, strays left out. Used by KEYS, SCAN and the census of DBSIZE.
 *
 * KEYS answers millions of names, so none becomes an object: neighbouring names that are kept stay
 * one run of bytes, copied once into the reply.
 */
import { bulkEnd, forEachBulk, lineEnd } from "../../../resp/value.ts";
import type { Shard, ShardCaller } from "../context.ts";
import { isOwnKey } from "./ownership.ts";

/** Names kept so far, as frames of bulk strings. */
export class KeyFilter {
  readonly #shards: ShardCaller;
  /** Names seen, kept only where one name can come from two masters. */
  readonly #seen: Set<string> | undefined;
  readonly #runs: Buffer[] = [];
  count = 0;
  /** Strays met. */
  strayCount = 0;

  constructor(shards: ShardCaller, isDistinct: boolean) {
    this.#shards = shards;
    this.#seen = isDistinct ? new Set() : undefined;
  }

  /** Takes the array of names at `start` of a master's reply; false when there is no such array. */
  take(shard: Shard, raw: Buffer, start: number): boolean {
    let runStart = 0;
    let runEnd = 0;
    const end = forEachBulk(raw, start, (frameStart, keyStart, keyEnd, frameEnd) => {
      if (!this.#isWanted(shard, raw, keyStart, keyEnd)) return;
      this.count++;
      if (frameStart !== runEnd) {
        if (runEnd > runStart) this.#runs.push(raw.subarray(runStart, runEnd));
        runStart = frameStart;
      }
      runEnd = frameEnd;
    });
    if (runEnd > runStart) this.#runs.push(raw.subarray(runStart, runEnd));
    return end !== -1;
  }

  /** An array of the kept names as a reply, after `head`. */
  reply(head: Uint8Array = EMPTY): Buffer {
    return Buffer.concat([head, Buffer.from(`*${this.count}\r\n`), ...this.#runs]);
  }

  #isWanted(shard: Shard, raw: Buffer, start: number, end: number): boolean {
    if (!isOwnKey(this.#shards, shard, raw, start, end)) {
      this.strayCount++;
      return false;
    }
    if (this.#seen === undefined) return true;
    const name = raw.toString("latin1", start, end);
    if (this.#seen.has(name)) return false;
    this.#seen.add(name);
    return true;
  }
}

const EMPTY = Buffer.alloc(0);

/** A master's reply to SCAN. */
export interface ScanReply {
  /** Where the master goes on; "0" when it is through. */
  readonly cursor: string;
  /** Where the array of names begins in the raw reply. */
  readonly keysStart: number;
}

/** Takes `[cursor, [names]]` apart; undefined when the reply is something else. */
export function readScanReply(raw: Buffer): ScanReply | undefined {
  const head = raw.toString("latin1", 0, 4);
  const cursorEnd = head === "*2\r\n" ? bulkEnd(raw, 4) : -1;
  if (cursorEnd === -1) return undefined;
  const cursor = raw.toString("latin1", lineEnd(raw, 4), cursorEnd);
  return /^[0-9]{1,20}$/.test(cursor) ? { cursor, keysStart: cursorEnd + 2 } : undefined;
}
