/**
 * Who a session is: AUTH, HELLO and RESET. Called by dispatch also for sessions that haven't logged in.
 *
 * There is one user, `default`, with the password `session_auth`; without that password everybody is
 * logged in from the start. A wrong password takes the login away again, as in Codis (Redis keeps it).
 * HELLO changes nothing unless all of it is right, so a client that falls back to RESP2 after an error
 * finds its session as it was, except for that.
 *
 * Texts: `AUTH password` exists in Codis and keeps its two errors (which Redis had before version 6, so
 * clients know them); `AUTH user password` and HELLO exist only since Redis 6 and answer as Redis 7.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Argv, ClientState, HandlerEnv, ProtocolVersion } from "../context.ts";
import { integerOf, isPlainName, shown, wordOf } from "./argument.ts";
import { encodeReply, errorReply, OK_REPLY, type ReplyValue, SYNTAX_ERROR_REPLY } from "./reply.ts";

/** The only user. */
export const USER_NAME = "default";

const USER_NAME_BYTES = Buffer.from(USER_NAME);

/**
 * The release of Redis that HELLO names. Clients compare it to decide which commands they may use; it is
 * the oldest release whose replies this proxy is tested to equal.
 */
const REDIS_VERSION = "7.0.15";

/** Redis's text for a client name with blanks or control bytes. */
export const BAD_CLIENT_NAME_REPLY = errorReply(
  "ERR Client names cannot contain spaces, newlines or special characters.",
);

const WRONG_PASSWORD_REPLY = errorReply(
  "WRONGPASS invalid username-password pair or user is disabled.",
);
const CODIS_WRONG_PASSWORD_REPLY = errorReply("ERR invalid password");
const CODIS_NO_PASSWORD_REPLY = errorReply("ERR Client sent AUTH, but no password is set");
const BAD_PROTOCOL_NUMBER_REPLY = errorReply(
  "ERR Protocol version is not an integer or out of range",
);
const BAD_PROTOCOL_REPLY = errorReply("NOPROTO unsupported protocol version");
const HELLO_NO_AUTH_REPLY = errorReply(
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH " +
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol " +
    "version at the same time",
);

/** AUTH password, AUTH user password. */
export function auth(client: ClientState, argv: Argv, env: HandlerEnv): Buffer {
  const { sessionAuth } = env.settings;
  if (argv.length > 3) {
    return SYNTAX_ERROR_REPLY;
  }
  const first = argv[1] as Buffer;
  const second = argv[2];
  if (second !== undefined) {
    return logIn(client, first, second, sessionAuth) ? OK_REPLY : WRONG_PASSWORD_REPLY;
  }
  if (sessionAuth === "") {
    return CODIS_NO_PASSWORD_REPLY;
  }
  return logIn(client, USER_NAME_BYTES, first, sessionAuth) ? OK_REPLY : CODIS_WRONG_PASSWORD_REPLY;
}

/** HELLO [2|3 [AUTH user password] [SETNAME name]]. */
export function hello(client: ClientState, argv: Argv, env: HandlerEnv): Buffer {
  let proto = client.proto;
  if (argv.length > 1) {
    const version = integerOf(argv[1]);
    if (version === undefined) {
      return BAD_PROTOCOL_NUMBER_REPLY;
    }
    if (version !== 2 && !(version === 3 && env.isResp3Available())) {
      return BAD_PROTOCOL_REPLY;
    }
    proto = version;
  }
  const options = readHelloOptions(argv);
  if (Buffer.isBuffer(options)) {
    return options;
  }
  const { user, password, name } = options;
  if (user !== undefined && password !== undefined) {
    if (!logIn(client, user, password, env.settings.sessionAuth)) {
      return WRONG_PASSWORD_REPLY;
    }
  }
  if (!client.isAuthenticated) {
    return HELLO_NO_AUTH_REPLY;
  }
  if (name !== undefined) {
    client.name = name.toString("latin1");
  }
  client.proto = proto;
  return encodeReply(greeting(client.id, proto), proto);
}

/**
 * RESET: as after connecting. The library's name and version stay, as in Redis 7.2: the library behind
 * the connection is still the same. Ends CLIENT REPLY OFF too, so its own reply is sent.
 */
export function reset(client: ClientState, _argv: Argv, env: HandlerEnv): Buffer {
  client.db = 0;
  client.proto = 2;
  client.name = "";
  client.replyMode = "on";
  client.route.wantsReplicas = env.settings.readsFromReplicas;
  client.isAuthenticated = env.settings.sessionAuth === "";
  return encodeReply({ simple: "RESET" }, 2);
}

interface HelloOptions {
  readonly user: Buffer | undefined;
  readonly password: Buffer | undefined;
  readonly name: Buffer | undefined;
}

/** The options after the version, or the error reply. As Redis 7.2, all are read before one is used. */
function readHelloOptions(argv: Argv): HelloOptions | Buffer {
  let user: Buffer | undefined;
  let password: Buffer | undefined;
  let name: Buffer | undefined;
  for (let at = 2; at < argv.length; at += 1) {
    const option = wordOf(argv[at]);
    if (option === "auth" && at + 2 < argv.length) {
      user = argv[at + 1];
      password = argv[at + 2];
      at += 2;
    } else if (option === "setname" && at + 1 < argv.length) {
      name = argv[at + 1] as Buffer;
      if (!isPlainName(name)) {
        return BAD_CLIENT_NAME_REPLY;
      }
      at += 1;
    } else {
      return errorReply(`ERR Syntax error in HELLO option '${shown(argv[at])}'`);
    }
  }
  return { user, password, name };
}

function greeting(id: number, proto: ProtocolVersion): ReplyValue {
  return {
    map: [
      ["server", "redis"],
      ["version", REDIS_VERSION],
      ["proto", proto],
      ["id", id],
      ["mode", "standalone"],
      ["role", "master"],
      ["modules", []],
    ],
  };
}

/** Sets the login to the outcome; without a password everybody stays logged in. */
function logIn(client: ClientState, user: Buffer, password: Buffer, expected: string): boolean {
  const isRight = user.equals(USER_NAME_BYTES) && isPassword(password, expected);
  client.isAuthenticated = isRight || expected === "";
  return isRight;
}

/** Without a password any is right, as Redis's `nopass`. Takes the same time whatever is given. */
function isPassword(given: Buffer, expected: string): boolean {
  return expected === "" || timingSafeEqual(sha256(given), sha256(Buffer.from(expected)));
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
