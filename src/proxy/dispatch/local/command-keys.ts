/**
 * COMMAND GETKEYS and GETKEYSANDFLAGS: where the keys of a request are, found by the very code that routes
 * requests (`command/key-spec.ts`). Errors are those of Redis 7 (getKeysSubcommandImpl).
 */
import type { CommandEntry } from "../../../command/entry.ts";
import { findKeys, KEYS_INVALID } from "../../../command/key-spec.ts";
import { lookupSubcommand } from "../../../command/lookup.ts";
import { FLAG_CONTAINER, FLAG_NO_MANDATORY_KEYS } from "../../../command/route.ts";
import { COMMANDS, FLAGS } from "../../../command/table.ts";
import type { Argv, ClientState } from "../context.ts";
import { findServed } from "./command-info.ts";
import { keyUseIn } from "./command-key-use.ts";
import { encodeReply, errorReply } from "./reply.ts";

const UNKNOWN_REPLY = errorReply("ERR Invalid command specified");
const NO_KEYS_REPLY = errorReply("ERR The command has no key arguments");
const BAD_COUNT_REPLY = errorReply("ERR Invalid number of arguments specified for command");
const BAD_ARGUMENTS_REPLY = errorReply("ERR Invalid arguments specified for command");

/** COMMAND GETKEYS name argument …. */
export function getKeys(client: ClientState, argv: Argv): Buffer {
  const found = keysIn(argv.slice(2));
  return Buffer.isBuffer(found) ? found : encodeReply(found.keys, client.proto);
}

/** COMMAND GETKEYSANDFLAGS name argument …. */
export function getKeysAndFlags(client: ClientState, argv: Argv): Buffer {
  const request = argv.slice(2);
  const found = keysIn(request);
  if (Buffer.isBuffer(found)) {
    return found;
  }
  const pairs = found.keys.map((key, index) => {
    const words = keyUseIn(found.entry, request, index).map((word) => ({ simple: word }));
    return [key, { set: words }];
  });
  return encodeReply(pairs, client.proto);
}

interface FoundKeys {
  readonly entry: CommandEntry;
  readonly keys: readonly Buffer[];
}

/** The keys of a request, or the error reply. */
function keysIn(request: Argv): FoundKeys | Buffer {
  const entry = entryOf(request);
  if (entry === undefined) {
    return UNKNOWN_REPLY;
  }
  if (entry.keys.kind === "none") {
    return NO_KEYS_REPLY;
  }
  const { arity } = entry;
  if (arity > 0 ? request.length !== arity : request.length < -arity) {
    return BAD_COUNT_REPLY;
  }
  const out = new Int32Array(request.length);
  const keyCount = findKeys(
    entry.id,
    Buffer.concat(request),
    offsetsOf(request),
    request.length,
    out,
  );
  if (keyCount === KEYS_INVALID) {
    const mayHaveNone = ((FLAGS[entry.id] ?? 0) & FLAG_NO_MANDATORY_KEYS) !== 0;
    return mayHaveNone ? { entry, keys: [] } : BAD_ARGUMENTS_REPLY;
  }
  const keys = [...out.subarray(0, keyCount)].map((at) => request[at] as Buffer);
  return { entry, keys };
}

/** The command that the request calls, its subcommand if it has one. */
function entryOf(request: Argv): CommandEntry | undefined {
  const [name, sub] = request;
  const entry = name === undefined ? undefined : findServed(name);
  if (entry === undefined || ((FLAGS[entry.id] ?? 0) & FLAG_CONTAINER) === 0) {
    return entry;
  }
  // COMMAND is the one container that is a command without a subcommand too.
  if (sub === undefined) {
    return entry;
  }
  const subEntry = COMMANDS[lookupSubcommand(entry.id, sub, 0, sub.length)];
  return subEntry === undefined ? undefined : findServed(Buffer.from(subEntry.name));
}

/** Start and end of each argument in their concatenation, as the scanner would give them. */
function offsetsOf(argv: Argv): Int32Array {
  const offsets = new Int32Array(argv.length * 2);
  let at = 0;
  for (const [index, arg] of argv.entries()) {
    offsets[index * 2] = at;
    at += arg.length;
    offsets[index * 2 + 1] = at;
  }
  return offsets;
}
