/**
 * The desired tables of the newest topology for all proxies of the product, each made once. Proxies that are
 * told the same share a table; they differ only in the order in which they read from replicas.
 */
import { assert } from "../../base/assert.ts";
import { parseServerAddr } from "../../model/address.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import type { ForwardMethod } from "../../model/slot.ts";
import { type SlotViewer, viewerKey, viewSlots } from "../../model/slot-view.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { DesiredTable, type SlotsById } from "./desired-table.ts";
import type { ReplicaGate } from "./replica-gate.ts";

/** Where the slots come from that a proxy is told. */
export interface SlotViews {
  /** Proxies for which this is the same are told the same slots of this topology. */
  readonly keyOf: (topology: Topology, proxy: ProxyRecord) => string;
  /** What the proxy is told; a new array. */
  readonly slotsFor: (topology: Topology, proxy: ProxyRecord) => SlotsById;
}

/**
 * The slots as the model views them; see `SlotViewer` for the methods. With a gate only the replicas that it lets
 * through; it must have followed the topology.
 */
export function slotViewsOf(
  forwardMethod: ForwardMethod,
  moveMethod: ForwardMethod,
  gate?: Pick<ReplicaGate, "open">,
  moveMethodOf?: SlotViewer["moveMethodOf"],
): SlotViews {
  const viewerOf = (proxy: ProxyRecord) => ({
    datacenter: proxy.datacenter,
    host: parseServerAddr(proxy.adminAddr)?.host ?? "",
    forwardMethod,
    moveMethod,
    moveMethodOf,
  });
  return {
    keyOf: (topology, proxy) => viewerKey(topology, viewerOf(proxy)),
    slotsFor(topology, proxy) {
      const slots = viewSlots(topology, viewerOf(proxy));
      return gate === undefined ? slots : slots.map((slot) => slot && gate.open(slot));
    },
  };
}

/** The tables, by token. */
export class DesiredTables {
  readonly #views: SlotViews;
  #tableByKey = new Map<string, DesiredTable>();
  #tableByToken = new Map<string, DesiredTable>();

  constructor(views: SlotViews) {
    this.#views = views;
  }

  /** Makes the tables of another topology; those in which nothing changed stay the same objects. */
  update(topology: Topology): void {
    const tableByKey = new Map<string, DesiredTable>();
    const tableByToken = new Map<string, DesiredTable>();
    for (const [token, proxy] of topology.proxies) {
      const key = this.#views.keyOf(topology, proxy);
      let table = tableByKey.get(key);
      if (table === undefined) {
        const slots = this.#views.slotsFor(topology, proxy);
        const before = this.#tableByKey.get(key);
        table = before?.equals(slots) === true ? before : new DesiredTable(slots);
        tableByKey.set(key, table);
      }
      tableByToken.set(token, table);
    }
    this.#tableByKey = tableByKey;
    this.#tableByToken = tableByToken;
  }

  /** The table of a proxy of the topology that was given last. */
  tableOf(token: string): DesiredTable {
    const table = this.#tableByToken.get(token);
    assert(table !== undefined, "a proxy of the topology has a table");
    return table;
  }
}
