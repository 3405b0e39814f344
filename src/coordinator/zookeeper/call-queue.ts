/**
 * The requests of one session with their callers: those that wait, and those on the wire, which are answered
 * in their order. Each is settled exactly once: by its answer, its deadline, or the end of what it waits for.
 *
 * One that changes nothing goes back to those that wait when its connection breaks; one that does is
 * rejected, since it may have been done.
 */
import { CodisError } from "../../base/error.ts";
import { AnswerError, toCodisError } from "./failure.ts";
import type { Answer, Request } from "./protocol.ts";

/** Requests on the wire at once; the others wait. */
const IN_FLIGHT_MAX = 128;
/** Requests that wait for their turn or for a connection; more are refused. */
const WAITING_MAX = 20_000;
/** How exact deadlines are. */
const SWEEP_MS = 50;
/** Numbers of requests begin at 1 again after this one. */
const XID_MAX = 0x7fff_fff0;

/** A request with its caller. */
interface Call {
  readonly request: Request<unknown>;
  readonly deadlineMs: number;
  readonly settle: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  sentMs: number;
  xid: number;
  /** The caller was told already; the answer is still to come. */
  isAbandoned: boolean;
}

/** The queue of one session; it outlives its connections. */
export class CallQueue {
  readonly #label: string;
  /** Why there is no connection, for the lines of errors; empty while there is one. */
  readonly #problem: () => string;
  #lastXid = 0;
  #waiting: Call[] = [];
  #inFlight: Call[] = [];
  #sweepTimer: NodeJS.Timeout | undefined;

  constructor(label: string, problem: () => string) {
    this.#label = label;
    this.#problem = problem;
  }

  /** `deadlineMs` is on the monotonic clock. */
  add<T>(request: Request<T>, deadlineMs: number): Promise<T> {
    if (this.#waiting.length >= WAITING_MAX) {
      const text = `more than ${WAITING_MAX} requests wait for ${this.#label}`;
      return Promise.reject(new CodisError("COORDINATOR_UNREACHABLE", text));
    }
    return new Promise<T>((resolve, reject) => {
      const settle = (answer: Answer): void => {
        try {
          resolve(request.decode(answer));
        } catch (thrown) {
          reject(this.#toError(request, thrown));
          if (!(thrown instanceof AnswerError)) {
            throw thrown;
          }
        }
      };
      const state = { sentMs: 0, xid: 0, isAbandoned: false };
      this.#waiting.push({ request, deadlineMs, settle, reject, ...state });
      this.#sweepTimer ??= setTimeout(() => this.#sweep(), SWEEP_MS);
    });
  }

  /** When the oldest request on the wire was sent; undefined when there is none. */
  oldestSentMs(): number | undefined {
    return this.#inFlight[0]?.sentMs;
  }

  /** Frame of the next request, which is on the wire from now on; undefined: none, or none now. */
  next(): Buffer | undefined {
    const now = performance.now();
    while (this.#inFlight.length < IN_FLIGHT_MAX) {
      const call = this.#waiting.shift();
      if (call === undefined) {
        return undefined;
      }
      if (call.deadlineMs <= now) {
        call.reject(this.#lateError(call.request.path));
        continue;
      }
      this.#lastXid = this.#lastXid >= XID_MAX ? 1 : this.#lastXid + 1;
      call.xid = this.#lastXid;
      call.sentMs = now;
      this.#inFlight.push(call);
      return call.request.encode(call.xid);
    }
    return undefined;
  }

  /** Throws when it can't be the answer to the oldest request on the wire, or can't be read. */
  answer(xid: number, answer: Answer): void {
    const call = this.#inFlight[0];
    if (call?.xid !== xid) {
      throw new Error("the answers are out of order");
    }
    this.#inFlight.shift();
    if (!call.isAbandoned) {
      call.settle(answer);
    }
  }

  /** The connection is gone, and no answer will come. */
  takeBack(): void {
    const calls = this.#inFlight.filter((call) => !call.isAbandoned);
    this.#inFlight = [];
    this.#waiting.unshift(...calls.filter((call) => call.request.isRead));
    for (const { request, reject } of calls.filter((call) => !call.request.isRead)) {
      const text = `the connection broke while ${request.path} was written`;
      reject(
        new CodisError(
          "COORDINATOR_UNREACHABLE",
          `${this.#label}: ${text}; it may or may not have been done${this.#reason()}`,
        ),
      );
    }
  }

  rejectAll(toError: () => CodisError): void {
    const calls = [...this.#inFlight.filter((call) => !call.isAbandoned), ...this.#waiting];
    this.#waiting = [];
    for (const call of calls) {
      call.isAbandoned = true;
      call.reject(toError());
    }
  }

  /** Ends the timer; everything was rejected before. */
  close(): void {
    clearTimeout(this.#sweepTimer);
  }

  /** Rejects what is past its deadline. */
  #sweep(): void {
    this.#sweepTimer = undefined;
    const now = performance.now();
    const isLate = (call: Call): boolean => call.deadlineMs <= now;
    if (this.#waiting.some(isLate)) {
      const late = this.#waiting.filter(isLate);
      this.#waiting = this.#waiting.filter((call) => !isLate(call));
      for (const call of late) {
        call.reject(this.#lateError(call.request.path));
      }
    }
    for (const call of this.#inFlight) {
      if (!call.isAbandoned && isLate(call)) {
        call.isAbandoned = true;
        call.reject(this.#lateError(call.request.path, !call.request.isRead));
      }
    }
    if (this.#waiting.length > 0 || this.#inFlight.some((call) => !call.isAbandoned)) {
      this.#sweepTimer ??= setTimeout(() => this.#sweep(), SWEEP_MS);
    }
  }

  #toError(request: Request<unknown>, thrown: unknown): CodisError {
    if (thrown instanceof AnswerError) {
      return toCodisError(this.#label, request.path, thrown.answer);
    }
    const text = `${this.#label} gave an answer about ${request.path} that can't be read`;
    return new CodisError("COORDINATOR_UNREACHABLE", text, { cause: thrown });
  }

  #lateError(path: string, mayBeDone = false): CodisError {
    const outcome = mayBeDone ? "; what was asked may or may not have been done" : "";
    const text = `${this.#label} gave no answer about ${path} in time`;
    return new CodisError("COORDINATOR_UNREACHABLE", `${text}${this.#reason()}${outcome}`);
  }

  #reason(): string {
    const problem = this.#problem();
    return problem === "" ? "" : ` (${problem})`;
  }
}
