/**
 * Commands on strings, counters, expiries and whole keys, for the model of Redis. `unknown`: it is none of
 * these. Undefined: the reply that was seen can't be.
 */
import { ANY } from "./history.ts";
import { type Effect, isTtlOf, type Step } from "./small-redis.ts";
import { type Expiry, KeyState, type Keys, withKey } from "./value.ts";

/** See the file head. */
export function runString(step: Step): Effect | "unknown" | undefined {
  const { keys, args } = step;
  const [key = "", first = ""] = args;
  const old = textAt(keys, key);
  switch (step.name) {
    case "GET":
      return { keys, output: old };
    case "SET":
      return set(step);
    case "SETNX":
      return old === null ? { keys: put(keys, key, first), output: 1 } : { keys, output: 0 };
    case "GETSET":
      return { keys: put(keys, key, first), output: old };
    case "GETDEL":
      return { keys: withKey(keys, key, undefined), output: old };
    case "APPEND": {
      const text = (old ?? "") + first;
      return { keys: put(keys, key, text, keys.get(key)?.expiry), output: text.length };
    }
    case "INCR":
      return add(keys, key, 1);
    case "INCRBY":
      return add(keys, key, Number(first));
    case "MSET": {
      let next = keys;
      for (let index = 0; index + 1 < args.length; index += 2) {
        next = put(next, args[index] ?? "", args[index + 1] ?? "");
      }
      return { keys: next, output: "OK" };
    }
    case "MGET":
      return { keys, output: args.map((name) => textAt(keys, name)) };
    case "EXISTS":
      return { keys, output: args.filter((name) => keys.has(name)).length };
    case "DEL":
    case "UNLINK": {
      const gone = args.filter((name) => keys.has(name));
      return {
        keys: gone.reduce((next, name) => withKey(next, name, undefined), keys),
        output: gone.length,
      };
    }
    case "RENAME": {
      const state = keys.get(key);
      return state === undefined
        ? { keys, output: "-ERR no such key" }
        : { keys: withKey(withKey(keys, key, undefined), first, state), output: "OK" };
    }
    case "PEXPIRE":
      return changeExpiry(step, expiryIn(step, Number(first)), () => true);
    case "PERSIST":
      return changeExpiry(step, undefined, (state) => state.expiry !== undefined);
    case "PTTL":
      return pttl(step);
    default:
      return "unknown";
  }
}

/** The text of a key, null when it isn't there. */
export function textAt(keys: Keys, key: string): string | null {
  const value = keys.get(key)?.value;
  return value?.type === "string" ? value.text : null;
}

/** A counter that grows; it keeps its expiry. */
export function add(keys: Keys, key: string, by: number): Effect {
  const sum = Number(textAt(keys, key) ?? "0") + by;
  return { keys: put(keys, key, String(sum), keys.get(key)?.expiry), output: sum };
}

function put(keys: Keys, key: string, text: string, expiry?: Expiry): Keys {
  return withKey(keys, key, new KeyState({ type: "string", text }, expiry));
}

function set(step: Step): Effect {
  const [key = "", text = "", option, ms] = step.args;
  const expiry = option === "PX" ? expiryIn(step, Number(ms)) : undefined;
  return { keys: put(step.keys, key, text, expiry), output: "OK" };
}

function expiryIn({ moment }: Step, ms: number): Expiry {
  return { earliest: moment.fromMs + ms, latest: moment.toMs + ms };
}

function changeExpiry(
  { keys, args }: Step,
  expiry: Expiry | undefined,
  isChanged: (state: KeyState) => boolean,
): Effect {
  const [key = ""] = args;
  const state = keys.get(key);
  return state !== undefined && isChanged(state)
    ? { keys: withKey(keys, key, new KeyState(state.value, expiry)), output: 1 }
    : { keys, output: 0 };
}

/** What was seen narrows down when the key goes. */
function pttl({ keys, args, observed, moment }: Step): Effect | undefined {
  const [key = ""] = args;
  const state = keys.get(key);
  if (state?.expiry === undefined) {
    return { keys, output: state === undefined ? -2 : -1 };
  }
  if (typeof observed !== "number") {
    return { keys, output: ANY };
  }
  if (!isTtlOf(state, observed, moment)) {
    return undefined;
  }
  const narrowed: Expiry = {
    earliest: Math.max(state.expiry.earliest, moment.fromMs + observed),
    latest: Math.min(state.expiry.latest, moment.toMs + observed),
  };
  const isSound = narrowed.earliest <= narrowed.latest;
  return {
    keys: isSound ? withKey(keys, key, new KeyState(state.value, narrowed)) : keys,
    output: observed,
  };
}
