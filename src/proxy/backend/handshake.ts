/**
 * What a backend connection says before its first request: log in, name itself, choose protocol and
 * database. Every reply must be a success before any request is sent (design section 5).
 */
import { encodeRequest } from "../../resp/inline-request.ts";

/** Everything a backend needs to know, fixed for its life. */
export interface BackendSettings {
  /** `host:port`, or the path of a unix socket. */
  readonly addr: string;
  readonly db: number;
  readonly proto: 2 | 3;
  /** Which of the parallel connections to the same server and database this is. */
  readonly lane: number;
  /** `codis-proxy-<token>-<worker>`: how servers and operators see the connection. */
  readonly name: string;
  /** User for AUTH; empty for the default user. */
  readonly user: string;
  readonly password: string;
  readonly dialTimeoutMs: number;
  readonly recvTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly pingPeriodMs: number;
  readonly maxPipeline: number;
  readonly maxQueueBytes: number;
  /** Failed tries in a row after which nothing waits for the server any more. */
  readonly failLimit: number;
  readonly maxRetryDelayMs: number;
}

/** One command of the handshake. */
export interface HandshakeStep {
  readonly name: string;
  readonly frame: Buffer;
}

/** The commands in order; empty when there is nothing to say. */
export function handshakeSteps(settings: BackendSettings): HandshakeStep[] {
  const { proto, user, password, name, db } = settings;
  const steps: HandshakeStep[] = [];
  const add = (args: readonly string[]): void => {
    steps.push({ name: args[0] as string, frame: encodeRequest(args) });
  };
  if (password !== "") add(user === "" ? ["AUTH", password] : ["AUTH", user, password]);
  if (proto === 3) add(["HELLO", "3"]);
  if (name !== "") add(["CLIENT", "SETNAME", name]);
  if (db !== 0) add(["SELECT", String(db)]);
  return steps;
}
