/**
 * Who uses the console. The session is a cookie that scripts can't read; what the server tells about it is
 * here, with the token that every change has to carry. While live data is stale nobody may change anything,
 * because what the screen shows may be wrong.
 */
import { signal } from "@preact/signals";
import type { V1Session } from "../../../src/api/v1-console-schema.ts";
import type { Role } from "../../../src/api/v1-path.ts";
import { t } from "../i18n/text.ts";
import { api } from "./api.ts";
import { csrf } from "./csrf.ts";
import { isStale } from "./freshness.ts";
import { openProduct } from "./open-product.ts";
import { askRole, refuseAccess, roleAt } from "./product-access.ts";

/** Of users, as the API names them. */
export type { Role };

/** What `GET api/v1/session` tells. */
export type Session = V1Session;

/** What is sent to sign in. */
export type Credentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  | { readonly setup: string; readonly user: string; readonly password: string };

const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

/** Undefined until the server has told. */
export const session = signal<Session | undefined>(undefined);

/** Asks the server who we are. Throws `ApiProblem`. */
export async function loadSession(): Promise<void> {
  setSession(await api.getRoot<Session>("session"));
}

/** Signs in; the session is in place when it returns. Throws `ApiProblem`. */
export async function signIn(credentials: Credentials): Promise<void> {
  setSession(await api.sendRoot<Session>("POST", "session", credentials));
}

/** Ends the session on the server too. Throws `ApiProblem`, and stays signed in then. */
export async function signOut(): Promise<void> {
  await api.sendRoot("DELETE", "session");
  await loadSession();
}

const state = { isAsking: false };

/**
 * What the server tells since the session was found to be over; undefined while it isn't. `session` stays as it was,
 * and so does the screen with what was typed, until somebody signs in or leaves.
 */
export const sessionEnd = signal<Session | undefined>(undefined);

/**
 * A call was refused because nobody is signed in: asks whether that is so. With `codis fe` one product may not
 * know a user whom the others know.
 */
export async function checkSession(): Promise<void> {
  if (state.isAsking) {
    return;
  }
  state.isAsking = true;
  try {
    const next = await api.getRoot<Session>("session");
    if (await isOver(next)) {
      sessionEnd.value = next;
    } else {
      setSession(next);
      sessionEnd.value = undefined;
    }
  } catch {
    return; // The server is away; the call that was refused tells the user.
  } finally {
    state.isAsking = false;
  }
}

/** Whether somebody who was in isn't any longer, at the open product. */
async function isOver(next: Session): Promise<boolean> {
  if (session.peek()?.state !== "signed-in") {
    return false;
  }
  const product = openProduct.peek();
  const isKnown = next.mode === "fe" && product !== "" && next.state !== "signed-out";
  return isKnown
    ? Boolean(roleAt(product)) && (await askRole(product)) === null
    : next.state === "signed-out";
}

/** Gives the screen up, with what was typed: the sign-in comes in its place. */
export function leaveSession(): void {
  const next = sessionEnd.peek();
  if (next !== undefined) {
    sessionEnd.value = undefined;
    if (next.state !== "signed-out") {
      // With `codis fe`: the other products know the user still.
      refuseAccess(openProduct.peek());
    }
    setSession(next);
  }
}

function setSession(next: Session): void {
  csrf.value = next.csrf ?? "";
  session.value = next;
}

/**
 * Whether the role is enough, whatever the state of the data: at `codis fe` the role at the open product, which is
 * none until its dashboard has told. Reads signals.
 */
export function hasRole(role: Role): boolean {
  const known = session.value;
  const isEach = known?.mode === "fe" && openProduct.value !== "";
  const own = isEach ? roleAt(openProduct.value) : known?.role;
  return own !== undefined && own !== null && ROLES.indexOf(own) >= ROLES.indexOf(role);
}

/** Whether the user may change something now that asks for `role`. Reads signals. */
export function can(role: Role): boolean {
  return hasRole(role) && !isStale.value;
}

/** Why `can(role)` is false, in the language of the user; undefined when it is true. Reads signals. */
export function whyNot(role: Role): string | undefined {
  if (!hasRole(role)) {
    return t("session.needs", { role: t(`role.${role}`) });
  }
  return isStale.value ? t("session.stale") : undefined;
}
