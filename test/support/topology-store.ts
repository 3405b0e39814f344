/**
 * Stores of a topology on the memory coordinator: a leader that wins at once, and what a test wants to know
 * of the coordinator afterwards.
 */
import { CodisError } from "../../src/base/error.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type {
  Coordinator,
  Leadership,
  NodeVersion,
  NodeWrite,
} from "../../src/coordinator/coordinator.ts";
import { TopologyStore } from "../../src/dashboard/topology/store.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import type { SlotCount } from "../../src/model/slot.ts";

/** How a store is opened. */
export interface OpenStoreOptions {
  readonly slotCount?: SlotCount;
  readonly log?: Log;
  readonly leaseMs?: number;
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
  });
}

/** Whether the path is part of what a topology is made of; locks, epochs and journals aren't. */
export function isTopologyPath(path: string): boolean {
  return path.startsWith("/codis3/") && path !== coordinatorPath.lock("demo");
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
