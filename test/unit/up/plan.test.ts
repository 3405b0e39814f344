/** What a start makes of the flags and of the layout that is there. Ports are really free or taken. */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { isCodisError } from "../../../src/base/error.ts";
import type { GroupLayout } from "../../../src/up/layout.ts";
import { planLayout, type Wishes } from "../../../src/up/plan.ts";
import { freePort } from "../../support/free-port.ts";

const NOTHING: Wishes = {
  groups: undefined,
  replicas: undefined,
  proxies: undefined,
  sentinels: undefined,
  port: undefined,
  coordinator: undefined,
};

function portsOf(layout: Awaited<ReturnType<typeof planLayout>>): readonly number[] {
  const servers = layout.groups.flatMap((group) => [group.master, ...group.replicas]);
  const proxies = layout.proxies.flatMap((proxy) => [proxy.port, proxy.adminPort]);
  const { coordinator, dashboard } = layout;
  const ports = [...servers.map((server) => server.port), ...proxies, dashboard.port];
  return [...ports, ...[coordinator.port, coordinator.peerPort].filter((port) => port > 0)];
}

async function occupy<T>(port: number, run: () => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  try {
    return await run();
  } finally {
    server.close();
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return isCodisError(thrown) ? thrown.code : String(thrown);
}

describe("a new cluster", () => {
  test("every process has a port of its own", async () => {
    const port = await freePort();
    const wishes = { ...NOTHING, groups: 3, replicas: 2, proxies: 1, port };
    const layout = await planLayout(undefined, wishes, "/d");
    expect(layout.groups.map((group) => group.id)).toEqual([1, 2, 3]);
    expect(layout.proxies[0]?.port).toBe(port);
    expect(new Set(portsOf(layout)).size).toBe(12);
  });

  test("a proxy's port that is taken is told, never replaced", async () => {
    const port = await freePort();
    const wishes = { ...NOTHING, port };
    const code = await occupy(port, () => codeOf(planLayout(undefined, wishes, "/d")));
    expect(code).toBe("PORT_IN_USE");
  });

  test("proxies above the last port are refused", async () => {
    const wishes = { ...NOTHING, port: 65_535, proxies: 2 };
    expect(await codeOf(planLayout(undefined, wishes, "/d"))).toBe("USAGE");
  });
});

describe("a cluster that is there", () => {
  test("remembers the replicas and proxies that it lost, until the dashboard was told", async () => {
    const port = await freePort();
    const wishes = { ...NOTHING, groups: 1, replicas: 2, proxies: 1, port };
    const planned = await planLayout(undefined, wishes, "/d");
    const [group] = planned.groups;
    const [proxy] = planned.proxies;
    if (group === undefined || proxy === undefined) {
      throw new Error("no group or no proxy");
    }
    const [one, two] = group.replicas.map((replica) => ({ ...replica, isAdded: true }));
    if (one === undefined || two === undefined) {
      throw new Error("no replicas");
    }
    const existing = {
      ...planned,
      groups: [{ ...group, replicas: [one, two] }],
      proxies: [{ ...proxy, isAdded: true }],
    };
    const smaller = { ...NOTHING, replicas: 1, port: await freePort() };
    const former = [
      { kind: "replica", groupId: 1, port: two.port },
      { kind: "proxy", groupId: 0, port: proxy.adminPort },
    ] as const;
    const next = await planLayout(existing, smaller, "/d");
    expect(next.groups[0]?.replicas).toEqual([one]);
    expect(next.former).toEqual(former);
    expect((await planLayout(next, NOTHING, "/d")).former).toEqual(former);
    expect((await planLayout(planned, smaller, "/d")).former).toBeUndefined();
  });

  test("stays as it is without flags", async () => {
    const port = await freePort();
    const wishes = { ...NOTHING, groups: 2, replicas: 1, proxies: 1, port };
    const first = await planLayout(undefined, wishes, "/d");
    expect(await planLayout(first, NOTHING, "/d")).toEqual(first);
  });

  test("gets another port for a server when another program has it", async () => {
    const first = await planLayout(undefined, { ...NOTHING, port: await freePort() }, "/d");
    const taken = first.groups[0]?.master.port ?? 0;
    const second = await occupy(taken, () => planLayout(first, NOTHING, "/d"));
    expect(second.groups[0]?.master.port).not.toBe(taken);
    expect(second.groups[1]).toEqual(first.groups[1] as never);
    expect(new Set(portsOf(second)).size).toBe(5);
  });

  test("keeps the port by which the dashboard knows a server, or says who is in the way", async () => {
    const first = await planLayout(undefined, { ...NOTHING, port: await freePort() }, "/d");
    const groups = first.groups.map((group) => ({
      ...group,
      master: { ...group.master, isAdded: true },
    }));
    const added = { ...first, groups };
    expect(await planLayout(added, NOTHING, "/d")).toEqual(added);
    const taken = added.groups[0]?.master.port ?? 0;
    const code = await occupy(taken, () => codeOf(planLayout(added, NOTHING, "/d")));
    expect(code).toBe("PORT_IN_USE");
  });

  test("keeps its coordinator", async () => {
    const wishes = { ...NOTHING, port: await freePort(), coordinator: "etcd" } as const;
    const first = await planLayout(undefined, wishes, "/d");
    expect(new Set(portsOf(first)).size).toBe(7);
    expect(await planLayout(first, NOTHING, "/d")).toEqual(first);
    const other = planLayout(first, { ...NOTHING, coordinator: "zookeeper" }, "/d");
    expect(await codeOf(other)).toBe("CLUSTER_DIR_INVALID");
  });

  test("may get more replicas, and more groups when the dashboard knows it", async () => {
    const first = await planLayout(undefined, { ...NOTHING, port: await freePort() }, "/d");
    const more = await planLayout(first, { ...NOTHING, replicas: 1 }, "/d");
    expect(more.groups.map((group) => group.master)).toEqual(
      first.groups.map((group) => group.master),
    );
    expect(more.groups.every((group) => group.replicas.length === 1)).toBe(true);
    for (const groups of [1, 3]) {
      const code = await codeOf(planLayout(first, { ...NOTHING, groups }, "/d"));
      expect(code).toBe("CLUSTER_DIR_INVALID");
    }
    const known = { ...first, groups: first.groups.map(markAdded) };
    const grown = await planLayout(known, { ...NOTHING, groups: 3 }, "/d");
    expect(grown.groups.slice(0, 2)).toEqual(known.groups);
    expect(grown.groups[2]).toMatchObject({ id: 3, replicas: [] });
    expect(grown.groups[2]?.master.isAdded).toBeUndefined();
  });

  test("keeps groups that the dashboard knows, and may lose those of a start that failed", async () => {
    const first = await planLayout(
      undefined,
      { ...NOTHING, groups: 3, port: await freePort() },
      "/d",
    );
    const known = { ...first, groups: first.groups.map(markAdded) };
    const code = await codeOf(planLayout(known, { ...NOTHING, groups: 2 }, "/d"));
    expect(code).toBe("CLUSTER_DIR_INVALID");
    const failed = {
      ...first,
      groups: first.groups.map((group) => (group.id === 3 ? group : markAdded(group))),
    };
    const smaller = await planLayout(failed, { ...NOTHING, groups: 2 }, "/d");
    expect(smaller.groups).toEqual(failed.groups.slice(0, 2));
  });
});

/** As if the dashboard had taken its master. */
function markAdded(group: GroupLayout): GroupLayout {
  return { ...group, master: { ...group.master, isAdded: true } };
}
