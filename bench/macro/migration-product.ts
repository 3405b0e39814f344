/**
 * The same move through a whole product: a dashboard, two proxies, two groups of one server; all slots belong to the
 * first group, half of them are ordered to the second one with the old API, and clients ask the proxies meanwhile.
 */
import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../test/support/deadline.ts";
import { RunningProduct } from "../../test/support/running-product.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import type { Load } from "./load.ts";
import { type MoveFigures, measureMove } from "./migration-run.ts";
import { countKeys, fillKeys } from "./redis-wire.ts";

/** What is moved, and under which load. */
export interface ProductMove {
  readonly name: string;
  readonly keys: number;
  /** Its port is replaced by that of the first proxy. */
  readonly load: Load | undefined;
}

const SLOT_COUNT = 1024;
const MOVED_SLOTS = SLOT_COUNT / 2;
const MOVE_MS = 600_000;
const LOOK_MS = 200;
const VALUE_BYTES = 64;
const GROUPS = 2;
/** Of the dashboard, as docs/slot-migration.md advises where it shares its processors with servers and proxies. */
const DASHBOARD_NICE = 10;

/** Starts a product, fills it, moves, and ends everything. */
export async function measureProduct({ name, keys, load }: ProductMove): Promise<MoveFigures> {
  const folder = temporaryFolder();
  const product = await RunningProduct.start({
    coordinator: { name: "filesystem", addr: folder.path },
    slotCount: SLOT_COUNT,
    groups: GROUPS,
    proxies: 2,
    config: { migration_parallel_slots: 512 },
  });
  try {
    const { v1, topom } = product.dashboard;
    setPriority(product.dashboard.pid, DASHBOARD_NICE);
    await v1.assignSlots({ assignments: [{ from: 0, to: SLOT_COUNT - 1, group_id: 1 }] });
    await product.whenWell();
    const port = product.proxies[0]?.port ?? 0;
    await fillKeys(port, keys, VALUE_BYTES);
    return await measureMove({
      name,
      ports: product.servers.map((server) => server.port),
      load: load === undefined ? undefined : { ...load, port },
      moverPid: product.dashboard.pid,
      move: async () => {
        await topom.createSlotRangeActions(0, MOVED_SLOTS - 1, GROUPS);
        await waitFor("end of the move", MOVE_MS, async () => {
          // Looks cost the dashboard time, and it is the one that moves.
          await sleep(LOOK_MS);
          const { ranges } = await v1.slots({ from: 0, to: MOVED_SLOTS - 1 });
          return ranges.every((range) => range.group_id === GROUPS) ? true : undefined;
        });
        const target = product.servers[GROUPS - 1];
        return target === undefined ? 0 : await countKeys(target.port);
      },
    });
  } finally {
    await product.stop();
    folder.remove();
  }
}
