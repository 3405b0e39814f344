/**
 * Brings messages into the live document: a stream of server-sent events, and polls while the stream says
 * nothing (a proxy that holds it back, a server that restarts). Which of the two is at work, and how old
 * the data is, are signals. All times are looked at once a second in `tick`.
 *
 * Invariant: one stream and at most one poll at a time; after `stop` nothing changes any more.
 */
import type { Signal } from "@preact/signals";
import { STALE_AFTER_MS } from "./freshness.ts";
import type { LiveDocument, LiveMessage } from "./live-document.ts";

/** How the data comes; `stale`: it doesn't. */
export type LiveState = "connecting" | "live" | "polling" | "stale";

/** The part of an event that is used here. */
export interface StreamEvent {
  readonly data?: unknown;
}

/** The part of `EventSource` that is used here. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(name: string, listener: (event: StreamEvent) => void): void;
  close(): void;
}

/** What a channel works with; tests put in their own. */
export interface ChannelParts {
  readonly document: LiveDocument;
  readonly state: Signal<LiveState>;
  readonly ageMs: Signal<number>;
  openStream(): EventSourceLike;
  /** Asks for what changed since the number; undefined: for the whole. */
  poll(since: string | undefined): Promise<unknown>;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  isHidden(): boolean;
}

/** A stream that says nothing for so long is helped by polls; the server speaks every two seconds. */
const SILENT_MS = 3500;
const POLL_EVERY_MS = 2000;
/** A stream that ended for good is tried again after this, twice as long each time up to the second. */
const REOPEN_FIRST_MS = 1000;
const REOPEN_LAST_MS = 30_000;
/** A page that nobody looks at for so long lets the server rest. */
const HIDDEN_MS = 60_000;
const CLOSED = 2;

/** See the head of the file. */
export class LiveChannel {
  readonly #parts: ChannelParts;
  #source: EventSourceLike | undefined;
  #isStopped = false;
  #isPolling = false;
  /** Last time that the server said anything, by either way. */
  #heardAt: number;
  #streamHeardAt: number;
  #polledAt = Number.NEGATIVE_INFINITY;
  #reopenAt: number | undefined;
  #reopenMs = REOPEN_FIRST_MS;
  #hiddenAt: number | undefined;
  /** A message was missed; the next poll asks for the whole. */
  #isTorn = false;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.#heardAt = parts.now();
    this.#streamHeardAt = this.#heardAt;
  }

  /** Opens the stream. The caller then calls `tick` once a second. */
  start(): void {
    this.#open();
  }

  /** Ends the stream; an answer that is still under way is dropped. */
  stop(): void {
    this.#isStopped = true;
    this.#source?.close();
    this.#source = undefined;
  }

  /** Looks at all clocks. */
  tick(): void {
    if (this.#isStopped || this.#rests()) {
      return;
    }
    const now = this.#parts.now();
    if (this.#source?.readyState === CLOSED) {
      this.#source.close();
      this.#source = undefined;
      this.#reopenAt = now + this.#reopenMs;
      this.#reopenMs = Math.min(this.#reopenMs * 2, REOPEN_LAST_MS);
    }
    if (this.#source === undefined && now >= (this.#reopenAt ?? now)) {
      this.#open();
    }
    if (now - this.#streamHeardAt > SILENT_MS && now - this.#polledAt >= POLL_EVERY_MS) {
      this.#poll();
    }
    const ageMs = Math.floor((now - this.#heardAt) / 1000) * 1000;
    this.#parts.ageMs.value = ageMs;
    if (ageMs > STALE_AFTER_MS) {
      this.#parts.state.value = "stale";
    }
  }

  /** Closes the stream of a page that is hidden for long; true while it is closed. */
  #rests(): boolean {
    const now = this.#parts.now();
    if (!this.#parts.isHidden()) {
      if (this.#hiddenAt !== undefined && this.#source === undefined) {
        this.#reopenAt = undefined;
        this.#poll();
      }
      this.#hiddenAt = undefined;
      return false;
    }
    this.#hiddenAt ??= now;
    if (now - this.#hiddenAt < HIDDEN_MS) {
      return false;
    }
    this.#source?.close();
    this.#source = undefined;
    return true;
  }

  #open(): void {
    const source = this.#parts.openStream();
    this.#source = source;
    this.#reopenAt = undefined;
    for (const kind of ["snapshot", "patch"] as const) {
      source.addEventListener(kind, (event) => {
        if (source === this.#source) {
          this.#take(kind, event);
        }
      });
    }
    source.addEventListener("hb", () => {
      if (source === this.#source) {
        this.#hear("live");
      }
    });
  }

  #take(kind: "snapshot" | "patch", event: StreamEvent): void {
    const message = readEvent(kind, event.data);
    const isIn = message !== undefined && this.#parts.document.apply(message);
    this.#hear("live");
    if (!isIn) {
      this.#isTorn = true;
      this.#poll();
    }
  }

  #hear(by: "live" | "polling"): void {
    this.#heardAt = this.#parts.now();
    if (by === "live") {
      this.#streamHeardAt = this.#heardAt;
      this.#reopenMs = REOPEN_FIRST_MS;
    }
    if (this.#parts.document.seq >= 0 || by === "polling") {
      this.#parts.state.value = by;
    }
    this.#parts.ageMs.value = 0;
  }

  #poll(): void {
    if (this.#isPolling) {
      return;
    }
    this.#isPolling = true;
    this.#polledAt = this.#parts.now();
    this.#parts
      .poll(this.#isTorn ? undefined : this.#parts.document.version)
      .then(
        (answer) => this.#takePoll(readAnswer(answer)),
        // The age of the data tells the user; the next tick asks again.
        () => undefined,
      )
      .finally(() => {
        this.#isPolling = false;
      });
  }

  #takePoll(message: LiveMessage | undefined): void {
    if (this.#isStopped) {
      return;
    }
    this.#isTorn = message === undefined || !this.#parts.document.apply(message);
    if (this.#isTorn) {
      return;
    }
    const isStreaming = this.#parts.now() - this.#streamHeardAt <= SILENT_MS;
    this.#hear(isStreaming ? "live" : "polling");
  }
}

/** The message of an event; undefined when it isn't one. */
export function readEvent(kind: "snapshot" | "patch", data: unknown): LiveMessage | undefined {
  try {
    return readMessage(kind, JSON.parse(String(data)));
  } catch {
    return undefined; // Not JSON: the caller asks for the whole document.
  }
}

/** The message of an answer to a poll; undefined when it isn't one. */
export function readAnswer(answer: unknown): LiveMessage | undefined {
  const { kind } = (answer ?? {}) as { readonly kind?: unknown };
  return kind === "snapshot" || kind === "patch" ? readMessage(kind, answer) : undefined;
}

function readMessage(kind: "snapshot" | "patch", value: unknown): LiveMessage | undefined {
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const { epoch, seq, since, values } = value as Readonly<Record<string, unknown>>;
  const isWhole = typeof epoch === "number" && typeof seq === "number";
  if (!isWhole || typeof values !== "object" || values === null) {
    return undefined;
  }
  return {
    kind,
    epoch,
    seq,
    since: typeof since === "number" ? since : undefined,
    values: values as Readonly<Record<string, unknown>>,
  };
}
