/**
 * Commands on lists, hashes, sets, sorted sets and streams, for the model of Redis. As in Redis a collection
 * without elements isn't there, but for streams.
 */
import { ANY, type Plain } from "./history.ts";
import type { Effect, Step } from "./small-redis.ts";
import { KeyState, type Keys, plainOf, type StreamEntry, type Value, withKey } from "./value.ts";

/** See the file head. */
export function runCollection(step: Step): Effect | "unknown" | undefined {
  for (const family of [runList, runHash, runSet, runSortedSet, runStream]) {
    const effect = family(step);
    if (effect !== "unknown") {
      return effect;
    }
  }
  return "unknown";
}

/** Puts a value; its expiry stays unless it is new. */
function put(keys: Keys, key: string, value: Value, isEmpty: boolean): Keys {
  return withKey(keys, key, isEmpty ? undefined : new KeyState(value, keys.get(key)?.expiry));
}

/** Elements of a list. */
export function listAt(keys: Keys, key: string): readonly string[] {
  const value = keys.get(key)?.value;
  return value?.type === "list" ? value.items : [];
}

/** The keys with this list. */
export function putList(keys: Keys, key: string, items: readonly string[]): Keys {
  return put(keys, key, { type: "list", items }, items.length === 0);
}

function runList({ keys, name, args }: Step): Effect | "unknown" {
  const [key = "", ...rest] = args;
  const items = listAt(keys, key);
  switch (name) {
    case "RPUSH": {
      const next = [...items, ...rest];
      return { keys: putList(keys, key, next), output: next.length };
    }
    case "LPUSH": {
      const next = [...rest.toReversed(), ...items];
      return { keys: putList(keys, key, next), output: next.length };
    }
    case "LPOP":
      return { keys: putList(keys, key, items.slice(1)), output: items[0] ?? null };
    case "RPOP":
      return { keys: putList(keys, key, items.slice(0, -1)), output: items.at(-1) ?? null };
    case "LLEN":
      return { keys, output: items.length };
    case "LRANGE":
      return { keys, output: items };
    case "LMOVE":
      return moveListItem(keys, args);
    default:
      return "unknown";
  }
}

function moveListItem(
  keys: Keys,
  [from = "", to = "", whereFrom, whereTo]: readonly string[],
): Effect {
  const items = listAt(keys, from);
  const item = whereFrom === "LEFT" ? items[0] : items.at(-1);
  if (item === undefined) {
    return { keys, output: null };
  }
  const taken = putList(keys, from, whereFrom === "LEFT" ? items.slice(1) : items.slice(0, -1));
  const others = listAt(taken, to);
  const next = whereTo === "LEFT" ? [item, ...others] : [...others, item];
  return { keys: putList(taken, to, next), output: item };
}

function runHash({ keys, name, args }: Step): Effect | "unknown" {
  const [key = "", field = "", text = ""] = args;
  const value = keys.get(key)?.value;
  const fields = value?.type === "hash" ? value.fields : new Map<string, string>();
  const putFields = (next: ReadonlyMap<string, string>): Keys =>
    put(keys, key, { type: "hash", fields: next }, next.size === 0);
  switch (name) {
    case "HSET":
      return {
        keys: putFields(new Map(fields).set(field, text)),
        output: fields.has(field) ? 0 : 1,
      };
    case "HINCRBY": {
      const sum = Number(fields.get(field) ?? "0") + Number(text);
      return { keys: putFields(new Map(fields).set(field, String(sum))), output: sum };
    }
    case "HDEL": {
      const next = new Map(fields);
      return { keys: next.delete(field) ? putFields(next) : keys, output: fields.size - next.size };
    }
    case "HGET":
      return { keys, output: fields.get(field) ?? null };
    case "HGETALL":
      return { keys, output: plainOf({ type: "hash", fields }) };
    default:
      return "unknown";
  }
}

function membersAt(keys: Keys, key: string): ReadonlySet<string> {
  const value = keys.get(key)?.value;
  return value?.type === "set" ? value.members : new Set();
}

function putMembers(keys: Keys, key: string, members: ReadonlySet<string>): Keys {
  return put(keys, key, { type: "set", members }, members.size === 0);
}

/** SADD of one member; the output is 1 when it is new. */
export function addMember(keys: Keys, key: string, member: string): Effect {
  const members = membersAt(keys, key);
  return members.has(member)
    ? { keys, output: 0 }
    : { keys: putMembers(keys, key, new Set(members).add(member)), output: 1 };
}

function runSet({ keys, name, args }: Step): Effect | "unknown" {
  const [key = "", member = "", third = ""] = args;
  const members = membersAt(keys, key);
  switch (name) {
    case "SADD":
      return addMember(keys, key, member);
    case "SREM":
      return removeMember(keys, key, member);
    case "SMOVE": {
      const { keys: taken, output } = removeMember(keys, key, third);
      return output === 0
        ? { keys, output }
        : { keys: addMember(taken, member, third).keys, output };
    }
    case "SISMEMBER":
      return { keys, output: members.has(member) ? 1 : 0 };
    case "SMEMBERS":
      return { keys, output: [...members].sort() };
    case "SUNIONSTORE": {
      const union = new Set(args.slice(1).flatMap((source) => [...membersAt(keys, source)]));
      const value = new KeyState({ type: "set", members: union });
      return { keys: withKey(keys, key, union.size === 0 ? undefined : value), output: union.size };
    }
    default:
      return "unknown";
  }
}

function removeMember(keys: Keys, key: string, member: string): Effect {
  const next = new Set(membersAt(keys, key));
  return next.delete(member)
    ? { keys: putMembers(keys, key, next), output: 1 }
    : { keys, output: 0 };
}

function runSortedSet({ keys, name, args }: Step): Effect | "unknown" {
  const [key = "", first = "", second = ""] = args;
  const value = keys.get(key)?.value;
  const scores = value?.type === "zset" ? value.scores : new Map<string, number>();
  const putScores = (next: ReadonlyMap<string, number>): Keys =>
    put(keys, key, { type: "zset", scores: next }, next.size === 0);
  switch (name) {
    case "ZADD":
      return {
        keys: putScores(new Map(scores).set(second, Number(first))),
        output: scores.has(second) ? 0 : 1,
      };
    case "ZINCRBY": {
      const sum = (scores.get(second) ?? 0) + Number(first);
      return { keys: putScores(new Map(scores).set(second, sum)), output: String(sum) };
    }
    case "ZREM": {
      const next = new Map(scores);
      return { keys: next.delete(first) ? putScores(next) : keys, output: scores.size - next.size };
    }
    case "ZSCORE": {
      const score = scores.get(first);
      return { keys, output: score === undefined ? null : String(score) };
    }
    case "ZRANGE":
      return { keys, output: plainOf({ type: "zset", scores }) };
    default:
      return "unknown";
  }
}

function runStream({ keys, name, args, observed }: Step): Effect | "unknown" | undefined {
  const [key = ""] = args;
  const value = keys.get(key)?.value;
  const entries = value?.type === "stream" ? value.entries : [];
  const putEntries = (next: readonly StreamEntry[]): Keys =>
    put(keys, key, { type: "stream", entries: next }, false);
  switch (name) {
    case "XADD": {
      const id = typeof observed === "string" ? observed : "?";
      const last = entries.findLast((entry) => entry.id !== "?")?.id;
      const isLater = id === "?" || last === undefined || compareIds(id, last) > 0;
      return isLater
        ? { keys: putEntries([...entries, { id, payload: args[3] ?? "" }]), output: ANY }
        : undefined;
    }
    case "XLEN":
      return { keys, output: entries.length };
    case "XRANGE":
      return readStream(keys, entries, observed, putEntries);
    default:
      return "unknown";
  }
}

/** Ids that nobody had seen are known from now on. */
function readStream(
  keys: Keys,
  entries: readonly StreamEntry[],
  observed: Plain | typeof ANY,
  putEntries: (next: readonly StreamEntry[]) => Keys,
): Effect | undefined {
  if (!Array.isArray(observed)) {
    return { keys, output: plainOf({ type: "stream", entries }) };
  }
  const seen = observed as readonly (readonly string[])[];
  const isSame =
    seen.length === entries.length &&
    entries.every(
      ({ id, payload }, index) =>
        payload === seen[index]?.[1] && (id === "?" || id === seen[index]?.[0]),
    );
  if (!isSame) {
    return undefined;
  }
  const isNew = entries.some(({ id }) => id === "?");
  const next = seen.map(([id = "", payload = ""]) => ({ id, payload }));
  return { keys: isNew ? putEntries(next) : keys, output: ANY };
}

function compareIds(a: string, b: string): number {
  const [aMs = 0, aSeq = 0] = a.split("-").map(Number);
  const [bMs = 0, bSeq = 0] = b.split("-").map(Number);
  return aMs - bMs || aSeq - bSeq;
}
