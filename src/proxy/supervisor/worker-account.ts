/**
 * The figures of one worker index in the supervisor, over all processes that have been that worker: counters
 * go on when a worker dies and another takes its place, gauges are those of the process that lives.
 *
 * Counters by command come as additions (`CountFeed`) and are summed here; the others come as totals of one
 * process, so those of dead processes are kept as a base. What a process counted after its last report
 * (one a second) is lost with it.
 */
import type { MoveFigures, ReplicaFigures } from "../control.ts";
import { mergeReplicas } from "../replica/replica-figures.ts";
import { UNKNOWN_COMMAND_ID } from "../stats/command-stats.ts";
import { addMoves, NO_MOVES } from "../stats/move-stats.ts";
import type { WorkerReport } from "../worker/child-call.ts";
import type { WorkerSnapshot } from "../worker/contract.ts";
import { addCounts, clearCounts, createCounts } from "../worker/count-feed.ts";

/** What a process has counted since it started, besides its commands. */
interface Totals {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly sessionsTotal: number;
  readonly sessionsRejected: number;
  readonly sessionsClosed: Readonly<Record<string, number>>;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly moves: MoveFigures;
  readonly replicas: readonly ReplicaFigures[];
}

const NOTHING: Totals = {
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  sessionsTotal: 0,
  sessionsRejected: 0,
  sessionsClosed: {},
  bytesReceived: 0,
  bytesSent: 0,
  moves: NO_MOVES,
  replicas: [],
};

/** See the file head. */
export class WorkerAccount {
  readonly index: number;
  readonly #counts = createCounts(UNKNOWN_COMMAND_ID + 1);
  /** Of the processes that are gone. */
  #base: Totals = NOTHING;
  #report: WorkerReport | undefined;
  #deadCount = 0;

  constructor(index: number) {
    this.index = index;
  }

  /** The process told its figures. */
  add(report: WorkerReport): void {
    addCounts(this.#counts, report.counts);
    this.#report = report;
  }

  /** The process is gone: what it counted stays, what it had is nothing now. */
  close(): void {
    const totals = this.#totals();
    // Nothing waits in a process that is gone.
    const replicas = totals.replicas.map(withoutGauges);
    this.#base = { ...totals, moves: { ...totals.moves, waiting: 0 }, replicas };
    this.#report = undefined;
    this.#deadCount++;
  }

  /** Processes that have been this worker and are gone. */
  get deadCount(): number {
    return this.#deadCount;
  }

  /** Statistics of commands begin at 0 again. */
  resetCounts(): void {
    clearCounts(this.#counts);
  }

  /** Calls of all commands. */
  opsTotal(): number {
    let total = 0;
    for (const calls of this.#counts.calls) total += calls;
    return total;
  }

  /** The newest figures; `pid` is 0 while no process lives. Arrays are the account's own, don't change them. */
  snapshot(): WorkerSnapshot {
    const report = this.#report;
    return {
      index: this.index,
      pid: report?.pid ?? 0,
      residentBytes: report?.residentBytes ?? 0,
      sessionsAlive: report?.sessionsAlive ?? 0,
      bytesBuffered: report?.bytesBuffered ?? 0,
      backends: report?.backends ?? [],
      ...this.#totals(),
      ...this.#counts,
    };
  }

  #totals(): Totals {
    const base = this.#base;
    const now = this.#report;
    if (now === undefined) return base;
    return {
      cpuUserSeconds: base.cpuUserSeconds + now.cpuUserSeconds,
      cpuSystemSeconds: base.cpuSystemSeconds + now.cpuSystemSeconds,
      sessionsTotal: base.sessionsTotal + now.sessionsTotal,
      sessionsRejected: base.sessionsRejected + now.sessionsRejected,
      sessionsClosed: sumByReason(base.sessionsClosed, now.sessionsClosed),
      bytesReceived: base.bytesReceived + now.bytesReceived,
      bytesSent: base.bytesSent + now.bytesSent,
      moves: addMoves(base.moves, now.moves),
      replicas: mergeReplicas([...base.replicas, ...now.replicas]),
    };
  }
}

function withoutGauges(replica: ReplicaFigures): ReplicaFigures {
  return { ...replica, isUsable: false, lagMs: Number.POSITIVE_INFINITY };
}

/** Adds counts by reason. */
export function sumByReason(
  ...parts: readonly Readonly<Record<string, number>>[]
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) {
    for (const [reason, count] of Object.entries(part)) sums[reason] = (sums[reason] ?? 0) + count;
  }
  return sums;
}
