/** Slot ranges, the folder's files, and what a layout on disk may look like. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import {
  type ClusterLayout,
  readLayout,
  SLOT_COUNT,
  slotRangeOf,
  writeLayout,
} from "../../../src/up/layout.ts";
import { listMembers } from "../../../src/up/member.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function createLayout(groupCount: number, replicaCount = 0): ClusterLayout {
  let port = 21_000;
  const server = (): { port: number } => {
    port += 1;
    return { port };
  };
  const groups = Array.from({ length: groupCount }, (_, index) => ({
    id: index + 1,
    master: server(),
    replicas: Array.from({ length: replicaCount }, server),
  }));
  return {
    version: 1,
    coordinator: { kind: "filesystem", port: 0, peerPort: 0 },
    dashboard: { port: 18_080 },
    groups,
    proxies: [{ port: 19_000, adminPort: 20_900 }],
  };
}

test("the ranges of any number of groups cover all slots once, and differ by one at most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), (groupCount) => {
      let next = 0;
      const sizes = new Set<number>();
      for (let id = 1; id <= groupCount; id += 1) {
        const { first, last } = slotRangeOf(id, groupCount);
        expect(first).toBe(next);
        sizes.add(last - first + 1);
        next = last + 1;
      }
      expect(next).toBe(SLOT_COUNT);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

describe("the folder", () => {
  test("a written layout is read back, and no temporary file stays", () => {
    const folder = temporaryFolder();
    const layout = createLayout(2, 1);
    writeLayout(folder.join("new"), layout);
    expect(readLayout(folder.join("new"))).toEqual(layout);
    expect(readdirSync(folder.join("new"))).toEqual(["cluster.json"]);
    folder.remove();
  });

  test("a folder that isn't there, or in which only a crashed first start was, is new", () => {
    const folder = temporaryFolder();
    expect(readLayout(folder.join("none"))).toBeUndefined();
    for (const name of ["supervisor.json", "up.log", "cluster.json.new"]) {
      writeFileSync(folder.join(name), "");
    }
    expect(readLayout(folder.path)).toBeUndefined();
    folder.remove();
  });

  test("a folder of a release without a dashboard is read; its ports are found at the start", () => {
    const folder = temporaryFolder();
    const { version, groups, proxies } = createLayout(2);
    writeFileSync(folder.join("cluster.json"), JSON.stringify({ version, groups, proxies }));
    expect(readLayout(folder.path)).toMatchObject({
      coordinator: { kind: "filesystem" },
      dashboard: { port: 0 },
      groups,
    });
    folder.remove();
  });

  test("a layout with a wrong field is refused", () => {
    const folder = temporaryFolder();
    const good = createLayout(2);
    const bad: readonly unknown[] = [
      null,
      7,
      { ...good, version: 2 },
      { ...good, groups: [] },
      { ...good, coordinator: { kind: "consul", port: 0, peerPort: 0 } },
      { ...good, coordinator: { kind: "etcd", port: "2379", peerPort: 0 } },
      { ...good, dashboard: null },
      { ...good, groups: [{ ...good.groups[0], id: 2 }] },
      { ...good, groups: [{ id: 1, master: { port: "6379" }, replicas: [] }] },
      { ...good, groups: [{ id: 1, master: { port: 6379 } }] },
      { ...good, groups: [null] },
      { ...good, proxies: [{ port: 19_000 }] },
      { ...good, proxies: [{ port: 70_000, adminPort: 1 }] },
    ];
    mkdirSync(folder.path, { recursive: true });
    for (const value of bad) {
      writeFileSync(folder.join("cluster.json"), JSON.stringify(value));
      expect(() => readLayout(folder.path)).toThrow(/cluster\.json: /);
    }
    folder.remove();
  });
});

describe("members", () => {
  const members = listMembers("/data/a b", createLayout(1, 1), "/opt/bin/codis");
  const [master, replica, dashboard, proxy] = members;

  test("come in the order of their start: each finds what it needs", () => {
    expect(members.map((member) => member.name)).toEqual([
      "group-1 master",
      "group-1 replica-1",
      "dashboard",
      "proxy-1",
    ]);
  });

  test("the dashboard's coordinator is the folder, or the process that is started before all", () => {
    expect(dashboard?.configText).toContain('coordinator_addr = "/data/a b/coordinator"\n');
    for (const kind of ["etcd", "zookeeper"] as const) {
      const coordinator = { kind, port: 21_500, peerPort: 21_501 };
      const all = listMembers("/data/a b", { ...createLayout(1), coordinator }, "/opt/bin/codis");
      expect(all[0]?.name).toBe(kind);
      expect(all[0]?.isCommandLine(all[0].command)).toBe(true);
      expect(all[0]?.isCommandLine(dashboard?.command ?? [])).toBe(false);
      const text = all.find((member) => member.kind === "dashboard")?.configText;
      expect(text).toContain(
        `coordinator_name = "${kind}"\ncoordinator_addr = "127.0.0.1:21500"\n`,
      );
    }
  });

  test("a server keeps its data, listens on loopback, and a replica names its master", () => {
    expect(master?.configText).toContain("appendonly yes\n");
    expect(master?.configText).toContain("bind 127.0.0.1\n");
    expect(master?.configText).toContain('dir "/data/a b/group-1/master"\n');
    expect(master?.configText).not.toContain("replicaof");
    expect(replica?.configText).toContain("replicaof 127.0.0.1 21001\n");
  });

  test("a server is recognised before and after it has set its title, and nothing else is", () => {
    const path = "/data/a b/group-1/master/redis.conf";
    const isMaster = master?.isCommandLine ?? (() => false);
    expect(isMaster(["redis-server", path])).toBe(true);
    expect(isMaster([`/usr/bin/redis-server 127.0.0.1:21001 ${path}`, "", ""])).toBe(true);
    expect(isMaster(["vim", path])).toBe(false);
    expect(isMaster(["redis-server", `${path}.old`])).toBe(false);
    expect(isMaster(["redis-server", `/other${path}`])).toBe(false);
    expect(replica?.isCommandLine(["redis-server", path])).toBe(false);
  });

  test("a proxy is recognised by its configuration file", () => {
    const isProxy = proxy?.isCommandLine ?? (() => false);
    const flags = ["proxy", "--config", "/data/a b/proxy-1.toml"];
    expect(isProxy(["/x/bun", "/opt/src/main.ts", ...flags, "--ncpu=2"])).toBe(true);
    expect(isProxy(["/x/bun", "/opt/src/main.ts", "proxy", "--config", "/other.toml"])).toBe(false);
    expect(isProxy(["less", "/data/a b/proxy-1.toml"])).toBe(false);
  });
});
