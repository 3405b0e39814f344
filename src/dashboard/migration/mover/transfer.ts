/**
 * Moves one batch: MIGRATE over a lane, INFO errorstats right behind it, and then what its outcome asks for, until
 * the batch's keys are gone from the source or left there for the next cycle. Never with REPLACE. While proxies move
 * keys as well, EXISTS counts them right before: those that a proxy has taken are counted by that proxy.
 *
 * Where the target has a replica the source keeps its keys (COPY) until a replica has them, and unlinks them then.
 * A key on both sides is an interrupted move: the target's copy wins.
 */
import { CodisError } from "../../../base/error.ts";
import { ioErrorCountOf } from "../../../migrate/doubt.ts";
import {
  causeOf,
  type MigrateOutcome,
  mayHideTimeout,
  outcomeOf,
} from "../../../migrate/migrate-outcome.ts";
import { type MigrateTarget, migrateRequest } from "../../../migrate/migrate-request.ts";
import { parseServerAddr } from "../../../model/address.ts";
import { asTrouble, type Trouble } from "../../../model/operation/trouble-code.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { isErrorReply } from "../../../resp/value.ts";
import type { MoverOptions } from "../contract.ts";
import type { BatchBudget } from "./batch-budget.ts";
import { BatchSpacing } from "./batch-spacing.ts";
import type { DoubtWatch } from "./doubt-watch.ts";
import type { FoundKey } from "./found-key.ts";
import { encodeFrame, encodeWithFound, readInteger, readText } from "./frame.ts";
import { describeKey } from "./key-name.ts";
import type { Batch } from "./key-queue.ts";
import { MovedTally } from "./moved-tally.ts";
import type { Source } from "./source.ts";
import type { Target } from "./target.ts";
import type { UnderWay } from "./under-way.ts";

/** What a transfer works with; all of one mover. */
export interface TransferParts {
  readonly options: MoverOptions;
  readonly source: Source;
  readonly target: Target;
  readonly doubt: DoubtWatch;
  readonly budget: BatchBudget;
  readonly underWay: UnderWay;
}

/** How one MIGRATE was answered. */
interface Answer {
  readonly outcome: MigrateOutcome;
  readonly text: string;
  readonly isCopy: boolean;
  /** Of the batch's keys, those that were at the source right before, as far as that is known. */
  readonly present: number;
  /** The target's link while the batch was sent. */
  readonly since: Target["link"];
}

/** A MIGRATE takes several steps, each within `ioTimeoutMs`, and may wait behind another one. */
const STEPS = 8;
const ANSWER_MARGIN_MS = 2_000;

const INFO_ERRORSTATS = encodeFrame(["INFO", "errorstats"]);
const NOTHING = Buffer.alloc(0);

/** See the file head. */
export class Transfer {
  readonly #parts: TransferParts;
  readonly #migrateTarget: MigrateTarget;
  readonly #spacing: BatchSpacing;
  /** When the last MIGRATE was answered: the next one began then at the earliest. */
  #answeredAtMs = 0;
  /** Confirmations of copies that go on while the next batch moves; they don't reject. */
  readonly #confirming = new Set<Promise<void>>();
  /** What the first of them that failed has thrown. */
  #failure: { readonly thrown: unknown } | undefined;
  readonly #tally: MovedTally;

  constructor(parts: TransferParts) {
    const { addr, user, password } = parts.options.target;
    const at = parseServerAddr(addr);
    if (at === undefined) {
      throw new CodisError("ADDRESS_INVALID", `"${addr}" is no address of a server`);
    }
    this.#parts = parts;
    this.#migrateTarget = { ...at, user, password };
    this.#spacing = new BatchSpacing(() => parts.source.roundTripMs);
    const { events } = parts.options;
    this.#tally = new MovedTally((slotId, keys, bytes) => events.onMoved(slotId, keys, bytes));
  }

  /**
   * Moves a batch of database `db`, which is selected everywhere; `onKeyTrouble` hears of keys that the target doesn't
   * take. Resolves when the next batch may go over this lane. Throws when the pair can't go on for now. `finish`
   * waits for what it leaves behind.
   */
  async move(
    lane: number,
    db: number,
    batch: Batch,
    onKeyTrouble: (trouble: Trouble) => void,
  ): Promise<void> {
    const { underWay } = this.#parts;
    underWay.begin(batch.keys);
    let isLeft = false;
    try {
      this.#throwFailure();
      const answer = await this.#migrate(lane, db, batch);
      if (answer.outcome === "moved" && answer.isCopy) {
        isLeft = true;
        await this.#completeLater(batch.keys, answer);
      } else {
        await this.#settle(db, batch, answer, onKeyTrouble);
      }
    } finally {
      if (!isLeft) {
        underWay.end(batch.keys, this.#isCertain);
      }
    }
  }

  /** Resolves when the next batch should go, in the interest of those who wait for the source. */
  async whenNext(): Promise<void> {
    await this.#spacing.whenNext();
  }

  /** Tells what has moved so far; else that is told some times a second, and when nothing is left behind. */
  tellMoved(): void {
    this.#tally.flush();
  }

  /** Resolves when nothing is left behind; throws the first failure, once. */
  async finish(): Promise<void> {
    await Promise.all(this.#confirming);
    this.tellMoved();
    this.#throwFailure();
  }

  /** Whether what has just ended can't have an effect later. */
  get #isCertain(): boolean {
    return !this.#parts.doubt.isRaised && this.#parts.source.isConnected;
  }

  /** The wait for a replica goes on while the lane sends its next batch, but no further ahead. */
  async #completeLater(keys: readonly FoundKey[], answer: Answer): Promise<void> {
    const previous = [...this.#confirming];
    const completed = this.#completeCopies(keys, answer)
      .catch((thrown: unknown) => {
        this.#failure ??= { thrown };
      })
      .finally(() => {
        this.#parts.underWay.end(keys, this.#isCertain);
        this.#confirming.delete(completed);
      });
    this.#confirming.add(completed);
    await Promise.all(previous);
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      throw failure.thrown;
    }
  }

  async #migrate(lane: number, db: number, batch: Batch): Promise<Answer> {
    const { options, source, target, doubt, budget } = this.#parts;
    const { ioTimeoutMs, maxStallMs } = options.limits();
    const link = source.lanes[lane];
    if (link === undefined) {
      throw new CodisError("INTERNAL", `there is no lane ${lane}`);
    }
    const isCopy = target.isReplicated;
    const since = target.link;
    const expectedMs = budget.expectedMs(batch.workUs);
    // A big key keeps the target silent while it is read; the source must not give up meanwhile.
    const bigMs = expectedMs > maxStallMs ? expectedMs * 2 : 0;
    const timeoutMs = Math.max(1, Math.ceil(ioTimeoutMs + bigMs));
    const request = migrateRequest(this.#migrateTarget, { db, timeoutMs, isCopy }, []);
    const isCounted = options.mayProxiesMove?.() === true;
    const order = encodeWithFound(request, batch.keys, INFO_ERRORSTATS);
    const frame = isCounted
      ? Buffer.concat([encodeWithFound(["EXISTS"], batch.keys, NOTHING), order])
      : order;
    const sentAtMs = performance.now();
    const waitMs = ioTimeoutMs * STEPS + bigMs * 2 + ANSWER_MARGIN_MS;
    const end = this.#spacing.begin(budget.usualMs(batch.workUs));
    let replies: readonly Buffer[];
    try {
      replies = await link.send("MIGRATE", frame, isCounted ? 3 : 2, waitMs);
    } catch (thrown) {
      doubt.raise();
      throw thrown;
    } finally {
      end();
    }
    const nowMs = performance.now();
    const [reply = NO_REPLY, stats = NO_REPLY] = replies.slice(-2);
    const text = readText(reply);
    const stallMs = nowMs - Math.max(sentAtMs, this.#answeredAtMs);
    this.#answeredAtMs = nowMs;
    options.events.onStall(stallMs);
    doubt.observe(ioErrorCountOf(readText(stats)));
    const outcome = outcomeOf(isErrorReply(reply), text);
    if (outcome === "moved") {
      budget.learn(batch.workUs, stallMs);
      target.noteAnswer();
    } else if (mayHideTimeout(outcome, nowMs - sentAtMs, timeoutMs)) {
      doubt.raise();
    }
    // All were there when they were found.
    const counted = isCounted ? readInteger(replies[0] ?? NO_REPLY) : undefined;
    const present = counted ?? batch.keys.length;
    return { outcome, text, isCopy, present, since };
  }

  async #settle(
    db: number,
    batch: Batch,
    answer: Answer,
    onKeyTrouble: (trouble: Trouble) => void,
  ): Promise<void> {
    const { options, doubt } = this.#parts;
    const { outcome, text } = answer;
    switch (outcome) {
      case "moved":
        this.#tally.add(batch.keys, answer.present);
        return;
      case "nothing":
        return;
      case "busy-key": {
        // Behind the first error may be a broken connection, which isn't told: keys that are left show it.
        const left = await this.#removeDuplicates(batch.keys, answer);
        if (left.length > 0) {
          doubt.raise();
        }
        return;
      }
      case "payload-unknown":
      case "failed": {
        const left = await this.#removeDuplicates(batch.keys, answer);
        const [first] = left;
        if (first !== undefined) {
          const { addr } = options.target;
          const key = describeKey(first.key, db);
          onKeyTrouble({
            text: say("redis.refuses", { addr, key, why: `"${causeOf(text)}"` }),
            code: outcome === "payload-unknown" ? "version" : "other",
          });
        }
        return;
      }
      case "in-doubt":
        doubt.raise();
        throw new CodisError(
          "SERVER_UNREACHABLE",
          `server ${options.source.addr} lost server ${options.target.addr} while it moved keys: "${text}"`,
        );
      default:
        throw troubleOf(outcome, text, options);
    }
  }

  /** COPY has put the keys to the target: they leave the source once a replica has them. */
  async #completeCopies(keys: readonly FoundKey[], { since }: Answer): Promise<void> {
    const { source, target } = this.#parts;
    await target.acknowledge(since);
    this.#tally.add(keys, await source.unlink(keys.map(({ key }) => key)));
  }

  /**
   * After an error: what is at the source still, and at the target as well, is unlinked at the source. Keys that are at
   * the source only are left for the next cycle, and given back. What this transfer has taken from the source was
   * moved.
   */
  async #removeDuplicates(
    keys: readonly FoundKey[],
    { isCopy, present, since }: Answer,
  ): Promise<readonly FoundKey[]> {
    const { source, target } = this.#parts;
    const isAtSource = await source.exist(keys.map(({ key }) => key));
    const remaining = keys.filter((_, index) => isAtSource[index] === true);
    const isAtTarget = await target.exist(remaining.map(({ key }) => key));
    const doubled = remaining.filter((_, index) => isAtTarget[index] === true);
    let moved = isCopy ? 0 : Math.max(0, present - remaining.length);
    if (doubled.length > 0) {
      if (target.isReplicated) {
        await target.acknowledge(since);
      }
      moved += await source.unlink(doubled.map(({ key }) => key));
    }
    const left = remaining.filter((_, index) => isAtTarget[index] !== true);
    const isLeft = new Set(left);
    this.#tally.add(
      keys.filter((key) => !isLeft.has(key)),
      moved,
    );
    return left;
  }
}

const NO_REPLY = Buffer.alloc(0);

function troubleOf(
  outcome: MigrateOutcome,
  text: string,
  { source, target }: Pick<MoverOptions, "source" | "target">,
): CodisError {
  const context = { outcome, reply: text };
  if (outcome === "source-refused") {
    return new CodisError(
      "SERVER_REFUSED",
      `server ${source.addr} answered MIGRATE with "${text}"`,
      { context },
    );
  }
  const why = `"${causeOf(text)}"`;
  return outcome === "target-full"
    ? new CodisError("SERVER_REFUSED", say("redis.full", { addr: target.addr, why }), {
        context: { ...context, ...asTrouble("target_memory") },
      })
    : new CodisError("SERVER_REFUSED", `server ${target.addr} refuses keys: ${why}`, { context });
}

/** Whether a person has to do something before a mover can go on after this failure. */
export function isForPeople(thrown: unknown): boolean {
  if (!(thrown instanceof CodisError)) {
    return false;
  }
  switch (thrown.code) {
    case "SERVER_AUTH_FAILED":
    case "SERVER_VERSION_UNSUPPORTED":
    case "ADDRESS_INVALID":
      return true;
    case "SERVER_REFUSED": {
      const { outcome, reply } = thrown.context;
      const isDenied = typeof reply === "string" && reply.startsWith("NOPERM");
      return isDenied || outcome === "target-full" || outcome === "target-denied";
    }
    default:
      return false;
  }
}
