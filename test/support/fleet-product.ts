/**
 * A product as the tests of the fleet see it: slots that all belong to one server until a test moves some,
 * and proxies by their models. Each change makes the next revision.
 */
import { silentLog } from "../../src/base/log.ts";
import { slotViewsOf } from "../../src/dashboard/fleet/desired-tables.ts";
import { Fleet, type FleetOptions } from "../../src/dashboard/fleet/fleet.ts";
import type { FleetTiming } from "../../src/dashboard/fleet/timing.ts";
import type { GroupRecord } from "../../src/model/group.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import type { ProxyRecord } from "../../src/model/proxy-record.ts";
import { FORWARD_METHOD } from "../../src/model/slot.ts";
import { emptyTopology, type Topology } from "../../src/model/topology/topology.ts";

/** Epoch of the leader of the tests. */
export const EPOCH = 7;

/**
 * Short pauses, so that tests need not wait; for an answer a proxy has longer than a machine stands still. Tests of
 * proxies that hang say how long.
 */
export const TEST_TIMING: Partial<FleetTiming> = {
  pollPeriodMs: 50,
  pollTimeoutMs: 15_000,
  pushTimeoutMs: 15_000,
  backoffMinMs: 20,
  backoffMaxMs: 200,
  comparePeriodMs: 200,
  modelReportPeriodMs: 200,
};

/** The topology of a test, and how it goes on. */
export class FleetProduct {
  topology: Topology;

  /** Every slot is in group 1; groups 1 to `addrs.length` have one server each. */
  constructor(addrs: readonly string[] = ["10.0.1.1:6379", "10.0.2.1:6379"]) {
    const empty = emptyTopology("demo", 1024);
    this.topology = {
      ...empty,
      revision: 1,
      groups: new Map(addrs.map((addr, index) => [index + 1, groupOf(index + 1, addr)])),
      slots: empty.slots.map((slot) => ({ ...slot, groupId: 1 })),
    };
  }

  /** Gives the slots to another group. */
  assign(groupId: number, ...ids: readonly number[]): Topology {
    const moved = new Set(ids);
    const slots = this.topology.slots.map((slot) =>
      moved.has(slot.id) ? { ...slot, groupId } : slot,
    );
    return this.#next({ slots });
  }

  /** Registers proxies, or gives them newer models. */
  register(...models: readonly ProxyModel[]): Topology {
    const proxies = new Map(this.topology.proxies);
    for (const model of models) {
      const id = proxies.get(model.token)?.id ?? proxies.size + 1;
      proxies.set(model.token, { ...model, id } satisfies ProxyRecord);
    }
    return this.#next({ proxies });
  }

  /** Forgets a proxy. */
  unregister(token: string): Topology {
    const proxies = new Map(this.topology.proxies);
    proxies.delete(token);
    return this.#next({ proxies });
  }

  /** A newer revision in which nothing changed. */
  touch(): Topology {
    return this.#next({});
  }

  #next(changes: Partial<Topology>): Topology {
    this.topology = { ...this.topology, ...changes, revision: this.topology.revision + 1 };
    return this.topology;
  }
}

/** What a fleet told its owner. */
export class FleetEvents {
  outdatedCount = 0;
  readonly models: ProxyModel[] = [];
}

/** A fleet of the product with short times; `events` collects what it tells. */
export function createFleet(
  events: FleetEvents = new FleetEvents(),
  options: Partial<FleetOptions> = {},
): Fleet {
  return new Fleet({
    productName: "demo",
    productAuth: "",
    epoch: EPOCH,
    isLeader: () => true,
    slotViews: slotViewsOf(FORWARD_METHOD.semiAsync, FORWARD_METHOD.migrate),
    log: silentLog,
    onOutdated: () => {
      events.outdatedCount += 1;
    },
    onModelChanged: (_token, model) => events.models.push(model),
    timing: TEST_TIMING,
    ...options,
  });
}

function groupOf(id: number, addr: string): GroupRecord {
  const server = { addr, datacenter: "", isReplicaGroup: false };
  return {
    id,
    servers: [{ ...server, action: { index: 0, state: "" } }],
    promoting: { index: 0, state: "" },
    isOutOfSync: false,
  };
}
