/**
 * Reads the parameters and bodies of the old API: numbers, addresses, names of a data centre, assignments.
 * Checks their form only; whether a group or a slot exists is the leader's to say. All throw
 * ARGUMENT_INVALID or BODY_INVALID.
 */
import { CodisError } from "../../../base/error.ts";
import { LOG_LEVELS, type LogLevel, parseLogLevel } from "../../../base/log-level.ts";
import { parseJsonBody } from "../../../http/failure.ts";
import { parseServerAddr } from "../../../model/address.ts";
import { SLOT_COUNTS } from "../../../model/slot.ts";
import type { SlotAssignment } from "../../control.ts";

/** Parameters of a path, by name. */
export type PathParams = Readonly<Record<string, string>>;

/** Entries of one assignment: each slot of the largest product once. */
const ASSIGNMENTS_MAX = Math.max(...SLOT_COUNTS);
/** As in `/api/v1`. */
const DATACENTER_CHARS_MAX = 100;

/** A whole number. */
export function intParam(params: PathParams, name: string): number {
  const text = params[name] ?? "";
  if (!/^-?\d{1,9}$/.test(text)) {
    throw new CodisError("ARGUMENT_INVALID", `invalid ${name} = ${text}: expected a whole number`);
  }
  return Number(text);
}

/** 0 is false, any other number is true. */
export function flagParam(params: PathParams, name: string): boolean {
  return intParam(params, name) !== 0;
}

/** `host:port`; `kind` begins the error line, `invalid server address`. */
export function addrParam(params: PathParams, kind: "server" | "proxy" | "sentinel"): string {
  const text = params["addr"] ?? "";
  if (parseServerAddr(text) === undefined) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `invalid ${kind} address ${text}: expected host:port like 127.0.0.1:6379`,
    );
  }
  return text;
}

/** The name of a data centre. */
export function datacenterParam(params: PathParams): string {
  const text = params["datacenter"] ?? "";
  if (text.length > DATACENTER_CHARS_MAX || !/^[\w.:/@ -]*$/.test(text)) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      "invalid datacenter: expected at most 100 letters, digits, blanks or _ . : / @ -",
    );
  }
  return text;
}

/** A token of a proxy. */
export function tokenParam(params: PathParams): string {
  const text = params["token"] ?? "";
  if (!/^[\w-]{1,64}$/.test(text)) {
    throw new CodisError("ARGUMENT_INVALID", "invalid token: expected letters, digits, _ or -");
  }
  return text;
}

/** A level of the log. */
export function levelParam(params: PathParams): LogLevel {
  const text = params["value"] ?? "";
  const level = parseLogLevel(text);
  if (level === undefined) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `invalid loglevel = ${text}: expected one of ${LOG_LEVELS.join(", ").toUpperCase()}`,
    );
  }
  return level;
}

/**
 * The body of `slots/assign`: a list of `{id, group_id}`; other fields are ignored, the original sends
 * more. `groupId` replaces that of every entry.
 */
export function assignmentsOf(body: string, groupId?: number): readonly SlotAssignment[] {
  const value = parseJsonBody(body, "body of slots/assign");
  if (!Array.isArray(value) || value.length > ASSIGNMENTS_MAX) {
    throw new CodisError(
      "BODY_INVALID",
      `body of slots/assign: expected a list of at most ${ASSIGNMENTS_MAX} {"id": 0, "group_id": 1}`,
    );
  }
  const seen = new Set<number>();
  return value.map((entry: unknown, index) => {
    const fields = (typeof entry === "object" && entry !== null ? entry : {}) as {
      readonly id?: unknown;
      readonly group_id?: unknown;
    };
    const id = wholeNumber(fields.id, `entry ${index}: id`);
    if (seen.has(id)) {
      throw new CodisError("BODY_INVALID", `body of slots/assign: slot ${id} is there twice`);
    }
    seen.add(id);
    const group = groupId ?? wholeNumber(fields.group_id ?? 0, `entry ${index}: group_id`);
    return { id, groupId: group };
  });
}

function wholeNumber(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new CodisError("BODY_INVALID", `body of slots/assign: ${what}: expected a whole number`);
  }
  return value;
}
