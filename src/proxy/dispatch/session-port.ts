/**
 * What the dispatch stage sees of a session, so that it needn't import that stage.
 *
 * A session offers a request; the outcome says whether it was taken, or what it waits for. A request that
 * waits has had no effect and is offered again.
 */
import type { Backend } from "../backend/backend.ts";
import type { SessionReads } from "../replica/session-reads.ts";
import type { SessionOutput } from "../reply/session-output.ts";
import type { KeyWait } from "../router/key-wait.ts";
import type { RouteView } from "../router/router.ts";
import type { ClientState } from "./context.ts";

/** What the session does after a request was given to the dispatcher. */
export const DISPATCHED = 0;
/** Give the same request again when nothing is in flight. */
export const WAIT_IDLE = 1;
/** Give the same request again when the backend named by `waitingFor` has room. */
export const WAIT_BACKEND = 2;
/** Give the same request again when the slot table has changed or its keys have moved. */
export const WAIT_SLOT = 3;
/** A handler runs; read no further until it has answered. */
export const WAIT_HANDLER = 4;
/** As DISPATCHED: an error was the answer. Told apart because DISPATCHED and GATE_OPEN are both 0. */
export const ANSWERED = 5;

/** A session as the dispatcher uses it. */
export interface SessionPort extends ClientState {
  readonly output: SessionOutput;
  readonly view: RouteView;
  /** `reads`: of a session that reads from replicas; undefined for the others. */
  readonly route: { wantsReplicas: boolean; readonly reads: SessionReads | undefined };
  /** Backend of the last WAIT_BACKEND. */
  waitingFor: Backend | undefined;
  /** The handler that ran is done: the session goes on reading. */
  onHandlerDone(): void;
  /** Notes a write for WAIT. */
  noteWrite(backend: Backend): void;
  /** Since when the same request waits for its slot, monotonic ms; 0 when it doesn't. */
  slotWaitStartMs: number;
  /** What that request waits for when its keys are on their way; undefined when it doesn't. */
  keyWait: KeyWait | undefined;
  /** Offers a request that waits for a slot again. */
  onTableChanged(): void;
}
