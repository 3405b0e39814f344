/**
 * HTTP status of each error code on the paths that use real ones: `/api/v1`. The paths of Codis answer
 * every failure with status 800 instead.
 */
import type { ErrorCode } from "../base/error.ts";

const STATUS: Readonly<Record<ErrorCode, number>> = {
  ADDRESS_INVALID: 400,
  ALREADY_EXISTS: 409,
  ARGUMENT_INVALID: 400,
  BODY_INVALID: 400,
  BODY_TOO_LARGE: 413,
  CLUSTER_DIR_INVALID: 500,
  CONFIG_INVALID: 500,
  CONFIG_UNREADABLE: 500,
  COORDINATOR_CONFLICT: 503,
  COORDINATOR_FULL: 507,
  COORDINATOR_REFUSED: 503,
  COORDINATOR_UNREACHABLE: 503,
  CSRF_INVALID: 403,
  DASHBOARD_CLOSED: 503,
  FORBIDDEN: 403,
  INTERNAL: 500,
  LEADERSHIP_LOST: 503,
  LEADER_EXISTS: 503,
  LOGIN_LIMITED: 429,
  MODEL_INVALID: 502,
  MOVE_UNSETTLED: 503,
  NOT_FOUND: 404,
  NOT_LEADER: 503,
  NOT_ONLINE: 503,
  NOT_SUPPORTED: 501,
  NO_PROXY_REACHABLE: 503,
  NO_SUCH_PATH: 404,
  OUTPUT_FAILED: 500,
  PORT_IN_USE: 500,
  PROMOTION_FAILED: 409,
  PROXY_CALL_FAILED: 502,
  PROXY_CLOSED: 502,
  PUSH_OUTDATED: 502,
  PUSH_UNVERSIONED: 502,
  REMOTE_REFUSED: 502,
  REMOTE_UNREACHABLE: 502,
  REVISION_OUTDATED: 412,
  SERVER_AUTH_FAILED: 422,
  SERVER_FUNCTIONS_FAILED: 502,
  SERVER_HOLDS_FOREIGN_KEYS: 409,
  SERVER_IN_OTHER_GROUP: 409,
  SERVER_LOADING: 503,
  SERVER_REFUSED: 502,
  SERVER_ROLE_WRONG: 409,
  SERVER_START_FAILED: 500,
  SERVER_UNREACHABLE: 502,
  SERVER_VERSION_UNSUPPORTED: 422,
  SETUP_NEEDED: 401,
  SLOT_COUNT_DIFFERS: 409,
  SLOT_TABLE_INVALID: 400,
  SLOT_TABLE_UNREADABLE: 400,
  STATE_CONFLICT: 409,
  TOO_BUSY: 429,
  UNAUTHENTICATED: 401,
  USAGE: 400,
  WORKER_FAILED: 502,
  XAUTH_INVALID: 401,
};

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** Status of the code. */
export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** The words for a status of `statusOf`. */
export function titleOf(status: number): string {
  return TITLES[status] ?? "Error";
}
