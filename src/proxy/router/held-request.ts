/**
 * A request that waits until its slot can be served, and the way it is sent then. Shared by the two places where
 * requests wait: locked slots (`slot-hold.ts`) and slots whose keys come from another server (`moving-slots.ts`).
 */
import { type Backend, GATE_CLOSED, GATE_OPEN } from "../backend/backend.ts";
import type { ReplySink } from "../reply/reply-sink.ts";

/** A request that waits; the frame is a copy. */
export interface HeldRequest {
  readonly sink: ReplySink;
  readonly tag: number;
  readonly commandId: number;
  readonly frame: Buffer;
  readonly db: number;
  readonly proto: 2 | 3;
  readonly lane: number;
  /** When it was read, monotonic ms. */
  readonly startMs: number;
  /** The session of a write, to be told where it went (WAIT); undefined for a read. */
  readonly writer: { noteWrite(backend: Backend): void } | undefined;
}

/** The error for requests that no connection takes, as Codis. */
export const CONN_RESET = Buffer.from("-ERR handle response, backend conn reset\r\n");

/** Whether the backend takes requests now; starts to connect where that is due. */
export function isTaking(backend: Backend): boolean {
  if (backend.gate !== GATE_OPEN) backend.wake(performance.now());
  return backend.gate !== GATE_CLOSED;
}

/** Gives a backend the request, or answers it when there is no connection and none may be tried. */
export function sendHeld(backend: Backend, held: HeldRequest): void {
  if (!isTaking(backend)) {
    held.sink.onFailure(held.tag, CONN_RESET);
    return;
  }
  held.writer?.noteWrite(backend);
  backend.push(held.sink, held.tag, held.commandId, held.startMs);
  backend.append(held.frame, 0, held.frame.length);
}
