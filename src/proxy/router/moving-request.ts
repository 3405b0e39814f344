/**
 * A request that waits for its keys to leave their source, in the queue of its session for its slot.
 *
 *   waiting -> ready | refused     as the mover says
 *   any     -> reading             a read that both servers are asked for
 *   refused -> reading-source      a read that the source can answer; back to waiting when it hasn't the keys
 *   unasked -> asking -> retrying  of one that the source may carry out itself; ready when it hasn't the key
 *   any     -> done                sent, answered, or taken out
 *
 * It leaves the queue only when it is the first one there, so a session's requests for one slot keep their order.
 */
import type { KeyWaiter, Refusal } from "../mover/wanted-key.ts";
import type { HeldRequest } from "./held-request.ts";

/** See the file head. */
export type MovingState =
  | "waiting"
  | "ready"
  | "refused"
  | "reading"
  | "reading-source"
  | "unasked"
  | "asking"
  | "retrying"
  | "done";

/** States in which it can be taken back: nothing of it is at a server, or nothing that changes or answers anything. */
const IDLE_STATES: ReadonlySet<MovingState> = new Set([
  "waiting",
  "ready",
  "refused",
  "reading",
  "unasked",
  "retrying",
]);

/** See the file head. */
export class MovingRequest implements KeyWaiter {
  readonly held: HeldRequest;
  readonly names: readonly Buffer[];
  /** Since when it waits for keys, monotonic ms. */
  readonly sinceMs: number;
  /** Grows over all requests that ever waited: their order over sessions. */
  readonly order: number;
  state: MovingState = "waiting";
  refusal: Refusal | undefined;
  /** Why a key couldn't be moved when it was last tried. */
  failure: string | undefined;
  /** How often the source was asked to carry it out. */
  tries = 0;
  readonly #onSettled: (request: MovingRequest) => void;
  #missing = 0;

  /** `onSettled`: it is ready or refused. */
  constructor(
    held: HeldRequest,
    names: readonly Buffer[],
    sinceMs: number,
    order: number,
    onSettled: (request: MovingRequest) => void,
  ) {
    this.held = held;
    this.names = names;
    this.sinceMs = sinceMs;
    this.order = order;
    this.#onSettled = onSettled;
  }

  /** It can be taken back, and has no answer. */
  get isIdle(): boolean {
    return IDLE_STATES.has(this.state);
  }

  get isWaiting(): boolean {
    return this.state === "waiting";
  }

  /** It waits for so many keys from now on; with 0 it is ready. */
  expect(missing: number): void {
    this.#missing = missing;
    this.state = missing === 0 ? "ready" : "waiting";
  }

  onKeySure(): void {
    this.#missing--;
    if (this.#missing > 0) return;
    this.state = "ready";
    this.#onSettled(this);
  }

  onKeyRefused(refusal: Refusal): void {
    this.state = "refused";
    this.refusal = refusal;
    this.#onSettled(this);
  }

  onKeyFailed(cause: string): void {
    this.failure = cause;
  }
}
