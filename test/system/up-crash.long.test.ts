/**
 * Everything of a local cluster is killed at random moments of its start, again and again, on each of the
 * coordinators: the next start always comes to the whole product. And a proxy that the operator has removed,
 * which takes the time of a failed start.
 */
import { afterEach, expect, test } from "bun:test";
import { ask } from "../../src/up/probe.ts";
import { listProcesses, signalProcess } from "../../src/up/process-table.ts";
import type { ClusterStatus } from "../../src/up/status.ts";
import { runCodis, startCodis } from "../support/codis-program.ts";
import { freePort, freePortPair } from "../support/free-port.ts";
import { endClusters, newClusterDir } from "../support/local-cluster.ts";
import { printSeed, Random, SEED } from "../support/seed.ts";

const ROUNDS = 8;
const TEST_MS = ROUNDS * 60_000;
/** A start takes some two seconds; ZooKeeper and etcd need one more. */
const KILL_WITHIN_MS = 4_000;
/** Longer than a lease. */
const READY_MS = 40_000;

printSeed("up-crash");

afterEach(endClusters);

/** All processes of the cluster at once, or only `codis up`. */
function killAll(dir: string): void {
  for (const found of listProcesses()) {
    if (found.args.some((arg) => arg.includes(`${dir}/`))) {
      signalProcess(found, "SIGKILL");
    }
  }
}

test.each(["filesystem", "etcd", "zookeeper"])(
  "killed at random moments, with %s",
  async (coordinator) => {
    const random = new Random(SEED);
    for (let round = 0; round < ROUNDS; round += 1) {
      const dir = newClusterDir();
      const port = await freePort();
      const flags = ["--port", `${port}`, "--replicas", "1", "--coordinator", coordinator];
      const first = startCodis(["up", "--dir", dir, ...flags]);
      await new Promise((resolve) => setTimeout(resolve, random.below(KILL_WITHIN_MS)));
      first.signal("SIGKILL");
      await first.ended();
      if (round % 2 === 0) {
        killAll(dir);
      }
      const second = startCodis(["up", "--dir", dir, ...flags]);
      await second.sees(/ready, try: redis-cli/, READY_MS);
      const { stdout } = await runCodis(["status", "--dir", dir, "--json"]);
      const status: ClusterStatus = JSON.parse(stdout);
      expect(status).toMatchObject({ state: "online" });
      expect(status.groups.map((group) => group.slots)).toEqual([
        [{ first: 0, last: 511 }],
        [{ first: 512, last: 1023 }],
      ]);
      for (const key of ["k1", "k2", "k3", "k4"]) {
        expect(await ask(port, `SET ${key} v`)).toBe("OK");
      }
      expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
    }
  },
  TEST_MS,
);

test(
  "a proxy that was removed from the dashboard is named, and keeps the cluster from nothing",
  async () => {
    const dir = newClusterDir();
    const port = await freePortPair();
    const first = startCodis(["up", "--dir", dir, "--port", `${port}`, "--proxies", "2"]);
    await first.sees(/ready, try: redis-cli/, READY_MS);
    const addr = /dashboard: http:\/\/(\S+)/.exec(first.stdout())?.[1] ?? "";
    const [, admin = ""] = /proxy 2: \S+ admin (\S+)/.exec(first.stdout()) ?? [];
    const remove = ["proxy", "remove", admin, "--dashboard", addr, "--yes"];
    expect(await runCodis(remove)).toMatchObject({ code: 0, stderr: "" });
    const hint = new RegExp(`proxy-2 has no slots, .*codis proxy add ${admin}`);
    await first.sees(hint, READY_MS);
    first.signal("SIGTERM");
    await first.ended();

    const second = startCodis(["up", "--dir", dir]);
    await second.sees(/ready, try: redis-cli/, READY_MS);
    expect(second.stdout()).toMatch(hint);
    expect(await ask(port, "SET k v")).toBe("OK");
    const add = ["proxy", "add", admin, "--dashboard", addr];
    expect(await runCodis(add)).toMatchObject({ code: 0, stderr: "" });
    expect(await ask(port + 1, "GET k")).toBe("v");
  },
  TEST_MS,
);
