/**
 * Watches operations while the page is open: the range of the time that is left, how long nothing has moved, and the
 * figures of the last minutes for a chart. Kept for each operation, so that going to another screen and back
 * doesn't begin anew.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1LiveStats } from "../../../../src/api/v1-live-schema.ts";
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { live } from "../../data/live.ts";
import { openProduct } from "../../data/open-product.ts";
import { type Eta, EtaWatch } from "./eta-range.ts";
import { liveOperation } from "./live-operation.ts";
import { StallWatch } from "./stall-watch.ts";

/** One second of an operation. */
export interface RatePoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly keysPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  /** Of the product's requests, milliseconds; null: not known. */
  readonly p99: number | null;
}

/** What the watch says of an operation. */
export interface Watched {
  readonly eta: Eta;
  /** How long nothing has moved, though it should, milliseconds. */
  readonly stuckMs: number;
  /** The oldest first. */
  readonly points: readonly RatePoint[];
}

/** Between two looks, milliseconds. */
const LOOK_MS = 1000;
/** Points that are kept: ten minutes. */
const POINTS_MAX = 600;
/** Operations that are kept. */
const WATCHES_MAX = 20;

const NOTHING: Watched = { eta: { kind: "unknown" }, stuckMs: 0, points: [] };

interface Watch {
  readonly eta: EtaWatch;
  readonly stall: StallWatch;
  readonly said: { value: Watched };
}

const watches = new Map<string, Watch>();

/** Looks once a second while the component is there, and says what it sees. */
export function useOperationWatch(id: string, isOpen: boolean): Watched {
  const watch = watchOf(id);
  const [said, setSaid] = useState(watch.said.value);
  useEffect(() => {
    const current = liveOperation(id);
    const look = (): void => {
      const operation = current.peek();
      if (operation !== undefined) {
        setSaid(lookAt(watch, operation));
      }
    };
    look();
    if (!isOpen) {
      return;
    }
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [id, watch, isOpen]);
  return said;
}

/** p99 of requests as the live document has it, for `RatePoint`. */
const p99 = (): number | null => live.value<V1LiveStats>("stats").peek()?.recent.p99_ms ?? null;

function lookAt({ eta, stall, said }: Watch, operation: V1OperationSummary): Watched {
  const { progress, state } = operation;
  const isWorking = state === "running" || state === "cancelling";
  const atMs = performance.now();
  const isFresh = live.ageMs.peek() <= 5_000;
  const point: RatePoint = {
    at: Date.now(),
    keysPerSecond: isFresh ? progress.keys_per_second : null,
    bytesPerSecond: isFresh ? progress.bytes_per_second : null,
    p99: isFresh ? p99() : null,
  };
  const last = said.value.points.at(-1);
  const isNew = last === undefined || point.at - last.at >= LOOK_MS / 2;
  said.value = {
    eta: eta.note({
      atMs,
      keysMoved: progress.keys_moved,
      keysTotal: progress.keys_total,
      bytesMoved: progress.bytes_moved,
      bytesTotal: progress.bytes_total,
      keysPerSecond: progress.keys_per_second,
      bytesPerSecond: progress.bytes_per_second,
      serverMs: progress.eta_ms,
      isWorking: isWorking && isFresh,
    }),
    stuckMs: stall.note({
      atMs,
      keysMoved: progress.keys_moved,
      slotsDone: progress.slots_done,
      isWorking: isWorking && isFresh,
    }),
    points: isNew ? [...said.value.points, point].slice(-POINTS_MAX) : said.value.points,
  };
  return said.value;
}

function watchOf(id: string): Watch {
  const key = `${openProduct.peek()}/${id}`;
  let watch = watches.get(key);
  if (watch === undefined) {
    watch = { eta: new EtaWatch(), stall: new StallWatch(), said: { value: NOTHING } };
    watches.set(key, watch);
    const oldest = watches.keys().next();
    if (watches.size > WATCHES_MAX && oldest.done === false) {
      watches.delete(oldest.value);
    }
  }
  return watch;
}
