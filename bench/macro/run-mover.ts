/**
 * Has a mover of the dashboard move slots between two servers to the end, without a dashboard around it: whatever it
 * would ask is answered, and any trouble ends the measurement.
 */
import type { Mover, MoverOptions, Pace } from "../../src/dashboard/migration/contract.ts";

/** What is moved, from where to where. */
export interface MoverRun {
  readonly sourceAddr: string;
  readonly targetAddr: string;
  readonly slotCount: number;
  readonly slotIds: readonly number[];
  readonly pace: Pace;
  /** `migration_max_stall`, milliseconds. */
  readonly maxStallMs: number;
  readonly create: (options: MoverOptions) => Mover;
}

const IO_TIMEOUT_MS = 500;

/** Resolves with the number of keys that were moved, once all slots are empty. */
export async function runMover(run: MoverRun): Promise<number> {
  let keys = 0;
  let left = run.slotIds.length;
  const done = Promise.withResolvers<void>();
  const server = { user: "", password: "" };
  const mover = run.create({
    source: { ...server, groupId: 1, addr: run.sourceAddr },
    target: { ...server, groupId: 2, addr: run.targetAddr },
    slotCount: run.slotCount,
    epoch: 1,
    confirm: () => Promise.resolve(),
    limits: () => ({
      maxStallMs: run.maxStallMs,
      ioTimeoutMs: IO_TIMEOUT_MS,
      bigKeyRule: "last",
    }),
    pace: run.pace,
    events: {
      onEmptied: (slotIds) => {
        left -= slotIds.length;
        if (left === 0) {
          done.resolve();
        }
      },
      onMoved: (_slotId, count) => {
        keys += count;
      },
      onTrouble: (trouble) => {
        if (trouble !== undefined) {
          done.reject(new Error(trouble.text));
        }
      },
      onStall: () => undefined,
      onRetry: () => undefined,
    },
  });
  try {
    mover.add(run.slotIds);
    await done.promise;
    return keys;
  } finally {
    await mover.close();
  }
}
