/**
 * The live document of the open product, for all screens: `live.value("health")`, `live.list("group:")`.
 * The shell opens it when the address names a product; the channel beneath is in `live-channel.ts`.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { api, productPath, setApiProduct } from "./api.ts";
import { ageMs } from "./freshness.ts";
import { LiveChannel, type LiveState } from "./live-channel.ts";
import { LiveDocument } from "./live-document.ts";
import { sessionEnd } from "./session.ts";

/** For who shows it. */
export type { LiveState };

const held = new LiveDocument();
const state = signal<LiveState>("connecting");
let channel: LiveChannel | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

const TICK_MS = 1000;

/** Nobody is answered after the end of a session, so nothing is asked then. */
function tick(): void {
  if (sessionEnd.peek() === undefined) {
    channel?.tick();
  }
}

/** See the head of the file. */
export const live = {
  /** Undefined while the key isn't there. */
  value<T>(key: string): ReadonlySignal<T | undefined> {
    return held.value<T>(key);
  },
  /** All values whose key begins with `prefix`, sorted by key. */
  list<T>(prefix: string): ReadonlySignal<readonly T[]> {
    return held.list<T>(prefix);
  },
  /** Time since the server was last heard, in full seconds; 0 while no product is open. */
  ageMs: ageMs as ReadonlySignal<number>,
  /** `stale`: neither the stream nor polling brings anything. */
  state: state as ReadonlySignal<LiveState>,
  /** Opens a product; the document is empty until its first snapshot. */
  open(product: string): void {
    live.close();
    channel = new LiveChannel({
      document: held,
      state,
      ageMs,
      openStream: () => new EventSource(productPath("stream", product)),
      poll: (since) =>
        api.get(since === undefined ? "live" : `live?since=${encodeURIComponent(since)}`),
      now: () => performance.now(),
      isHidden: () => document.hidden,
    });
    setApiProduct(product);
    channel.start();
    timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
  },
  /** Ends the channel and forgets the document. */
  close(): void {
    channel?.stop();
    clearInterval(timer);
    document.removeEventListener("visibilitychange", tick);
    channel = undefined;
    held.clear();
    state.value = "connecting";
    ageMs.value = 0;
  },
} as const;
