/**
 * Where the requests of one session go: the view of the slot table for its database and protocol, and for one
 * that reads from replicas the replicas too. Writes both into the session's reader, which has them at hand for each
 * request.
 *
 * A session that once could read from replicas keeps what it knows of its own writes, also while the table has
 * none; only READWRITE and RESET end it, and then nothing is in flight.
 */
import { SessionReads } from "../replica/session-reads.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import type { Router, RouteView } from "../router/router.ts";

/** What is written; see `RequestReader`. */
export interface RouteTarget {
  view: RouteView;
  reads: SessionReads | undefined;
}

/** See the file head. One for each session. */
export class SessionRoute {
  readonly #target: RouteTarget;
  readonly #router: Router;
  readonly #output: SessionOutput;
  /** Of the session among those of its worker; picks the connections that it shares. */
  readonly #number: number;
  #wantsReplicas: boolean;

  constructor(
    target: RouteTarget,
    router: Router,
    output: SessionOutput,
    number: number,
    wantsReplicas: boolean,
  ) {
    this.#target = target;
    this.#router = router;
    this.#output = output;
    this.#number = number;
    this.#wantsReplicas = wantsReplicas;
    this.refresh();
  }

  /** What the session has of replicas; undefined: all its requests go to masters. */
  get reads(): SessionReads | undefined {
    return this.#target.reads;
  }

  get wantsReplicas(): boolean {
    return this.#wantsReplicas;
  }

  /** Only while nothing is in flight. */
  set wantsReplicas(wants: boolean) {
    this.#wantsReplicas = wants;
    if (!wants) this.#target.reads = undefined;
    this.refresh();
  }

  /** Only while nothing is in flight. */
  switchTo(db: number, proto: 2 | 3): void {
    const { laneCount, replicas } = this.#router;
    this.#target.view = this.#router.view(db, proto, this.#number % laneCount);
    const { reads } = this.#target;
    if (reads !== undefined && replicas !== undefined) {
      reads.view = replicas.view(db, proto, this.#number);
    }
  }

  /** The table may have replicas to read from now. */
  refresh(): void {
    const { replicas } = this.#router;
    const isDue = this.#wantsReplicas && this.#target.reads === undefined;
    if (!isDue || replicas?.isActive !== true) return;
    const { db, proto } = this.#target.view;
    const reads = new SessionReads(
      replicas.view(db, proto, this.#number),
      this.#output,
      this.#number,
    );
    // What the session has written before wasn't noted.
    if (this.#output.tail !== 0) reads.noteWriteAnywhere();
    this.#target.reads = reads;
  }
}
