/**
 * A call of fe itself to a dashboard, whole answer at once, with a deadline and a bound. What browsers ask is
 * handed on by `forward.ts` instead.
 */
import type { IncomingHttpHeaders } from "node:http";
import { exchangeHttp, type HttpCall, parseAnswer } from "../api/http-call.ts";
import { PRODUCT_HEADER } from "../api/topom-route.ts";
import { V1_PATHS } from "../api/v1-path.ts";

/** Calls that fe makes. */
export type OwnCallName = "getSession" | "createSession" | "endSession" | "listProducts";

/** One call. */
export interface OwnCall {
  readonly addr: string;
  /** Another product's dashboard, which has this address by now, refuses the call. */
  readonly product: string;
  readonly name: OwnCallName;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

/** Answers are a few kilobytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Makes the call. Rejects with the dashboard's code, REMOTE_UNREACHABLE or REMOTE_REFUSED. */
export async function askDashboard<T>(
  call: OwnCall,
): Promise<{ readonly value: T; readonly headers: IncomingHttpHeaders }> {
  const { method, path } = V1_PATHS[call.name];
  const http: HttpCall = {
    addr: call.addr,
    method,
    path,
    shownPath: path,
    headers: { Accept: "application/json", ...call.headers, [PRODUCT_HEADER]: call.product },
    timeoutMs: call.timeoutMs,
    answerBytesMax: ANSWER_BYTES_MAX,
    ...(call.body === undefined ? {} : { body: call.body }),
  };
  const { text, headers } = await exchangeHttp(http);
  return { value: parseAnswer<T>(call.addr, text), headers };
}
