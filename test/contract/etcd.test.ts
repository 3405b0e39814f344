/**
 * The contract of a coordinator on a real etcd server, which is killed, started again and paused.
 */
import { openCoordinator } from "../../src/coordinator/open.ts";
import { type EtcdServer, startEtcd } from "../support/etcd-server.ts";
import { spawnClient } from "./client-process.ts";
import { describeCoordinator } from "./coordinator-suite.ts";
import { CALM_OPERATION_MS } from "./suite-context.ts";

let server: EtcdServer | undefined;

function running(): EtcdServer {
  if (server === undefined) {
    throw new Error("etcd wasn't started");
  }
  return server;
}

describeCoordinator("etcd", {
  async start() {
    server = await startEtcd();
  },
  async stop() {
    await server?.stop();
  },
  open: (overrides) =>
    openCoordinator({ kind: "etcd", addr: running().addr, auth: "", ...overrides }),
  startClient: () =>
    spawnClient({
      kind: "etcd",
      addr: running().addr,
      auth: "",
      operationTimeoutMs: CALM_OPERATION_MS,
    }),
  crash: {
    killServer: () => running().kill(),
    startServer: () => running().start(),
  },
  hang: {
    pauseServer: async () => running().pause(),
    resumeServer: async () => running().resume(),
  },
});
