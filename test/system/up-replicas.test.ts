/**
 * `codis up` with replicas, as processes: what is there when it is ready, what `codis status` and `codis ha` tell, and
 * when a server that died is started again. The failover itself is tested where its engine is.
 */
import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../../src/up/probe.ts";
import { MASTER_AWAY_MS } from "../../src/up/server-return.ts";
import type { ClusterStatus, ServerStatus } from "../../src/up/status.ts";
import { runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { endClusters, newClusterDir, readStatus, startUp } from "../support/local-cluster.ts";

const TEST_MS = 180_000;
const WAIT_MS = 40_000;

afterEach(endClusters);

function serversOf(status: ClusterStatus, groupIndex: number): readonly ServerStatus[] {
  return status.groups[groupIndex]?.servers ?? [];
}

test(
  "replicas are synced at the end, and a master that died is away for a while",
  async () => {
    const dir = newClusterDir();
    const port = await freePort();
    const flags = ["--groups", "2", "--replicas", "1", "--ncpu", "1", "--port", `${port}`];
    const up = await startUp(dir, ...flags);
    const status = await waitFor("all members online", WAIT_MS, async () => {
      const found = await readStatus(dir);
      return found.state === "online" ? found : undefined;
    });
    for (const [index, group] of status.groups.entries()) {
      const [master, replica] = serversOf(status, index);
      expect(master).toMatchObject({ role: "master", state: "online" });
      expect(replica).toMatchObject({ role: "replica", isLinkUp: true, state: "online" });
      expect(group.masterAddr).toBe(master?.addr ?? "");
    }
    expect(readFileSync(join(dir, "dashboard.toml"), "utf8")).toContain("ha_enabled = true\n");
    expect(await ask(port, "SET k v")).toBe("OK");

    const env = { ...process.env, CODIS_DASHBOARD: status.dashboard.addr };
    const ha = await runCodis(["ha", "status", "--json"], { env });
    expect(JSON.parse(ha.stdout)).toMatchObject({ sentinels: [], running: [] });

    // A dead replica comes back at once, a dead master when its time has come.
    const [master, replica] = serversOf(status, 0);
    process.kill(replica?.pid ?? 0, "SIGKILL");
    await up.sees(/group-1 replica-1 serves again/);
    const killedAtMs = performance.now();
    process.kill(master?.pid ?? 0, "SIGKILL");
    await up.sees(/group-1 master .* started again when it isn't the master any more, or in 10 s/);
    await up.sees(/group-1 master serves again/);
    const hadTime = performance.now() - killedAtMs >= MASTER_AWAY_MS;
    await waitFor("the role of the one that came back", WAIT_MS, async (): Promise<true> => {
      const after = await readStatus(dir);
      const wasReplaced = after.groups[0]?.masterAddr !== master?.addr;
      expect(wasReplaced || hadTime).toBe(true);
      expect(serversOf(after, 0)[0]).toMatchObject({
        state: "online",
        role: wasReplaced ? "replica" : "master",
      });
      return true;
    });
  },
  TEST_MS,
);
