/**
 * The form of a call of `/api/v1` in the tables of `v1-route.ts` and `v1-operation-route.ts`: what it takes and
 * answers, its texts, the errors it is known for. Loaded by the dashboard only.
 */
import { z } from "zod";
import type { ErrorCode } from "../base/error.ts";

/** One call. */
export interface V1Route {
  /** Chapter of the document. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Of `{name}` parts of the path; values arrive as text. */
  readonly params: z.ZodObject;
  /** Of the query; values arrive as text. */
  readonly query: z.ZodObject;
  /** undefined: a body is refused. */
  readonly body: z.ZodObject | undefined;
  /** undefined: the answer has no schema (`events`, `openapi.json`). */
  readonly answer: z.ZodType | undefined;
  /** Of success. */
  readonly status: 200 | 201;
  /** Content type of success. */
  readonly contentType: string;
  /** Fields of the body that are secrets: the audit log doesn't get their values. */
  readonly secrets: readonly string[];
  /** Changes something: audited, may carry `If-Match`, forwarded once only. */
  readonly isChange: boolean;
  /** Beside those that every call can have (401, 403, 429, 500, 503). */
  readonly errors: readonly ErrorCode[];
}

const NOTHING = z.strictObject({});
const JSON_TYPE = "application/json";

type Parts = Partial<V1Route> & Pick<V1Route, "tag" | "summary">;

const DEFAULTS = {
  params: NOTHING,
  query: NOTHING,
  body: undefined,
  answer: undefined,
  status: 200,
  contentType: JSON_TYPE,
  isChange: false,
  secrets: [],
  errors: [],
} as const;

/** The route with what most routes have; keeps the exact types of both. */
export function defineRoute<const P extends Parts>(parts: P): Omit<typeof DEFAULTS, keyof P> & P {
  return { ...DEFAULTS, ...parts };
}
