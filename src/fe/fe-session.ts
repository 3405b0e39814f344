/**
 * Signing in at fe: every dashboard is asked, and the browser gets a session from each that agrees. So one sign-in
 * opens all products that know the user, with the role that each gives. Signing out ends all of them.
 */
import type { V1NewSession, V1Session } from "../api/v1-console-schema.ts";
import { ROLES, type Role } from "../api/v1-path.ts";
import { CodisError, isCodisError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { VERSION } from "../base/version.ts";
import { sessionCookieName, valueOfSetCookie } from "../console/session-cookie.ts";
import type { SignInLimit } from "../console/sign-in-limit.ts";
import { askDashboard, type OwnCallName } from "./dashboard-call.ts";
import type { FeMetrics } from "./fe-metric.ts";
import { inTurns } from "./in-turns.ts";
import type { KnownProduct, ProductBook } from "./product-book.ts";
import type { Visitor } from "./visitor.ts";

/** What signing in needs. */
export interface FeSessionOptions {
  readonly book: ProductBook;
  readonly signIns: SignInLimit;
  readonly metrics: FeMetrics;
  readonly log: Log;
}

/** A sign-in, with the address of the browser. */
export interface FeSignIn {
  readonly body: V1NewSession;
  readonly origin: string;
  readonly requestId: string;
}

/** Longest wait for one dashboard; a password takes one a while, and others may be before it. */
const SIGN_IN_MS = 15_000;
const ASK_MS = 3_000;
/** What a dashboard that refuses more sign-ins may ask for at most. */
const LIMITED_SECONDS = 30;

interface Outcome {
  readonly product: KnownProduct;
  readonly session: V1Session | undefined;
  readonly failure: CodisError | undefined;
}

/** Who the visitor is to all products together. Never rejects for a dashboard that doesn't answer. */
export async function describeFeSession(book: ProductBook, visitor: Visitor): Promise<V1Session> {
  const outcomes = await inTurns(answering(book), async (product) =>
    ask(product, "getSession", visitor),
  );
  return joinSessions(
    outcomes.map(({ session }) => session),
    visitor,
  );
}

/**
 * Signs in wherever it is possible. Rejects with UNAUTHENTICATED when no dashboard agrees, LOGIN_LIMITED,
 * REMOTE_UNREACHABLE when none answers.
 */
export async function signInEverywhere(
  options: FeSessionOptions,
  visitor: Visitor,
  { body, origin, requestId }: FeSignIn,
): Promise<V1Session> {
  const { book, signIns, metrics, log } = options;
  try {
    signIns.spend(origin, body.user);
  } catch (thrown) {
    metrics.addSignIn("limited");
    throw thrown;
  }
  const asked =
    body.setup === undefined ? answering(book) : await withoutUsers(answering(book), visitor);
  const outcomes = await inTurns(asked, (product) =>
    ask(product, "createSession", visitor, { body, timeoutMs: SIGN_IN_MS }),
  );
  const opened = outcomes.filter(({ session }) => session !== undefined);
  if (opened.length === 0) {
    metrics.addSignIn("refused");
    throw whyNobody(outcomes);
  }
  metrics.addSignIn("done");
  signIns.giveBack(origin, body.user);
  log.info("fe.signed-in", `signed in to ${opened.length} of ${book.list().length} products`, {
    src_ip: origin,
    request_id: requestId,
    products: opened.map(({ product }) => product.name),
  });
  return joinSessions(
    opened.map(({ session }) => session),
    visitor,
  );
}

/**
 * Signs out everywhere and takes all cookies away. Rejects with CSRF_INVALID, and then nothing was done; with
 * REMOTE_UNREACHABLE when a dashboard couldn't be told.
 */
export async function signOutEverywhere(book: ProductBook, visitor: Visitor): Promise<void> {
  const held = book.list().filter(({ name }) => visitor.sessionOf(name) !== undefined);
  if (held.length > 0 && !visitor.hasOwnCsrf()) {
    throw new CodisError("CSRF_INVALID", "signing out needs the header X-Codis-CSRF");
  }
  const outcomes = await inTurns(held, (product) => ask(product, "endSession", visitor));
  for (const { name } of held) {
    visitor.takeSession(name);
  }
  visitor.takeOwn();
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) {
    const names = failed.map(({ product }) => product.name).join(", ");
    throw new CodisError(
      "REMOTE_UNREACHABLE",
      `this browser is signed out, but the dashboard of ${names} couldn't be told: those sessions end by ` +
        "themselves within 12 hours",
    );
  }
}

function answering(book: ProductBook): readonly KnownProduct[] {
  return book.list().filter(({ trouble, dashboard }) => trouble === undefined && dashboard !== "");
}

async function withoutUsers(
  products: readonly KnownProduct[],
  visitor: Visitor,
): Promise<readonly KnownProduct[]> {
  const outcomes = await inTurns(products, (product) => ask(product, "getSession", visitor));
  return outcomes.flatMap(({ product, session }) => (session?.needs_setup === true ? product : []));
}

async function ask(
  product: KnownProduct,
  name: OwnCallName,
  visitor: Visitor,
  parts: { readonly body?: unknown; readonly timeoutMs?: number } = {},
): Promise<Outcome> {
  try {
    const { value, headers } = await askDashboard<V1Session>({
      addr: product.dashboard,
      product: product.name,
      name,
      headers: visitor.headersFor(product.name),
      timeoutMs: parts.timeoutMs ?? ASK_MS,
      body: parts.body,
    });
    const cookie = sessionCookieName(product.name);
    for (const line of name === "createSession" ? (headers["set-cookie"] ?? []) : []) {
      const secret = valueOfSetCookie(line, cookie);
      if (secret !== undefined) {
        visitor.giveSession(product.name, secret);
      }
    }
    return { product, session: value, failure: undefined };
  } catch (thrown) {
    if (!isCodisError(thrown)) {
      throw thrown;
    }
    return { product, session: undefined, failure: thrown };
  }
}

/** Signed in where one is; the strongest role, because each product asks for its own again. */
function joinSessions(sessions: readonly (V1Session | undefined)[], visitor: Visitor): V1Session {
  const known = sessions.filter((session) => session !== undefined);
  const signedIn = known.filter(({ state }) => state === "signed-in");
  const open = known.filter(({ state }) => state === "open");
  const users = new Set(signedIn.map(({ user }) => user));
  const roles = [...signedIn, ...open].map(({ role }) => ROLES.indexOf(role ?? "viewer"));
  const isSignedIn = signedIn.length > 0;
  const state = isSignedIn ? "signed-in" : open.length > 0 ? "open" : "signed-out";
  const role: Role | undefined = ROLES[Math.max(-1, ...roles)];
  return {
    state,
    user: isSignedIn ? [...users].join(", ") : null,
    role: role ?? null,
    csrf: isSignedIn ? visitor.ownCsrf() : null,
    needs_setup: known.some((session) => session.needs_setup),
    mode: "fe",
    version: VERSION,
    setup_link: null,
  };
}

function whyNobody(outcomes: readonly Outcome[]): CodisError {
  const failures = outcomes.flatMap(({ failure }) => failure ?? []);
  const limited = failures.find(({ code }) => code === "LOGIN_LIMITED");
  if (limited !== undefined) {
    return new CodisError("LOGIN_LIMITED", "too many failed sign-ins; try again later", {
      context: { retryAfterSeconds: LIMITED_SECONDS },
    });
  }
  if (failures.some(({ code }) => code === "UNAUTHENTICATED")) {
    return new CodisError("UNAUTHENTICATED", "no product that answers knows this user or token");
  }
  return new CodisError(
    "REMOTE_UNREACHABLE",
    failures.length === 0
      ? "no dashboard of any product could be asked"
      : "no dashboard of any product could answer; try again in a moment",
  );
}
