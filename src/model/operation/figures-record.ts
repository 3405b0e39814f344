/**
 * What an operation has moved so far, as text of a node of its own,
 * `/codis-ext/{product}/operation-figures/op-<number>`: it changes every second, and the operation's own node, which
 * names every slot, is far too large to be written so often. The node is there while the operation isn't ended; the
 * operation's node has the last figures for good.
 */
import { RecordReader } from "../json-record.ts";
import { SLOT_COUNTS } from "../slot.ts";

/** Keys and bytes that have moved. */
export interface MovedAmount {
  readonly keys: number;
  readonly bytes: number;
}

/** The next leader goes on with these. Times in milliseconds. */
export interface StoredFigures {
  readonly keysMoved: number;
  readonly keysOnAccess: number;
  readonly bytesMoved: number;
  readonly longestStallMs: number;
  readonly longestHoldMs: number;
  readonly retries: number;
  readonly staleKeys: number;
  /** What the mover has moved of slots that haven't arrived, by slot; others aren't there. */
  readonly slots: ReadonlyMap<number, MovedAmount>;
}

const SLOT_ID_MAX = Math.max(...SLOT_COUNTS) - 1;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** Text of the node. */
export function encodeFigures({ slots, ...sums }: StoredFigures): string {
  const list = [...slots].map(([slotId, { keys, bytes }]) => ({ slotId, keys, bytes }));
  return JSON.stringify({ ...sums, slots: list });
}

/** Throws MODEL_INVALID; `source` begins error lines. */
export function decodeFigures(value: unknown, source: string): StoredFigures {
  const fields = new RecordReader(value, source);
  const count = (name: keyof StoredFigures): number => fields.int(name, 0, COUNT_MAX);
  const slots = fields
    .list("slots")
    .map((slot): [number, MovedAmount] => [
      slot.int("slotId", 0, SLOT_ID_MAX),
      { keys: slot.int("keys", 0, COUNT_MAX), bytes: slot.int("bytes", 0, COUNT_MAX) },
    ]);
  return {
    keysMoved: count("keysMoved"),
    keysOnAccess: count("keysOnAccess"),
    bytesMoved: count("bytesMoved"),
    longestStallMs: count("longestStallMs"),
    longestHoldMs: count("longestHoldMs"),
    retries: count("retries"),
    staleKeys: count("staleKeys"),
    slots: new Map(slots),
  };
}
