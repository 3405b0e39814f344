/**
 * The OpenAPI 3.1 document of `/api/v1`, made from `v1-path.ts` and `v1-route.ts`: the same schemas that the
 * server checks requests with. Served at `/api/v1/openapi.json`; a test holds every answer against it.
 */
import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "../base/error.ts";
import { VERSION } from "../base/version.ts";
import { statusOf, titleOf } from "./error-status.ts";
import { REASON_CHARS_MAX } from "./reason.ts";
import { V1_PATHS, type V1Name, type V1Path } from "./v1-path.ts";
import { V1_ROUTES } from "./v1-route.ts";
import type { V1Route } from "./v1-route-form.ts";
import { problemSchema } from "./v1-state-schema.ts";

/** A JSON object whose form its own standard describes. */
export type JsonObject = { readonly [key: string]: unknown };

/** Failures that any call can have. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  "UNAUTHENTICATED",
  "SETUP_NEEDED",
  "FORBIDDEN",
  "TOO_BUSY",
  "INTERNAL",
  "NOT_LEADER",
];
/** Failures of calls that carry something which can be wrong. */
const INPUT_ERRORS: readonly ErrorCode[] = ["ARGUMENT_INVALID", "BODY_INVALID"];
/** Failures that any change can have. */
const CHANGE_ERRORS: readonly ErrorCode[] = ["REVISION_OUTDATED", "COORDINATOR_FULL"];

const PROBLEM_TYPE = "application/problem+json";
const COMPONENTS = "#/components/schemas/";

/** The document. */
export function createOpenApi(): JsonObject {
  const schemas = new SchemaCollection();
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const name of Object.keys(V1_PATHS) as V1Name[]) {
    const { path, method }: V1Path = V1_PATHS[name];
    const operations = paths[path] ?? {};
    operations[method.toLowerCase()] = describeOperation(name, schemas);
    paths[path] = operations;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Codis dashboard",
      version: VERSION,
      description:
        "Resources of one product. Failures are problems (RFC 9457) with a `code`. Answers about the " +
        'topology carry `ETag: "EPOCH.REVISION"`; a change with `If-Match` is refused when that is ' +
        "outdated. Changes are audited before they begin.",
    },
    paths,
    components: {
      schemas: schemas.all(),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function describeOperation(name: V1Name, schemas: SchemaCollection): JsonObject {
  const { role }: V1Path = V1_PATHS[name];
  const route: V1Route = V1_ROUTES[name];
  const parameters = [
    ...describeParameters(route.params, "path", schemas),
    ...describeParameters(route.query, "query", schemas),
    ...(route.isChange ? [IF_MATCH, REASON] : []),
  ];
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    // An empty alternative: as long as there is no user, no token is asked for.
    security: role === "none" ? [] : [{ token: [] }, {}],
    "x-codis-role": role,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: schemas.add(route.body, "input") } },
          },
        }),
    responses: describeResponses(name, route, schemas),
  };
}

const IF_MATCH: JsonObject = {
  name: "If-Match",
  in: "header",
  required: false,
  description: "The `ETag` that the change is meant for.",
  schema: { type: "string" },
};

const REASON: JsonObject = {
  name: "X-Codis-Reason",
  in: "header",
  required: false,
  description: `Why, for the audit log: percent-encoded UTF-8, at most ${REASON_CHARS_MAX} characters.`,
  schema: { type: "string" },
};

function describeParameters(
  fields: z.ZodObject,
  where: "path" | "query",
  schemas: SchemaCollection,
): JsonObject[] {
  return Object.entries(fields.shape).map(([name, schema]) => ({
    name,
    in: where,
    required: where === "path",
    schema: schemas.add(schema, "input"),
  }));
}

function describeResponses(name: V1Name, route: V1Route, schemas: SchemaCollection): JsonObject {
  const { role }: V1Path = V1_PATHS[name];
  const hasInput =
    route.body !== undefined ||
    Object.keys(route.params.shape).length + Object.keys(route.query.shape).length > 0;
  const schema = route.answer === undefined ? {} : schemas.add(route.answer, "output");
  const responses: Record<string, JsonObject> = {
    [route.status]: {
      description: route.status === 201 ? "Made." : "Done.",
      content: { [route.contentType]: { schema } },
    },
  };
  const codes = new Set<ErrorCode>([
    ...(role === "none" ? [] : COMMON_ERRORS),
    ...(hasInput ? INPUT_ERRORS : []),
    ...(route.body === undefined ? [] : (["BODY_TOO_LARGE"] as const)),
    ...(route.isChange ? CHANGE_ERRORS : []),
    ...route.errors,
  ]);
  const problem = schemas.add(problemSchema, "output");
  for (const status of new Set([...codes].map(statusOf))) {
    const reasons = [...codes].filter((code) => statusOf(code) === status);
    responses[status] = {
      description: `${titleOf(status)}: ${reasons.map((code) => `${code}: ${ERROR_CODES[code]}`).join(" ")}`,
      content: { [PROBLEM_TYPE]: { schema: problem } },
    };
  }
  return responses;
}

/** Gathers schemas with a name of their own, so that each is in the document once. */
class SchemaCollection {
  readonly #schemas = new Map<string, JsonObject>();

  /** The schema as JSON Schema; a reference when it has a name. */
  add(schema: z.ZodType, io: "input" | "output"): JsonObject {
    const { $schema: _dialect, $defs, ...json } = z.toJSONSchema(schema, { io }) as JsonObject;
    for (const [name, definition] of Object.entries(($defs as JsonObject | undefined) ?? {})) {
      this.#put(name, relocate(definition) as JsonObject);
    }
    const relocated = relocate(json) as JsonObject;
    const name = schema.meta()?.id;
    if (name === undefined || "$ref" in relocated) {
      return relocated;
    }
    this.#put(name, relocated);
    return { $ref: COMPONENTS + name };
  }

  /** By name, in order. */
  all(): JsonObject {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #put(name: string, definition: JsonObject): void {
    const { id: _id, ...rest } = definition;
    this.#schemas.set(name, rest);
  }
}

/** The same with references into the components of the document. */
function relocate(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(relocate);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" && typeof inner === "string"
        ? inner.replace(/^#\/\$defs\//, COMPONENTS)
        : relocate(inner),
    ]),
  );
}
