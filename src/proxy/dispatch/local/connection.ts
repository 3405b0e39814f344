/**
 * The small commands that tell a client that somebody is there, or what it is talking to: PING, ECHO,
 * SELECT, QUIT, READONLY, ROLE, CLUSTER, MODULE, TIME. None of them asks a server.
 *
 * Differs from Codis 3.2: `PING text` echoes its text as in Redis. There it sent the ping to the server
 * with that address, and PING without text to a random server.
 */
import type { Argv, ClientState, HandlerEnv } from "../context.ts";
import { integerOf } from "./argument.ts";
import { encodeReply, errorReply, OK_REPLY } from "./reply.ts";

const PONG_REPLY = Buffer.from("+PONG\r\n");
const PING_ARITY_REPLY = errorReply("ERR wrong number of arguments for 'ping' command");
const CLUSTER_DISABLED_REPLY = errorReply("ERR This instance has cluster support disabled");
const INVALID_DATABASE_REPLY = errorReply("ERR invalid DB index");

/** PING [text]. */
export function ping(client: ClientState, argv: Argv): Buffer {
  if (argv.length > 2) {
    return PING_ARITY_REPLY;
  }
  const text = argv[1];
  return text === undefined ? PONG_REPLY : encodeReply(text, client.proto);
}

/** ECHO text. */
export function echo(client: ClientState, argv: Argv): Buffer {
  return encodeReply(argv[1] as Buffer, client.proto);
}

/** QUIT: OK, and the connection closes behind it. */
export function quit(client: ClientState): Buffer {
  client.closeAfterReply();
  return OK_REPLY;
}

/** SELECT index; the texts are those of Codis. */
export function select(client: ClientState, argv: Argv, env: HandlerEnv): Buffer {
  const { databaseCount } = env.settings;
  const db = integerOf(argv[1]);
  if (db === undefined) {
    return INVALID_DATABASE_REPLY;
  }
  if (db < 0 || db >= databaseCount) {
    return errorReply(`ERR invalid DB index, only accept DB [0,${databaseCount})`);
  }
  client.db = db;
  return OK_REPLY;
}

/**
 * READONLY: reads of this session may go to replicas, where the proxy and the product allow it. A Redis without
 * cluster mode refuses it, but clients send it when they are told to read from replicas.
 */
export function readOnly(client: ClientState): Buffer {
  client.route.wantsReplicas = true;
  return OK_REPLY;
}

/** READWRITE: reads of this session go to masters. */
export function readWrite(client: ClientState): Buffer {
  client.route.wantsReplicas = false;
  return OK_REPLY;
}

/** ASKING, and CLUSTER with every subcommand: as a Redis without cluster mode. */
export function clusterDisabled(): Buffer {
  return CLUSTER_DISABLED_REPLY;
}

/** ROLE: to a client this address is a master, and it has no replicas that the client could use. */
export function role(client: ClientState): Buffer {
  return encodeReply(["master", 0, []], client.proto);
}

/** MODULE LIST: none; what modules the servers have is not for clients to rely on. */
export function moduleList(client: ClientState): Buffer {
  return encodeReply([], client.proto);
}

/** TIME: the proxy's clock, as seconds and microseconds; the servers' clocks differ from one another. */
export function time(client: ClientState): Buffer {
  const nowUs = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const seconds = Math.floor(nowUs / 1_000_000);
  return encodeReply([`${seconds}`, `${nowUs - seconds * 1_000_000}`], client.proto);
}
