/**
 * What can go wrong with ZooKeeper, and what it means to callers: the codes of its answers, and the
 * `CodisError` that each becomes. No text here ever holds a password.
 */
import { CodisError } from "../../base/error.ts";

/** Codes in ZooKeeper's answers that this program tells apart. */
export const ANSWER = {
  ok: 0,
  /** Of the writes in a transaction behind the one that failed. */
  notTried: -2,
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  invalidAcl: -114,
  authFailed: -115,
  sessionMoved: -118,
  quotaExceeded: -125,
} as const;

/** Answers to a conditional write whose reason is that somebody else wrote meanwhile. */
export function isRace(code: number): boolean {
  return (
    code === ANSWER.noNode ||
    code === ANSWER.badVersion ||
    code === ANSWER.nodeExists ||
    code === ANSWER.notEmpty
  );
}

/** An answer with an error code, before anybody has decided what it means. */
export class AnswerError extends Error {
  readonly answer: number;

  constructor(answer: number) {
    super(`ZooKeeper answered with error ${answer}`);
    this.name = "AnswerError";
    this.answer = answer;
  }
}

/** The error for callers. `label` names the servers, `path` the node that it was about. */
export function toCodisError(label: string, path: string, answer: number): CodisError {
  switch (answer) {
    case ANSWER.noAuth:
      return new CodisError(
        "COORDINATOR_REFUSED",
        `${label} gives no right to ${path}: check the user and the password, and the ACL of the node`,
      );
    case ANSWER.authFailed:
    case ANSWER.invalidAcl:
      return new CodisError(
        "COORDINATOR_REFUSED",
        `${label} refuses the login: check the user and the password (scheme "digest")`,
      );
    case ANSWER.quotaExceeded:
      return new CodisError(
        "COORDINATOR_FULL",
        `${label} has a quota on ${path} or a node above it, and it is used up`,
      );
    case ANSWER.noChildrenForEphemerals:
      return new CodisError(
        "ARGUMENT_INVALID",
        `${path} can't be made: the node above it is a registration or a lock`,
      );
    default:
      return new CodisError(
        "COORDINATOR_UNREACHABLE",
        `${label} answered with error ${answer} for ${path}`,
      );
  }
}

/** For a call after `close`, or that was cut off by it. */
export function closedError(label: string): CodisError {
  return new CodisError("COORDINATOR_UNREACHABLE", `the connection to ${label} was closed`);
}
