/**
 * The products of a coordinator and where their dashboards are, from the locks that these hold. The list that
 * `codis admin --dashboard-list` prints and that `codis fe` reads from a file or from the coordinator itself.
 */
import type { NodeReader } from "../coordinator/coordinator.ts";
import { CODIS_ROOT, coordinatorPath } from "../model/coordinator-path.ts";
import { readLockText } from "../model/dashboard-model.ts";

/** One entry of the list, in the JSON that codis-fe reads. */
export interface DashboardPlace {
  readonly name: string;
  /** Address of the dashboard; empty when the product has none now. */
  readonly dashboard: string;
}

/** All products of a coordinator and their dashboards, in order of their names. */
export async function listDashboards(coordinator: NodeReader): Promise<readonly DashboardPlace[]> {
  const products = await coordinator.list(CODIS_ROOT);
  return Promise.all(
    products.map(async (name) => {
      const lock = await coordinator.get(coordinatorPath.lock(name));
      const holder = lock === undefined ? undefined : readLockText(lock.data);
      return { name, dashboard: holder?.adminAddr ?? "" };
    }),
  );
}
