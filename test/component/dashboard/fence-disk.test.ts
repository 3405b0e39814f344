/**
 * What high availability keeps in the coordinator, on a real disk that is full and gets room again: stories, members of
 * groups, fences and logins. The error says what is wrong, nothing is half done, nobody goes on by what isn't stored,
 * and all goes on by itself when there is room.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { systemClock } from "../../../src/base/clock.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { ANY } from "../../../src/coordinator/coordinator.ts";
import { FailoverLedger } from "../../../src/dashboard/availability/failover/failover-book.ts";
import { FenceNodes } from "../../../src/dashboard/availability/fence/fence-record.ts";
import { readLogins } from "../../../src/dashboard/availability/fence/login-record.ts";
import { ProxyFences } from "../../../src/dashboard/availability/fence/proxy-fences.ts";
import { ProxyLogins } from "../../../src/dashboard/availability/fence/proxy-logins.ts";
import { GroupMembers } from "../../../src/dashboard/availability/replication/group-members.ts";
import { defaultDashboardConfig } from "../../../src/dashboard/config/load.ts";
import type { ProxyFigures, ServerFigures } from "../../../src/dashboard/control.ts";
import { addProxy } from "../../../src/model/change/proxy.ts";
import { coordinatorPath } from "../../../src/model/coordinator-path.ts";
import { processOf } from "../../../src/model/proxy-model.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { fetchInfo } from "../../../src/redis/server-command.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { ask } from "../../support/running-product.ts";
import { serverTopology } from "../../support/server-topology.ts";
import { SmallDisk } from "../../support/small-disk.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { proxyModel } from "../../support/topology-sample.ts";

const WAIT_MS = 20_000;
const PRODUCT = "demo";
const MODEL = proxyModel(1, { takesLogin: true });
setDefaultTimeout(60_000);

let disk: SmallDisk;
let server: RedisServer;
let folder: TemporaryFolder;
let topology: Topology;
let logged: string[] = [];

beforeAll(async () => {
  folder = temporaryFolder();
  const aclFile = folder.join("users.acl");
  writeFileSync(aclFile, "");
  [disk, server] = await Promise.all([
    SmallDisk.start(),
    startRedis({ args: ["--aclfile", aclFile] }),
  ]);
  const built = serverTopology({ groups: { 1: [server.addr] }, owners: [[0, 1023, 1]] });
  topology = addProxy(built, MODEL);
});

afterAll(async () => {
  await disk.end();
  await server.kill();
  folder.remove();
});

const note = (_event: string, message: string): void => {
  logged.push(message);
};
const log: Log = { ...silentLog, info: note, warn: note, error: note, child: () => log };

/** What a room needs, on the disk. */
function parts() {
  logged = [];
  return {
    product: PRODUCT,
    config: defaultDashboardConfig({ productName: PRODUCT, proxyDeadAfterMs: 100 }),
    epoch: 1,
    storage: disk.storage,
    confirm: () => Promise.resolve(),
    log,
    clock: systemClock,
  };
}

async function namesIn(path: string): Promise<readonly string[]> {
  return (await disk.storage.readChildren(path)).map((node) => node.path.slice(path.length + 1));
}

function openBook(): Promise<FailoverLedger> {
  return FailoverLedger.open({ ...parts(), topology: () => topology });
}

test("a story is kept in memory, and stored whole when there is room", async () => {
  const book = await openBook();
  await disk.fill();
  const story = book.begin({ groupId: 1, kind: "detector", from: "a:1", to: "b:1" });
  story.note("detected", "a:1", "it doesn't answer");
  await story.end("done");
  expect(logged[0]).toContain("ENOSPC");
  expect(logged[0]).toContain("tried again in");
  expect(book.all()[0]?.outcome).toBe("done");
  expect(await namesIn(coordinatorPath.failovers(PRODUCT))).toEqual([]);
  await disk.empty();
  await waitFor("the story in the store", WAIT_MS, async () =>
    (await namesIn(coordinatorPath.failovers(PRODUCT))).length === 1 ? true : undefined,
  );
  const told = book.all();
  await book.close();
  const next = await openBook();
  expect(next.all()).toEqual(told);
  await next.close();
});

test("members are known at once, said to be unsaved once, and saved when there is room", async () => {
  const members = new GroupMembers(parts());
  await members.load();
  await disk.fill();
  members.update(topology, [{ groupId: 1, addr: server.addr }]);
  await members.save();
  await members.save();
  expect(members.has(1, server.addr)).toBe(true);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain("ENOSPC");
  await disk.empty();
  await members.save();
  const next = new GroupMembers(parts());
  await next.load();
  expect(next.has(1, server.addr)).toBe(true);
});

test("nobody goes on without a proxy whose fence can't be stored", async () => {
  const figures = { table: "unreachable", error: "no answer", atMs: Date.now() } as ProxyFigures;
  const told: boolean[] = [];
  await disk.fill();
  const fences = await ProxyFences.open({
    ...parts(),
    topology: {
      snapshot: () => topology,
      commit: () => Promise.resolve(topology),
      onChange: () => () => undefined,
    },
    proxyFigures: () => new Map([[MODEL.token, figures]]),
    serverFigures: () => new Map(),
    fleet: { setFenced: (_token, isFenced) => told.push(isFenced) },
    look: () => ({ state: "gone", text: "its process is gone" }),
  });
  fences.start();
  const textOf = () => fences.fences().get(MODEL.token)?.text ?? "";
  await waitFor("the reason", WAIT_MS, () => (textOf().includes("ENOSPC") ? true : undefined));
  expect(textOf()).toStartWith("it can't be fenced: ");
  const word = await catchRejection(fences.declareGone(MODEL.token));
  expect(word.code).toBe("COORDINATOR_FULL");
  expect(fences.fences().get(MODEL.token)?.state).toBe("unprovable");
  expect(told).toEqual([]);
  const nodes = new FenceNodes(disk.storage, PRODUCT);
  expect(await nodes.readAll()).toEqual([]);
  await disk.empty();
  await waitFor("the fence", WAIT_MS, () => (told.length > 0 ? true : undefined));
  expect(told).toEqual([true]);
  expect(await nodes.readAll()).toMatchObject([{ token: MODEL.token, proof: "processes-gone" }]);
  await fences.close();
  await nodes.delete(MODEL.token);
});

async function openLogins(): Promise<ProxyLogins> {
  const info = await fetchInfo({ addr: server.addr });
  const figures = new Map([[server.addr, { addr: server.addr, info } as ServerFigures]]);
  return ProxyLogins.open(
    {
      ...parts(),
      topology: {
        snapshot: () => topology,
        commit: () => Promise.resolve(topology),
        onChange: () => () => undefined,
      },
      serverFigures: () => figures,
    },
    new Set(),
  );
}

async function usersAt(): Promise<readonly string[]> {
  const reply = await ask(server.port, "ACL", "USERS");
  return reply.split("\r\n").filter((line) => line.startsWith("codis-proxy-"));
}

test("a login that isn't on record proves nothing: the process is offered another one", async () => {
  const logins = await openLogins();
  await disk.fill();
  const first = await logins.offer(MODEL);
  expect(first?.user).toStartWith("codis-proxy-");
  const lost = await catchRejection(first?.taken() ?? Promise.resolve());
  expect([lost.code, lost.message.includes("ENOSPC")]).toEqual(["COORDINATOR_FULL", true]);
  expect(await readLogins(disk.storage, PRODUCT)).toEqual([]);
  const cut = await logins.cut(MODEL.token, processOf(MODEL));
  expect(cut).toMatchObject({ isCut: false });
  expect(cut.text).toContain("hasn't taken");

  await disk.empty();
  const second = await logins.offer(MODEL);
  expect(second?.user).not.toBe(first?.user);
  expect(await usersAt()).toEqual([second?.user ?? ""]);
  expect((await catchRejection(first?.taken() ?? Promise.resolve())).code).toBe("STATE_CONFLICT");
  await second?.taken();
  expect(await logins.offer(MODEL)).toBeUndefined();
  expect(await readLogins(disk.storage, PRODUCT)).toMatchObject([{ user: second?.user }]);
  expect(await logins.cut(MODEL.token, processOf(MODEL))).toMatchObject({ isCut: true });
  expect(await usersAt()).toEqual([]);
  await logins.close();
});

test("a proxy that was never told its user isn't taken for cut off, by the next leader either", async () => {
  const logins = await openLogins();
  await logins.forget(MODEL.token);
  expect((await logins.offer(MODEL))?.user).toStartWith("codis-proxy-");
  await logins.close();
  const next = await openLogins();
  expect((await next.cut(MODEL.token, processOf(MODEL))).isCut).toBe(false);
  expect((await next.offer(MODEL))?.user).toStartWith("codis-proxy-");
  await next.close();
});

test("garbage in a story or members is left as it is and said; in a fence or login it stops the leader", async () => {
  const { storage } = disk;
  const put = (path: string, data: string | undefined): Promise<void> =>
    storage.write([{ path, data, expected: ANY }]);
  const story = coordinatorPath.failover(PRODUCT, "9-9");
  const member = coordinatorPath.member(PRODUCT, 2);
  const fence = coordinatorPath.fence(PRODUCT, MODEL.token);
  const login = coordinatorPath.login(PRODUCT, MODEL.token);
  for (const path of [story, member, fence, login]) {
    await put(path, "{");
  }
  const book = await openBook();
  expect(logged.join("\n")).toContain(story);
  await book.close();
  const members = new GroupMembers(parts());
  await members.load();
  expect([members.isLoaded, members.has(1, server.addr)]).toEqual([true, true]);
  expect(logged.join("\n")).toContain(member);
  expect((await storage.get(story))?.data).toBe("{");
  for (const [path, read] of [
    [fence, () => new FenceNodes(storage, PRODUCT).readAll()],
    [login, () => readLogins(storage, PRODUCT)],
  ] as const) {
    const error = await catchRejection(read());
    expect([error.code, error.message.includes(path)]).toEqual(["MODEL_INVALID", true]);
  }
  for (const path of [story, member, fence, login]) {
    await put(path, undefined);
  }
});
