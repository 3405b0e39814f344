/** Topologies for tests, built with the changes of the product itself, and a model of a proxy. */
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy } from "../../src/model/change/proxy.ts";
import { addSentinel } from "../../src/model/change/sentinel.ts";
import { assignSlots, slotRange } from "../../src/model/change/slot.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import type { SlotCount } from "../../src/model/slot.ts";
import { emptyTopology, type Topology } from "../../src/model/topology/topology.ts";

/** Address of the server number `index` of a group; 0 is the master. */
export function addrOf(groupId: number, index: number): string {
  return `10.0.${groupId}.${index + 1}:6379`;
}

/** A proxy of product `demo`; `number` makes it different from others. */
export function proxyModel(number: number, changes: Partial<ProxyModel> = {}): ProxyModel {
  return {
    token: number.toString(16).padStart(32, "0"),
    startTime: "2026-11-21 07:01:13.117059478 +0000 UTC m=+0.059995724",
    adminAddr: `10.1.0.${number}:11080`,
    protoType: "tcp4",
    proxyAddr: `10.1.0.${number}:19000`,
    jodisPath: "",
    productName: "demo",
    pid: 3602,
    pwd: "/opt/codis",
    sys: "Linux host1 5.10.0 x86_64 GNU/Linux",
    hostname: "host1",
    datacenter: "",
    forwardMethods: [2],
    ...changes,
  };
}

/** Groups 1 to `groups` with so many servers each. */
export function withGroups(topology: Topology, groups: number, serversEach: number): Topology {
  let next = topology;
  for (let id = 1; id <= groups; id++) {
    next = createGroup(next, id);
    for (let index = 0; index < serversEach; index++) {
      next = addServer(next, id, addrOf(id, index));
    }
  }
  return next;
}

/** Two groups of a master and a replica, each with half of the slots, one proxy, one sentinel. */
export function sampleTopology(slotCount: SlotCount = 1024): Topology {
  const half = slotCount / 2;
  let topology = withGroups(emptyTopology("demo", slotCount), 2, 2);
  topology = assignSlots(topology, [
    ...slotRange(topology, 0, half - 1).map((id) => ({ id, groupId: 1 })),
    ...slotRange(topology, half, slotCount - 1).map((id) => ({ id, groupId: 2 })),
  ]);
  return addSentinel(addProxy(topology, proxyModel(1)), "10.2.0.1:26379");
}
