/**
 * One call of `/api/v1` as its handler gets it: parameters, query and body checked and typed by the schemas of
 * `api/v1-route.ts`. Unknown fields are refused everywhere; the error names the first things that are wrong.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { V1Name } from "../../../api/v1-path.ts";
import { V1_ROUTES } from "../../../api/v1-route.ts";
import type { V1Route } from "../../../api/v1-route-form.ts";
import { CodisError } from "../../../base/error.ts";
import { parseJsonBody } from "../../../http/failure.ts";
import type { Principal } from "../gate/access.ts";
import type { Caller } from "../gate/caller.ts";
import type { AdminContext } from "../gate/context.ts";
import type { Reign } from "../reign/reign.ts";

type Routes = typeof V1_ROUTES;

/** Checked input of any call, before its name gives it a type. */
export interface AnyInput {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** undefined when the call takes none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Checked input of one call. */
export interface V1Input<N extends V1Name> {
  readonly params: z.output<Routes[N]["params"]>;
  readonly query: z.output<Routes[N]["query"]>;
  readonly body: Routes[N]["body"] extends z.ZodType ? z.output<Routes[N]["body"]> : undefined;
}

/** A call of one path. */
export interface V1Call<N extends V1Name> extends V1Input<N> {
  readonly context: AdminContext;
  readonly reign: Reign;
  readonly caller: Caller;
  readonly principal: Principal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** The answer of one path; `undefined`: the handler sends it itself. */
export type V1Answer<N extends V1Name> = Routes[N]["answer"] extends z.ZodType
  ? z.input<Routes[N]["answer"]>
  : unknown;

/** What one path does. */
export type V1Handler<N extends V1Name> = (
  call: V1Call<N>,
) => Promise<V1Answer<N> | undefined> | V1Answer<N> | undefined;

/** Problems that one error line names. */
const ISSUES_SHOWN = 3;

/** Checks the input of a call. Throws ARGUMENT_INVALID (path, query) or BODY_INVALID. */
export function readInput(name: V1Name, request: FastifyRequest): AnyInput {
  const route: V1Route = V1_ROUTES[name];
  return {
    params: check(route.params, request.params, "ARGUMENT_INVALID", "path"),
    query: check(route.query, request.query, "ARGUMENT_INVALID", "query"),
    body: readBody(route, request),
  };
}

function readBody(route: V1Route, request: FastifyRequest): AnyInput["body"] {
  const text = typeof request.body === "string" ? request.body : "";
  if (route.body === undefined) {
    if (text.trim() !== "") {
      throw new CodisError("BODY_INVALID", "body: this call takes none");
    }
    return undefined;
  }
  return check(route.body, parseJsonBody(text, "body"), "BODY_INVALID", "body");
}

function check(
  schema: z.ZodObject,
  value: unknown,
  code: "ARGUMENT_INVALID" | "BODY_INVALID",
  where: string,
): Readonly<Record<string, unknown>> {
  const result = schema.safeParse(value);
  if (result.success) {
    return result.data;
  }
  const { issues } = result.error;
  const shown = issues
    .slice(0, ISSUES_SHOWN)
    .map(({ path, message }) => `${[where, ...path.map(String)].join(".")}: ${message}`);
  const more = issues.length - shown.length;
  throw new CodisError(code, shown.join("; ") + (more > 0 ? `; and ${more} more` : ""));
}
