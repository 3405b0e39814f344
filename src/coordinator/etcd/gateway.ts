/**
 * Calls to an etcd cluster through its JSON gateway: picks a server, logs in, tries another server or the
 * same one again with backoff, and ends within a bound. Above it nobody knows how many servers there are.
 *
 * Invariant: a call that isn't `mayRepeat` is sent again only after etcd surely didn't carry it out.
 */
import { Backoff } from "../../base/backoff.ts";
import { CodisError, type ErrorCode } from "../../base/error.ts";
import type { EtcdAddress } from "./etcd-address.ts";
import { type HttpOutcome, post, postForLines } from "./http-post.ts";
import { type Failure, Login } from "./login.ts";
import { type FailureKind, judge, judgeLine, type Verdict } from "./verdict.ts";
import { monotonicMs, RETRY, sleep } from "./wait.ts";

/** What a gateway is made of. */
export interface GatewayOptions {
  /** At least one. */
  readonly addresses: readonly EtcdAddress[];
  /** `user:password`, or empty. */
  readonly auth: string;
  /** Bound of a call that brings none of its own. */
  readonly operationMs: number;
  /** Gets one line when the servers can't be reached any more, and when they can again. */
  readonly onState: (line: string) => void;
}

/** One call. */
export interface Call {
  /** For messages: `read /codis3/demo/topom`. */
  readonly what: string;
  /** `/v3/kv/range`. */
  readonly path: string;
  readonly body: object;
  /** Whether sending it twice does no more than sending it once. */
  readonly mayRepeat: boolean;
  /** End of all attempts on the monotonic clock; default is the bound of operations from now. */
  readonly endsAt?: number;
  /** Bound of one attempt where there may be another; default is a share of the bound of operations. */
  readonly attemptMs?: number;
  /** Ends the call. The gateway's own end does too. */
  readonly signal?: AbortSignal;
  /** Called when it isn't known whether an attempt was, or will be, carried out. */
  readonly onDoubt?: () => void;
}

/** The part that every answer has. */
interface Headed {
  readonly header?: { readonly revision?: string };
}

/** Grows with each login that one call tries. */
const LOGIN_PAUSE_MS = 50;
/** Shortest bound of an attempt: a busy server must have a chance. */
const ATTEMPT_MS_MIN = 500;
/** Time that a further try must have left. */
const LAST_TRY_MS_MIN = 20;
/** Logins that one call tries: tokens expire, and a restarted server forgets them. */
const LOGINS_MAX = 3;
/** How often a server that keeps a stream open is asked whether it is still there. */
const PROBE_MS = 5_000;
const PROBE_TIMEOUT_MS = 4_000;
/** Every server without a leader says so at once, instead of letting the caller wait. */
const NEED_LEADER = { "Grpc-Metadata-hasleader": "true" };

const ERROR_BY_KIND: Readonly<Partial<Record<FailureKind, ErrorCode>>> = {
  login: "COORDINATOR_REFUSED",
  refused: "COORDINATOR_REFUSED",
  "auth-off": "COORDINATOR_REFUSED",
  "not-etcd": "COORDINATOR_REFUSED",
  full: "COORDINATOR_FULL",
  "lease-gone": "NOT_FOUND",
  compacted: "STATE_CONFLICT",
  "too-large": "BODY_TOO_LARGE",
  defect: "INTERNAL",
};

/** A cluster of etcd. */
export class Gateway {
  /** `etcd 127.0.0.1:2379`. */
  readonly label: string;
  readonly operationMs: number;
  readonly #options: GatewayOptions;
  readonly #login: Login;
  readonly #closing = new AbortController();
  #current = 0;
  #isDown = false;
  #revision = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.operationMs = options.operationMs;
    this.label = `etcd ${options.addresses.map((address) => address.text).join(",")}`;
    this.#login = new Login(options.auth);
  }

  /** The newest revision of the store that an answer has told; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Given when the gateway is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends all calls and streams with COORDINATOR_UNREACHABLE; later ones as well. */
  close(): void {
    this.#closing.abort();
  }

  /**
   * The answer, whose form the caller knows. Throws COORDINATOR_UNREACHABLE, _REFUSED, _FULL; for the
   * caller to handle: NOT_FOUND (the lease is gone), STATE_CONFLICT (the revision is compacted),
   * BODY_TOO_LARGE (the answer, or the request for this server's settings).
   */
  async call<Answer extends object>(call: Call): Promise<Answer> {
    const endsAt = call.endsAt ?? monotonicMs() + this.operationMs;
    const body = JSON.stringify(call.body);
    let reason = "there was no time to try";
    const backoff = new Backoff(RETRY);
    let loginCount = 0;
    for (let attempt = 1; ; attempt += 1) {
      const leftMs = endsAt - monotonicMs();
      // With less than that a try can only fail, and would hide why the ones before failed.
      const isLate = leftMs <= (attempt === 1 ? 0 : LAST_TRY_MS_MIN);
      if (this.#isEnded(call) || isLate) {
        throw this.#unreachable(call, this.#isEnded(call) ? "it was closed" : reason);
      }
      const at = this.#current;
      const verdict = await this.#attempt(call, at, body, leftMs);
      if (verdict.kind === "value") {
        this.#noteUp(verdict.value);
        return verdict.value as Answer;
      }
      reason = verdict.reason;
      if (verdict.kind === "login" && this.#login.isPossible && loginCount < LOGINS_MAX) {
        await sleep(loginCount * LOGIN_PAUSE_MS, call.signal ?? this.closed);
        loginCount += 1;
        continue;
      }
      if (verdict.kind !== "again" && verdict.kind !== "doubt") {
        throw this.#failure(call, verdict.kind, reason);
      }
      if (!this.#isEnded(call)) {
        this.#noteDown(at, reason);
      }
      if (verdict.kind === "doubt") {
        call.onDoubt?.();
        if (!call.mayRepeat) {
          throw this.#unreachable(call, `${reason}; it may have been done or not`);
        }
      }
      if (attempt % this.#options.addresses.length === 0) {
        const pauseMs = Math.min(backoff.nextMs(), endsAt - monotonicMs());
        await sleep(pauseMs, call.signal ?? this.closed);
      }
    }
  }

  /**
   * Opens a stream at one server, calls `onMessage` for each message, and resolves with the reason, one
   * line, when it has ended. A server that no longer answers other questions ends it too.
   */
  async stream(
    path: string,
    body: string,
    signal: AbortSignal,
    onMessage: (message: object) => void,
  ): Promise<string> {
    const at = this.#current;
    const address = this.#addressAt(at);
    const token = await this.#tokenFor(at, this.#attemptMs(undefined), signal);
    if (typeof token !== "string") {
      this.#noteDown(at, token.reason);
      return token.reason;
    }
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener("abort", end);
    this.closed.addEventListener("abort", end);
    if (signal.aborted || this.closed.aborted) {
      end();
    }
    const probe = this.#watchOver(address, ending);
    let problem: Verdict | undefined;
    const onLine = (line: string): void => {
      const verdict = judgeLine(line);
      if (verdict.kind === "value") {
        this.#noteUp(verdict.value);
        onMessage(verdict.value);
      } else {
        problem = verdict;
      }
    };
    const timeoutMs = this.#attemptMs(undefined);
    const exchange = { address, path, body, headers: headersWith(token), signal: ending.signal };
    const outcome = await postForLines({ ...exchange, timeoutMs, connectMs: timeoutMs }, onLine);
    end();
    await probe;
    signal.removeEventListener("abort", end);
    this.closed.removeEventListener("abort", end);
    const last = problem ?? judgeEnd(outcome);
    const reason = last.kind === "value" ? "the stream has ended" : last.reason;
    if (last.kind === "login") {
      this.#login.forget(token);
    } else if (!signal.aborted && !this.closed.aborted) {
      this.#noteDown(at, reason);
    }
    return reason;
  }

  async #attempt(call: Call, at: number, body: string, leftMs: number): Promise<Verdict> {
    const shareMs = Math.min(leftMs, this.#attemptMs(call.attemptMs));
    const signal = call.signal ?? this.closed;
    const token = await this.#tokenFor(at, shareMs, signal);
    if (typeof token !== "string") {
      // Nothing but the login was sent.
      return token.kind === "doubt" ? { kind: "again", reason: token.reason } : token;
    }
    const timeoutMs = call.mayRepeat ? shareMs : leftMs;
    const limits = { timeoutMs, connectMs: shareMs, signal };
    const verdict = await this.#send(at, call.path, body, token, limits);
    // Some releases of etcd end the connection without a word when they don't know the token.
    if (verdict.kind === "login" || verdict.kind === "doubt") {
      this.#login.forget(token);
    }
    return verdict;
  }

  /** A token, empty without a login; or why there is none. */
  #tokenFor(at: number, timeoutMs: number, signal: AbortSignal): Promise<string | Failure> {
    const limits = { timeoutMs, connectMs: timeoutMs, signal };
    return this.#login.token((body) => this.#send(at, "/v3/auth/authenticate", body, "", limits));
  }

  async #send(
    at: number,
    path: string,
    body: string,
    token: string,
    limits: {
      readonly timeoutMs: number;
      readonly connectMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<Verdict> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    this.closed.addEventListener("abort", end);
    limits.signal.addEventListener("abort", end);
    if (this.closed.aborted || limits.signal.aborted) {
      end();
    }
    const address = this.#addressAt(at);
    const headers = headersWith(token);
    const outcome = await post({ address, path, body, headers, ...limits, signal: ending.signal });
    this.closed.removeEventListener("abort", end);
    limits.signal.removeEventListener("abort", end);
    return judge(outcome);
  }

  /** Asks the server of a stream again and again; ends the stream when it gives no answer. */
  async #watchOver(address: EtcdAddress, ending: AbortController): Promise<void> {
    // Any answer will do, "permission denied" as well; a server without a leader may answer it.
    const body = JSON.stringify({ key: "AA==", serializable: true, limit: 1, keys_only: true });
    const limits = { timeoutMs: PROBE_TIMEOUT_MS, connectMs: PROBE_TIMEOUT_MS };
    const exchange = { address, path: "/v3/kv/range", body, headers: {}, ...limits };
    for (;;) {
      await sleep(PROBE_MS, ending.signal);
      if (ending.signal.aborted) {
        return;
      }
      const outcome = await post({ ...exchange, signal: ending.signal });
      if (outcome.kind === "failure") {
        ending.abort();
      }
    }
  }

  #attemptMs(wanted: number | undefined): number {
    const share = this.operationMs / (this.#options.addresses.length + 1);
    return Math.max(ATTEMPT_MS_MIN, wanted ?? share);
  }

  #addressAt(index: number): EtcdAddress {
    const address = this.#options.addresses[index % this.#options.addresses.length];
    if (address === undefined) {
      throw new CodisError("INTERNAL", "a gateway of etcd without an address");
    }
    return address;
  }

  #isEnded(call: Call): boolean {
    return this.closed.aborted || call.signal?.aborted === true;
  }

  #noteUp(answer: Headed): void {
    this.#revision = Math.max(this.#revision, Number(answer.header?.revision ?? 0));
    if (this.#isDown) {
      this.#isDown = false;
      this.#options.onState(`${this.label}: the connection is back`);
    }
  }

  /** Goes on to the next server, unless another call already has. */
  #noteDown(at: number, reason: string): void {
    const text = this.#addressAt(at).text;
    if (this.#current === at) {
      this.#current = at + 1;
    }
    if (!this.#isDown) {
      this.#isDown = true;
      this.#options.onState(`${this.label}: no connection to ${text}: ${reason}; trying again`);
    }
  }

  #unreachable(call: Call, reason: string): CodisError {
    return new CodisError("COORDINATOR_UNREACHABLE", `${this.label}: ${call.what}: ${reason}`);
  }

  #failure(call: Call, kind: FailureKind, reason: string): CodisError {
    const hint =
      kind === "login" && !this.#login.isPossible ? "; etcd wants a user and a password" : "";
    return new CodisError(
      ERROR_BY_KIND[kind] ?? "INTERNAL",
      `${this.label}: ${call.what}: ${reason}${hint}`,
    );
  }
}

function headersWith(token: string): Readonly<Record<string, string>> {
  return token === "" ? NEED_LEADER : { ...NEED_LEADER, Authorization: token };
}

/** The end of a stream whose last words weren't a line. */
function judgeEnd(outcome: HttpOutcome): Verdict {
  return outcome.kind === "answer" && outcome.text === ""
    ? { kind: "again", reason: "the server has ended the stream" }
    : judge(outcome);
}
