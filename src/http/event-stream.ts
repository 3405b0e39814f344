/**
 * One reader of server-sent events: the head of the answer, whether its connection takes more, and its end. Bounds
 * nothing by itself: whoever writes asks `isFull` first, so that a reader has one event at most beyond what its
 * connection takes, and drops one that stays full for long.
 */
import type { ServerResponse } from "node:http";
import type { Clock } from "../base/clock.ts";

/** What the owner of a stream is told. */
export interface EventStreamOwner {
  /** The connection takes more again. */
  onRoom(): void;
  /** The reader is gone, or was ended here: nothing more may be written. May be called more than once. */
  onGone(): void;
}

/** See the file head. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #owner: EventStreamOwner;
  #fullSinceMs: number | undefined;

  /** `response` is one whose head isn't written yet; it belongs to the stream from then on. */
  constructor(response: ServerResponse, clock: Clock, owner: EventStreamOwner) {
    this.#response = response;
    this.#clock = clock;
    this.#owner = owner;
    response.on("close", () => owner.onGone());
    response.on("error", () => this.drop());
    response.on("drain", () => {
      this.#fullSinceMs = undefined;
      owner.onRoom();
    });
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-store, no-transform",
      // nginx would keep events back otherwise.
      "x-accel-buffering": "no",
    });
  }

  /** The connection takes nothing more now. */
  get isFull(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  /** For how long it has been full, milliseconds; 0 while it takes more. */
  get fullMs(): number {
    return this.#fullSinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#fullSinceMs;
  }

  /** Whole events, or a comment. */
  write(text: string): void {
    if (!this.#response.write(text)) {
      this.#fullSinceMs ??= this.#clock.monotonicMs();
    }
  }

  /** Says why, with an event `end`, and ends the answer. */
  end(reason: string): void {
    this.#owner.onGone();
    this.#response.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
  }

  /** For a reader that doesn't read, so it can't be told either. */
  drop(): void {
    this.#owner.onGone();
    this.#response.destroy();
  }
}
