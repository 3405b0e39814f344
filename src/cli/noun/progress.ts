/**
 * How far an operation is, as a few lines for a terminal of any width. Pure; `live-block.ts` draws them over and
 * over at the same place.
 *
 *     [##########----------]  50%  running, 1m20s to go
 *     slots 128 of 256 (8 moving), keys 600.0k of 1.20M, 40.0 MB of 80.0 MB
 *     7.50k keys/s, 512.0 KB/s; longest stall 4 ms, longest hold 12 ms
 *     slowed by the p99 guard: why
 *     ! why it makes no progress
 */
import type { V1OperationSummary } from "../../api/v1-operation-schema.ts";
import { formatAmount, formatSpeed, formatTimeSpan } from "../figure.ts";
import { formatBytes } from "../table.ts";

/** Characters of the bar, without its brackets. */
const BAR_MIN = 10;
const BAR_MAX = 50;
/** Narrower terminals are taken as being so wide: less says nothing. */
const WIDTH_MIN = 20;
const TIME_LEFT_MIN_MS = 5_000;

/** See the file head. No line is longer than `width` characters, which is at least `WIDTH_MIN`. */
export function drawProgress(operation: V1OperationSummary, width: number): readonly string[] {
  const room = Math.max(WIDTH_MIN, width);
  const { progress } = operation;
  const lines = [
    drawBar(operation, room),
    describeAmounts(progress),
    [
      formatSpeed(progress.keys_per_second, progress.bytes_per_second),
      describeLimit(operation.speed_in_force),
      describeStrain(progress),
    ]
      .filter((part) => part !== "")
      .join("; "),
    ...(operation.speed_in_force.reason === null ? [] : [operation.speed_in_force.reason]),
    ...(operation.reason === null ? [] : [`! ${operation.reason}`]),
  ];
  return lines.map((line) => cut(line, room));
}

/**
 * Hundredths of the work that are done, from 0 to 100; 100 only when all of it is. What was cancelled isn't done,
 * though nothing of it is left.
 */
export function percentOf(operation: V1OperationSummary): number {
  const { progress, state } = operation;
  const { slots_done: done, slots_total: total, keys_moved: moved, keys_total: keys } = progress;
  const isCancelled = state === "cancelled";
  if (state === "done" || (!isCancelled && total > 0 && done >= total)) {
    return 100;
  }
  const slotShare = !isCancelled && total > 0 ? done / total : 0;
  const share = keys > 0 ? moved / keys : slotShare;
  return Math.min(99, Math.floor(share * 100));
}

/** Its state in words, with what is still to wait for. */
export function describeState(operation: V1OperationSummary): string {
  const { state, self_paused: isSelfPaused, rollback: isRollback, progress } = operation;
  switch (state) {
    case "paused":
      return isSelfPaused ? "paused by itself" : "paused";
    case "cancelling":
      return isRollback ? "cancelling, slots go back" : "cancelling";
    case "running":
      return progress.eta_ms === null
        ? "running"
        : `running, ${formatTimeLeft(progress.eta_ms)} to go`;
    case "waiting":
      return "waiting for its turn";
    default:
      return state;
  }
}

/** The last hand-overs take as long as they take: a shorter time isn't foreseen. */
export function formatTimeLeft(ms: number): string {
  return ms < TIME_LEFT_MIN_MS
    ? `less than ${formatTimeSpan(TIME_LEFT_MIN_MS)}`
    : formatTimeSpan(ms);
}

/** Limits of speed; empty when there is none. */
export function describeLimit(
  speed: Pick<V1OperationSummary["speed"], "keys_per_second" | "bytes_per_second">,
): string {
  const limits = [
    ...(speed.keys_per_second === 0 ? [] : [`${formatAmount(speed.keys_per_second)} keys/s`]),
    ...(speed.bytes_per_second === 0 ? [] : [`${formatBytes(speed.bytes_per_second)}/s`]),
  ];
  return limits.length === 0 ? "" : `limit ${limits.join(" and ")}`;
}

/** What servers and clients feel of it. */
export function describeStrain(progress: V1OperationSummary["progress"]): string {
  const { longest_stall_ms: stall, longest_hold_ms: hold, retries } = progress;
  const again = retries === 0 ? "" : `, ${retries} ${retries === 1 ? "retry" : "retries"}`;
  return `longest stall ${formatTimeSpan(stall)}, longest hold ${formatTimeSpan(hold)}${again}`;
}

function describeAmounts(progress: V1OperationSummary["progress"]): string {
  const moving = progress.slots_moving === 0 ? "" : ` (${progress.slots_moving} moving)`;
  return [
    `slots ${progress.slots_done} of ${progress.slots_total}${moving}`,
    `keys ${formatAmount(progress.keys_moved)} of ${formatAmount(progress.keys_total)}`,
    `${formatBytes(progress.bytes_moved)} of ${formatBytes(progress.bytes_total)}`,
  ].join(", ");
}

/** The bar takes what the words leave, within its bounds; where that is too little, it goes without words. */
function drawBar(operation: V1OperationSummary, width: number): string {
  const percent = percentOf(operation);
  const words = ` ${String(percent).padStart(3)}%  ${describeState(operation)}`;
  const left = width - words.length - 2;
  const length = Math.max(BAR_MIN, Math.min(BAR_MAX, left));
  const full = Math.floor((percent * length) / 100);
  return `[${"#".repeat(full)}${"-".repeat(length - full)}]${words}`;
}

function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join("")}…`;
}
