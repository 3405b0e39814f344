/**
 * A program for Node (built by `zookeeper-access.test.ts`): uses the ZooKeeper coordinator at the address of
 * its argument and prints one word for each thing that worked. It never calls `exit`: it ends when the
 * coordinator has left nothing behind.
 */
import { isCodisError } from "../../src/base/error.ts";
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { waitFor } from "../support/deadline.ts";

const SOON_MS = 30_000;

const words: string[] = [process.versions.bun === undefined ? "node" : "bun"];
const own = openZookeeper({ kind: "zookeeper", addr: process.argv[2] ?? "", auth: "" });
const path = "/node/demo";

let calls = 0;
own.watch(path, () => {
  calls += 1;
});
await own.write(
  Array.from({ length: 200 }, (_, index) => ({
    path: `${path}/n${index}`,
    data: "text",
    expected: "absent",
  })),
);
const nodes = await own.readChildren(path);
words.push(nodes[0]?.data ?? "", String(nodes.length));

const request = {
  lockPath: `${path}/topom`,
  data: "{}",
  epochPath: `${path}/epoch`,
  leaseMs: 20_000,
};
const leadership = await own.lead(request);
await leadership.write([{ path: `${path}/n0`, data: "x", expected: nodes[0]?.version ?? "" }]);
words.push((await own.get(`${path}/epoch`))?.data === "1" ? "epoch" : "no epoch");

const registration = own.register(`${path}/proxy`, "1", { ttlMs: 20_000 });
await waitFor("registration", SOON_MS, () => registration.isRegistered() || undefined);
words.push("registered");
await waitFor("call", SOON_MS, () => calls > 0 || undefined);
words.push("told");

try {
  await own.lead(request);
} catch (thrown) {
  words.push(isCodisError(thrown, "LEADER_EXISTS") ? "refused" : String(thrown));
}
await own.close();
process.stdout.write(`${words.join(" ")}\n`);
