/**
 * What a form of the sign-in holds: what is sent, or what is wrong with it. Pure.
 */
import type { Credentials } from "../../data/session.ts";
import type { TextKey } from "../../i18n/text.ts";

/** Names of the fields, by which browsers know them too. */
export type FieldName = "username" | "password" | "again" | "token";

/** Values of the fields that a form has. */
export type Fields = Readonly<Partial<Record<FieldName, string>>>;

/** What is wrong, by field. */
export type FieldErrors = Readonly<Partial<Record<FieldName, TextKey>>>;

/** What is told while somebody is typing: what is missing may come yet. */
export function earlyErrors({ password = "", again = "" }: Fields): FieldErrors {
  return again !== "" && again !== password ? { again: "signIn.passwordsDiffer" } : {};
}

/** One of both is there; `setup` is the secret of the set-up link, empty without one. */
export function readCredentials(
  fields: Fields,
  setup: string,
): { readonly credentials: Credentials } | { readonly errors: FieldErrors } {
  const { username = "", password = "", again, token } = fields;
  if (token !== undefined) {
    const secret = token.trim();
    return secret === ""
      ? { errors: { token: "signIn.missing.token" } }
      : { credentials: { token: secret } };
  }
  const user = username.trim();
  const errors: FieldErrors = {
    ...(user === "" ? { username: "signIn.missing.username" } : {}),
    ...(password === "" ? { password: "signIn.missing.password" } : {}),
    ...(again !== undefined && password !== "" && again !== password
      ? { again: "signIn.passwordsDiffer" }
      : {}),
  };
  if (Object.keys(errors).length > 0) {
    return { errors };
  }
  return { credentials: setup === "" ? { user, password } : { setup, user, password } };
}
