/**
 * What the calls of `/api/v1` about users, tokens and the audit log do. The secret of a token leaves this file
 * once, in the answer to the call that made it.
 */
import type {
  V1AuditEntry,
  V1CreatedToken,
  V1CreatedUser,
  V1Me,
  V1User,
} from "../../../api/v1-access-schema.ts";
import { CodisError } from "../../../base/error.ts";
import { type Principal, refuseFirstUserFromElsewhere } from "../gate/access.ts";
import type { AuditLog } from "../reign/audit-log.ts";
import type { AuditRecord } from "../reign/audit-record.ts";
import type { TokenRecord, UserRecord } from "../reign/user-record.ts";
import type { CreatedToken, CreatedUser, UserStore } from "../reign/user-store.ts";
import type { V1Call, V1Handler } from "./call.ts";

/** Entries of one page of the audit log without `limit`. */
const AUDIT_LIMIT = 100;
/** Name of a first token that has none. */
const FIRST_TOKEN = "default";

type AccessName =
  | "getMe"
  | "setOwnPassword"
  | "listUsers"
  | "createUser"
  | "getUser"
  | "updateUser"
  | "removeUser"
  | "createToken"
  | "revokeToken"
  | "listAudit";

/** The function of each call. */
export const V1_ACCESS_HANDLERS: { readonly [N in AccessName]: V1Handler<N> } = {
  getMe: ({ principal }) => meToJson(principal),
  setOwnPassword: async (call) => {
    await setOwnPassword(call);
    return meToJson(call.principal);
  },
  listUsers: async ({ reign }) => {
    const users = await reign.users();
    return { items: users.list().map((user) => userToJson(users, user)) };
  },
  createUser: async ({ reign, caller, principal, body }) => {
    await refuseFirstUserFromElsewhere(reign, caller);
    const users = await reign.users();
    const { name, role, password } = body;
    const token =
      password !== undefined && body.token === undefined
        ? undefined
        : { name: body.token?.name ?? FIRST_TOKEN, lifeSeconds: body.token?.expires_in_seconds };
    const isFirst = principal.user === undefined;
    const created = await users.createUser({ name, role, password, token }, isFirst);
    return createdUserToJson(users, created);
  },
  getUser: async ({ reign, params }) => {
    const users = await reign.users();
    return userToJson(users, users.get(params.name));
  },
  updateUser: async ({ reign, params, body }) => {
    const users = await reign.users();
    return userToJson(users, await users.updateUser(params.name, body));
  },
  removeUser: async ({ reign, params }) => {
    await (await reign.users()).removeUser(params.name);
    return { status: "ok" };
  },
  createToken: async ({ reign, params, body }) => {
    const users = await reign.users();
    const created = await users.createToken(params.name, {
      name: body.name,
      lifeSeconds: body.expires_in_seconds,
    });
    return createdToJson(users, created);
  },
  revokeToken: async ({ reign, params }) => {
    await (await reign.users()).revokeToken(params.name, params.token);
    return { status: "ok" };
  },
  listAudit: async ({ reign, query }) => {
    const audit = await reign.audit();
    const page = await audit.list(query.limit ?? AUDIT_LIMIT, query.before);
    return {
      items: page.records.map((record) => auditToJson(audit, record)),
      next: page.next ?? null,
    };
  },
};

function meToJson(principal: Principal): V1Me {
  return {
    auth: principal.auth,
    user: principal.user ?? null,
    token: principal.token ?? null,
    role: principal.role,
  };
}

/** The present password is limited as that of a sign-in: whoever finds a session open mustn't guess it. */
async function setOwnPassword(call: V1Call<"setOwnPassword">): Promise<void> {
  const { context, reign, caller, principal, body } = call;
  const { user } = principal;
  if (user === undefined) {
    throw new CodisError("STATE_CONFLICT", "you are nobody yet: the product has no users");
  }
  const users = await reign.users();
  if (users.get(user).password === undefined) {
    throw new CodisError(
      "STATE_CONFLICT",
      `user ${user} has no password; an admin sets the first one`,
    );
  }
  const origin = context.trustedProxies.originOf(
    caller.addr,
    call.request.headers["x-forwarded-for"],
  );
  context.signIns.spend(origin, user);
  if (!(await users.isPassword(user, body.present))) {
    throw new CodisError("FORBIDDEN", "the present password is wrong");
  }
  context.signIns.giveBack(origin, user);
  await users.updateUser(user, { password: body.password }, caller.session?.secret);
}

function userToJson(users: UserStore, user: UserRecord): V1User {
  return {
    name: user.name,
    role: user.role,
    created_at: new Date(user.createdAtMs).toISOString(),
    has_password: user.password !== undefined,
    sessions: users.sessionsOf(user).length,
    tokens: user.tokens.map((token) => tokenToJson(users, token)),
  };
}

function tokenToJson(users: UserStore, token: TokenRecord): V1User["tokens"][number] {
  return {
    name: token.name,
    created_at: new Date(token.createdAtMs).toISOString(),
    expires_at: token.expiresAtMs === undefined ? null : new Date(token.expiresAtMs).toISOString(),
    is_expired: users.isExpired(token),
  };
}

function createdToJson(users: UserStore, created: CreatedToken): V1CreatedToken {
  return {
    user: created.user.name,
    role: created.user.role,
    token: tokenToJson(users, created.token),
    secret: created.secret,
  };
}

function createdUserToJson(users: UserStore, { user, token, secret }: CreatedUser): V1CreatedUser {
  return {
    user: user.name,
    role: user.role,
    token: token === undefined ? null : tokenToJson(users, token),
    secret: secret ?? null,
  };
}

function auditToJson(audit: AuditLog, record: AuditRecord): V1AuditEntry {
  return {
    seq: record.seq,
    at: new Date(record.atMs).toISOString(),
    who: record.who,
    api: record.api,
    from: record.from,
    claimed_from: record.claimedFrom ?? null,
    operation: record.operation,
    arguments: record.arguments,
    reason: record.reason ?? null,
    state: audit.stateOf(record),
    error_code: record.errorCode ?? null,
    error: record.error ?? null,
    duration_ms: record.durationMs ?? null,
    request_id: record.requestId ?? null,
    epoch: record.epoch,
  };
}
