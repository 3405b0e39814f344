/**
 * Holds the logs of all clients against what the servers have at the end: every key on exactly one group and
 * in the right one, and for each object an order of its operations in which each acknowledged one happened
 * exactly once and that ends in the values that were found. So nothing acknowledged is lost, nothing is
 * applied twice, no read was stale, nothing deleted came back, and expiries are within their tolerance.
 */
import { type Entry, type Logs, type Plain, showEntry } from "./history.ts";
import { findOrder, SEARCH_STEPS_MAX, type Verdict } from "./linear.ts";
import { slotOfKey } from "./slot-of-key.ts";
import { expectedOf, keysOf, LOOK } from "./small-redis.ts";
import type { Copy } from "./snapshot.ts";

/** What is found at the end. */
export interface FinalState {
  readonly copies: readonly Copy[];
  /** When the servers were read, milliseconds of the run. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly slotCount: number;
  /** The group that the topology gives a slot to. */
  ownerOf(slotId: number): number;
}

/** Something is wrong. */
export interface Problem {
  readonly kind: "misplaced" | "two-copies" | "unknown-key" | "not-linear" | "undecided";
  readonly object: string;
  /** For people; several lines. */
  readonly text: string;
}

/** Entries that are shown before the place where no order is found. */
const SHOWN_BEFORE = 30;

/** See the file head. A key may live `toleranceMs` longer than it was told. */
export function check(history: Logs, final: FinalState, toleranceMs: number): readonly Problem[] {
  const objects = new Map<string, ReadonlySet<string>>();
  const known = new Set<string>();
  for (const object of history.objects()) {
    const keys = new Set(history.entriesOf(object).flatMap((entry) => keysOf(entry.command)));
    objects.set(object, keys);
    const db = object.slice(0, object.indexOf("/"));
    for (const key of keys) {
      known.add(`${db}/${key}`);
    }
  }
  const copies = copiesByKey(final.copies);
  const problems: Problem[] = [];
  for (const [key, found] of copies) {
    problems.push(...checkPlaces(key, found, final, known.has(key)));
  }
  for (const [object, keys] of objects) {
    problems.push(...checkObject(object, [...keys], { history, final, copies, toleranceMs }));
  }
  return problems;
}

type Copies = ReadonlyMap<string, readonly Copy[]>;

function copiesByKey(copies: readonly Copy[]): Copies {
  const byKey = new Map<string, Copy[]>();
  for (const copy of copies) {
    const name = `${copy.db}/${copy.key}`;
    const list = byKey.get(name);
    if (list === undefined) {
      byKey.set(name, [copy]);
    } else {
      list.push(copy);
    }
  }
  return byKey;
}

function ownerOf(copy: Copy, final: FinalState): number {
  return final.ownerOf(slotOfKey(copy.key, final.slotCount));
}

function checkPlaces(
  name: string,
  copies: readonly Copy[],
  final: FinalState,
  isKnown: boolean,
): readonly Problem[] {
  const [first] = copies;
  if (first === undefined) {
    return [];
  }
  const places = copies.map((copy) => showCopy(copy)).join("\n  ");
  const slotId = slotOfKey(first.key, final.slotCount);
  const owner = final.ownerOf(slotId);
  const text = `key ${name} of slot ${slotId}, whose group is ${owner}, is at\n  ${places}`;
  const problems: Problem[] = [];
  if (copies.length > 1) {
    problems.push({ kind: "two-copies", object: name, text });
  } else if (first.groupId !== owner) {
    problems.push({ kind: "misplaced", object: name, text });
  }
  if (!isKnown) {
    problems.push({ kind: "unknown-key", object: name, text: `nobody wrote it: ${text}` });
  }
  return problems;
}

function showCopy({ groupId, db, content: [type, value, ttl] }: Copy): string {
  return `group ${groupId}, database ${db}: ${type} ${JSON.stringify(value).slice(0, 400)}, PTTL ${ttl}`;
}

interface Evidence {
  readonly history: Logs;
  readonly final: FinalState;
  readonly copies: Copies;
  readonly toleranceMs: number;
}

function checkObject(
  object: string,
  keys: readonly string[],
  evidence: Evidence,
): readonly Problem[] {
  const { history, toleranceMs } = evidence;
  const entries = history.entriesOf(object);
  const all = [...entries, ...looksAt(object, keys, evidence)];
  const verdict = findOrder(all, toleranceMs);
  if (verdict.kind === "linear") {
    return [];
  }
  const db = object.slice(0, object.indexOf("/"));
  const places = keys
    .flatMap((key) => evidence.copies.get(`${db}/${key}`) ?? [])
    .map((copy) => `  ${copy.key}: ${showCopy(copy)}`);
  const lines = explain(all, verdict, toleranceMs);
  const text = [`object ${object}:`, ...lines, "found at the end:", ...places].join("\n");
  return [{ kind: verdict.kind, object, text }];
}

/** The last operations of every object: each of its keys is looked at. */
function looksAt(object: string, keys: readonly string[], evidence: Evidence): readonly Entry[] {
  const { final, copies } = evidence;
  const db = object.slice(0, object.indexOf("/"));
  const looks = keys.map((key) => {
    const found = copies.get(`${db}/${key}`) ?? [];
    const copy = found.find((one) => one.groupId === ownerOf(one, final)) ?? found[0];
    return { key, copy, fromMs: copy?.fromMs ?? final.fromMs, toMs: copy?.toMs ?? final.toMs };
  });
  looks.sort((a, b) => a.fromMs - b.fromMs);
  return looks.map(({ key, copy, fromMs, toMs }, index) => ({
    id: -1,
    client: "look",
    object,
    command: [LOOK, key],
    // After everything else, in this order.
    invoked: Number.MAX_SAFE_INTEGER - 2 * (looks.length - index),
    completed: Number.MAX_SAFE_INTEGER - 2 * (looks.length - index) + 1,
    invokedMs: fromMs,
    completedMs: toMs,
    outcome: { kind: "ok", output: [(copy?.content as Plain | undefined) ?? null] },
    after: 0,
  }));
}

function explain(
  entries: readonly Entry[],
  verdict: Exclude<Verdict, { readonly kind: "linear" }>,
  toleranceMs: number,
): readonly string[] {
  const { order, stuck, keys } = verdict;
  const atMs = { fromMs: stuck[0]?.invokedMs ?? 0, toMs: stuck[0]?.completedMs ?? 0, toleranceMs };
  const show = (entry: Entry): string => `  ${showEntry(entry)}`;
  const doubtful = entries.filter((entry) => entry.outcome.kind === "maybe");
  const begin =
    verdict.kind === "undecided"
      ? `in ${SEARCH_STEPS_MAX} steps no order of its ${entries.length} operations was found`
      : `no order of its ${entries.length} operations explains what was answered`;
  return [
    `${begin}. The longest one begins with ${order.length} of them and ends so:`,
    ...order.slice(-SHOWN_BEFORE).map(show),
    "after that none of these can have been next:",
    ...stuck.flatMap((entry) => [
      show(entry),
      `    expected ${JSON.stringify(expectedOf(keys, entry.command, atMs))}`,
    ]),
    `operations of unknown outcome: ${doubtful.length}`,
    ...doubtful.slice(-SHOWN_BEFORE).map(show),
  ];
}
