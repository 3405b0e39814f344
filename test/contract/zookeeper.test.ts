/**
 * The contract suite on a real ZooKeeper server.
 */
import { openZookeeper } from "../../src/coordinator/zookeeper/zookeeper.ts";
import { startZookeeper, type ZookeeperCluster } from "../support/zookeeper-server.ts";
import { spawnClient } from "./client-process.ts";
import type { CoordinatorFixture } from "./coordinator-fixture.ts";
import { describeCoordinator } from "./coordinator-suite.ts";
import { CALM_OPERATION_MS } from "./suite-context.ts";

let cluster: ZookeeperCluster | undefined;

function server(): ZookeeperCluster["servers"][number] {
  const first = cluster?.servers[0];
  if (first === undefined) {
    throw new Error("the server wasn't started");
  }
  return first;
}

const fixture: CoordinatorFixture = {
  async start() {
    cluster = await startZookeeper();
  },
  async stop() {
    await cluster?.stop();
  },
  async open(overrides) {
    return openZookeeper({ kind: "zookeeper", addr: server().addr, auth: "", ...overrides });
  },
  startClient: () =>
    spawnClient({
      kind: "zookeeper",
      addr: server().addr,
      auth: "",
      operationTimeoutMs: CALM_OPERATION_MS,
    }),
  crash: {
    killServer: () => server().kill(),
    startServer: () => server().start(),
  },
  hang: {
    pauseServer: async () => server().pause(),
    resumeServer: async () => server().resume(),
  },
};

describeCoordinator("zookeeper", fixture);
