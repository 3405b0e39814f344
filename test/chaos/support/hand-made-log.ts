/**
 * Logs written by hand, for the tests of the checker: operations with the times at which they were called and
 * answered, and copies of keys at servers.
 */
import type { FinalState } from "./checker.ts";
import type { ANY, Entry, Logs, Outcome, Plain } from "./history.ts";
import type { Copy } from "./snapshot.ts";

/** When the servers of a hand-made log are looked at, milliseconds. */
export const LOOK_MS = 1_000;

/** See the file head. Times are milliseconds and order at once. */
export class HandMadeLog implements Logs {
  readonly #objects = new Map<string, Entry[]>();
  readonly copies: Copy[] = [];
  #ids = 0;

  /** An answered operation. */
  ok(
    object: string,
    times: readonly [number, number],
    command: string,
    output: Plain | typeof ANY,
  ): this {
    return this.#add(object, times, command, { kind: "ok", output });
  }

  /** An operation that was called and never answered. */
  cut(object: string, invoked: number, command: string): this {
    const times = [invoked, Number.POSITIVE_INFINITY] as const;
    return this.#add(object, times, command, { kind: "maybe", error: "cut" });
  }

  /** An operation that was refused. */
  refused(object: string, times: readonly [number, number], command: string): this {
    return this.#add(object, times, command, { kind: "never", error: "TRYAGAIN" });
  }

  /** A key as it is found at the end. */
  found(groupId: number, key: string, type: string, value: Plain, ttl = -1, db = 0): this {
    const content = [type, value, ttl] as const;
    this.copies.push({ groupId, db, key, content, fromMs: LOOK_MS, toMs: LOOK_MS + 1 });
    return this;
  }

  /** All slots are group 1's. */
  final(): FinalState {
    return {
      copies: this.copies,
      fromMs: LOOK_MS,
      toMs: LOOK_MS + 1,
      slotCount: 1024,
      ownerOf: () => 1,
    };
  }

  objects(): readonly string[] {
    return [...this.#objects.keys()];
  }

  entriesOf(object: string): readonly Entry[] {
    return this.#objects.get(object) ?? [];
  }

  #add(
    object: string,
    [invoked, completed]: readonly [number, number],
    command: string,
    outcome: Outcome,
  ): this {
    const entry: Entry = {
      id: ++this.#ids,
      client: "hand",
      object,
      command: command.split(" "),
      invoked,
      completed,
      invokedMs: invoked,
      completedMs: completed,
      outcome,
      after: 0,
    };
    this.#objects.set(object, [...this.entriesOf(object), entry]);
    return this;
  }
}
