/**
 * A program that uses etcd's coordinator as an application on Node does: `etcd-node.test.ts` bundles it and
 * runs it there. Its arguments are the address and the login; it prints one JSON object of what it saw.
 */
import { openEtcd } from "../../src/coordinator/etcd/etcd.ts";

const [addr = "", auth = ""] = process.argv.slice(2);
const coordinator = openEtcd({ kind: "etcd", addr, auth });
const leadership = await coordinator.lead({
  lockPath: "/codis3/node/topom",
  epochPath: "/codis-ext/node/epoch",
  data: "node",
  leaseMs: 20_000,
});
const called = new Promise<void>((resolve) => {
  coordinator.watch("/node", resolve);
});
await leadership.write([{ path: "/node/a", data: "数据", expected: "absent" }]);
await called;
const registration = coordinator.register("/node/b", "registered", { ttlMs: 20_000 });
while (!registration.isRegistered()) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const names = await coordinator.list("/node");
const nodes = await coordinator.readChildren("/node");
await coordinator.close();
process.stdout.write(
  JSON.stringify({
    runtime: process.versions.bun === undefined ? "node" : "bun",
    epoch: leadership.epoch,
    isHeld: leadership.isHeld(),
    names,
    texts: nodes.map((node) => node.data),
  }),
);
