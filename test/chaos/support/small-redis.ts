/**
 * A model of Redis, small and slow: what a command does to the keys of one object, and what it answers. The
 * checker asks it whether an order of operations can have been.
 *
 * `apply` gives all states that can follow: none when the reply can't have come from this state, two when a
 * key may or may not have expired at that moment.
 */

import { ANY, type Plain } from "./history.ts";
import { runCollection } from "./small-redis-collection.ts";
import { runScript } from "./small-redis-script.ts";
import { runString } from "./small-redis-string.ts";
import { KeyState, type Keys, plainOf, textOfKeys, withKey } from "./value.ts";

/** When an operation took effect, as far as it is known, milliseconds of the run. */
export interface Moment {
  readonly fromMs: number;
  readonly toMs: number;
  /** A key may live so much longer than it was told. */
  readonly toleranceMs: number;
}

/** One command on one state. */
export interface Step {
  readonly keys: Keys;
  /** In upper case. */
  readonly name: string;
  readonly args: readonly string[];
  readonly observed: Plain | typeof ANY;
  readonly moment: Moment;
}

/** What it leads to; `output` of ANY fits every reply (the handler has looked at it). */
export interface Effect {
  readonly keys: Keys;
  readonly output: Plain | typeof ANY;
}

/** Clocks of the servers are those of this machine, but read once for each turn of their loops. */
const CLOCK_SLACK_MS = 20;
/** Replaced by a look at the servers: `LOOK key…` answers `[type, value, PTTL]` or null for each. */
export const LOOK = "LOOK";

/** Commands that never change a value. */
const READS = new Set([
  ...[
    "GET",
    "MGET",
    "EXISTS",
    "PTTL",
    "LRANGE",
    "LLEN",
    "HGET",
    "HGETALL",
    "SISMEMBER",
    "SMEMBERS",
  ],
  ...["ZSCORE", "ZRANGE", "XRANGE", "XLEN", LOOK],
]);

const HANDLERS = [runString, runCollection, runScript];

/** See the file head. */
export function applyCommand(
  keys: Keys,
  command: readonly string[],
  observed: Plain | typeof ANY,
  moment: Moment,
): readonly Keys[] {
  const [name = "", ...args] = command;
  const found = new Map<string, Keys>();
  for (const variant of expire(keys, keysOf(command), moment)) {
    const step: Step = { keys: variant, name: name.toUpperCase(), args, observed, moment };
    const effect = run(step);
    if (effect !== undefined && fits(effect.output, observed)) {
      found.set(textOfKeys(effect.keys), effect.keys);
    }
  }
  return [...found.values()];
}

/** Whether a command sets when a key expires. */
export function isTimer([name = "", ...args]: readonly string[]): boolean {
  return name.includes("EXPIRE") || (name === "SET" && args.length > 2);
}

/** Whether a command changes nothing, whatever is there. */
export function isRead([name = ""]: readonly string[]): boolean {
  return READS.has(name);
}

/** What the model would have answered, for people; undefined when it depends or can't be told. */
export function expectedOf(
  keys: Keys,
  command: readonly string[],
  moment: Moment,
): readonly (Plain | undefined)[] {
  const [name = "", ...args] = command;
  return expire(keys, keysOf(command), moment).map((variant) => {
    const step = { keys: variant, name: name.toUpperCase(), args, observed: ANY, moment } as const;
    const output = run(step)?.output;
    return output === ANY ? undefined : output;
  });
}

function run(step: Step): Effect | undefined {
  if (step.name === LOOK) {
    return look(step);
  }
  for (const handler of HANDLERS) {
    const effect = handler(step);
    if (effect !== "unknown") {
      return effect;
    }
  }
  throw new Error(`the model of Redis doesn't know ${step.name}`);
}

function fits(expected: Plain | typeof ANY, observed: Plain | typeof ANY): boolean {
  return (
    expected === ANY || observed === ANY || JSON.stringify(expected) === JSON.stringify(observed)
  );
}

/** Keys of a command of the workload. */
export function keysOf(command: readonly string[]): readonly string[] {
  const [name = "", ...args] = command;
  switch (name.toUpperCase()) {
    case "MSET":
      return args.filter((_, index) => index % 2 === 0);
    case "MGET":
    case "DEL":
    case "UNLINK":
    case "EXISTS":
    case "SUNIONSTORE":
    case LOOK:
      return args;
    case "RENAME":
    case "LMOVE":
    case "SMOVE":
      return args.slice(0, 2);
    case "EVAL":
      return args.slice(2, 2 + Number(args[1]));
    default:
      return args.slice(0, 1);
  }
}

/** The states in which those of the keys that may have expired are there, or gone. */
function expire(keys: Keys, names: readonly string[], moment: Moment): readonly Keys[] {
  let variants: readonly Keys[] = [keys];
  for (const name of names) {
    const state = keys.get(name);
    const { expiry } = state ?? {};
    if (state === undefined || expiry === undefined) {
      continue;
    }
    const { earliest, latest } = expiry;
    const mayBeGone = moment.toMs >= earliest - CLOCK_SLACK_MS;
    const mayBeThere = moment.fromMs <= latest + moment.toleranceMs;
    // Seen alive at this moment, it goes later than the moment's beginning.
    const alive = new KeyState(state.value, {
      earliest: Math.max(earliest, moment.fromMs),
      latest,
    });
    variants = variants.flatMap((variant) => [
      ...(mayBeThere ? [mayBeGone ? withKey(variant, name, alive) : variant] : []),
      ...(mayBeGone ? [withKey(variant, name, undefined)] : []),
    ]);
  }
  return variants;
}

function look({ keys, args, observed, moment }: Step): Effect | undefined {
  const seen: readonly Plain[] = observed !== ANY && Array.isArray(observed) ? observed : [];
  const isGood = args.every((name, index) => {
    const state = keys.get(name);
    const found = seen[index] ?? null;
    if (state === undefined || found === null) {
      return state === undefined && found === null;
    }
    const [type, value, ttl] = found as readonly Plain[];
    return (
      type === state.value.type &&
      isSameValue(state, value ?? null) &&
      typeof ttl === "number" &&
      isTtlOf(state, ttl, moment)
    );
  });
  if (observed === ANY) {
    const output = args.map((name) => {
      const state = keys.get(name);
      return state === undefined ? null : [state.value.type, plainOf(state.value)];
    });
    return { keys, output };
  }
  return isGood ? { keys, output: ANY } : undefined;
}

/** Ids of a stream that nobody has seen fit any. */
function isSameValue(state: KeyState, value: Plain): boolean {
  const known = plainOf(state.value);
  if (state.value.type !== "stream" || !Array.isArray(value)) {
    return JSON.stringify(known) === JSON.stringify(value);
  }
  return (
    known.length === value.length &&
    state.value.entries.every(({ id, payload }, index) => {
      const [seenId, seenPayload] = value[index] as readonly string[];
      return payload === seenPayload && (id === "?" || id === seenId);
    })
  );
}

/** Whether PTTL may have answered so. */
export function isTtlOf({ expiry }: KeyState, ttl: number, moment: Moment): boolean {
  if (expiry === undefined) {
    return ttl === -1;
  }
  return (
    ttl >= 0 &&
    moment.toMs + ttl >= expiry.earliest - CLOCK_SLACK_MS &&
    moment.fromMs + ttl <= expiry.latest + moment.toleranceMs
  );
}
