/**
 * Commands that the table doesn't know: newer ones and those of modules. One master is asked what
 * it is (COMMAND INFO), and `command/unknown-command.ts` decides. What can't be forwarded is
 * refused with Redis's own words, because a guess would send it to the wrong group.
 *
 * What was learnt is kept for a while, refusals for a shorter one, since a module may be loaded
 * meanwhile.
 */
import { unknownCommandKeys } from "../../../command/unknown-command.ts";
import { errorReply } from "../../../resp/encode.ts";
import { decodeReply, type RespValue } from "../../../resp/value.ts";
import type { Argv, ClientState, HandlerEnv } from "../context.ts";
import { askAnyShard } from "./ask.ts";

/** Where the keys of a learnt command are; positions as in COMMAND INFO. */
export interface LearntCommand {
  /** Lower case. */
  readonly name: string;
  readonly arity: number;
  readonly firstKey: number;
  /** Negative: counted from the end. */
  readonly lastKey: number;
  readonly keyStep: number;
  readonly isWrite: boolean;
}

/** A command, or the error reply that refuses it. */
export type Learnt =
  | { readonly command: LearntCommand; readonly refusal?: never }
  | { readonly command?: never; readonly refusal: Buffer };

/** Longer names can't be commands; the limit of Codis. */
const NAME_BYTES_MAX = 64;
const KNOWN_MAX = 1_024;
const KNOWN_MS = 600_000;
const UNKNOWN_MS = 10_000;
/** Bytes of arguments and of the name that Redis's error repeats (processCommand). */
const ARGUMENT_BYTES_SHOWN = 128;

interface Remembered {
  readonly command: LearntCommand | undefined;
  readonly untilMs: number;
}

/** What one worker has learnt. */
export class CommandLearner {
  readonly #known = new Map<string, Remembered>();
  readonly #asking = new Map<string, Promise<LearntCommand | Buffer | undefined>>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Whether and how the request can be forwarded. Asks a master at most once for a name at a time.
   */
  async learn(client: ClientState, argv: Argv, env: HandlerEnv): Promise<Learnt> {
    const given = argv[0] as Buffer;
    const name = given.toString("latin1", 0, NAME_BYTES_MAX + 1).toLowerCase();
    if (name.length > NAME_BYTES_MAX) return { refusal: unknownCommand(argv) };
    const known = this.#known.get(name);
    if (known !== undefined && known.untilMs > this.#nowMs()) return outcome(known.command, argv);
    let asking = this.#asking.get(name);
    if (asking === undefined) {
      asking = ask(client, name, env).finally(() => this.#asking.delete(name));
      this.#asking.set(name, asking);
    }
    const found = await asking;
    // An unreachable server taught us nothing.
    if (Buffer.isBuffer(found)) return { refusal: found };
    this.#remember(name, found);
    return outcome(found, argv);
  }

  #remember(name: string, command: LearntCommand | undefined): void {
    const untilMs = this.#nowMs() + (command === undefined ? UNKNOWN_MS : KNOWN_MS);
    this.#known.delete(name);
    this.#known.set(name, { command, untilMs });
    if (this.#known.size <= KNOWN_MAX) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}

function outcome(command: LearntCommand | undefined, argv: Argv): Learnt {
  return command === undefined ? { refusal: unknownCommand(argv) } : { command };
}

async function ask(
  client: ClientState,
  name: string,
  env: HandlerEnv,
): Promise<LearntCommand | Buffer | undefined> {
  const reply = await askAnyShard(client, env, ["COMMAND", "INFO", name]);
  const value = decodeReply(reply);
  if (value?.type === "error") return reply;
  const info = value?.type === "array" ? value.items[0] : undefined;
  return info === undefined ? undefined : readCommandInfo(info, name);
}

/**
 * One element of COMMAND INFO: `[name, arity, [flags], first key, last key, step, …]`. Undefined
 * when the server doesn't know the command or when it can't be forwarded with certainty.
 */
function readCommandInfo(info: RespValue, name: string): LearntCommand | undefined {
  if (info.type !== "array") return undefined;
  const [, arity, flagList, first, last, step] = info.items;
  if (arity?.type !== "integer" || first?.type !== "integer") return undefined;
  if (last?.type !== "integer" || step?.type !== "integer") return undefined;
  const decision = unknownCommandKeys({
    firstKey: Number(first.value),
    lastKey: Number(last.value),
    keyStep: Number(step.value),
    flags: flagsOf(flagList),
  });
  if (!decision.canForward) return undefined;
  const { firstKey, lastKey, keyStep, isWrite } = decision;
  return { name, arity: Number(arity.value), firstKey, lastKey, keyStep, isWrite };
}

function flagsOf(list: RespValue | undefined): readonly string[] {
  const items = list?.type === "array" || list?.type === "set" ? list.items : [];
  return items.map((item) => {
    if (item.type === "simple") return item.text;
    return item.type === "bulk" ? item.bytes.toString("latin1") : "";
  });
}

/** Redis's own error for a command that doesn't exist, with the first of its arguments. */
export function unknownCommand(argv: Argv): Buffer {
  let shown = "";
  for (const argument of argv.slice(1)) {
    if (shown.length >= ARGUMENT_BYTES_SHOWN) break;
    const left = ARGUMENT_BYTES_SHOWN - shown.length;
    shown += `'${cString(argument, left)}' `;
  }
  const name = cString(argv[0] as Buffer, ARGUMENT_BYTES_SHOWN);
  return errorReply(`ERR unknown command '${name}', with args beginning with: ${shown}`);
}

/** The bytes that C's `%.*s` prints. */
function cString(argument: Buffer, bytesMax: number): string {
  const text = argument.toString("latin1", 0, bytesMax);
  const zero = text.indexOf("\0");
  return zero === -1 ? text : text.slice(0, zero);
}
