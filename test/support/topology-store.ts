/**
 * Opens stores of a topology for tests, on any coordinator: a leader that wins at once, leaderships that
 * break, products that were there before.
 */
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { CodisError } from "../../src/base/error.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type {
  Coordinator,
  Leadership,
  NodeVersion,
  NodeWrite,
} from "../../src/coordinator/coordinator.ts";
import { ANY } from "../../src/coordinator/coordinator.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import type { SlotCount } from "../../src/model/slot.ts";
import { diffTopology } from "../../src/model/topology/diff.ts";
import { emptyTopology, type Topology } from "../../src/model/topology/topology.ts";

/** How a store is opened. */
export interface OpenStoreOptions {
  readonly slotCount?: SlotCount;
  readonly log?: Log;
  readonly leaseMs?: number;
  readonly clock?: Clock;
  /** Puts something between the store and its leadership. */
  readonly wrap?: (leadership: Leadership) => Leadership;
}

/** Leads product `demo` and opens its store. */
export async function openStore(
  coordinator: Coordinator,
  options: OpenStoreOptions = {},
): Promise<TopologyStore> {
  const leadership = await coordinator.lead({
    lockPath: coordinatorPath.lock("demo"),
    epochPath: coordinatorPath.epoch("demo"),
    data: "{}",
    leaseMs: options.leaseMs ?? 8000,
  });
  return TopologyStore.open({
    coordinator,
    leadership: options.wrap?.(leadership) ?? leadership,
    product: "demo",
    defaultSlotCount: options.slotCount ?? 1024,
    log: options.log ?? silentLog,
    clock: options.clock ?? systemClock,
  });
}

/** Does every write on its own, and calls `beforeEach` before each one; it may throw, or never return. */
export function writeOneByOne(
  leadership: Leadership,
  beforeEach: () => Promise<void> | void,
): Leadership {
  return {
    epoch: leadership.epoch,
    lost: leadership.lost,
    isHeld: () => leadership.isHeld(),
    confirm: () => leadership.confirm(),
    release: () => leadership.release(),
    write: async (writes: readonly NodeWrite[]) => {
      const versions: (NodeVersion | undefined)[] = [];
      for (const write of writes) {
        await beforeEach();
        versions.push(...(await leadership.write([write])));
      }
      return versions;
    },
  };
}

/** A leadership whose coordinator is gone after so many writes. */
export function failAfterWrites(leadership: Leadership, count: number): Leadership {
  let writesLeft = count;
  return writeOneByOne(leadership, () => {
    writesLeft -= 1;
    if (writesLeft < 0) {
      throw new CodisError("COORDINATOR_UNREACHABLE", "the coordinator is gone");
    }
  });
}

/** Fills the coordinator as somebody else's program would. */
export async function fillProduct(coordinator: Coordinator, topology: Topology): Promise<void> {
  const nodes = diffTopology(emptyTopology("demo", topology.slotCount), topology);
  await coordinator.write(nodes.map((node) => ({ ...node, expected: ANY })));
}

/** A log that keeps events and texts of warnings. */
export function warningLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (event: string, message: string): void => {
    lines.push(`${event}: ${message}`);
  };
  return { lines, log: { ...silentLog, warn: keep, error: keep } };
}
