/**
 * What the form of the sign-in holds: what is sent, and what is said of what is missing.
 */
import { describe, expect, test } from "bun:test";
import { earlyErrors, readCredentials } from "../../../web/src/screens/sign-in/credentials.ts";

describe("a form that is sent", () => {
  test("with user and password signs in, spaces around the name don't count", () => {
    expect(readCredentials({ username: " ann ", password: " pass " }, "")).toEqual({
      credentials: { user: "ann", password: " pass " },
    });
  });

  test("with a token signs in by it alone", () => {
    expect(readCredentials({ token: " secret\n" }, "")).toEqual({
      credentials: { token: "secret" },
    });
    expect(readCredentials({ token: " " }, "")).toEqual({
      errors: { token: "signIn.missing.token" },
    });
  });

  test("with the secret of the set-up link makes the first user, when both passwords are the same", () => {
    const fields = { username: "ann", password: "long enough", again: "long enough" };
    expect(readCredentials(fields, "link")).toEqual({
      credentials: { setup: "link", user: "ann", password: "long enough" },
    });
    expect(readCredentials({ ...fields, again: "" }, "link")).toEqual({
      errors: { again: "signIn.passwordsDiffer" },
    });
  });

  test("says of every field what is missing", () => {
    expect(readCredentials({ username: "", password: "" }, "")).toEqual({
      errors: { username: "signIn.missing.username", password: "signIn.missing.password" },
    });
    expect(readCredentials({ username: " ", password: "p", again: "p" }, "link")).toEqual({
      errors: { username: "signIn.missing.username" },
    });
  });
});

test("while somebody types, only passwords that differ are told", () => {
  expect(earlyErrors({ username: "", password: "" })).toEqual({});
  expect(earlyErrors({ password: "one", again: "" })).toEqual({});
  expect(earlyErrors({ password: "one", again: "one" })).toEqual({});
  expect(earlyErrors({ password: "one", again: "on" })).toEqual({
    again: "signIn.passwordsDiffer",
  });
});
