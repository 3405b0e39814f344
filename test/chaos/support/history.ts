/**
 * What clients did and what came of it: the log that the checker works on. One entry for each operation and
 * object; an object is a key, or all keys with one hash tag, so that commands over several keys of a tag are
 * entries of one object. A command over several slots promises nothing across them, so it has one entry for
 * each object, with the same number.
 */

/** A value as the log keeps it: replies without their types of line. */
export type Plain = string | number | null | readonly Plain[];

/** The operation was carried out, but its reply says nothing of this object. */
export const ANY = Symbol("any output");

/** How an operation ended. */
export type Outcome =
  /** With a reply; it took effect exactly once. */
  | { readonly kind: "ok"; readonly output: Plain | typeof ANY }
  /** With an error, or its connection was cut: it may take effect once, at any later time. */
  | { readonly kind: "maybe"; readonly error: string }
  /** With an error that says that it was not carried out. */
  | { readonly kind: "never"; readonly error: string };

/** One operation on one object. */
export interface Entry {
  /** Of the operation, from 1. */
  readonly id: number;
  readonly client: string;
  /** `db/name`. */
  readonly object: string;
  /** Name and arguments; keys as they are in Redis. */
  readonly command: readonly string[];
  /** Positions in the order of everything that the clients saw. */
  readonly invoked: number;
  completed: number;
  /** The same as times of the run, milliseconds. */
  readonly invokedMs: number;
  completedMs: number;
  outcome: Outcome;
  /** Number of the operation of the same session on the same object that was sent before, unanswered by then. */
  readonly after: number;
}

/** What the checker reads. */
export interface Logs {
  objects(): readonly string[];
  /** All entries of an object, in the order in which they were begun. */
  entriesOf(object: string): readonly Entry[];
}

/** Logs the operations of all clients. */
export class History implements Logs {
  readonly #startedAt = performance.now();
  readonly #objects = new Map<string, Entry[]>();
  #order = 0;
  #operations = 0;

  /** Milliseconds since the beginning. */
  now(): number {
    return performance.now() - this.#startedAt;
  }

  get operations(): number {
    return this.#operations;
  }

  /** Begins an operation: `parts` are the objects and what the operation does to each. */
  begin(
    client: string,
    parts: readonly { readonly object: string; readonly command: readonly string[] }[],
    after = 0,
  ): readonly Entry[] {
    const id = ++this.#operations;
    const invoked = ++this.#order;
    const invokedMs = this.now();
    return parts.map(({ object, command }) => {
      const entry: Entry = {
        id,
        client,
        object,
        command,
        invoked,
        completed: Number.POSITIVE_INFINITY,
        invokedMs,
        completedMs: Number.POSITIVE_INFINITY,
        outcome: { kind: "maybe", error: "no answer" },
        after,
      };
      this.entriesOf(object).push(entry);
      return entry;
    });
  }

  /** An operation ended; one that may yet take effect stays open. */
  end(entry: Entry, outcome: Outcome): void {
    entry.outcome = outcome;
    entry.completedMs = this.now();
    entry.completed = ++this.#order;
  }

  objects(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** All entries of an object, in the order in which they were begun. */
  entriesOf(object: string): Entry[] {
    let entries = this.#objects.get(object);
    if (entries === undefined) {
      entries = [];
      this.#objects.set(object, entries);
    }
    return entries;
  }
}

/** One line for people. */
export function showEntry(entry: Entry): string {
  const { outcome } = entry;
  const shown =
    outcome.kind === "ok"
      ? outcome.output === ANY
        ? "done"
        : shorten(JSON.stringify(outcome.output))
      : `${outcome.kind}: ${outcome.error}`;
  const command = shorten(entry.command.map((part) => part.replaceAll("\n", " ")).join(" "));
  const times = `${entry.invokedMs.toFixed(1)}..${entry.completedMs.toFixed(1)} ms`;
  return `#${entry.id} ${times} ${entry.client}: ${command} -> ${shown}`;
}

const SHOWN_MAX = 300;

function shorten(text: string): string {
  const half = SHOWN_MAX / 2;
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, half)} … ${text.slice(-half)}`;
}
