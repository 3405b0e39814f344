/**
 * The lock of a product in the coordinator: who has it, and taking away one that was left behind
 * (`--remove-lock`). Our dashboards' locks end with them; an original dashboard's stays when it is killed.
 */
import { TopomClient } from "../../api/topom-client.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { type DashboardModel, readLockText } from "../../model/dashboard-model.ts";

/** A dashboard that lives answers in this time. */
const PROBE_MS = 3_000;

/** The holder in words. */
export function describeHolder(holder: DashboardModel | undefined): string {
  return holder === undefined
    ? "an unknown program"
    : `${holder.adminAddr} (pid ${holder.pid}, started ${holder.startTime.replace(/ m=.*/, "")})`;
}

/**
 * Deletes the lock and tells who had it. Throws STATE_CONFLICT when that dashboard answers, unless
 * `isForced`; COORDINATOR_CONFLICT when the lock changes hands meanwhile.
 */
export async function removeLock(
  coordinator: Coordinator,
  product: string,
  isForced: boolean,
): Promise<string> {
  const path = coordinatorPath.lock(product);
  const lock = await coordinator.get(path);
  if (lock === undefined) {
    return `product ${product} isn't locked in ${coordinator.label}\n`;
  }
  const holder = readLockText(lock.data);
  if (!isForced && holder !== undefined && (await isAlive(holder))) {
    throw new CodisError(
      "STATE_CONFLICT",
      `the dashboard ${describeHolder(holder)} lives and has the lock; end it with codis admin ` +
        `--dashboard=${holder.adminAddr} --shutdown, or take the lock away with --force`,
    );
  }
  await coordinator.write([{ path, data: undefined, expected: lock.version }]);
  return `the lock of product ${product} is removed; it was held by ${describeHolder(holder)}\n`;
}

/** Whether the very process that took the lock answers. */
async function isAlive(holder: DashboardModel): Promise<boolean> {
  try {
    const client = new TopomClient({ addr: holder.adminAddr, timeoutMs: PROBE_MS });
    return (await client.model()).token === holder.token;
  } catch (thrown) {
    if (!isCodisError(thrown)) {
      throw thrown;
    }
    return false;
  }
}
