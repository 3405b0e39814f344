/**
 * Roles over restarts of `codis up`: a failover changes who is master, and the next start must not make the first
 * master one again, which would throw newer data away.
 */
import { afterEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../src/cli/exit-code.ts";
import { ask } from "../../src/up/probe.ts";
import type { ClusterStatus, ServerStatus } from "../../src/up/status.ts";
import { runCodis } from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { endClusters, newClusterDir, readStatus, startUp } from "../support/local-cluster.ts";

const TEST_MS = 180_000;
const WAIT_MS = 40_000;

afterEach(endClusters);

function portOf({ addr }: { readonly addr: string }): number {
  return Number(addr.split(":")[1]);
}

function serversOf(status: ClusterStatus, groupIndex: number): readonly ServerStatus[] {
  return status.groups[groupIndex]?.servers ?? [];
}

test(
  "roles that a failover has changed survive down and up",
  async () => {
    const dir = newClusterDir();
    const port = await freePort();
    await startUp(dir, "--groups", "1", "--replicas", "1", "--ncpu", "1", "--port", `${port}`);
    const [old = 0, promoted = 0] = serversOf(await readStatus(dir), 0).map(portOf);
    expect(await ask(port, "SET k v")).toBe("OK");
    await waitFor("k at the replica", WAIT_MS, async () =>
      (await ask(promoted, "GET k")) === "v" ? true : undefined,
    );
    expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
    // As a failover leaves it: Redis has written into its files whom it follows, and the group has another order.
    edit(join(dir, "group-1", "replica-1", "redis.conf"), (text) =>
      text.replace(/^replicaof .*\n/m, ""),
    );
    edit(join(dir, "group-1", "master", "redis.conf"), (text) => {
      return `${text}replicaof 127.0.0.1 ${promoted}\n`;
    });
    const group = join(dir, "coordinator", "data", "codis3", "codis-local", "group", "group-0001");
    edit(group, (text) => {
      const record = JSON.parse(text) as { readonly servers: readonly unknown[] };
      return JSON.stringify({ ...record, servers: record.servers.toReversed() });
    });

    const up = await startUp(dir);
    expect(up.stdout()).toContain(`master 127.0.0.1:${promoted}, replica 127.0.0.1:${old}\n`);
    await waitFor("both in their roles", WAIT_MS, async (): Promise<true> => {
      const [first, second] = serversOf(await readStatus(dir), 0);
      expect(first).toMatchObject({ name: "group-1 master", role: "replica", isLinkUp: true });
      expect(second).toMatchObject({ name: "group-1 replica-1", role: "master" });
      return true;
    });
    expect(await ask(port, "GET k")).toBe("v");
    expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
    const fewer = await runCodis(["up", "--dir", dir, "--replicas", "0", "--detach"]);
    expect([fewer.code, fewer.stderr]).toEqual([
      EXIT.unusable,
      expect.stringContaining(`codis group promote 1 127.0.0.1:${old}`),
    ]);
  },
  TEST_MS,
);

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}
