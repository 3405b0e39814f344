/**
 * `codis config action …`: what Codis 2.0 left behind and had to be cleaned up by hand. Here is nothing to
 * collect: the log of changes is bounded by itself, and a lock ends with its dashboard. What an original
 * dashboard of 3.2 leaves in the coordinator when it is killed can be removed.
 */
import { TopomClient } from "../../api/topom-client.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import type { LegacyFile } from "../../config/legacy-config.ts";
import type { Coordinator, CoordinatorNode } from "../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { type DashboardModel, decodeDashboardModel } from "../../model/dashboard-model.ts";
import { parseJsonNode } from "../../model/json-record.ts";
import { readNumber } from "../noun/argument.ts";
import { type ConfigCall, type ConfigNoun, type ConfigVerb, OK } from "./program.ts";
import { openStore } from "./target.ts";

const KEEP_MAX = 999_999_999;
/** For the dashboard that the lock names. */
const LEADER_TIMEOUT_MS = 3_000;

const GC: ConfigVerb<{ readonly n?: string; readonly s?: string }> = {
  use: "gc",
  summary: "trim the list of finished actions",
  options: [
    ["-n <num>", "keep the last ones"],
    ["-s <seconds>", "keep those of the last seconds"],
  ],
  run: async ({ dashboard, flags, note }) => {
    if (flags.n !== undefined && flags.s !== undefined) {
      throw new CodisError("USAGE", "-n and -s exclude each other");
    }
    for (const text of [flags.n, flags.s]) {
      if (text !== undefined) {
        readNumber(text, flags.n === undefined ? "-s" : "-n", 0, KEEP_MAX);
      }
    }
    await dashboard();
    note(
      "nothing to collect: there is no list of actions; codis audit list shows what was changed",
    );
    return OK;
  },
};

/** See the file head. */
export const ACTION: ConfigNoun = {
  name: "action",
  summary: "what was left behind",
  verbs: [
    GC,
    {
      use: "remove-lock",
      summary: "remove the lock of a dashboard that is gone",
      run: removeLock,
    },
    {
      use: "remove-fence",
      summary: "remove fences of dead proxies",
      run: async ({ dashboard, note }) => {
        await dashboard();
        note("nothing to remove: there are no fences");
        return OK;
      },
    },
  ],
};

async function removeLock({ file, note }: ConfigCall<object>): Promise<typeof OK> {
  if (file === undefined) {
    throw new CodisError(
      "USAGE",
      "the coordinator isn't known: name the file that has it with -c config.ini",
    );
  }
  const store = await openStore(file);
  try {
    const lock = await store.get(coordinatorPath.lock(file.config.product));
    if (lock === undefined) {
      note(`${store.label} has no lock of ${file.config.product}`);
      return OK;
    }
    await refuseLiving(file, lock, note);
    await deleteNode(store, lock);
    note(`the lock ${lock.path} is removed`);
    return OK;
  } finally {
    await store.close();
  }
}

/** Throws STATE_CONFLICT when the dashboard that the lock names is alive. */
async function refuseLiving(
  file: LegacyFile,
  lock: CoordinatorNode,
  note: (line: string) => void,
): Promise<void> {
  const holder = decodeHolder(lock);
  if (holder === undefined) {
    return;
  }
  const dashboard = new TopomClient({ addr: holder.adminAddr, timeoutMs: LEADER_TIMEOUT_MS });
  try {
    const model = await dashboard.model();
    if (model.token !== holder.token || model.product_name !== file.config.product) {
      return;
    }
  } catch (thrown) {
    if (isCodisError(thrown, "REMOTE_UNREACHABLE")) {
      note(`the dashboard ${holder.adminAddr} that holds the lock doesn't answer`);
      return;
    }
    // Only silence is a sign of death: whoever answers, with whatever, has to be looked at.
    throw new CodisError(
      "STATE_CONFLICT",
      `can't tell whether the dashboard ${holder.adminAddr} that holds the lock is gone; end process ` +
        `${holder.pid} there first`,
      { cause: thrown },
    );
  }
  throw new CodisError(
    "STATE_CONFLICT",
    `the lock belongs to the dashboard ${holder.adminAddr}, which is alive; to end it: ` +
      `codis product shutdown --dashboard ${holder.adminAddr} --yes`,
  );
}

/** Who holds the lock; undefined when its text doesn't say, which no dashboard writes. */
function decodeHolder(lock: CoordinatorNode): DashboardModel | undefined {
  try {
    return decodeDashboardModel(parseJsonNode(lock.data, lock.path), lock.path);
  } catch (thrown) {
    if (isCodisError(thrown, "MODEL_INVALID")) {
      return undefined;
    }
    throw thrown;
  }
}

/** Deletes just what was looked at: a dashboard that takes the lock meanwhile keeps it. */
async function deleteNode(store: Coordinator, { path, version }: CoordinatorNode): Promise<void> {
  await store.write([{ path, data: undefined, expected: version }]);
}
