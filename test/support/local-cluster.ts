/**
 * Local clusters of `codis up` for system tests, each in a folder of its own. A test file ends them all after
 * each test: `afterEach(endClusters)`.
 */
import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ClusterStatus } from "../../src/up/status.ts";
import { type CodisProgram, runCodis, startCodis } from "./codis-program.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const folders: TemporaryFolder[] = [];

/** A folder for one cluster; isn't there yet. */
export function newClusterDir(): string {
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
