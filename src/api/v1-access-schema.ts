/**
 * Schemas of `/api/v1` for who may do what and who did what: users, tokens, the caller itself, and the
 * audit log. Loaded by the dashboard only; clients take the types.
 */
import { z } from "zod";
import { ROLES } from "./v1-path.ts";
import { countSchema, nameSchema, passwordSchema, roleSchema, timeSchema } from "./v1-scalar.ts";

/** Longest life of a token that ends by itself, in seconds: ten years. */
const TOKEN_LIFE_SECONDS_MAX = 10 * 365 * 24 * 3600;
/** Longer texts aren't anybody's password. */
const PRESENT_CHARS_MAX = 1024;

/** A token without its secret, which is shown once when it is made. */
const tokenSchema = z
  .strictObject({
    name: nameSchema,
    created_at: timeSchema,
    expires_at: z.nullable(timeSchema),
    is_expired: z.boolean(),
  })
  .meta({ id: "Token" });

/** A user. */
export const userSchema = z
  .strictObject({
    name: nameSchema,
    role: roleSchema,
    created_at: timeSchema,
    has_password: z.boolean(),
    /** Sessions of the console that haven't ended. */
    sessions: countSchema,
    tokens: z.array(tokenSchema),
  })
  .meta({ id: "User" });
/** See `userSchema`. */
export type V1User = z.infer<typeof userSchema>;

/** All users, in order of their names. */
export const userListSchema = z
  .strictObject({ items: z.array(userSchema) })
  .meta({ id: "UserList" });
/** See `userListSchema`. */
export type V1UserList = z.infer<typeof userListSchema>;

/** A token to make. */
export const newTokenSchema = z
  .strictObject({
    name: nameSchema,
    /** Without it the token is good until it is revoked. */
    expires_in_seconds: z.int().min(1).max(TOKEN_LIFE_SECONDS_MAX).optional(),
  })
  .meta({ id: "NewToken" });
/** See `newTokenSchema`. */
export type V1NewToken = z.input<typeof newTokenSchema>;

/** A user to make. Without a password there is a first token, also when none is described. */
export const newUserSchema = z
  .strictObject({
    name: nameSchema,
    role: roleSchema,
    password: passwordSchema.optional(),
    token: newTokenSchema.optional(),
  })
  .meta({ id: "NewUser" });
/** See `newUserSchema`. */
export type V1NewUser = z.input<typeof newUserSchema>;

/** Changes of a user. `password` null: none any longer, tokens only. */
export const userChangeSchema = z
  .strictObject({ role: roleSchema.optional(), password: z.nullable(passwordSchema).optional() })
  .refine(
    ({ role, password }) => role !== undefined || password !== undefined,
    "expected a role, a password, or both",
  )
  .meta({ id: "UserChange" });
/** See `userChangeSchema`. */
export type V1UserChange = z.input<typeof userChangeSchema>;

/** A token that was just made. `secret` goes into `Authorization: Bearer …` and is never shown again. */
export const createdTokenSchema = z
  .strictObject({ user: nameSchema, role: roleSchema, token: tokenSchema, secret: z.string() })
  .meta({ id: "CreatedToken" });
/** See `createdTokenSchema`. */
export type V1CreatedToken = z.infer<typeof createdTokenSchema>;

/** A user that was just made; token and secret are null when there is only a password. */
export const createdUserSchema = z
  .strictObject({
    user: nameSchema,
    role: roleSchema,
    token: z.nullable(tokenSchema),
    secret: z.nullable(z.string()),
  })
  .meta({ id: "CreatedUser" });
/** See `createdUserSchema`. */
export type V1CreatedUser = z.infer<typeof createdUserSchema>;

/** Who calls. Without users who may call is `open` with the role `admin`. */
export const meSchema = z
  .strictObject({
    auth: z.enum(["open", "token", "session"]),
    user: z.nullable(z.string()),
    token: z.nullable(z.string()),
    role: z.enum(ROLES),
  })
  .meta({ id: "Me" });
/** See `meSchema`. */
export type V1Me = z.infer<typeof meSchema>;

/** The caller's own new password; `present` proves that it isn't somebody at an unlocked machine. */
export const ownPasswordSchema = z
  .strictObject({ present: z.string().max(PRESENT_CHARS_MAX), password: passwordSchema })
  .meta({ id: "OwnPassword" });
/** See `ownPasswordSchema`. */
export type V1OwnPassword = z.input<typeof ownPasswordSchema>;

/** One change, whoever asked for it by whichever API. */
const auditEntrySchema = z
  .strictObject({
    /** Grows by one with each entry. */
    seq: countSchema,
    at: timeSchema,
    /** `user/token`, `user/@session` (console), `xauth` (old API), `open`, or `anonymous` (a failed sign-in). */
    who: z.string(),
    /** `topom`: that of Codis 3.2; `legacy`: that of 2.0. */
    api: z.enum(["v1", "topom", "legacy"]),
    /** Address of the connection. */
    from: z.string(),
    /** What `X-Real-IP` and `X-Forwarded-For` claim; not checked. */
    claimed_from: z.nullable(z.string()),
    operation: z.string(),
    arguments: z.record(z.string(), z.unknown()),
    /** Why, in the words of who did it (`X-Codis-Reason`). */
    reason: z.nullable(z.string()),
    /** `unfinished`: the dashboard ended before it could write the outcome. */
    state: z.enum(["running", "done", "failed", "unfinished"]),
    error_code: z.nullable(z.string()),
    error: z.nullable(z.string()),
    duration_ms: z.nullable(countSchema),
    /** `X-Request-Id` of the call. */
    request_id: z.nullable(z.string()),
    epoch: countSchema,
  })
  .meta({ id: "AuditEntry" });
/** See `auditEntrySchema`. */
export type V1AuditEntry = z.infer<typeof auditEntrySchema>;

/** A page of the audit log, newest first; hand `next` in as `before`, null on the last page. */
export const auditListSchema = z
  .strictObject({ items: z.array(auditEntrySchema), next: z.nullable(countSchema) })
  .meta({ id: "AuditList" });
/** See `auditListSchema`. */
export type V1AuditList = z.infer<typeof auditListSchema>;
