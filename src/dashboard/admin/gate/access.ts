/**
 * Who may do what, on both APIs.
 *
 *   users    /api/v1                        old API, change                     old API, read
 *   none     this machine, as admin; with   by `legacy_api`: auto and full all   all, unless off
 *            `api_open` everybody
 *   some     a token or a session with      auto: this machine, or a token of    all, unless off
 *            the call's role                an operator; full: all;
 *                                           read-only: nobody
 *
 * The first user is made from this machine, or with the set-up link: else the first stranger to come would own the
 * product.
 */
import { isRoleEnough, type Role } from "../../../api/v1-path.ts";
import { CodisError, isCodisError } from "../../../base/error.ts";
import type { Reign } from "../reign/reign.ts";
import type { UserStore } from "../reign/user-store.ts";
import type { Caller } from "./caller.ts";

/** The setting `legacy_api`. */
const LEGACY_API_MODES = ["auto", "full", "read-only", "off"] as const;
/** One of `LEGACY_API_MODES`. */
export type LegacyApiMode = (typeof LEGACY_API_MODES)[number];

/** Whom a call counts for. */
export interface Principal {
  /** For the audit log: `user/token`, `user/@session`, `xauth`, `open` or `anonymous`. */
  readonly who: string;
  readonly auth: "open" | "token" | "session";
  readonly role: Role;
  /** undefined: no token was needed. */
  readonly user: string | undefined;
  readonly token: string | undefined;
}

const OPEN: Principal = {
  who: "open",
  auth: "open",
  role: "admin",
  user: undefined,
  token: undefined,
};
const XAUTH: Principal = { ...OPEN, who: "xauth" };
/** Whoever calls what asks for no role: nothing is known of them, and nothing is allowed but that. */
export const ANONYMOUS: Principal = { ...OPEN, who: "anonymous", role: "viewer" };

/**
 * Lets a call of `/api/v1` in. Rejects with UNAUTHENTICATED, SETUP_NEEDED, FORBIDDEN or CSRF_INVALID, and with the
 * coordinator's codes while the users can't be read.
 */
export async function admitV1(
  reign: Reign,
  caller: Caller,
  needed: Role,
  isChange: boolean,
): Promise<Principal> {
  const users = await reign.users();
  if (users.isOpen()) {
    if (isOpenTo(reign, caller)) {
      return OPEN;
    }
    throw new CodisError(
      "SETUP_NEEDED",
      "the product has no user yet: make the first one with the set-up link in the leading dashboard's log, or " +
        "on its own machine with codis user add; or set api_open there",
    );
  }
  const principal = identify(users, caller);
  const { user, role } = principal;
  if (!isRoleEnough(role, needed)) {
    throw new CodisError("FORBIDDEN", `user ${user} is ${role}, and this needs ${needed}`);
  }
  if (isChange && principal.auth === "session" && caller.session?.hasCsrf !== true) {
    throw new CodisError(
      "CSRF_INVALID",
      "a change with the cookie of a session needs the header X-Codis-CSRF with the csrf of GET /api/v1/session",
    );
  }
  return principal;
}

/** Whether whoever listens to a stream may go on. Never rejects. */
export async function mayStillRead(reign: Reign, caller: Caller): Promise<boolean> {
  try {
    await admitV1(reign, caller, "viewer", false);
    return true;
  } catch (thrown) {
    // When the users can't be read, who was let in may stay.
    return !isCodisError(thrown, "UNAUTHENTICATED", "SETUP_NEEDED", "FORBIDDEN");
  }
}

/** Whether a caller is an admin while the product has no user. */
export function isOpenTo(reign: Reign, caller: Caller): boolean {
  return caller.isLoopback || reign.isApiOpen;
}

/** Whom a token or a session belongs to. A token goes first. Throws UNAUTHENTICATED. */
function identify(users: UserStore, caller: Caller): Principal {
  const { secret, session } = caller;
  if (secret !== undefined) {
    const found = users.identify(secret);
    if (found === undefined) {
      throw new CodisError("UNAUTHENTICATED", "the token isn't known, was revoked or has expired");
    }
    const { user, token, role } = found;
    return { who: `${user}/${token}`, auth: "token", role, user, token };
  }
  if (session === undefined) {
    throw new CodisError(
      "UNAUTHENTICATED",
      "a token is needed: send the header Authorization: Bearer TOKEN",
    );
  }
  const found = users.identifySession(session.secret);
  if (found === undefined) {
    throw new CodisError("UNAUTHENTICATED", "the session has ended: sign in again");
  }
  const { user, role } = found;
  return { who: `${user}/@session`, auth: "session", role, user, token: undefined };
}

/** Refuses to make the first user from elsewhere. Rejects with FORBIDDEN. */
export async function refuseFirstUserFromElsewhere(reign: Reign, caller: Caller): Promise<void> {
  if ((await reign.users()).isOpen() && !caller.isLoopback) {
    throw new CodisError(
      "FORBIDDEN",
      "the first user is made from the dashboard's own machine, over 127.0.0.1 or ::1, or with the set-up " +
        "link in its log",
    );
  }
}

/** Refuses every path of the old APIs when they are switched off. Throws FORBIDDEN. */
export function refuseLegacyIfOff(mode: LegacyApiMode): void {
  if (mode === "off") {
    throw new CodisError("FORBIDDEN", "the old API is switched off (legacy_api); use /api/v1");
  }
}

/**
 * Lets a change over the old API in. Rejects with FORBIDDEN or UNAUTHENTICATED, and with the coordinator's
 * codes while the users can't be read.
 */
export async function admitLegacyChange(
  reign: Reign,
  caller: Caller,
  mode: LegacyApiMode,
): Promise<Principal> {
  refuseLegacyIfOff(mode);
  if (mode === "read-only") {
    throw new CodisError(
      "FORBIDDEN",
      "the old API is read-only (legacy_api); changes are made over /api/v1",
    );
  }
  if (mode === "full") {
    return XAUTH;
  }
  if (caller.secret !== undefined && !(await reign.users()).isOpen()) {
    return admitV1(reign, caller, "operator", true);
  }
  if (caller.isLoopback || (await reign.users()).isOpen()) {
    return XAUTH;
  }
  throw new CodisError(
    "FORBIDDEN",
    "the product has users, so the old API is read-only from elsewhere (legacy_api = auto): call from " +
      "this machine, send a token, or use /api/v1",
  );
}

/**
 * Lets an order to a dashboard that doesn't lead in (shutdown, log level): it can't read the users, so only
 * this machine may give one. Throws FORBIDDEN.
 */
export function admitProcessChange(caller: Caller, mode: LegacyApiMode | undefined): Principal {
  if (caller.isLoopback || mode === "full") {
    return XAUTH;
  }
  throw new CodisError(
    "FORBIDDEN",
    "this dashboard doesn't lead, and takes such an order from its own machine only",
  );
}

/** What the old API is for callers from elsewhere. */
export function effectiveLegacyApi(
  mode: LegacyApiMode,
  isOpen: boolean,
): "full" | "read-only" | "off" {
  if (mode !== "auto") {
    return mode;
  }
  return isOpen ? "full" : "read-only";
}
