/**
 * `codis up`, `down` and `status` as a user has them: real processes, real data, and the accidents that
 * happen to them. Every cluster is in a temporary folder and on ports of its own; each test ends what it
 * has started, also when it fails.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ask } from "../../src/up/probe.ts";
import { findProcess } from "../../src/up/process-table.ts";
import type { ClusterStatus, MemberStatus } from "../../src/up/status.ts";
import { runCodis, startCodis } from "../support/codis-program.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { endClusters, newClusterDir, readStatus, startUp } from "../support/local-cluster.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 180_000;
const WAIT_MS = 30_000;

afterEach(endClusters);

function membersOf(status: ClusterStatus): readonly MemberStatus[] {
  return [status.dashboard, ...status.proxies, ...status.groups.flatMap((group) => group.servers)];
}

function pidsOf(status: ClusterStatus): readonly number[] {
  return membersOf(status).map((member) => member.pid ?? 0);
}

function portOf(member: MemberStatus | undefined): number {
  return Number(member?.addr.split(":")[1]);
}

function masterPort(status: ClusterStatus, groupIndex: number): number {
  return portOf(status.groups[groupIndex]?.servers[0]);
}

/** The status, as soon as all members answer: one that doesn't in time may just have stood still. */
function whenOnline(dir: string): Promise<ClusterStatus> {
  return waitFor(`all of ${dir} online`, WAIT_MS, async () => {
    const status = await readStatus(dir);
    return status.state === "online" ? status : undefined;
  });
}

function areGone(pids: readonly number[]): boolean {
  return pids.every((pid) => findProcess(pid) === undefined);
}

describe("codis up", () => {
  test(
    "keys go through the proxy to the server of their slot, and are there after down and up",
    async () => {
      const dir = newClusterDir();
      const port = await freePort();
      const up = await runCodis(["up", "--dir", dir, "--port", `${port}`, "--detach"]);
      expect(up.stderr).toBe("");
      expect(up.code).toBe(0);
      expect(up.stdout).toContain(`ready, try: redis-cli -p ${port}`);
      const before = await whenOnline(dir);
      expect(before.groups.map((group) => group.slots)).toEqual([
        [{ first: 0, last: 511 }],
        [{ first: 512, last: 1023 }],
      ]);

      const names = Array.from({ length: 64 }, (_, index) => `key:${index}`);
      for (const name of names) {
        expect(await ask(port, `SET ${name} v-${name}`)).toBe("OK");
      }
      for (const name of names) {
        const owner = crc32(name) % 1024 < 512 ? 0 : 1;
        expect(await ask(masterPort(before, owner), `GET ${name}`)).toBe(`v-${name}`);
        expect(await ask(masterPort(before, 1 - owner), `EXISTS ${name}`)).toBe("0");
      }

      const down = await runCodis(["down", "--dir", dir]);
      expect(down.code).toBe(0);
      expect(areGone(pidsOf(before))).toBe(true);
      const stopped = await readStatus(dir);
      expect(stopped.state).toBe("stopped");

      await startUp(dir);
      const after = await readStatus(dir);
      expect(membersOf(after).map((member) => member.addr)).toEqual(
        membersOf(before).map((member) => member.addr),
      );
      for (const name of names) {
        expect(await ask(port, `GET ${name}`)).toBe(`v-${name}`);
      }
    },
    TEST_MS,
  );

  test(
    "Ctrl-C ends everything and the exit code is 0",
    async () => {
      const dir = newClusterDir();
      const up = await startUp(dir, "--port", `${await freePort()}`, "--proxies", "1");
      const pids = pidsOf(await readStatus(dir));
      expect(pids).toHaveLength(4);
      up.signal("SIGINT");
      const { code, stderr } = await up.ended();
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(areGone(pids)).toBe(true);
    },
    TEST_MS,
  );

  test(
    "a signal while the cluster starts leaves nothing behind",
    async () => {
      const dir = newClusterDir();
      const up = startCodis(["up", "--dir", dir, "--port", `${await freePort()}`]);
      const file = join(dir, "dashboard.toml");
      await waitFor("the dashboard's file", WAIT_MS, () => existsSync(file) || undefined);
      up.signal("SIGTERM");
      expect((await up.ended()).code).toBe(0);
      const status = await readStatus(dir);
      expect(status.state).toBe("stopped");
    },
    TEST_MS,
  );

  test(
    "after kill -9 of codis up the same folder starts again with its data",
    async () => {
      const dir = newClusterDir();
      const first = await startUp(dir, "--port", `${await freePort()}`);
      const before = await readStatus(dir);
      expect(await ask(masterPort(before, 0), "SET k survives")).toBe("OK");
      first.signal("SIGKILL");
      await first.ended();
      expect(await readStatus(dir)).toMatchObject({ state: "degraded", supervisorPid: null });

      const second = await startUp(dir);
      expect(second.stdout()).toMatch(/ended \d+ processes that an earlier codis up had left/);
      expect(areGone(pidsOf(before))).toBe(true);
      const after = await whenOnline(dir);
      expect(await ask(masterPort(after, 0), "GET k")).toBe("survives");
    },
    TEST_MS,
  );

  test(
    "down ends what a killed codis up has left, and twice is fine",
    async () => {
      const dir = newClusterDir();
      const up = await startUp(dir, "--port", `${await freePort()}`);
      const pids = pidsOf(await readStatus(dir));
      up.signal("SIGKILL");
      await up.ended();
      expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
      expect(areGone(pids)).toBe(true);
      const again = await runCodis(["down", "--dir", dir]);
      expect(again).toMatchObject({ code: 0, stdout: `codis down: nothing runs for ${dir}\n` });
    },
    TEST_MS,
  );

  test(
    "a server and a proxy that die are named, and started again with their data",
    async () => {
      const dir = newClusterDir();
      const up = await startUp(dir, "--port", `${await freePort()}`);
      const before = await readStatus(dir);
      const master = before.groups[1]?.servers[0];
      await ask(portOf(master), "CONFIG SET appendfsync always");
      expect(await ask(portOf(master), "SET k survives")).toBe("OK");
      process.kill(master?.pid ?? 0, "SIGKILL");
      await up.sees(/group-2 master .* ended: signal SIGKILL; it is started again/);
      await up.sees(/group-2 master serves again/);
      expect(await ask(portOf(master), "GET k")).toBe("survives");
      process.kill(before.proxies[0]?.pid ?? 0, "SIGKILL");
      await up.sees(/proxy-1 .* ended: signal SIGKILL/);
      await up.sees(/proxy-1 serves again/);
      await whenOnline(dir);
    },
    TEST_MS,
  );

  test(
    "replicas have their master's data when the cluster is ready",
    async () => {
      const dir = newClusterDir();
      await startUp(dir, "--port", `${await freePort()}`, "--groups", "1", "--replicas", "1");
      const status = await whenOnline(dir);
      const [master, replica] = status.groups[0]?.servers ?? [];
      expect(replica).toMatchObject({ role: "replica", isLinkUp: true });
      await ask(portOf(master), "SET k v");
      await waitFor("k at the replica", WAIT_MS, async () =>
        (await ask(portOf(replica), "GET k")) === "v" ? true : undefined,
      );
    },
    TEST_MS,
  );

  test.each(["etcd", "zookeeper"])(
    "with a real %s, the same product comes back after down and up",
    async (kind) => {
      const dir = newClusterDir();
      const port = await freePort();
      const flags = ["--port", `${port}`, "--groups", "1", "--coordinator", kind];
      await startUp(dir, ...flags);
      const before = await whenOnline(dir);
      expect(before.coordinator).toMatchObject({ name: kind, state: "online" });
      const group = ["group", "create", "9", "--dashboard", before.dashboard.addr];
      expect(await runCodis(group)).toMatchObject({ code: 0, stderr: "" });
      expect(await ask(port, "SET k v")).toBe("OK");
      expect((await runCodis(["down", "--dir", dir])).code).toBe(0);
      expect(areGone([...pidsOf(before), before.coordinator?.pid ?? 0])).toBe(true);

      await startUp(dir);
      const after = await whenOnline(dir);
      expect(await ask(port, "GET k")).toBe("v");
      const list = await runCodis(["group", "list", "--json", "--dashboard", after.dashboard.addr]);
      expect(JSON.parse(list.stdout).map((one: { readonly id: number }) => one.id)).toEqual([1, 9]);
    },
    TEST_MS,
  );

  test(
    "a dashboard that dies is started again; what was changed with it stays, clients notice nothing",
    async () => {
      const dir = newClusterDir();
      const port = await freePort();
      const up = await startUp(dir, "--port", `${port}`);
      const before = await readStatus(dir);
      const dashboard = ["--dashboard", before.dashboard.addr, "--yes"];
      const assigned = await runCodis(["slot", "assign", "0-99", "2", ...dashboard]);
      expect(assigned).toMatchObject({ code: 0, stderr: "" });
      process.kill(before.dashboard.pid ?? 0, "SIGKILL");
      await up.sees(/dashboard .* ended: signal SIGKILL/);
      expect(await ask(port, "SET k v")).toBe("OK");
      await up.sees(/dashboard serves again/);
      const after = await readStatus(dir);
      expect(after.groups[0]?.slots).toEqual([{ first: 100, last: 511 }]);
      expect(after.groups[1]?.slots).toEqual([
        { first: 0, last: 99 },
        { first: 512, last: 1023 },
      ]);
    },
    TEST_MS,
  );

  test(
    "a server whose data can't be read is named with the reason, and nothing stays behind",
    async () => {
      const dir = newClusterDir();
      const port = `${await freePort()}`;
      const first = await startUp(dir, "--port", port);
      first.signal("SIGTERM");
      await first.ended();
      const manifest = "group-2/master/appendonlydir/appendonly.aof.manifest";
      writeFileSync(join(dir, manifest), "broken\n");
      const { code, stderr } = await runCodis(["up", "--dir", dir]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^codis up: group-2 master .* ended at start .*redis\.log.*AOF.*\n$/i);
      expect((await readStatus(dir)).state).toBe("stopped");
    },
    TEST_MS,
  );
});

describe("codis up refuses with one clear line", () => {
  test(
    "a second codis up on the same folder",
    async () => {
      const dir = newClusterDir();
      const up = await startUp(dir, "--port", `${await freePort()}`);
      for (const flags of [[], ["--detach"]]) {
        const { code, stderr } = await runCodis(["up", "--dir", dir, ...flags]);
        expect(stderr).toBe(
          `codis up: another codis up (pid ${up.pid}) has ${dir}; ` +
            `end it with: codis down --dir ${dir}\n`,
        );
        expect(code).toBe(78);
      }
      await whenOnline(dir);
    },
    TEST_MS,
  );

  test("a port that another program has", async () => {
    const server = createServer();
    const listening = new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const port = await withDeadline("listener", WAIT_MS, listening);
    const { code, stderr } = await runCodis(["up", "--dir", newClusterDir(), "--port", `${port}`]);
    server.close();
    expect(stderr).toMatch(new RegExp(`^codis up: port ${port} of 127.0.0.1 is in use .*\\n$`));
    expect(code).toBe(71);
  });

  test("a folder that is a file, or holds something else, or a broken layout", async () => {
    const dir = newClusterDir();
    writeFileSync(dir, "");
    const file = await runCodis(["up", "--dir", dir]);
    expect(file).toMatchObject({ code: 78, stdout: "" });
    expect(file.stderr).toMatch(/^codis up: .* can't be used: .*\n$/);

    const other = newClusterDir();
    mkdirSync(other);
    writeFileSync(join(other, "letter.txt"), "");
    const foreign = await runCodis(["up", "--dir", other]);
    expect(foreign.stderr).toContain("it isn't empty and has no cluster.json");
    expect(foreign.code).toBe(78);
    writeFileSync(join(other, "cluster.json"), '{"version": 1}');
    const broken = await runCodis(["up", "--dir", other]);
    expect(broken.stderr).toContain("cluster.json: it isn't the layout of a cluster");
    expect(broken.code).toBe(78);
    writeFileSync(join(other, "cluster.json"), '{"version');
    const cut = await runCodis(["up", "--dir", other]);
    expect(cut.stderr).toMatch(/^codis up: .*cluster\.json: .*\n$/);
    expect(cut.code).toBe(78);
  });

  test("a number of groups that differs from what the folder holds", async () => {
    const dir = newClusterDir();
    mkdirSync(dir);
    const group = { id: 1, master: { port: 20_001 }, replicas: [] };
    const layout = { version: 1, groups: [group], proxies: [{ port: 20_002, adminPort: 20_003 }] };
    writeFileSync(join(dir, "cluster.json"), JSON.stringify(layout));
    const { code, stderr } = await runCodis(["up", "--dir", dir, "--groups", "3"]);
    expect(stderr).toContain("holds a cluster with --groups 1");
    expect(code).toBe(78);
    expect(JSON.parse(readFileSync(join(dir, "cluster.json"), "utf8"))).toEqual(layout);
  });

  test("a redis-server that isn't installed", async () => {
    const folder = temporaryFolder();
    for (const program of ["sh", "dirname", "readlink", "find"]) {
      symlinkSync(`/usr/bin/${program}`, folder.join(program));
    }
    const env = { ...process.env, PATH: folder.path };
    const { code, stderr } = await runCodis(["up", "--dir", folder.join("new")], { env });
    expect(stderr).toMatch(
      /^codis up: redis-server isn't installed .*apt-get install redis-server\n$/,
    );
    expect(code).toBe(1);
    expect(existsSync(folder.join("new"))).toBe(false);
  });

  test("status and down of a folder without a cluster", async () => {
    const dir = newClusterDir();
    for (const command of ["status", "down"]) {
      const { code, stderr } = await runCodis([command, "--dir", dir]);
      expect(stderr).toContain(`codis ${command}: ${dir} holds no cluster`);
      expect(code).toBe(78);
    }
  });
});
