/**
 * What a worker gives each of its sessions: its stages, the limits of the configuration, and an ear for the
 * end of the session.
 */
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { Router } from "../router/router.ts";
import type { Session } from "./session.ts";

/** A session id is its worker's index + n * this, so that ids are unique over all workers of a proxy. */
export const SESSION_ID_STEP = 256;

/** Limits of a session. Times of 0 are "never". */
export interface SessionLimits {
  readonly maxPipeline: number;
  readonly maxRequestBytes: number;
  readonly maxOutputBytes: number;
  readonly softOutputBytes: number;
  readonly recvTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly isBreakOnFailure: boolean;
}

/** What a session needs of its worker. */
export interface SessionEnv {
  readonly router: Router;
  readonly dispatcher: Dispatcher;
  readonly limits: SessionLimits;
  /** What a session does that says neither READONLY nor READWRITE. */
  readonly readsFromReplicas: boolean;
  /** The session is gone; `reason` is a word for the statistics, `detail` a line for the log. */
  onSessionClosed(session: Session, reason: string, detail: string): void;
}
