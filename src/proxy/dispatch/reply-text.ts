/**
 * Error replies of the proxy that several places give, with the texts of Codis where the meaning is the
 * same and those of Redis otherwise. Whole RESP frames, shared: nobody writes to them.
 */

/** Redis repeats at most this much of an argument in an error. */
const SHOWN_BYTES_MAX = 128;

/** Texts are latin1: what a client sent is shown byte for byte. */
function error(text: string): Buffer {
  return Buffer.from(`-${text}\r\n`, "latin1");
}

/** Replies without a parameter; the names say what they are. */
export const REPLY_NOAUTH = error("NOAUTH Authentication required.");
export const REPLY_CONN_RESET = error("ERR handle response, backend conn reset");
export const REPLY_CROSSSLOT = error("CROSSSLOT Keys in request don't hash to the same slot");
export const REPLY_NOT_ONLINE = error("ERR router is not online");
export const REPLY_MAX_CLIENTS = error("ERR max number of clients reached");
export const REPLY_SLOT_OFFLINE = error("ERR handle request, slot is not ready, may be offline");

/** A command that would harm the cluster; the name as Codis writes it, upper-case. */
export function notAllowed(name: string): Buffer {
  return error(`ERR handle request, command '${name}' is not allowed`);
}

/** A command that a later release brings. */
export function notSupportedYet(name: string): Buffer {
  return error(`ERR command '${name}' is not supported yet`);
}

/** Redis's arity error; the name lower-case, subcommands with `|`. */
export function wrongArity(name: string): Buffer {
  return error(`ERR wrong number of arguments for '${name}' command`);
}

/** Redis's text for a subcommand that a container doesn't have; shown as a C string, up to a zero byte. */
export function unknownSubcommand(container: string, given: string): Buffer {
  const zero = given.indexOf("\0");
  const end = zero === -1 ? SHOWN_BYTES_MAX : Math.min(zero, SHOWN_BYTES_MAX);
  const shown = given.slice(0, end).replace(/[\r\n]/g, " ");
  return error(`ERR unknown subcommand '${shown}'. Try ${container} HELP.`);
}

/** A request that breaks the protocol; the session closes after it. */
export function protocolError(text: string): Buffer {
  return error(`ERR Protocol error: ${text}`);
}
