/**
 * Who may do what, on both APIs.
 *
 *   users    /api/v1                        old API, change                     old API, read
 *   none     everybody, as admin            by `legacy_api`: auto and full all   all, unless off
 *   some     a token with the call's role   auto: this machine, or a token of    all, unless off
 *                                           an operator; full: all;
 *                                           read-only: nobody
 *
 * The first user is made from this machine only: else the first stranger to come would own the product.
 */
import { isRoleEnough, type Role } from "../../../api/v1-path.ts";
import { CodisError } from "../../../base/error.ts";
import type { Reign } from "../reign/reign.ts";
import type { Caller } from "./caller.ts";

/** The setting `legacy_api`. */
const LEGACY_API_MODES = ["auto", "full", "read-only", "off"] as const;
/** One of `LEGACY_API_MODES`. */
export type LegacyApiMode = (typeof LEGACY_API_MODES)[number];

/** Whom a call counts for. */
export interface Principal {
  /** For the audit log: `user/token`, `xauth` or `open`. */
  readonly who: string;
  readonly role: Role;
  /** undefined: no token was needed. */
  readonly user: string | undefined;
  readonly token: string | undefined;
}

const OPEN: Principal = { who: "open", role: "admin", user: undefined, token: undefined };
const XAUTH: Principal = { ...OPEN, who: "xauth" };

/**
 * Lets a call of `/api/v1` in. Rejects with UNAUTHENTICATED or FORBIDDEN, and with the coordinator's codes
 * while the users can't be read.
 */
export async function admitV1(reign: Reign, caller: Caller, needed: Role): Promise<Principal> {
  const users = await reign.users();
  if (users.isOpen()) {
    return OPEN;
  }
  if (caller.secret === undefined) {
    throw new CodisError(
      "UNAUTHENTICATED",
      "a token is needed: send the header Authorization: Bearer TOKEN",
    );
  }
  const identity = users.identify(caller.secret);
  if (identity === undefined) {
    throw new CodisError("UNAUTHENTICATED", "the token isn't known, was revoked or has expired");
  }
  const { user, token, role } = identity;
  if (!isRoleEnough(role, needed)) {
    throw new CodisError("FORBIDDEN", `user ${user} is ${role}, and this needs ${needed}`);
  }
  return { who: `${user}/${token}`, role, user, token };
}

/** Refuses to make the first user from elsewhere. Rejects with FORBIDDEN. */
export async function refuseFirstUserFromElsewhere(reign: Reign, caller: Caller): Promise<void> {
  if ((await reign.users()).isOpen() && !caller.isLoopback) {
    throw new CodisError(
      "FORBIDDEN",
      "the first user is made from the dashboard's own machine, over 127.0.0.1 or ::1",
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
    return admitV1(reign, caller, "operator");
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
