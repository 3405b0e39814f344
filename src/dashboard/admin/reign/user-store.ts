/**
 * The users of a product under one leader: who a token belongs to, and the changes. Read once at the
 * beginning of a leadership; only the leader writes them, so what is in memory stays true. A node that
 * can't be understood counts as a user that nobody can be: the API doesn't become open by damage.
 *
 * Invariant: once there are users, there is an admin with a password or a token that doesn't expire. So nobody is
 * locked out, and `open` never comes back by itself.
 */
import type { Role } from "../../../api/v1-path.ts";
import type { Clock } from "../../../base/clock.ts";
import { CodisError, messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import { hashPassword, isPassword } from "../../../console/password.ts";
import { ABSENT, ANY } from "../../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../../model/coordinator-path.ts";
import type { ProductStorage } from "../../control.ts";
import {
  createSecret,
  decodeUser,
  encodeUser,
  hashSecret,
  SESSION_LIFE_MS,
  SESSIONS_PER_USER_MAX,
  type SessionRecord,
  TOKENS_PER_USER_MAX,
  type TokenRecord,
  USERS_MAX,
  type UserRecord,
} from "./user-record.ts";

/** What users are kept in. */
export interface UserStoreOptions {
  readonly storage: ProductStorage;
  readonly product: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whom a secret belongs to. */
export interface Identity {
  readonly user: string;
  /** undefined: it is a session's. */
  readonly token: string | undefined;
  readonly role: Role;
}

/** A user to make. */
export interface NewUser {
  readonly name: string;
  readonly role: Role;
  /** undefined: tokens only. */
  readonly password: string | undefined;
  /** undefined: without a token. */
  readonly token: NewToken | undefined;
}

/** A user that was just made, with the secret of the first token if there is one. */
export interface CreatedUser {
  readonly user: UserRecord;
  readonly token: TokenRecord | undefined;
  readonly secret: string | undefined;
}

/** A session that was just opened, with its secret. */
export interface CreatedSession {
  readonly user: UserRecord;
  readonly secret: string;
  readonly expiresAtMs: number;
}

/** A token to make. */
export interface NewToken {
  readonly name: string;
  readonly lifeSeconds: number | undefined;
}

/** A token that was just made, with its secret. */
export interface CreatedToken {
  readonly user: UserRecord;
  readonly token: TokenRecord;
  readonly secret: string;
}

/** The users of one product. */
export class UserStore {
  readonly #options: UserStoreOptions;
  /** In order of their names; undefined: the node can't be understood. */
  readonly #users: Map<string, UserRecord | undefined>;
  /** Changes run one after another, so that each is checked against what the one before left. */
  #turn: Promise<unknown> = Promise.resolve();
  #isStale = false;

  private constructor(options: UserStoreOptions, users: Map<string, UserRecord | undefined>) {
    this.#options = options;
    this.#users = users;
  }

  /** Reads all users. Rejects with the coordinator's codes. */
  static async load(options: UserStoreOptions): Promise<UserStore> {
    const users = new Map<string, UserRecord | undefined>();
    const root = coordinatorPath.users(options.product);
    for (const { path, data } of await options.storage.readChildren(root)) {
      const name = path.slice(root.length + 1);
      try {
        users.set(name, decodeUser(data, name));
      } catch (thrown) {
        users.set(name, undefined);
        options.log.warn("users.fault", `${path}: ${messageOf(thrown)}`, { error: thrown });
      }
    }
    return new UserStore(options, users);
  }

  /** Nobody was made yet: every caller may do everything. */
  isOpen(): boolean {
    return this.#users.size === 0;
  }

  /** A write failed without saying whether it happened: what is in memory may be wrong. */
  isStale(): boolean {
    return this.#isStale;
  }

  /** Users in order of their names, without those that can't be understood. */
  list(): readonly UserRecord[] {
    const users = [...this.#users.values()].filter((user) => user !== undefined);
    return users.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws NOT_FOUND. */
  get(name: string): UserRecord {
    const user = this.#users.get(name);
    if (user === undefined) {
      throw new CodisError("NOT_FOUND", `user ${name} doesn't exist`);
    }
    return user;
  }

  /** undefined for a secret that nobody has, or that has expired. */
  identify(secret: string): Identity | undefined {
    const hash = hashSecret(secret);
    for (const user of this.list()) {
      // Hashes of random secrets: how long the comparison takes tells nothing of use.
      const token = user.tokens.find((each) => each.hash === hash);
      if (token !== undefined) {
        const identity = { user: user.name, token: token.name, role: user.role };
        return this.isExpired(token) ? undefined : identity;
      }
    }
    return undefined;
  }

  /** As `identify`, for the secret of a session. */
  identifySession(secret: string): Identity | undefined {
    const hash = hashSecret(secret);
    for (const user of this.list()) {
      const session = user.sessions.find((each) => each.hash === hash);
      if (session !== undefined) {
        const identity = { user: user.name, token: undefined, role: user.role };
        return this.isExpired(session) ? undefined : identity;
      }
    }
    return undefined;
  }

  /** Whether it is the password of a user who has one. Rejects with TOO_BUSY. */
  isPassword(name: string, password: string): Promise<boolean> {
    return isPassword(password, this.#users.get(name)?.password);
  }

  /** Sessions of a user that haven't ended. */
  sessionsOf(user: UserRecord): readonly SessionRecord[] {
    return user.sessions.filter((session) => !this.isExpired(session));
  }

  isExpired(token: { readonly expiresAtMs: number | undefined }): boolean {
    return token.expiresAtMs !== undefined && token.expiresAtMs <= this.#options.clock.nowMs();
  }

  /**
   * `isFirst`: the caller was let in because there was no user. Rejects with ALREADY_EXISTS; STATE_CONFLICT for
   * a first user who would be no lasting admin; UNAUTHENTICATED when somebody else was first.
   */
  createUser(newUser: NewUser, isFirst: boolean): Promise<CreatedUser> {
    return this.#inTurn(async () => {
      const { name, role } = newUser;
      if (isFirst && !this.isOpen()) {
        throw new CodisError("UNAUTHENTICATED", "the first user was made just now: send a token");
      }
      if (this.#users.has(name)) {
        throw new CodisError("ALREADY_EXISTS", `user ${name} already exists`);
      }
      if (this.#users.size >= USERS_MAX) {
        throw new CodisError("STATE_CONFLICT", `there are ${USERS_MAX} users, the limit`);
      }
      const token = newUser.token === undefined ? undefined : this.#createToken(newUser.token);
      const createdAtMs = this.#options.clock.nowMs();
      const password =
        newUser.password === undefined ? undefined : await hashPassword(newUser.password);
      const tokens = token === undefined ? [] : [token.record];
      const user: UserRecord = { name, role, createdAtMs, tokens, password, sessions: [] };
      if (this.isOpen() && !isLastingAdmin(user)) {
        throw new CodisError(
          "STATE_CONFLICT",
          "the first user must be an admin with a password, or with a token that doesn't expire",
        );
      }
      await this.#save(user, ABSENT);
      return { user, token: token?.record, secret: token?.secret };
    });
  }

  /**
   * Changes what is given; `password` null takes it away. Another password ends all sessions but the one with the
   * secret `kept`. Rejects with NOT_FOUND or STATE_CONFLICT.
   */
  updateUser(
    name: string,
    change: { readonly role?: Role | undefined; readonly password?: string | null | undefined },
    kept?: string,
  ): Promise<UserRecord> {
    return this.#inTurn(async () => {
      const before = this.get(name);
      const { role = before.role, password } = change;
      const keptHash = kept === undefined ? undefined : hashSecret(kept);
      const user = {
        ...before,
        role,
        ...(password === undefined
          ? {}
          : {
              password: password === null ? undefined : await hashPassword(password),
              sessions: before.sessions.filter(({ hash }) => hash === keptHash),
            }),
      };
      this.#refuseWithoutAdmin(name, user);
      await this.#save(user, ANY);
      return user;
    });
  }

  /**
   * Opens a session of the console; `token` names the one that it is opened with. Sessions that have ended are
   * forgotten, and so is the oldest when there are too many. Rejects with NOT_FOUND.
   */
  openSession(name: string, tokenName: string | undefined): Promise<CreatedSession> {
    return this.#inTurn(async () => {
      const before = this.get(name);
      const token = before.tokens.find((each) => each.name === tokenName);
      if (tokenName !== undefined && token === undefined) {
        throw new CodisError("NOT_FOUND", `user ${name} has no token ${tokenName}`);
      }
      const createdAtMs = this.#options.clock.nowMs();
      const expiresAtMs = Math.min(
        createdAtMs + SESSION_LIFE_MS,
        token?.expiresAtMs ?? Number.POSITIVE_INFINITY,
      );
      const secret = createSecret();
      const session = { hash: hashSecret(secret), createdAtMs, expiresAtMs, token: tokenName };
      const kept = this.sessionsOf(before).slice(1 - SESSIONS_PER_USER_MAX);
      const user = { ...before, sessions: [...kept, session] };
      await this.#save(user, ANY);
      return { user, secret, expiresAtMs };
    });
  }

  /** Ends the session with this secret, if there is one. */
  closeSession(secret: string): Promise<void> {
    return this.#inTurn(async () => {
      const hash = hashSecret(secret);
      const before = this.list().find(({ sessions }) =>
        sessions.some((each) => each.hash === hash),
      );
      if (before !== undefined) {
        const sessions = this.sessionsOf(before).filter((each) => each.hash !== hash);
        await this.#save({ ...before, sessions }, ANY);
      }
    });
  }

  /** Also one that can't be understood. Rejects with NOT_FOUND or STATE_CONFLICT. */
  removeUser(name: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#users.has(name)) {
        throw new CodisError("NOT_FOUND", `user ${name} doesn't exist`);
      }
      this.#refuseWithoutAdmin(name, undefined);
      await this.#write(name, undefined, ANY);
      this.#users.delete(name);
    });
  }

  /** Rejects with NOT_FOUND, ALREADY_EXISTS, or STATE_CONFLICT when there are too many. */
  createToken(userName: string, token: NewToken): Promise<CreatedToken> {
    return this.#inTurn(async () => {
      const before = this.get(userName);
      if (before.tokens.some((each) => each.name === token.name)) {
        throw new CodisError(
          "ALREADY_EXISTS",
          `user ${userName} has a token ${token.name} already`,
        );
      }
      // Tokens that have expired make room.
      const kept = before.tokens.filter((each) => !this.isExpired(each));
      if (kept.length >= TOKENS_PER_USER_MAX) {
        throw new CodisError(
          "STATE_CONFLICT",
          `user ${userName} has ${TOKENS_PER_USER_MAX} tokens, the limit; revoke one`,
        );
      }
      const { record, secret } = this.#createToken(token);
      const user = { ...before, tokens: [...kept, record] };
      await this.#save(user, ANY);
      return { user, token: record, secret };
    });
  }

  /** Rejects with NOT_FOUND or STATE_CONFLICT. */
  revokeToken(userName: string, tokenName: string): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.get(userName);
      const tokens = before.tokens.filter((each) => each.name !== tokenName);
      if (tokens.length === before.tokens.length) {
        throw new CodisError("NOT_FOUND", `user ${userName} has no token ${tokenName}`);
      }
      const sessions = before.sessions.filter((each) => each.token !== tokenName);
      const user = { ...before, tokens, sessions };
      this.#refuseWithoutAdmin(userName, user);
      await this.#save(user, ANY);
    });
  }

  #createToken(token: NewToken): { readonly record: TokenRecord; readonly secret: string } {
    const secret = createSecret();
    const createdAtMs = this.#options.clock.nowMs();
    const expiresAtMs =
      token.lifeSeconds === undefined ? undefined : createdAtMs + token.lifeSeconds * 1000;
    return {
      record: { name: token.name, hash: hashSecret(secret), createdAtMs, expiresAtMs },
      secret,
    };
  }

  /** `after` replaces the user with this name; undefined: it goes. */
  #refuseWithoutAdmin(name: string, after: UserRecord | undefined): void {
    const before = this.list();
    const others = before.filter((user) => user.name !== name);
    const wasFine = before.some(isLastingAdmin);
    if (wasFine && ![...others, ...(after === undefined ? [] : [after])].some(isLastingAdmin)) {
      throw new CodisError(
        "STATE_CONFLICT",
        `${name} is the last admin with a password or a token that doesn't expire; make another one first`,
      );
    }
  }

  async #save(user: UserRecord, expected: string): Promise<void> {
    await this.#write(user.name, encodeUser(user), expected);
    this.#users.set(user.name, user);
  }

  async #write(name: string, data: string | undefined, expected: string): Promise<void> {
    const path = coordinatorPath.user(this.#options.product, name);
    try {
      await this.#options.storage.write([{ path, data, expected }]);
    } catch (thrown) {
      this.#isStale = true;
      throw thrown;
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function isLastingAdmin(user: UserRecord): boolean {
  const isLasting =
    user.password !== undefined || user.tokens.some((token) => token.expiresAtMs === undefined);
  return user.role === "admin" && isLasting;
}
