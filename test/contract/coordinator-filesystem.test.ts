/**
 * The contract suite on a folder. There is no server that could die; what happens to disks, locks and files
 * is tested in `filesystem-….test.ts`.
 */
import { openCoordinator } from "../../src/coordinator/open.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { spawnClient } from "./client-process.ts";
import { describeCoordinator } from "./coordinator-suite.ts";
import { CALM_OPERATION_MS } from "./suite-context.ts";

let folder: TemporaryFolder | undefined;

function root(): string {
  // Leases of two seconds don't outlive a disk that other tests keep from answering.
  folder ??= memoryFolder();
  return folder.path;
}

describeCoordinator("filesystem", {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(folder?.remove()),
  open: (overrides) =>
    openCoordinator({ kind: "filesystem", addr: root(), auth: "", ...overrides }),
  startClient: () =>
    spawnClient({
      kind: "filesystem",
      addr: root(),
      auth: "",
      operationTimeoutMs: CALM_OPERATION_MS,
    }),
  crash: undefined,
  hang: undefined,
});
