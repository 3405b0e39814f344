/**
 * Local clusters of `codis up` for system tests, each in a folder of its own. A test file ends them all after
 * each test: `afterEach(endClusters)`.
 */
import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { DASHBOARD_PORT } from "../../src/up/plan.ts";
import type { ClusterStatus } from "../../src/up/status.ts";
import { type CodisProgram, runCodis, startCodis } from "./codis-program.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const folders: TemporaryFolder[] = [];
let holder: Server | undefined;

/**
 * Takes the port that a dashboard of `codis up` has by default, as long as this process lives: clusters of tests that
 * run side by side would take it from one another while their dashboards are down. Fine when somebody has it already.
 */
export function holdDefaultPort(): void {
  if (holder?.listening === true) {
    return;
  }
  const server = createServer();
  server.on("error", () => server.close());
  server.listen(DASHBOARD_PORT, "127.0.0.1");
  server.unref();
  holder = server;
}

/** A folder for one cluster; isn't there yet. */
export function newClusterDir(): string {
  holdDefaultPort();
  const folder = memoryFolder();
  folders.push(folder);
  return folder.join("cluster");
}

/** Runs `codis up` in the folder; resolves when the cluster is ready. */
export async function startUp(dir: string, ...flags: readonly string[]): Promise<CodisProgram> {
  const program = startCodis(["up", "--dir", dir, ...flags]);
  await program.sees(/ready, try: redis-cli -p \d+/);
  return program;
}

/** What `codis status` tells. */
export async function readStatus(dir: string): Promise<ClusterStatus> {
  const { stdout, stderr } = await runCodis(["status", "--dir", dir, "--json"]);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/** Ends the clusters in all folders that were given out, and removes them. */
export async function endClusters(): Promise<void> {
  for (const folder of folders.splice(0)) {
    const dir = folder.join("cluster");
    if (existsSync(join(dir, "cluster.json"))) {
      await runCodis(["down", "--dir", dir]);
    }
    folder.remove();
  }
}
