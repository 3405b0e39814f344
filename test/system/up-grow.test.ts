/**
 * More groups for a local cluster: those that `codis up --groups` adds at a later start, and one of the operator's own
 * server. All keys are there after each step.
 */
import { afterEach, expect, test } from "bun:test";
import { ask } from "../../src/up/probe.ts";
import { runCodis } from "../support/codis-program.ts";
import { freePort } from "../support/free-port.ts";
import { endClusters, newClusterDir, readStatus, startUp } from "../support/local-cluster.ts";
import { startRedis } from "../support/redis-server.ts";

const TEST_MS = 180_000;
const KEYS = 200;

afterEach(endClusters);

async function countFound(port: number): Promise<number> {
  let found = 0;
  for (let index = 0; index < KEYS; index += 1) {
    found += (await ask(port, `GET key:${index}`)) === `v${index}` ? 1 : 0;
  }
  return found;
}

test(
  "codis up --groups adds a group, and rebalance fills it",
  async () => {
    const dir = newClusterDir();
    const port = await freePort();
    await startUp(dir, "--port", `${port}`, "--groups", "1", "--ncpu", "1");
    for (let index = 0; index < KEYS; index += 1) {
      expect(await ask(port, `SET key:${index} v${index}`)).toBe("OK");
    }
    expect((await runCodis(["down", "--dir", dir])).code).toBe(0);

    const grown = await runCodis(["up", "--dir", dir, "--groups", "2", "--ncpu", "1", "--detach"]);
    expect(grown.stderr).toBe("");
    expect(grown.stdout).toContain("group 2: slots none, master 127.0.0.1:");
    expect(grown.stdout).toContain("get their share of slots and keys with: codis rebalance");
    const { dashboard } = await readStatus(dir);
    const moved = await runCodis(["rebalance", "--yes", "--dashboard", dashboard.addr]);
    expect(moved).toMatchObject({ code: 0, stderr: "" });
    const after = await readStatus(dir);
    const counts = after.groups.map(({ slots }) =>
      (slots ?? []).reduce((sum, { first, last }) => sum + last - first + 1, 0),
    );
    expect(counts).toEqual([512, 512]);
    expect(await countFound(port)).toBe(KEYS);

    const fewer = await runCodis(["up", "--dir", dir, "--groups", "1"]);
    expect(fewer.code).toBe(78);
    expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
  },
  TEST_MS,
);

test(
  "a group of the operator's own server is shown, and is never taken over",
  async () => {
    const dir = newClusterDir();
    const port = await freePort();
    await startUp(dir, "--port", `${port}`, "--groups", "1", "--ncpu", "1");
    const server = await startRedis();
    try {
      const { dashboard } = await readStatus(dir);
      const at = ["--dashboard", dashboard.addr];
      expect((await runCodis(["group", "create", "2", ...at])).code).toBe(0);
      expect((await runCodis(["server", "add", "2", server.addr, ...at])).code).toBe(0);
      const shown = await runCodis(["status", "--dir", dir]);
      expect(shown).toMatchObject({ code: 0, stderr: "" });
      expect(shown.stdout).toContain(`group 2 (${server.addr}), slots none`);
      expect((await runCodis(["down", "--dir", dir])).code).toBe(0);

      const refused = await runCodis(["up", "--dir", dir, "--groups", "2", "--detach"]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`group 2 already, with the server ${server.addr}`);
      const again = await runCodis(["up", "--dir", dir, "--groups", "1", "--detach"]);
      expect(again).toMatchObject({ code: 0, stderr: "" });
      expect(again.stdout).toContain(`group 2: slots none, master ${server.addr} (not of codis up`);
    } finally {
      await server.stop();
    }
  },
  TEST_MS,
);
