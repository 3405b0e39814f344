/**
 * Schemas of `/api/v1` for the console: who is signed in, and the products that can be looked at. The dashboard of
 * one product and `codis fe` for many answer these calls in the same form.
 */
import { z } from "zod";
import { operationSummarySchema } from "./v1-operation-schema.ts";
import { ROLES } from "./v1-path.ts";
import { countSchema, nameSchema, passwordSchema, timeSchema } from "./v1-scalar.ts";

/** Environments that a product can be labelled as; empty: it isn't said. */
export const PRODUCT_LABELS = ["", "production", "staging", "development"] as const;
/** One of `PRODUCT_LABELS`. */
export type ProductLabel = (typeof PRODUCT_LABELS)[number];

/** Longest secret that is looked at. */
const SECRET_CHARS_MAX = 200;

/** Who calls, as far as the console is concerned. */
export const sessionSchema = z
  .strictObject({
    /** `open`: no user was made yet, and this caller is an admin because of where it calls from. */
    state: z.enum(["signed-in", "signed-out", "open"]),
    user: z.nullable(z.string()),
    role: z.nullable(z.enum(ROLES)),
    /** Goes into `X-Codis-CSRF` of every change; null without a session. */
    csrf: z.nullable(z.string()),
    /** No user was made yet: the set-up link makes the first one. */
    needs_setup: z.boolean(),
    /** `fe`: for many products; user and role are those of the products together. */
    mode: z.enum(["dashboard", "fe"]),
    version: z.string(),
    /** The set-up link, for callers that are admins without it; else null. */
    setup_link: z.nullable(z.string()),
  })
  .meta({ id: "Session" });
/** See `sessionSchema`. */
export type V1Session = z.infer<typeof sessionSchema>;

const secretSchema = z.string().min(1).max(SECRET_CHARS_MAX);

/** How to sign in: user and password, or a token; with `setup` the first admin is made. */
export const newSessionSchema = z
  .strictObject({
    user: nameSchema.optional(),
    password: passwordSchema.optional(),
    token: secretSchema.optional(),
    /** Secret of the set-up link. */
    setup: secretSchema.optional(),
  })
  .refine(
    ({ user, password, token, setup }) =>
      token === undefined
        ? user !== undefined && password !== undefined
        : user === undefined && password === undefined && setup === undefined,
    "expected user and password (and setup for the first admin), or a token alone",
  )
  .meta({ id: "NewSession" });
/** See `newSessionSchema`. */
export type V1NewSession = z.input<typeof newSessionSchema>;

/** One product in the list. */
export const productCardSchema = z
  .strictObject({
    name: z.string(),
    label: z.enum(PRODUCT_LABELS),
    /** `signed-out`: it answers, but this caller may not look. */
    state: z.enum(["reachable", "unreachable", "signed-out"]),
    /** When `state` became what it is, as far as the answering program knows. */
    since: timeSchema,
    /** Why it can't be looked at. */
    detail: z.nullable(z.string()),
    health: z.nullable(z.enum(["ok", "degraded", "critical"])),
    /** null unless it is reachable. */
    summary: z.nullable(
      z.strictObject({
        problems: countSchema,
        groups: countSchema,
        servers: z.strictObject({ total: countSchema, up: countSchema }),
        proxies: z.strictObject({ total: countSchema, online: countSchema }),
        slots: z.strictObject({ online: countSchema, offline: countSchema, moving: countSchema }),
        keys: countSchema,
        memory_bytes: countSchema,
        /** What all servers may use together; null when one of them has no limit. */
        memory_max_bytes: z.nullable(countSchema),
        sessions: countSchema,
        ops_per_second: countSchema,
        /** Requests a second in each of the last 60 minutes, the oldest first; null: not known. */
        ops_last_hour: z.array(z.nullable(countSchema)),
        /** Of the last seconds, milliseconds; null without requests. */
        p99_ms: z.nullable(z.number()),
        /** Operations that haven't ended. */
        operations: countSchema,
        /** The one of them that runs, or else waits first; null without any. */
        operation: z.nullable(operationSummarySchema),
        role: z.enum(ROLES),
      }),
    ),
  })
  .meta({ id: "ProductCard" });
/** See `productCardSchema`. */
export type V1ProductCard = z.infer<typeof productCardSchema>;

/** All products, in order of their names. */
export const productCardListSchema = z
  .strictObject({ items: z.array(productCardSchema) })
  .meta({ id: "ProductCardList" });
/** See `productCardListSchema`. */
export type V1ProductCardList = z.infer<typeof productCardListSchema>;
