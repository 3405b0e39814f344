/**
 * Calls of `/api/v1`. Paths are relative to the open product (`groups/1`); those of the console itself
 * (session, list of products) go by `getRoot` and `sendRoot`. Every failure is an `ApiProblem`.
 *
 * Invariant: no call lasts longer than its deadline, and a change carries the token of the session. A change is
 * given longer than every program on its way takes, so that its outcome is known.
 */
import { basePath } from "./base-path.ts";
import { csrf } from "./csrf.ts";
import { ApiProblem, asProblem, problemOf } from "./problem.ts";
import { reasonHeader } from "./reason.ts";

export { ApiProblem, asProblem };

/** Methods that change something. */
export type ChangeMethod = "POST" | "PUT" | "PATCH" | "DELETE";

/** A read that takes longer has failed. */
const READ_MS = 30_000;
/** The same for a change: a little more than `codis fe` waits for a dashboard. */
const CHANGE_MS = 80_000;

/** More for a call. */
export interface CallOptions {
  /** Longest time until the whole answer is here, milliseconds; 80 s for changes unless told. */
  readonly deadlineMs?: number;
  /** Version of the topology that a change is meant for, as in `ETag`; of another one it is refused. */
  readonly ifMatch?: string;
}

const state = { product: "", onSignedOut: (): void => undefined };

/** The product that relative paths belong to; set by the shell when the address changes. */
export function setApiProduct(product: string): void {
  state.product = product;
}

/** Called when the server doesn't know the session any more. */
export function setOnSignedOut(listener: () => void): void {
  state.onSignedOut = listener;
}

/** Address of `path` of a product (without: of the open one), for links and event streams. */
export function productPath(path: string, product = state.product): string {
  return `${basePath}api/v1/products/${encodeURIComponent(product)}/${path}`;
}

/** Address of a call of the console itself. */
export function rootPath(path: string): string {
  return `${basePath}api/v1/${path}`;
}

async function call<T>(
  method: string,
  url: string,
  body?: unknown,
  { deadlineMs = method === "GET" ? READ_MS : CHANGE_MS, ifMatch }: CallOptions = {},
): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") {
    headers["x-codis-csrf"] = csrf.peek();
    Object.assign(headers, reasonHeader());
  }
  if (body !== undefined) {
    headers["content-type"] = "application/json";
  }
  if (ifMatch !== undefined) {
    headers["if-match"] = ifMatch;
  }
  const { status, isOk, text, requestId } = await exchange(url, {
    method,
    headers,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(deadlineMs),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!isOk) {
    if (status === 401) {
      state.onSignedOut();
    }
    throw problemOf(status, text, requestId);
  }
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new ApiProblem(status, "bad_answer", "The answer isn't JSON.", requestId ?? undefined);
  }
}

interface Answer {
  readonly status: number;
  readonly isOk: boolean;
  readonly text: string;
  readonly requestId: string | null;
}

async function exchange(url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    const requestId = response.headers.get("x-request-id");
    return { status: response.status, isOk: response.ok, text, requestId };
  } catch (thrown) {
    throw asProblem(thrown);
  }
}

/** The calls. All of them throw `ApiProblem`. */
export const api = {
  /** Reads `path` of the open product. */
  get<T>(path: string): Promise<T> {
    return call<T>("GET", productPath(path));
  },
  /** Changes something of the open product. */
  send<T>(method: ChangeMethod, path: string, body?: unknown, options?: CallOptions): Promise<T> {
    return call<T>(method, productPath(path), body, options);
  },
  /** Reads something of the console itself. */
  getRoot<T>(path: string): Promise<T> {
    return call<T>("GET", rootPath(path));
  },
  /** Changes something of the console itself. */
  sendRoot<T>(method: ChangeMethod, path: string, body?: unknown): Promise<T> {
    return call<T>(method, rootPath(path), body);
  },
} as const;
