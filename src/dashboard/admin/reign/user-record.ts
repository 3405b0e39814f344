/**
 * Users, their tokens and their sessions as the coordinator keeps them: one node for each user, JSON. Of a token or
 * a session only the SHA-256 of its secret is kept; a secret is 256 random bits, so no salt and no slow hash are
 * needed. A password, which people choose, has both.
 */
import { createHash, randomBytes } from "node:crypto";
import { ROLES, type Role } from "../../../api/v1-path.ts";
import { CodisError } from "../../../base/error.ts";
import { isPasswordHash } from "../../../console/password.ts";

/** A token. Times are milliseconds since 1970. */
export interface TokenRecord {
  readonly name: string;
  /** 64 hex digits. */
  readonly hash: string;
  readonly createdAtMs: number;
  /** undefined: good until it is revoked. */
  readonly expiresAtMs: number | undefined;
}

/** A session of the console. Times are milliseconds since 1970. */
export interface SessionRecord {
  /** 64 hex digits. */
  readonly hash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** The token that it was opened with, which takes it along when it ends; undefined: with the password. */
  readonly token: string | undefined;
}

/** A user. */
export interface UserRecord {
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
  readonly tokens: readonly TokenRecord[];
  /** See `console/password.ts`; undefined: signs in with tokens only. */
  readonly password: string | undefined;
  /** The oldest first. */
  readonly sessions: readonly SessionRecord[];
}

/** Users of one product. */
export const USERS_MAX = 500;
/** Tokens of one user. */
export const TOKENS_PER_USER_MAX = 20;
/** Sessions of one user; with one more the oldest ends. */
export const SESSIONS_PER_USER_MAX = 10;
/** Longest life of a session. */
export const SESSION_LIFE_MS = 12 * 3600 * 1000;

const SECRET_PREFIX = "codis_";
const SECRET_BYTES = 32;

/** A new secret. The prefix lets people and scanners recognise one that leaked. */
export function createSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
}

/** What is kept of a secret. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Text of the user's node. */
export function encodeUser(user: UserRecord): string {
  return JSON.stringify(
    {
      name: user.name,
      role: user.role,
      created_at: new Date(user.createdAtMs).toISOString(),
      tokens: user.tokens.map((token) => ({
        name: token.name,
        sha256: token.hash,
        created_at: new Date(token.createdAtMs).toISOString(),
        ...(token.expiresAtMs === undefined
          ? {}
          : { expires_at: new Date(token.expiresAtMs).toISOString() }),
      })),
      ...(user.password === undefined ? {} : { password: user.password }),
      sessions: user.sessions.map((session) => ({
        sha256: session.hash,
        created_at: new Date(session.createdAtMs).toISOString(),
        expires_at: new Date(session.expiresAtMs).toISOString(),
        ...(session.token === undefined ? {} : { token: session.token }),
      })),
    },
    undefined,
    4,
  );
}

/** Reads the text of a user's node. Throws MODEL_INVALID. */
export function decodeUser(text: string, name: string): UserRecord {
  const wrong = (problem: string) => new CodisError("MODEL_INVALID", `user ${name}: ${problem}`);
  const fields = readObject(text, wrong);
  const role = ROLES.find((each) => each === fields["role"]);
  // An older release has written neither password nor sessions.
  const { tokens, password, sessions = [] } = fields;
  if (fields["name"] !== name || role === undefined || !Array.isArray(tokens)) {
    throw wrong("name, role and tokens must be there");
  }
  if (password !== undefined && (typeof password !== "string" || !isPasswordHash(password))) {
    throw wrong("the password must be a hash of ours");
  }
  if (!Array.isArray(sessions)) {
    throw wrong("sessions must be a list");
  }
  return {
    name,
    role,
    createdAtMs: readTime(fields["created_at"], wrong),
    tokens: tokens.map((token: unknown) => decodeToken(token, wrong)),
    password,
    sessions: sessions.map((session: unknown) => decodeSession(session, wrong)),
  };
}

function decodeSession(value: unknown, wrong: (problem: string) => CodisError): SessionRecord {
  if (typeof value !== "object" || value === null) {
    throw wrong("each session must be an object");
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { sha256, token } = fields;
  const isRight =
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    (token === undefined || typeof token === "string");
  if (!isRight) {
    throw wrong("each session must have a sha256 of 64 hex digits");
  }
  return {
    hash: sha256,
    createdAtMs: readTime(fields["created_at"], wrong),
    expiresAtMs: readTime(fields["expires_at"], wrong),
    token,
  };
}

function decodeToken(value: unknown, wrong: (problem: string) => CodisError): TokenRecord {
  if (typeof value !== "object" || value === null) {
    throw wrong("each token must be an object");
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { name, sha256, expires_at: expiresAt } = fields;
  if (typeof name !== "string" || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw wrong("each token must have a name and a sha256 of 64 hex digits");
  }
  return {
    name,
    hash: sha256,
    createdAtMs: readTime(fields["created_at"], wrong),
    expiresAtMs: expiresAt === undefined ? undefined : readTime(expiresAt, wrong),
  };
}

function readObject(
  text: string,
  wrong: (problem: string) => CodisError,
): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it isn't JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong("it must be an object");
  }
  return value as Readonly<Record<string, unknown>>;
}

function readTime(value: unknown, wrong: (problem: string) => CodisError): number {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (!Number.isFinite(ms)) {
    throw wrong("times must look like 2026-01-31T12:00:00.000Z");
  }
  return ms;
}
