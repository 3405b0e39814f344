/**
 * Where the requests of one session go that may read from replicas: each read to the replica of the session, or
 * to the master when there is none to use or the session has just written to the slot.
 *
 * A session keeps to one replica of a group for as long as that one can be used, so that what it reads doesn't go
 * back in time and consecutive reads travel together; sessions are dealt out to the replicas in turn. Made only
 * for sessions that want to read from replicas: to the others it costs nothing.
 */
import { FLAG_WRITE } from "../../command/route.ts";
import { FLAGS } from "../../command/table.ts";
import { type Backend, GATE_OPEN } from "../backend/backend.ts";
import type { RepeatGuard } from "../reply/reply-sink.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import { OwnWrites } from "./own-writes.ts";
import type { ReadView } from "./read-view.ts";
import { IS_REPLICA_READ } from "./replica-read.ts";

/** See the file head. */
export class SessionReads implements RepeatGuard {
  /** Of the database and protocol of the session. */
  view: ReadView;
  readonly #output: SessionOutput;
  readonly #own: OwnWrites;
  /** Which replica of several is the session's. */
  readonly #seat: number;

  constructor(view: ReadView, output: SessionOutput, seat: number) {
    this.view = view;
    this.#output = output;
    this.#own = new OwnWrites(view.routes.length);
    this.#seat = seat;
    output.repeatGuard = this;
  }

  /**
   * Where a request goes that has a key of the slot: `master`, which may be undefined, or an open connection to a
   * replica. Writes are remembered, whether or not they are sent then.
   */
  choose(
    commandId: number,
    slot: number,
    master: Backend | undefined,
    nowMs: number,
  ): Backend | undefined {
    // Hot path of sessions that read from replicas.
    if (IS_REPLICA_READ[commandId] === 0) {
      if (((FLAGS[commandId] as number) & FLAG_WRITE) !== 0) {
        this.#own.add(slot, this.#output.tail);
      }
      return master;
    }
    const { view } = this;
    const replicas = view.routes[slot];
    if (replicas === undefined || replicas.length === 0) return master;
    const own = this.#own;
    if (own.isActive && own.has(slot, this.#output.head, nowMs, view.source.floorMs)) return master;
    const replica = replicas[this.#seat % replicas.length];
    return replica !== undefined && replica.gate === GATE_OPEN ? replica : master;
  }

  /** The next request of the session may write anywhere (FLUSHALL), or requests that weren't seen here have. */
  noteWriteAnywhere(): void {
    this.#own.addAll(this.#output.tail);
  }

  mayRepeat(tag: number, slot: number): boolean {
    return !this.#own.hasAfter(slot, tag);
  }
}
