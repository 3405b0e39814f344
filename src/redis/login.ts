/**
 * What a new connection says first: AUTH, SELECT, CLIENT SETNAME, all at once. The name is for the people who
 * read CLIENT LIST, so a server that can't take it (old and loading, or without the right) is fine; a login
 * or a database that is refused is not.
 */
import type { RedisCaller, RedisClientOptions } from "./client.ts";
import { loginRefused, replyTextOf } from "./server-error.ts";

/** How the control plane names its connections. */
const CONNECTION_NAME = "codis-dashboard";

/** Reasons of a server for not taking a name that say nothing about the connection. */
const NAME_REFUSED = /^(LOADING|NOPERM|ERR unknown (sub)?command)/i;

/** Throws SERVER_AUTH_FAILED, SERVER_REFUSED or what the connection fails with. */
export async function logIn(client: RedisCaller, options: RedisClientOptions): Promise<void> {
  const { user, password, db = 0 } = options;
  const calls: Promise<unknown>[] = [];
  if (password !== undefined && password !== "") {
    const args = user === undefined ? ["AUTH", password] : ["AUTH", user, password];
    calls.push(
      client.call(args).catch((thrown: unknown) => {
        const text = replyTextOf(thrown);
        throw text === undefined || isNoAnswerToLogin(text)
          ? thrown
          : loginRefused(client.addr, text, user);
      }),
    );
  }
  if (db !== 0) {
    calls.push(client.call(["SELECT", `${db}`]));
  }
  calls.push(
    client.call(["CLIENT", "SETNAME", options.name ?? CONNECTION_NAME]).catch((thrown: unknown) => {
      if (!NAME_REFUSED.test(replyTextOf(thrown) ?? "")) {
        throw thrown;
      }
    }),
  );
  // The first failure is the cause of the others: replies come in the order of the calls.
  await Promise.all(calls);
}

/** A server that takes no connection from here says so before it reads anything. */
function isNoAnswerToLogin(text: string): boolean {
  return /^DENIED|max number of clients/.test(text);
}
