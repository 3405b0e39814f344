/** `codis up --sentinels`, as processes: they watch every group, and keep what they know over down and up. */
import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../../src/up/probe.ts";
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

test(
  "sentinels watch every group, and keep what they know over down and up",
  async () => {
    const dir = newClusterDir();
    const flags = ["--groups", "2", "--replicas", "1", "--sentinels", "3", "--ncpu", "1"];
    await startUp(dir, ...flags, "--port", `${await freePort()}`);
    const status = await waitFor("all sentinels", WAIT_MS, async () => {
      const found = await readStatus(dir);
      expect(found.sentinels.map(({ name, state }) => `${name} ${state}`)).toEqual([
        "sentinel-1 online",
        "sentinel-2 online",
        "sentinel-3 online",
      ]);
      return found;
    });
    expect(readFileSync(join(dir, "dashboard.toml"), "utf8")).not.toContain("ha_enabled");
    for (const sentinel of status.sentinels) {
      await waitFor("both groups at a sentinel", WAIT_MS, async (): Promise<true> => {
        const known = await ask(portOf(sentinel), "INFO sentinel");
        expect(known).toContain("sentinel_masters:2");
        expect(known).toContain("name=codis-local-1,");
        return true;
      });
    }
    const env = { ...process.env, CODIS_DASHBOARD: status.dashboard.addr };
    await waitFor("the list", WAIT_MS, async (): Promise<true> => {
      const listed = JSON.parse((await runCodis(["sentinel", "list", "--json"], { env })).stdout);
      expect(listed).toMatchObject({ out_of_sync: false, items: status.sentinels.map(addrOf) });
      return true;
    });

    const idOf = (index: number) =>
      /^sentinel myid (\w+)/m.exec(
        readFileSync(join(dir, `sentinel-${index}`, "sentinel.conf"), "utf8"),
      )?.[1];
    const id = idOf(1);
    expect(id).toMatch(/^\w{40}$/);
    expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
    await startUp(dir);
    expect(idOf(1)).toBe(id);
    await waitFor("sentinels that know each other", WAIT_MS, async () =>
      (await ask(portOf(status.sentinels[0] ?? { addr: ":0" }), "INFO sentinel")).includes(
        "sentinels=3",
      )
        ? true
        : undefined,
    );
  },
  TEST_MS,
);

function addrOf({ addr }: { readonly addr: string }): string {
  return addr;
}
