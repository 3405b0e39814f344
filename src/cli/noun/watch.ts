/**
 * Watches an operation until it has ended: lines that are drawn over and over at a terminal, one JSON object for
 * each change elsewhere. Asks the dashboard once a second; while none answers (another one is about to lead) it
 * goes on asking for a while, because the operation outlives them.
 *
 * Ctrl+C ends only the watching.
 */
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Operation, V1OperationSummary } from "../../api/v1-operation-schema.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import { EXIT } from "../exit-code.ts";
import { formatAmount, formatSpeed, formatTimeSpan } from "../figure.ts";
import { printOut } from "../output.ts";
import { formatBytes, formatCount } from "../table.ts";
import { LiveBlock } from "./live-block.ts";
import type { Answer } from "./program.ts";
import { describeStrain, drawProgress } from "./progress.ts";

/** How it is watched. */
export interface WatchOptions {
  /** `--json`. */
  readonly isJson: boolean;
  /** Gives up after so long, milliseconds; without it only Ctrl+C and the end of the operation end it. */
  readonly limitMs?: number | undefined;
}

/** Between two questions, milliseconds. */
const ASK_MS = 1_000;
/** So long may all dashboards be silent, milliseconds. */
const SILENCE_MS = 60_000;

/** Failures that are over when another dashboard leads. */
const PASSING = [
  "REMOTE_UNREACHABLE",
  "NOT_LEADER",
  "NOT_ONLINE",
  "LEADERSHIP_LOST",
  "DASHBOARD_CLOSED",
  "COORDINATOR_UNREACHABLE",
  "TOO_BUSY",
] as const;

/** Whether stdout is read by a program: JSON lines instead of a drawing. */
export function isForPrograms(isJson: boolean): boolean {
  return isJson || !process.stdout.isTTY;
}

/** Whether nothing will change any more. */
export function isOver({ state }: V1OperationSummary): boolean {
  return state === "done" || state === "cancelled";
}

/**
 * See the file head. The answer has a failure when the operation ended otherwise than it was meant to. Rejects
 * with what the dashboard says, or when none answers for too long.
 */
export async function watchOperation(
  client: V1Client,
  first: V1OperationSummary,
  options: WatchOptions,
): Promise<Answer> {
  const view = isForPrograms(options.isJson) ? new LineView() : new DrawnView();
  const interrupt = new Interrupt(options.limitMs);
  try {
    const last = await follow(client, first, view, interrupt);
    if (last === undefined) {
      return describeLeaving(first.id, interrupt.isTimeUp);
    }
    const text = view.isForPrograms ? "" : describeEnd(last);
    return { json: undefined, text, failure: findTrouble(last) };
  } finally {
    interrupt.close();
  }
}

/** Resolves with the operation at its end; undefined when the watching was ended before. */
async function follow(
  client: V1Client,
  first: V1OperationSummary,
  view: View,
  interrupt: Interrupt,
): Promise<V1Operation | undefined> {
  let operation = first;
  let heardMs = performance.now();
  await view.show(operation);
  while (!interrupt.isThere) {
    try {
      if (isOver(operation)) {
        // Its history, which says how it ended.
        return await interrupt.race(client.operation(first.id));
      }
      await interrupt.wait(ASK_MS);
      const next = await interrupt.race(ask(client, first.id));
      if (next === undefined) {
        break;
      }
      operation = next;
      heardMs = performance.now();
      await view.show(operation);
    } catch (thrown) {
      if (!isCodisError(thrown, ...PASSING) || performance.now() - heardMs > SILENCE_MS) {
        throw thrown;
      }
      view.tellSilence(thrown);
      await interrupt.wait(ASK_MS);
    }
  }
  return undefined;
}

/** An open one from the list, which has no slots in it; one that has ended by itself. */
async function ask(client: V1Client, id: string): Promise<V1OperationSummary> {
  const open = await client.operations({ open: true });
  return open.find((operation) => operation.id === id) ?? client.operation(id);
}

function describeEnd(operation: V1Operation): string {
  const { id, state, progress, started_at: startedAt, ended_at: endedAt } = operation;
  const ms =
    startedAt === null || endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt);
  const seconds = Math.max(ms, 1) / 1_000;
  const { slots_total: slots, keys_moved: keys, bytes_moved: bytes } = progress;
  return (
    `operation ${id} is ${state}: ${formatCount(slots, "slot", "slots")}, ${formatAmount(keys)} keys, ` +
    `${formatBytes(bytes)} in ${formatTimeSpan(ms)} (${formatSpeed(keys / seconds, Math.round(bytes / seconds))}); ` +
    `${describeStrain(progress)}\n`
  );
}

/** STATE_CONFLICT when it was cancelled, or has something to complain of at its end. */
function findTrouble({ id, state, reason, events }: V1Operation): CodisError | undefined {
  if (state === "done" && reason === null) {
    return undefined;
  }
  const why = reason ?? events.at(-1)?.text ?? "no more is known";
  const what = state === "done" ? "has ended with trouble" : "was cancelled";
  return new CodisError(
    "STATE_CONFLICT",
    `operation ${id} ${what} (${why}); codis operation show ${id} tells more`,
  );
}

function describeLeaving(id: string, isTimeUp: boolean): Answer {
  const next =
    `operation ${id} goes on; codis operation watch ${id} shows how far it is, ` +
    `codis operation cancel ${id} ends it`;
  if (isTimeUp) {
    const failure = new CodisError("STATE_CONFLICT", `the time is up: ${next}`);
    return { json: undefined, text: "", failure };
  }
  process.stderr.write(`${next}\n`);
  return { json: undefined, text: "", exitCode: EXIT.interrupted };
}

/** Where the operation is shown. */
interface View {
  readonly isForPrograms: boolean;
  show(operation: V1OperationSummary): Promise<void>;
  tellSilence(failure: CodisError): void;
}

/** One JSON object for each change. */
class LineView implements View {
  readonly isForPrograms = true;
  #last = "";
  #isSilent = false;

  async show(operation: V1OperationSummary): Promise<void> {
    this.#isSilent = false;
    const line = JSON.stringify({ operation: withoutLists(operation) });
    if (line !== this.#last) {
      this.#last = line;
      await printOut(`${line}\n`);
    }
  }

  tellSilence({ message }: CodisError): void {
    if (!this.#isSilent) {
      this.#isSilent = true;
      process.stderr.write(`no answer, asking again: ${message}\n`);
    }
  }
}

/** The full form has all slots and the history, far too much for once a second. */
function withoutLists(operation: V1OperationSummary | V1Operation): V1OperationSummary {
  const { moves, events, ...summary } = { moves: undefined, events: undefined, ...operation };
  return summary;
}

/** Lines at one place of the terminal. */
class DrawnView implements View {
  readonly isForPrograms = false;
  readonly #block = new LiveBlock(process.stdout);
  #lines: readonly string[] = [];

  async show(operation: V1OperationSummary): Promise<void> {
    this.#lines = drawProgress(operation, this.#block.width);
    this.#block.draw(this.#lines);
  }

  tellSilence({ message }: CodisError): void {
    const line = `! no answer, asking again: ${message}`.slice(0, this.#block.width);
    this.#block.draw([...this.#lines, line]);
  }
}

/** Ctrl+C, or the end of the time; both end waits and calls at once. */
class Interrupt {
  readonly #happened = Promise.withResolvers<undefined>();
  readonly #onSignal = (): void => this.#end();
  readonly #timer: NodeJS.Timeout | undefined;
  #isThere = false;
  #isTimeUp = false;

  constructor(limitMs: number | undefined) {
    process.on("SIGINT", this.#onSignal);
    const onTimeUp = (): void => {
      this.#isTimeUp = !this.#isThere;
      this.#end();
    };
    this.#timer = limitMs === undefined ? undefined : setTimeout(onTimeUp, limitMs);
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  get isTimeUp(): boolean {
    return this.#isTimeUp;
  }

  /** What the call resolves with; undefined when the interrupt comes first. */
  race<Result>(call: Promise<Result>): Promise<Result | undefined> {
    return Promise.race([call, this.#happened.promise]);
  }

  /** Resolves after that time, or at once when it is there. */
  async wait(ms: number): Promise<void> {
    const pause = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => pause.resolve(undefined), ms);
    await this.race(pause.promise);
    clearTimeout(timer);
  }

  close(): void {
    process.off("SIGINT", this.#onSignal);
    clearTimeout(this.#timer);
  }

  #end(): void {
    this.#isThere = true;
    this.#happened.resolve(undefined);
  }
}
