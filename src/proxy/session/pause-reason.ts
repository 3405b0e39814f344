/**
 * Why a session reads no further: one bit each, because several reasons can hold at once. The session goes on
 * when the last is gone.
 *
 * Reasons that are over within a turn or two don't touch the socket; the others stop reading it, so that TCP
 * slows the client down.
 */

/** A request waits until nothing is in flight (change of database or protocol, a handler). */
export const PAUSED_IDLE = 1;
/** The queue of a backend is full. */
export const PAUSED_BACKEND = 2;
/** A request over several slots waits for one that is locked. */
export const PAUSED_SLOT = 4;
/** A handler runs. */
export const PAUSED_HANDLER = 8;
/** `session_max_pipeline` requests are in flight. */
export const PAUSED_PIPELINE = 16;
/** The client doesn't read its replies. */
export const PAUSED_OUTPUT = 32;
/** The proxy is near `proxy_max_memory`. */
export const PAUSED_MEMORY = 64;
/** The session ends: nothing is read any more, for good. */
export const PAUSED_ENDING = 128;

/** Reasons during which the socket isn't read at all. */
export const STOPS_SOCKET: number = PAUSED_OUTPUT | PAUSED_MEMORY | PAUSED_BACKEND;
/** Reasons that end when replies leave. */
export const ENDS_BY_PROGRESS: number = PAUSED_IDLE | PAUSED_PIPELINE;
