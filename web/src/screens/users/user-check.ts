/**
 * What the form of a user has to say before the server is asked: names and passwords that it would refuse, and which
 * changes would leave the product without an admin. Pure; the server checks again.
 */
import type { V1User } from "../../../../src/api/v1-access-schema.ts";

/** Shortest and longest password, characters; those of the API. */
export const PASSWORD_MIN = 8;
/** See `PASSWORD_MIN`. */
export const PASSWORD_MAX = 200;
/** Longest life of a token, days; that of the API is ten years. */
export const TOKEN_DAYS_MAX = 3650;

/** Why a name can't be taken; undefined: it can. */
export function nameProblem(
  name: string,
  taken: readonly string[],
): "missing" | "form" | "taken" | undefined {
  if (name === "") {
    return "missing";
  }
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(name)) {
    return "form";
  }
  return taken.includes(name) ? "taken" : undefined;
}

/** Why a password can't be taken; undefined: it can. */
export function passwordProblem(
  password: string,
  again: string,
): "short" | "long" | "differ" | undefined {
  if (password.length < PASSWORD_MIN) {
    return "short";
  }
  if (password.length > PASSWORD_MAX) {
    return "long";
  }
  return password === again ? undefined : "differ";
}

/** Whether the user is the only admin: then role and user stay. */
export function isLastAdmin(
  users: readonly Pick<V1User, "name" | "role">[],
  name: string,
): boolean {
  const admins = users.filter(({ role }) => role === "admin");
  return admins.length === 1 && admins[0]?.name === name;
}

/** Days of a token as seconds; undefined: it doesn't end by itself. */
export function lifeSeconds(days: number): number | undefined {
  return days <= 0 ? undefined : Math.round(days * 86_400);
}
