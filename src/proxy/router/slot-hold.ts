/**
 * Requests that wait because their slot is locked: it is about to change its owner, and no proxy may
 * serve it until all proxies agree (design section 7).
 *
 * Requests of one slot go on in the order in which they came. The wait is bounded by `slot_hold_timeout`;
 * then the request is answered with TRYAGAIN and was never sent anywhere.
 */
import { memoryGauge } from "../../net/buffer-pool.ts";
import type { HeldRequest } from "./held-request.ts";

/** What a client is told when its slot stays locked. */
export const HOLD_TIMED_OUT = Buffer.from(
  "-TRYAGAIN slot is being moved and is locked for too long, try again\r\n",
);

/** The queues of all locked slots of a worker. */
export class SlotHold {
  readonly #queues = new Map<number, HeldRequest[]>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Requests that wait now. */
  get count(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.length;
    return count;
  }

  add(slotId: number, request: HeldRequest): void {
    memoryGauge.usedBytes += request.frame.length;
    const queue = this.#queues.get(slotId);
    if (queue === undefined) this.#queues.set(slotId, [request]);
    else queue.push(request);
  }

  /** Takes out all requests of the slot, in order. */
  take(slotId: number): readonly HeldRequest[] {
    const queue = this.#queues.get(slotId) ?? [];
    this.#queues.delete(slotId);
    for (const request of queue) memoryGauge.usedBytes -= request.frame.length;
    return queue;
  }

  /** Answers those that waited too long. */
  expire(nowMs: number): void {
    for (const [slotId, queue] of this.#queues) {
      let expired = 0;
      while (expired < queue.length) {
        const request = queue[expired] as HeldRequest;
        if (nowMs - request.startMs < this.#timeoutMs) break;
        memoryGauge.usedBytes -= request.frame.length;
        request.sink.onFailure(request.tag, HOLD_TIMED_OUT);
        expired++;
      }
      if (expired === queue.length) this.#queues.delete(slotId);
      else if (expired > 0) queue.splice(0, expired);
    }
  }
}
