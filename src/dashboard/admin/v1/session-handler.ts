/**
 * What the calls of `/api/v1` for the console do: signing in and out, and the list of products, which has one on a
 * dashboard. Every sign-in is limited, and written to the audit log whether it succeeds or not; its secrets aren't.
 */
import type { V1NewSession, V1ProductCard, V1Session } from "../../../api/v1-console-schema.ts";
import { CodisError } from "../../../base/error.ts";
import { VERSION } from "../../../base/version.ts";
import {
  type CookieScope,
  csrfOf,
  formatCookie,
  formatCookieRemoval,
  isOverTls,
} from "../../../console/session-cookie.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import { cardFigures } from "../../live/card-figures.ts";
import { ANONYMOUS, isOpenTo } from "../gate/access.ts";
import { runChange } from "../gate/context.ts";
import type { CreatedSession, UserStore } from "../reign/user-store.ts";
import type { V1Call, V1Handler } from "./call.ts";
import { describeProduct } from "./describe-product.ts";
import { viewSummary } from "./operation-view.ts";
import { viewStats } from "./state-view.ts";

type SessionName = "getSession" | "createSession" | "endSession" | "listProducts";

type AnyCall = Pick<V1Call<SessionName>, "context" | "reign" | "caller" | "request" | "reply">;

/** Whom a sign-in is for, once its secret was found right. */
interface SignIn {
  readonly user: string;
  readonly token: string | undefined;
}

/** The function of each call. */
export const V1_SESSION_HANDLERS: { readonly [N in SessionName]: V1Handler<N> } = {
  getSession: (call) => describeSession(call),
  createSession: (call) => signIn(call),
  endSession: async (call) => {
    const { reign, caller, context, reply } = call;
    const users = await reign.users();
    const { session } = caller;
    const identity = session === undefined ? undefined : users.identifySession(session.secret);
    if (session !== undefined && identity !== undefined) {
      if (!session.hasCsrf) {
        throw new CodisError("CSRF_INVALID", "signing out needs the header X-Codis-CSRF");
      }
      const { user, role } = identity;
      await runChange(context, {
        reign,
        caller,
        principal: { ...ANONYMOUS, who: `${user}/@session`, auth: "session", role, user },
        api: "v1",
        operation: "endSession",
        arguments: {},
        run: () => users.closeSession(session.secret),
      });
    }
    reply.header("set-cookie", formatCookieRemoval(scopeOf(call)));
    return { status: "ok" };
  },
  listProducts: async (call) => ({ items: [await describeCard(call)] }),
};

/** Who the caller is, by the cookie that came or the one that is on its way. */
async function describeSession(
  call: AnyCall,
  secret = call.caller.session?.secret,
): Promise<V1Session> {
  const { reign, caller } = call;
  const users = await reign.users();
  const needsSetup = users.isOpen();
  const identity = secret === undefined ? undefined : users.identifySession(secret);
  const nobody = { user: null, role: null, csrf: null, setup_link: null };
  const rest = { needs_setup: needsSetup, mode: "dashboard", version: VERSION } as const;
  if (identity !== undefined && secret !== undefined) {
    const { user, role } = identity;
    return { ...nobody, ...rest, state: "signed-in", user, role, csrf: csrfOf(secret) };
  }
  if (needsSetup && isOpenTo(reign, caller)) {
    // Somebody elsewhere may do everything but make the first user.
    const link = caller.isLoopback ? await reign.setupLink() : undefined;
    return { ...nobody, ...rest, state: "open", role: "admin", setup_link: link ?? null };
  }
  return { ...nobody, ...rest, state: "signed-out" };
}

async function signIn(call: V1Call<"createSession">): Promise<V1Session> {
  const { context, reign, caller, body } = call;
  const { trustedProxies, signIns, log } = context;
  const origin = trustedProxies.originOf(caller.addr, call.request.headers["x-forwarded-for"]);
  try {
    signIns.spend(origin, body.user);
  } catch (thrown) {
    log.warn("session.limited", "a sign-in was refused: there were too many", {
      src_ip: origin,
      request_id: caller.requestId,
    });
    throw thrown;
  }
  const users = await reign.users();
  const found = await findUser(call, users);
  const audited = {
    reign,
    caller,
    api: "v1",
    operation: "createSession",
    arguments: { user: found?.user ?? body.user, by: kindOf(body) },
  } as const;
  if (found === undefined) {
    return runChange(context, {
      ...audited,
      principal: ANONYMOUS,
      run: () => Promise.reject(refusal(body, users)),
    });
  }
  const session = await runChange(context, {
    ...audited,
    principal: { ...ANONYMOUS, who: `${found.user}/@session`, user: found.user },
    run: () => openSession(users, found, body),
  });
  signIns.giveBack(origin, body.user);
  const lifeSeconds = Math.floor((session.expiresAtMs - context.clock.nowMs()) / 1000);
  call.reply.header("set-cookie", formatCookie(scopeOf(call), session.secret, lifeSeconds));
  return describeSession(call, session.secret);
}

/** undefined: the secret is wrong. */
async function findUser(
  { reign, body }: V1Call<"createSession">,
  users: UserStore,
): Promise<SignIn | undefined> {
  const { user = "", password = "", token, setup } = body;
  if (token !== undefined) {
    const identity = users.identify(token);
    return identity === undefined ? undefined : { user: identity.user, token: identity.token };
  }
  const isRight =
    setup === undefined
      ? await users.isPassword(user, password)
      : users.isOpen() && reign.isSetupSecret(setup);
  return isRight ? { user, token: undefined } : undefined;
}

async function openSession(
  users: UserStore,
  { user, token }: SignIn,
  { setup, password }: V1NewSession,
): Promise<CreatedSession> {
  if (setup !== undefined) {
    await users.createUser({ name: user, role: "admin", password, token: undefined }, true);
  }
  return users.openSession(user, token);
}

function kindOf({ token, setup }: V1NewSession): string {
  return token !== undefined ? "token" : setup !== undefined ? "setup" : "password";
}

function refusal({ token, setup }: V1NewSession, users: UserStore): CodisError {
  if (setup !== undefined) {
    const why = users.isOpen()
      ? "another dashboard may lead since it was printed: look for the newest line access.setup in the log"
      : "the product has a user already: sign in";
    return new CodisError("UNAUTHENTICATED", `the set-up link isn't good any longer; ${why}`);
  }
  return new CodisError(
    "UNAUTHENTICATED",
    token === undefined
      ? "user or password is wrong"
      : "the token isn't known, was revoked or has expired",
  );
}

function scopeOf({ context, request }: AnyCall): CookieScope {
  const isEncrypted = "encrypted" in request.socket && request.socket.encrypted === true;
  return {
    name: context.cookieName,
    path: context.basePath,
    isSecure: isOverTls(request.headers, isEncrypted),
  };
}

async function describeCard(call: V1Call<"listProducts">): Promise<V1ProductCard> {
  const { reign, context, principal } = call;
  const { leader } = reign;
  const product = await describeProduct(call);
  const health = reign.health.health();
  const { servers, proxies } = viewStats(leader, context.clock.nowMs());
  const figures = cardFigures(leader, reign.sampler);
  const open = leader.migration.operations().filter(({ state }) => !isEnded(state));
  const running = open.find(({ state }) => state === "running") ?? open[0];
  return {
    name: product.name,
    label: product.label,
    state: "reachable",
    since: new Date(reign.sinceMs).toISOString(),
    detail: null,
    health: health.status,
    summary: {
      problems: health.problems.length,
      groups: product.groups,
      servers: product.servers,
      proxies: { total: product.proxies.total, online: product.proxies.online },
      slots: product.slots,
      keys: servers.keys,
      memory_bytes: servers.memory_bytes,
      memory_max_bytes: figures.memoryMaxBytes,
      sessions: proxies.sessions,
      ops_per_second: figures.opsPerSecond ?? proxies.ops_per_second,
      ops_last_hour: figures.opsLastHour,
      p99_ms: figures.p99Ms,
      operations: open.length,
      operation: running === undefined ? null : viewSummary(running, leader.topology()),
      role: principal.role,
    },
  };
}
