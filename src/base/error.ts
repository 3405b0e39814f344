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
  SERVER_START_FAILED: "A redis-server of a local cluster didn't start.",
  CLUSTER_DIR_INVALID: "The folder of a local cluster can't be used, or is in use.",
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
