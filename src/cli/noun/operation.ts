/**
 * `codis operation …`: moves of slots that run, wait or have ended: how far they are, and steering them. They are
 * started by `codis rebalance`, `codis slot migrate` and `codis plan start`, by the old command lines, or by
 * automatic balancing.
 */
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Operation, V1OperationSummary } from "../../api/v1-operation-schema.ts";
import { parseDurationMs } from "../../base/duration.ts";
import { CodisError } from "../../base/error.ts";
import { formatAmount, formatSpeed } from "../figure.ts";
import { formatBytes, formatFacts, formatTable } from "../table.ts";
import { argumentAt } from "./argument.ts";
import { moveTable } from "./plan-text.ts";
import type { Answer, Noun, Verb, VerbCall } from "./program.ts";
import {
  describeLimit,
  describeState,
  describeStrain,
  formatTimeLeft,
  percentOf,
} from "./progress.ts";
import { readSpeed, SPEED_OPTIONS, type SpeedFlags } from "./speed.ts";
import { isOver, watchOperation } from "./watch.ts";

const WHICH = "ID is like op-3, or 3.";
/** Longest `--timeout`: what a timer of the runtime can count. */
const TIMEOUT_MS_MAX = 2_147_483_647;

const LIST: Verb<{ readonly open?: boolean }> = {
  use: "list",
  summary: "all that are known, the newest first",
  options: [["--open", "only those that haven't ended"]],
  run: async ({ client, flags }) => {
    const operations = await client.operations({ open: flags.open });
    return { json: operations, text: describeList(operations) };
  },
};

const WATCH: Verb<{ readonly timeout?: string }> = {
  use: "watch [id]",
  summary: "show how far it is until it has ended",
  options: [["--timeout <duration>", "give up after so long, like 90s or 2h"]],
  details:
    `${WHICH} Without it: the one that runs. A few lines that change at a terminal; a line of JSON for\n` +
    "each change where stdout isn't one, or with --json. Exit code 0: it is done; 1: it was cancelled, or\n" +
    "the time of --timeout is up; 130: Ctrl+C ended the watching. The operation goes on in any case.",
  run: async ({ client, args, flags }) => {
    const limitMs = flags.timeout === undefined ? undefined : readTimeout(flags.timeout);
    const [text] = args;
    const operation =
      text === undefined ? await findOpen(client) : await client.operation(readOperationId(text));
    return watchOperation(client, operation, { isJson: flags.json === true, limitMs });
  },
};

const CANCEL: Verb<{ readonly rollback?: boolean }> = {
  use: "cancel <id>",
  summary:
    "end it before it is done: slots that wait stay where they are, half-moved ones are finished",
  options: [["--rollback", "half-moved slots go back to where they came from"]],
  details: `${WHICH} Slots that have arrived stay where they are. --rollback may also be said later.`,
  run: (call) =>
    steer(call, "is being cancelled", (client, id) =>
      client.cancelOperation(id, { rollback: call.flags.rollback === true }),
    ),
};

const SPEED: Verb<SpeedFlags & { readonly unlimited?: boolean }> = {
  use: "speed <id>",
  summary: "limit how fast keys move from now on",
  options: [...SPEED_OPTIONS, ["--unlimited", "take all limits away, and the p99 guard"]],
  details: `${WHICH} A limit that isn't named stays as it is.`,
  run: (call) => {
    const { unlimited: isUnlimited, ...flags } = call.flags;
    const limits = readSpeed(flags);
    const isLimited = Object.keys(limits).length > 0;
    if (isLimited === (isUnlimited === true)) {
      throw new CodisError(
        "USAGE",
        isLimited
          ? "--unlimited takes all limits away: give it alone"
          : "how fast? Say --keys-per-second N, --bytes-per-second SIZE, --p99-guard-ms N, or --unlimited",
      );
    }
    const change = isLimited
      ? limits
      : { keys_per_second: 0, bytes_per_second: 0, p99_guard_ms: 0 };
    return steer(call, "has its new speed", (client, id) => client.updateOperation(id, change));
  },
};

/** See the file head. */
export const OPERATION: Noun = {
  name: "operation",
  summary: "Moves of slots that run, wait, or have ended.",
  examples: [
    ["codis operation list", "what moves, and what has moved"],
    ["codis operation watch", "how far the one that runs is"],
    ["codis operation speed op-3 --keys-per-second 5000", "slow it down"],
    ["codis operation speed op-3 --p99-guard-ms 8", "slow it down when clients have to wait"],
    ["codis operation pause op-3", "until codis operation resume op-3"],
    ["codis operation cancel op-3 --rollback", "half-moved slots go back"],
  ],
  whenNotFound: "codis operation list shows all",
  verbs: [
    LIST,
    {
      use: "show <id>",
      summary: "one, with its slots and its history",
      details: WHICH,
      run: async ({ client, args }) => {
        const operation = await client.operation(readOperationId(argumentAt(args, 0)));
        return { json: operation, text: describeOperation(operation) };
      },
    },
    WATCH,
    {
      use: "pause <id>",
      summary: "move no more keys by itself until it is resumed",
      details: `${WHICH} Keys of half-moved slots still move when clients use them.`,
      run: (call) => steer(call, "is paused", (client, id) => client.pauseOperation(id)),
    },
    {
      use: "resume <id>",
      summary: "let a paused one go on",
      details: WHICH,
      run: (call) => steer(call, "goes on", (client, id) => client.resumeOperation(id)),
    },
    CANCEL,
    SPEED,
  ],
};

/** Id of an operation; `op-3` and `3` mean the same. Throws USAGE. */
export function readOperationId(text: string): string {
  const digits = /^(?:op-)?([1-9]\d{0,14})$/.exec(text)?.[1];
  if (digits === undefined) {
    throw new CodisError("USAGE", `invalid operation ${text}: expected a form like op-3`);
  }
  return `op-${digits}`;
}

/** One, with everything that is known of it. */
export function describeOperation(operation: V1Operation): string {
  const { progress, moves, events } = operation;
  const { slots_moving: moving, stale_keys: stale } = progress;
  const { speed, speed_in_force: now } = operation;
  const limitNow = withoutName(describeLimit(now));
  const facts = formatFacts([
    ["operation", operation.id],
    ["state", `${describeState(operation)} (${percentOf(operation)}%)`],
    ["reason", operation.reason],
    ["made from", operation.plan_id ?? operation.origin],
    ["strategy", operation.strategy],
    ["big keys", operation.big_key],
    ["slots", `${progress.slots_done} of ${progress.slots_total} done, ${moving} moving`],
    ["keys", `${formatAmount(progress.keys_moved)} of ${formatAmount(progress.keys_total)}`],
    ["keys moved by proxies", progress.keys_on_access],
    ["size", `${formatBytes(progress.bytes_moved)} of ${formatBytes(progress.bytes_total)}`],
    ["speed now", formatSpeed(progress.keys_per_second, progress.bytes_per_second)],
    ["limit", withoutName(describeLimit(speed))],
    ["p99 guard", speed.p99_guard_ms === 0 ? null : `${speed.p99_guard_ms} ms`],
    ["limit now", now.reason === null ? null : `${limitNow ?? "none"} (${now.reason})`],
    ["strain", describeStrain(progress)],
    ["left-over copies removed", stale],
    ["ordered", operation.created_at],
    ["started", operation.started_at],
    ["ended", operation.ended_at],
  ]);
  const history = events.map(({ at, text }) => `${at}  ${text}\n`).join("");
  return [facts, moveTable(moves), history].filter((part) => part !== "").join("\n");
}

function withoutName(limit: string): string | null {
  return limit.replace(/^limit /, "") || null;
}

/** As a table. */
export function describeList(operations: readonly V1OperationSummary[]): string {
  if (operations.length === 0) {
    return "no slots move, and none have moved\n";
  }
  const rows = operations.map((operation) => {
    const { progress, reason } = operation;
    const { reason: guardReason } = operation.speed_in_force;
    const { eta_ms: eta, keys_per_second: rate } = progress;
    return [
      operation.id,
      operation.self_paused ? `${operation.state} (by itself)` : operation.state,
      operation.strategy,
      `${percentOf(operation)}%`,
      // Slots are at their end then that never moved, or went back.
      operation.state === "cancelled" ? null : `${progress.slots_done}/${progress.slots_total}`,
      `${formatAmount(progress.keys_moved)}/${formatAmount(progress.keys_total)}`,
      isOver(operation) ? null : formatAmount(rate),
      eta === null || isOver(operation) ? null : formatTimeLeft(eta),
      operation.created_at,
      // In the last column, where a long text makes no other line longer.
      [reason, guardReason].filter((text) => text !== null).join("; "),
    ];
  });
  const head = [
    "OPERATION",
    "STATE",
    "STRATEGY",
    "DONE",
    "SLOTS",
    "KEYS",
    "KEYS/S",
    "TO GO",
    "ORDERED",
    "REASON",
  ];
  return formatTable([head, ...rows]);
}

async function steer(
  { client, args }: VerbCall<object>,
  what: string,
  order: (client: V1Client, id: string) => Promise<V1Operation>,
): Promise<Answer> {
  const operation = await order(client, readOperationId(argumentAt(args, 0)));
  return {
    json: operation,
    text: `operation ${operation.id} ${what}; its state: ${describeState(operation)}\n`,
  };
}

/** The one that runs, else the one that has waited longest. Throws NOT_FOUND. */
async function findOpen(client: V1Client): Promise<V1OperationSummary> {
  const open = await client.operations({ open: true });
  const found = open.find(({ state }) => state === "running") ?? open.at(-1);
  if (found === undefined) {
    throw new CodisError("NOT_FOUND", "nothing moves; codis operation list shows what has ended");
  }
  return found;
}

function readTimeout(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms <= 0 || ms > TIMEOUT_MS_MAX) {
    throw new CodisError("USAGE", `invalid --timeout ${text}: expected a form like 90s or 2h`);
  }
  return ms;
}
