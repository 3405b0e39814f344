/**
 * Keeps the live document of one leader up to date while somebody reads it, and tells the readers of the stream what
 * changes. A change of the topology, of an operation or of a master is told in the same turn of the event loop
 * (many in one turn as one patch), but no more than once a second; figures once a second.
 *
 * Bounds: the number of readers, and for each one message beyond what its connection takes. While a connection is
 * full nothing gathers for it: when it has room again it gets one patch with all that it missed, or the whole
 * document when that was too much (`PATCHES_KEPT`). One that stays full for long is closed.
 */
import type { ServerResponse } from "node:http";
import type { Clock, ClockTimer } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import { EventStream } from "../../http/event-stream.ts";
import type { LiveDocument } from "./live-document.ts";

/** Readers of the stream at once. */
export const STREAM_READERS_MAX = 200;
/** Figures are told so often, and so is the newest of changes that come without an end. */
export const REFRESH_MS = 1_000;
/** Something is told so often, so that a reader knows soon when it has lost the stream: at least an `hb`. */
export const STREAM_BEAT_MS = 2_000;
/** Whether a reader may still listen is asked so often. */
export const STREAM_CHECK_MS = 15_000;
/** A reader whose connection stays full for so long is closed. */
export const STREAM_STALL_MS = 30_000;
/** The document is kept up to date for so long after somebody asked for it without a stream. */
const INTEREST_MS = 10_000;

const BEAT = "event: hb\ndata: {}\n\n";

/** What the hub works on. */
export interface LiveHubOptions {
  readonly document: LiveDocument;
  /** All values of now. Called once a second at most, but for changes, and not at all while nobody reads. */
  readonly read: () => ReadonlyMap<string, unknown>;
  /** Subscribes to changes that are told at once; the result ends that. */
  readonly onChange: (listener: () => void) => () => void;
  readonly clock: Clock;
}

interface Reader {
  readonly stream: EventStream;
  /** Never rejects. */
  readonly isAllowed: () => Promise<boolean>;
  /** Number of the document that it has; undefined: none of this leader's. */
  seq: number | undefined;
  /** Monotonic time of the last thing that was written. */
  toldAtMs: number;
  checkedAtMs: number;
}

/** See the file head. */
export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #readers = new Set<Reader>();
  readonly #unsubscribe: () => void;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  /** When a change was told at once last. */
  #urgentAtMs = Number.NEGATIVE_INFINITY;
  #wantedUntilMs = Number.NEGATIVE_INFINITY;
  #turn: NodeJS.Immediate | undefined;
  #urgentTimer: ClockTimer | undefined;
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: LiveHubOptions) {
    this.#options = options;
    this.#unsubscribe = options.onChange(() => this.#noteChange());
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** JSON of what has changed since `EPOCH.SEQ`, or of everything. */
  message(since: string | undefined): string {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#wantedUntilMs = nowMs + INTEREST_MS;
    this.#arm();
    if (nowMs - this.#refreshedAtMs >= REFRESH_MS) {
      this.#refresh();
    }
    return this.#messageSince(this.#seqOf(since));
  }

  /**
   * Begins the stream on a response whose head isn't written yet; it belongs to the hub from then on. `lastEventId`:
   * what the reader has, `EPOCH.SEQ`. Throws TOO_BUSY when there are too many readers.
   */
  add(
    response: ServerResponse,
    lastEventId: string | undefined,
    isAllowed: () => Promise<boolean>,
  ): void {
    if (this.#isClosed) {
      throw new CodisError("LEADERSHIP_LOST", "this dashboard no longer leads the product");
    }
    if (this.#readers.size >= STREAM_READERS_MAX) {
      throw new CodisError(
        "TOO_BUSY",
        `there are ${STREAM_READERS_MAX} readers of the stream, the limit`,
      );
    }
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#refreshedAtMs >= REFRESH_MS) {
      this.#refresh();
    }
    const stream = new EventStream(response, this.#options.clock, {
      onRoom: () => this.#tell(reader),
      onGone: () => this.#readers.delete(reader),
    });
    const reader: Reader = {
      stream,
      isAllowed,
      seq: this.#seqOf(lastEventId),
      toldAtMs: nowMs,
      checkedAtMs: nowMs,
    };
    this.#readers.add(reader);
    if (reader.seq === this.#options.document.seq) {
      // Also one that missed nothing is told at once that it is heard.
      this.#write(reader, BEAT);
    }
    this.#tell(reader);
    this.#arm();
  }

  /** Ends every stream. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#urgentTimer?.cancel();
    if (this.#turn !== undefined) {
      clearImmediate(this.#turn);
    }
    for (const reader of [...this.#readers]) {
      reader.stream.end("this dashboard no longer leads the product");
    }
  }

  #isWanted(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#readers.size > 0 || nowMs < this.#wantedUntilMs;
  }

  #arm(): void {
    if (this.#timer === undefined && !this.#isClosed) {
      this.#timer = this.#options.clock.after(REFRESH_MS, () => {
        this.#timer = undefined;
        if (this.#isWanted()) {
          this.#refresh();
          this.#beat();
          this.#arm();
        }
      });
    }
  }

  #noteChange(): void {
    if (this.#turn !== undefined || this.#urgentTimer !== undefined || !this.#isWanted()) {
      return;
    }
    const { clock } = this.#options;
    const waitMs = this.#urgentAtMs + REFRESH_MS - clock.monotonicMs();
    if (waitMs > 0) {
      this.#urgentTimer = clock.after(waitMs, () => {
        this.#urgentTimer = undefined;
        this.#tellChange();
      });
      return;
    }
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#tellChange();
    });
  }

  #tellChange(): void {
    this.#urgentAtMs = this.#options.clock.monotonicMs();
    this.#refresh();
  }

  #refresh(): void {
    const { document, read, clock } = this.#options;
    this.#refreshedAtMs = clock.monotonicMs();
    if (document.update(read())) {
      // Most readers have the same number, and get the same text.
      const texts = new Map<number | undefined, string>();
      for (const reader of this.#readers) {
        this.#tell(reader, texts);
      }
    }
  }

  #tell(reader: Reader, texts = new Map<number | undefined, string>()): void {
    const { document } = this.#options;
    const { seq } = reader;
    if (reader.stream.isFull || seq === document.seq) {
      return;
    }
    let text = texts.get(seq);
    if (text === undefined) {
      const message = this.#messageSince(seq);
      const event = message.startsWith('{"kind":"patch"') ? "patch" : "snapshot";
      text = `event: ${event}\nid: ${document.epoch}.${document.seq}\ndata: ${message}\n\n`;
      texts.set(seq, text);
    }
    reader.seq = document.seq;
    this.#write(reader, text);
  }

  #messageSince(seq: number | undefined): string {
    const { document, clock } = this.#options;
    const at = new Date(clock.nowMs()).toISOString();
    const patch = seq === undefined ? undefined : document.patch(seq, at);
    return patch ?? document.snapshot(at);
  }

  /** undefined: it isn't a number of this leader's document. */
  #seqOf(text: string | undefined): number | undefined {
    const [, epoch, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text ?? "") ?? [];
    return Number(epoch) === this.#options.document.epoch ? Number(seq) : undefined;
  }

  #beat(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const reader of [...this.#readers]) {
      if (reader.stream.isFull) {
        if (reader.stream.fullMs >= STREAM_STALL_MS) {
          reader.stream.drop();
        }
        continue;
      }
      if (nowMs - reader.toldAtMs >= STREAM_BEAT_MS) {
        this.#write(reader, BEAT);
      }
      if (nowMs - reader.checkedAtMs >= STREAM_CHECK_MS) {
        reader.checkedAtMs = nowMs;
        void this.#check(reader);
      }
    }
  }

  async #check(reader: Reader): Promise<void> {
    if (!(await reader.isAllowed()) && this.#readers.has(reader)) {
      reader.stream.end("the right to read was revoked or has expired");
    }
  }

  #write(reader: Reader, text: string): void {
    reader.toldAtMs = this.#options.clock.monotonicMs();
    reader.stream.write(text);
  }
}
