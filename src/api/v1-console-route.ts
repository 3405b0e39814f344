/**
 * The calls of `/api/v1` for the console: its session, and the list of products. A part of the table in
 * `v1-route.ts`. Loaded by the servers only.
 */
import { newSessionSchema, productCardListSchema, sessionSchema } from "./v1-console-schema.ts";
import { defineRoute } from "./v1-route-form.ts";
import { doneSchema } from "./v1-state-schema.ts";

/** Calls of the console by name. */
export const CONSOLE_ROUTES = {
  getSession: defineRoute({
    tag: "console",
    summary: "Who is signed in, and the value that changes have to carry.",
    answer: sessionSchema,
  }),
  createSession: defineRoute({
    tag: "console",
    summary: "Signs in, and sets the cookie of the session. With `setup` makes the first admin.",
    description:
      "Limited for each address and each user: status 429 with `Retry-After`. Audited, failures too. A " +
      "session lasts 12 hours; a change that is made with its cookie needs the header `X-Codis-CSRF`.",
    body: newSessionSchema,
    answer: sessionSchema,
    secrets: ["password", "token", "setup"],
    errors: ["UNAUTHENTICATED", "LOGIN_LIMITED", "STATE_CONFLICT", "NOT_LEADER", "TOO_BUSY"],
  }),
  endSession: defineRoute({
    tag: "console",
    summary: "Signs out: the session is over at once.",
    answer: doneSchema,
    errors: ["CSRF_INVALID", "NOT_LEADER"],
  }),
  listProducts: defineRoute({
    tag: "console",
    summary: "The products that can be looked at here: one with a dashboard, many with `codis fe`.",
    answer: productCardListSchema,
  }),
} as const;
