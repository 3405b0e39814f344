/**
 * CLIENT: what a session says of itself, what it is told of all sessions, and how it ends others.
 *
 * LIST and KILL go over all workers (`env.clients`). The asking session is never closed by the
 * directory: it would lose its reply. KILL decides about it here and closes it behind the reply.
 *
 * What can't be done is refused, not pretended: PAUSE (a proxy can't stop the other proxies of the
 * product), NO-TOUCH ON (connections to the servers are shared, and servers count touches for each
 * connection). Setting what is so anyway answers OK.
 */
import type { Argv, ClientInfo, ClientState, HandlerEnv } from "../context.ts";
import { notAllowed, unknownSubcommand } from "../reply-text.ts";
import { integerOf, isPlainName, shown, wordOf } from "./argument.ts";
import { matchesClient, readKillRequest, readListFilter } from "./client-filter.ts";
import { clientLine, describeClient } from "./client-line.ts";
import { BAD_CLIENT_NAME_REPLY } from "./login.ts";
import {
  encodeReply,
  errorReply,
  NO_REPLY,
  NOT_AN_INTEGER_REPLY,
  OK_REPLY,
  SYNTAX_ERROR_REPLY,
} from "./reply.ts";

const NO_SUCH_CLIENT_REPLY = errorReply("ERR No such client");

const UNBLOCK_REASON_REPLY = errorReply("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
const UNBLOCK_ARGUMENTS_REPLY = errorReply(
  "ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.",
);
const PAUSE_REPLY = notAllowed("CLIENT PAUSE");
const NO_TOUCH_REPLY = errorReply(
  "ERR CLIENT NO-TOUCH ON is not supported: connections are shared",
);

/** CLIENT SETNAME name; an empty name removes it. */
export function setName(client: ClientState, argv: Argv): Buffer {
  const name = argv[2] as Buffer;
  if (!isPlainName(name)) {
    return BAD_CLIENT_NAME_REPLY;
  }
  client.name = name.toString("latin1");
  return OK_REPLY;
}

/** CLIENT GETNAME. */
export function getName(client: ClientState): Buffer {
  return encodeReply(client.name === "" ? null : client.name, client.proto);
}

/** CLIENT SETINFO LIB-NAME|LIB-VER text (Redis 7.2). */
export function setInfo(client: ClientState, argv: Argv): Buffer {
  const attribute = wordOf(argv[2]);
  const text = argv[3] as Buffer;
  if (attribute !== "lib-name" && attribute !== "lib-ver") {
    return errorReply(`ERR Unrecognized option '${shown(argv[2])}'`);
  }
  if (!isPlainName(text)) {
    return errorReply(
      `ERR ${shown(argv[2])} cannot contain spaces, newlines or special characters.`,
    );
  }
  if (attribute === "lib-name") {
    client.libName = text.toString("latin1");
  } else {
    client.libVersion = text.toString("latin1");
  }
  return OK_REPLY;
}

/** CLIENT ID: unique over all workers. */
export function getId(client: ClientState): Buffer {
  return encodeReply(client.id, client.proto);
}

/** CLIENT INFO. */
export function info(client: ClientState): Buffer {
  const line = clientLine(describeClient(client, performance.now()));
  return encodeReply({ verbatim: `${line}\n` }, client.proto);
}

/** CLIENT LIST [TYPE type | ID id …]; ids in the order asked for, else the oldest session first. */
export async function list(client: ClientState, argv: Argv, env: HandlerEnv): Promise<Buffer> {
  const filter = readListFilter(argv);
  if (Buffer.isBuffer(filter)) {
    return filter;
  }
  const found = await env.clients.list(filter);
  const infos = filter.ids === undefined ? found.toSorted(byId) : pick(found, filter.ids);
  const text = infos.map((one) => `${clientLine(one)}\n`).join("");
  return encodeReply({ verbatim: text }, client.proto);
}

/** CLIENT KILL addr, or CLIENT KILL option value …. */
export async function kill(client: ClientState, argv: Argv, env: HandlerEnv): Promise<Buffer> {
  const request = readKillRequest(argv);
  if (Buffer.isBuffer(request)) {
    return request;
  }
  const self = describeClient(client, performance.now());
  const isSelfKilled = !request.isSelfSpared && matchesClient(self, request.filter);
  const others = await env.clients.kill({ ...request.filter, exceptId: client.id });
  if (isSelfKilled) {
    client.closeAfterReply();
  }
  const killedCount = others + (isSelfKilled ? 1 : 0);
  if (!request.isOldForm) {
    return encodeReply(killedCount, client.proto);
  }
  return killedCount === 0 ? NO_SUCH_CLIENT_REPLY : OK_REPLY;
}

/**
 * CLIENT REPLY ON|OFF|SKIP. OFF and SKIP have no reply of their own, which is an empty result; after
 * one dispatch must not count the request as the one that SKIP skips.
 */
export function reply(client: ClientState, argv: Argv): Buffer {
  switch (wordOf(argv[2])) {
    case "on":
      client.replyMode = "on";
      return OK_REPLY;
    case "off":
      client.replyMode = "off";
      return NO_REPLY;
    case "skip":
      if (client.replyMode !== "off") {
        client.replyMode = "skip";
      }
      return NO_REPLY;
    default:
      return SYNTAX_ERROR_REPLY;
  }
}

/** CLIENT NO-EVICT ON|OFF: true either way, because sessions are not evicted as Redis evicts clients. */
export function noEvict(_client: ClientState, argv: Argv): Buffer {
  const mode = wordOf(argv[2]);
  return mode === "on" || mode === "off" ? OK_REPLY : SYNTAX_ERROR_REPLY;
}

/** CLIENT NO-TOUCH ON|OFF. */
export function noTouch(_client: ClientState, argv: Argv): Buffer {
  const mode = wordOf(argv[2]);
  if (mode === "on") {
    return NO_TOUCH_REPLY;
  }
  return mode === "off" ? OK_REPLY : SYNTAX_ERROR_REPLY;
}

/** CLIENT TRACKINGINFO: tracking is off, since it can't be turned on. */
export function trackingInfo(client: ClientState): Buffer {
  return encodeReply(
    {
      map: [
        ["flags", { set: ["off"] }],
        ["redirect", -1],
        ["prefixes", []],
      ],
    },
    client.proto,
  );
}

/** CLIENT GETREDIR: -1, tracking is off. */
export function getRedirect(client: ClientState): Buffer {
  return encodeReply(-1, client.proto);
}

/** CLIENT CAPA capability … (Valkey): says what the client could take; we need none of it. */
export function capability(): Buffer {
  return OK_REPLY;
}

/** CLIENT UNBLOCK id [TIMEOUT|ERROR]: nobody is blocked, since there are no blocking commands yet. */
export function unblock(client: ClientState, argv: Argv): Buffer {
  if (argv.length > 4) {
    return UNBLOCK_ARGUMENTS_REPLY;
  }
  const reason = argv.length === 4 ? wordOf(argv[3]) : "timeout";
  if (reason !== "timeout" && reason !== "error") {
    return UNBLOCK_REASON_REPLY;
  }
  return integerOf(argv[2]) === undefined ? NOT_AN_INTEGER_REPLY : encodeReply(0, client.proto);
}

/** CLIENT PAUSE, refused. */
export function pause(): Buffer {
  return PAUSE_REPLY;
}

/** CLIENT UNPAUSE: nothing is paused. */
export function unpause(): Buffer {
  return OK_REPLY;
}

/**
 * CLIENT MAINT_NOTIFICATIONS: Redis's answer to a subcommand it doesn't know. Clients that try it by
 * themselves go on without maintenance notices then.
 */
export function maintNotifications(_client: ClientState, argv: Argv): Buffer {
  return unknownSubcommand("CLIENT", shown(argv[1]));
}

function byId(left: ClientInfo, right: ClientInfo): number {
  return left.id - right.id;
}

/** As Redis: once for each time that an id was named. */
function pick(found: readonly ClientInfo[], ids: readonly number[]): readonly ClientInfo[] {
  const byNumber = new Map(found.map((one) => [one.id, one]));
  return ids.flatMap((id) => byNumber.get(id) ?? []);
}
