/**
 * Notices an operation that is stuck: it should work, but for some time no key has moved and no slot has arrived.
 * What can be done about it depends on the reason that the server gives, which is a line for people; where it
 * is a known one, an advice goes with it.
 */

/** What is known at one moment. */
export interface StallSample {
  /** Milliseconds of any clock that doesn't go back. */
  readonly atMs: number;
  readonly keysMoved: number;
  readonly slotsDone: number;
  /** It should work: it runs, or is being cancelled. */
  readonly isWorking: boolean;
}

/** From so long on without progress it is stuck. */
export const STUCK_AFTER_MS = 15_000;

/** Looks at one operation; see the head of the file. */
export class StallWatch {
  #last: StallSample | undefined;
  #sinceMs = 0;

  /** Takes what is known now; how long nothing has moved, 0 while it works well or isn't at work. */
  note(sample: StallSample): number {
    const last = this.#last;
    const hasMoved =
      last === undefined ||
      !sample.isWorking ||
      !last.isWorking ||
      last.keysMoved !== sample.keysMoved ||
      last.slotsDone !== sample.slotsDone;
    this.#last = sample;
    if (hasMoved) {
      this.#sinceMs = sample.atMs;
    }
    return sample.atMs - this.#sinceMs;
  }
}

/** Kinds of advice; texts are `operations.advice.*`. */
export const ADVICE_KINDS = [
  "memory",
  "bigKey",
  "foreignKey",
  "proxy",
  "replicas",
  "version",
  "role",
  "loading",
  "noServer",
  "unreachable",
  "other",
] as const;
/** One of `ADVICE_KINDS`. */
export type AdviceKind = (typeof ADVICE_KINDS)[number];

/** Words of reasons, in the order in which they are tried. */
const SIGNS: readonly (readonly [RegExp, AdviceKind])[] = [
  [/\bOOM\b|maxmemory|out of memory/i, "memory"],
  [/big_key|hold up its server|too big|stall/i, "bigKey"],
  [/which isn't its group's/, "foreignKey"],
  [/proxy-\[|proxies/, "proxy"],
  [/replicas? of server|not acknowledged/, "replicas"],
  [/older|unknown version|format of keys|expected the same or a later/, "version"],
  [/isn't a master|expected a master/, "role"],
  [/reads its data from disk|LOADING/, "loading"],
  [/has no server/, "noServer"],
  [
    /can't be reached|isn't connected|connection|doesn't answer|no reply|within \d+ ms|restarted/,
    "unreachable",
  ],
];

/** What goes with the reason of an operation. */
export function adviceFor(reason: string): AdviceKind {
  return SIGNS.find(([sign]) => sign.test(reason))?.[1] ?? "other";
}
