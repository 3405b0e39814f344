/**
 * Errors that the control plane throws: one class, told apart by `code` only. Whoever catches one
 * branches on the code, never on the text; the text is one line for the operator.
 *
 * The data plane doesn't throw: there a failure is a reply or a count. Anything thrown that isn't a
 * `CodisError` is a defect of the program.
 */

/** All codes with their meaning: the source of the type and of `docs/errors.md`. */
export const ERROR_CODES = {
  CONFIG_INVALID: "A configuration file or a flag has a value that can't be used.",
  CONFIG_UNREADABLE: "A configuration file can't be read or isn't TOML.",
  USAGE: "The command line is wrong: unknown flag, missing value, flags that exclude each other.",
  NOT_SUPPORTED: "Asked for something that this release doesn't do yet.",
  SLOT_TABLE_UNREADABLE: "The file with the slot table can't be read or isn't JSON.",
  SLOT_TABLE_INVALID: "A slot table has a wrong entry: range, type, address, duplicate.",
  MODEL_INVALID: "A JSON object from another program doesn't have the expected form.",
  ADDRESS_INVALID: "An address isn't host:port, [ipv6]:port or a path.",
  PORT_IN_USE: "The address to listen on belongs to another program, or can't be used.",
  PUSH_OUTDATED:
    "A push with an older epoch or revision than the proxy already has; it is refused.",
  PUSH_UNVERSIONED:
    "A push without a version within 30 seconds after a versioned one; it is refused, because two " +
    "dashboards must not write to one proxy.",
  BODY_TOO_LARGE: "The body of an HTTP request is larger than the limit.",
  BODY_INVALID: "The body of an HTTP request isn't JSON, or has the wrong form.",
  XAUTH_INVALID: "The xauth part of the path is missing or wrong.",
  NO_SUCH_PATH: "No such path on the admin port, or not with this method.",
  PROXY_CLOSED: "The proxy was shut down; it takes no further orders.",
  REMOTE_UNREACHABLE: "No connection to another program, or no answer in time.",
  REMOTE_REFUSED: "Another program answered with an error.",
  WORKER_FAILED: "A worker process didn't start, died, or didn't confirm an order in time.",
  MOVE_UNSETTLED:
    "A proxy doesn't know yet what became of keys that it asked a source to move; it has the new slot table, " +
    "and takes it as done when it is sent again.",
  COORDINATOR_UNREACHABLE:
    "ZooKeeper, etcd or the folder doesn't answer in time; a write may or may not have happened.",
  COORDINATOR_REFUSED: "The coordinator refused the login, or a right is missing.",
  COORDINATOR_CONFLICT: "A node in the coordinator was changed by somebody else meanwhile.",
  COORDINATOR_FULL: "The coordinator's disk or quota is full; nothing was changed.",
  LEADER_EXISTS: "Another dashboard leads this product.",
  LEADERSHIP_LOST: "This dashboard no longer leads the product; what it tried was not done.",
  NOT_LEADER: "This dashboard is a standby, and no leader can be reached.",
  NOT_ONLINE: "The dashboard waits for its coordinator and can't do this yet.",
  DASHBOARD_CLOSED: "The dashboard was shut down; it takes no further orders.",
  ARGUMENT_INVALID: "A number, a name or an address in a call is out of range or malformed.",
  NOT_FOUND: "There is no such group, server, slot, proxy, sentinel or user.",
  ALREADY_EXISTS: "There is such a thing already.",
  STATE_CONFLICT: "Not possible in the present state: a group isn't empty, a slot is moving.",
  REVISION_OUTDATED: "If-Match names another version of the topology than the present one.",
  SERVER_UNREACHABLE:
    "A Redis server doesn't answer in time, ended the connection, or isn't a Redis server.",
  SERVER_LOADING: "A Redis server still reads its data from disk.",
  SERVER_AUTH_FAILED: "A Redis server refuses the password or the user.",
  SERVER_ROLE_WRONG: "A Redis server isn't the master or replica that it would have to be.",
  SERVER_VERSION_UNSUPPORTED: "A Redis server is too old, in cluster mode, or a sentinel or proxy.",
  SERVER_IN_OTHER_GROUP: "A Redis server belongs to a group already.",
  SERVER_HOLDS_FOREIGN_KEYS:
    "A master holds keys of slots that its group doesn't own, a new replica holds keys that it would " +
    "lose, or it couldn't be shown in time that there are none.",
  SERVER_FUNCTIONS_FAILED: "The FUNCTION libraries couldn't be copied to a server.",
  SERVER_REFUSED: "A Redis server answered a command with an error.",
  PROXY_CALL_FAILED: "A call to a proxy failed.",
  PROMOTION_FAILED: "A promotion was begun and undone; the old master serves on.",
  SLOT_COUNT_DIFFERS: "A proxy has another number of slots than its product; it is given none.",
  NO_PROXY_REACHABLE: "An application found no proxy that is registered and can be connected.",
  UNAUTHENTICATED: "No token, or one that isn't known.",
  FORBIDDEN: "The token's role doesn't allow this, or the old API is read-only or off.",
  CSRF_INVALID:
    "A change with the cookie of a session lacks the header that proves where it comes from.",
  SETUP_NEEDED:
    "The product has no user yet, and the call doesn't come from the leader's own machine.",
  LOGIN_LIMITED: "Too many failed sign-ins from this address or for this user; try again later.",
  TOO_BUSY: "More of this is under way than the limit allows; try again later.",
  SERVER_START_FAILED: "A redis-server of a local cluster didn't start.",
  CLUSTER_DIR_INVALID: "The folder of a local cluster can't be used, or is in use.",
  OUTPUT_FAILED: "A command line can't write its output, for example because a disk is full.",
  INTERNAL: "A defect of the program.",
} as const;

/** Code of a `CodisError`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Facts that go with an error into the log; never passwords. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | undefined>>;

/** An expected failure of the control plane. `message` is one line that says what would be right. */
export class CodisError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly context?: ErrorContext } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CodisError";
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** Whether something caught is a `CodisError`, with one of the given codes if any are given. */
export function isCodisError(
  thrown: unknown,
  ...codes: readonly ErrorCode[]
): thrown is CodisError {
  return thrown instanceof CodisError && (codes.length === 0 || codes.includes(thrown.code));
}

/** The text of anything caught, for one line of a log. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error (`ENOENT`, `EADDRINUSE`); undefined for anything else. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string") {
    return thrown instanceof CodisError ? undefined : thrown.code;
  }
  return undefined;
}
