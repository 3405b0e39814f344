/**
 * The typed clients of a dashboard against its port: every method of `TopomClient` and `V1Client` makes the
 * call that it says, and failures come as `CodisError` with the dashboard's own code.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TopomClient } from "../../../src/api/topom-client.ts";
import { V1Client } from "../../../src/api/v1-client.ts";
import { PAGE_ITEMS_MAX } from "../../../src/api/v1-path.ts";
import { CodisError, type ErrorCode } from "../../../src/base/error.ts";
import { emptyGroup } from "../../../src/model/group.ts";
import { DashboardPort } from "../../support/dashboard-port.ts";
import { fillSample, PROXY_TOKENS } from "../../support/dashboard-sample.ts";
import { freePort } from "../../support/free-port.ts";

let port: DashboardPort;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
});

afterEach(() => port.close());

async function codeOf(call: Promise<unknown>): Promise<ErrorCode | string> {
  try {
    await call;
    return "done";
  } catch (thrown) {
    return thrown instanceof CodisError ? thrown.code : String(thrown);
  }
}

const token = PROXY_TOKENS[0] ?? "";

describe("TopomClient", () => {
  test("every method that changes something gives its order", async () => {
    const client = new TopomClient({ addr: port.addr });
    const addr = "10.0.0.2:6379";
    await client.ping();
    await client.reload();
    await client.createProxy("10.0.1.9:11080");
    await client.onlineProxy("10.0.1.9:11080");
    await client.reinitProxy(token);
    await client.removeProxy(token, true);
    await client.createGroup(12);
    await client.removeGroup(12);
    await client.resyncGroup(1);
    await client.resyncAllGroups();
    await client.addServer(3, "[::1]:7000");
    await client.addServer(3, "10.0.0.8:6379", "dc/1");
    await client.removeServer(3, "[::1]:7000");
    await client.setReplicaGroup(1, addr, true);
    await client.setAllReplicaGroups(false);
    await client.createSyncAction(addr);
    await client.removeSyncAction(addr);
    await client.assignSlots([{ id: 1, group_id: 2 }]);
    await client.offlineSlots([{ id: 1 }]);
    await client.createSlotAction(2, 2);
    await client.removeSlotAction(2);
    await client.createSomeSlotActions(1, 2, 2);
    await client.createSlotRangeActions(10, 11, 2);
    await client.setSlotActionInterval(10);
    await client.setSlotActionDisabled(true);
    const plan = await client.rebalance(true);
    await client.addSentinel("10.0.2.2:26379");
    await client.removeSentinel("10.0.2.2:26379", false);
    await client.resyncSentinels();
    await client.setLogLevel("ERROR");
    expect(port.leader.orders).toEqual([
      "reload",
      "createProxy 10.0.1.9:11080",
      "onlineProxy 10.0.1.9:11080",
      `reinitProxy ${token}`,
      `removeProxy ${token} true`,
      "createGroup 12",
      "removeGroup 12",
      "resyncGroup 1",
      "resyncAllGroups",
      "addServer 3 [::1]:7000  false",
      "addServer 3 10.0.0.8:6379 dc/1 false",
      "removeServer 3 [::1]:7000",
      `setReplicaGroup 1 ${addr} true`,
      "setAllReplicaGroups false",
      `createSyncAction ${addr}`,
      `removeSyncAction ${addr}`,
      "assignSlots 1:2",
      "assignSlots 1:0",
      "createSlotActions 2:2",
      "removeSlotActions 2",
      "createSlotActions 0:2 2:2",
      "createSlotActions 10:2 11:2",
      "setInterval 10",
      "setDisabled true",
      `createSlotActions ${Object.keys(plan).length} from ${Object.entries(plan)[0]?.join(":")}`,
      "addSentinel 10.0.2.2:26379",
      "removeSentinel 10.0.2.2:26379 false",
      "resyncSentinels",
    ]);
    await client.shutdown();
    expect(port.control.shutdowns).toBe(1);
  });

  test("what is read comes as it is, as a value or as the text that was sent", async () => {
    const client = new TopomClient({ addr: port.addr });
    const text = await client.fetchText("overview");
    expect(text).toBe((await port.get("/topom")).text);
    expect(await client.overview()).toEqual(JSON.parse(text));
    expect((await client.stats()).group.models).toHaveLength(3);
    expect((await client.model()).product_name).toBe("demo");
    expect(await client.slots()).toHaveLength(1024);
    expect(await client.serverInfo("10.0.0.1:6379")).toMatchObject({ role: "master" });
    expect(Object.keys(await client.rebalance(false)).length).toBeGreaterThan(0);
  });

  test("failures have the dashboard's code", async () => {
    const client = new TopomClient({ addr: port.addr });
    expect(await codeOf(client.createGroup(1))).toBe("ALREADY_EXISTS");
    expect(await codeOf(client.createGroup(10_000))).toBe("ARGUMENT_INVALID");
    expect(await codeOf(client.promoteServer(8, "10.0.0.2:6379"))).toBe("NOT_FOUND");
    const gone = new TopomClient({ addr: `127.0.0.1:${await freePort()}` });
    expect(await codeOf(gone.model())).toBe("REMOTE_UNREACHABLE");
  });

  test("a token goes along", async () => {
    const secret = await port.createUser("root", "admin");
    const wrong = new TopomClient({ addr: port.addr, token: "codis_wrong" });
    expect(await codeOf(wrong.createGroup(20))).toBe("UNAUTHENTICATED");
    await new TopomClient({ addr: port.addr, token: secret }).createGroup(20);
    expect(port.leader.orders).toEqual(["createGroup 20"]);
  });
});

describe("V1Client", () => {
  test("every method that changes something gives its order and tells what is there now", async () => {
    const client = new V1Client({ addr: port.addr });
    const addr = "10.0.0.2:6379";
    expect((await client.createGroup(12)).id).toBe(12);
    await client.removeGroup(12);
    expect((await client.resyncGroup(1)).failed).toEqual([]);
    expect((await client.resyncProduct()).synced).toEqual(PROXY_TOKENS);
    expect((await client.setAllReplicaReads(true)).name).toBe("demo");
    const server = { addr: "[::1]:7000", datacenter: "dc1", as_replica: true, adopt: true };
    expect(await client.addServer(3, server)).toMatchObject({ addr: "[::1]:7000", group_id: 3 });
    await client.removeServer(3, "[::1]:7000");
    expect((await client.setReplicaReads(1, addr, false)).replica_reads).toBe(false);
    expect((await client.startSync(1, addr)).sync).toEqual({ state: "pending", index: 1 });
    await client.cancelSync(1, addr);
    const { epoch, revision } = await client.slots();
    const request = { assignments: [{ from: 0, to: 3, group_id: 2 }] };
    const planned = await client.assignSlots({ ...request, dry_run: true }, { epoch, revision });
    expect(planned).toMatchObject({ dry_run: true, slots_changed: 4, push: null, revision });
    const done = await client.assignSlots(request, { epoch, revision });
    expect(done).toMatchObject({ dry_run: false, slots_changed: 4, revision: revision + 1 });
    expect(await codeOf(client.assignSlots(request, { epoch, revision }))).toBe(
      "REVISION_OUTDATED",
    );
    const added = await client.addProxy({ admin_addr: "10.0.1.9:11080" });
    expect((await client.addProxy({ admin_addr: "10.0.1.9:11080", update: true })).id).toBe(
      added.id,
    );
    expect((await client.reinitProxy(token)).token).toBe(token);
    await client.removeProxy(token, { force: true });
    expect((await client.addSentinel("10.0.2.2:26379")).items).toHaveLength(2);
    await client.removeSentinel("10.0.2.2:26379", { force: false });
    expect((await client.resyncSentinels()).out_of_sync).toBe(false);
    await client.reload();
    await client.setLogLevel("error");
    expect(await client.logLevel()).toBe("error");
    await client.shutdown();
    expect(port.leader.orders).toEqual([
      "createGroup 12",
      "removeGroup 12",
      "resyncGroup 1",
      "resyncAllGroups",
      "setAllReplicaGroups true",
      "addServer 3 [::1]:7000 dc1 true",
      "removeServer 3 [::1]:7000",
      `setReplicaGroup 1 ${addr} false`,
      `createSyncAction ${addr}`,
      `removeSyncAction ${addr}`,
      "assignSlots 0:2 1:2 2:2 3:2",
      "createProxy 10.0.1.9:11080",
      "onlineProxy 10.0.1.9:11080",
      `reinitProxy ${token}`,
      `removeProxy ${token} true`,
      "addSentinel 10.0.2.2:26379",
      "removeSentinel 10.0.2.2:26379 false",
      "resyncSentinels",
      "reload",
    ]);
    expect(port.control.shutdowns).toBe(1);
  });

  test("what is read says all that the sample has", async () => {
    const client = new V1Client({ addr: port.addr });
    expect(await client.product()).toMatchObject({
      groups: 3,
      servers: { total: 5, up: 3 },
      proxies: { total: 4, online: 2, synced: 1 },
      slots: { online: 998, offline: 24, moving: 2 },
      sentinels: 1,
      faults: 1,
    });
    const [first, second, third] = await client.groups();
    expect(first?.servers.map(({ status }) => status)).toEqual(["up", "timeout", "error", "up"]);
    expect(first?.slots).toEqual({ count: 700, ranges: [{ from: 0, to: 699 }] });
    expect(second?.promoting).toEqual({ state: "prepared", index: 0 });
    expect(third?.servers).toEqual([]);
    expect(await client.group(1)).toEqual(first ?? (await client.group(0)));
    expect((await client.server(1, "10.0.0.1:6379")).keys).toBe(2);
    expect((await client.serverInfo(1, "10.0.0.1:6379")).info["role"]).toBe("master");
    const moving = await client.slots({ from: 599, to: 602 });
    expect(moving.ranges).toMatchObject([
      { from: 599, to: 599, group_id: 1, action: null },
      { from: 600, to: 600, action: { state: "pending", index: 1, target_id: 2 } },
      { from: 601, to: 601, action: { state: "migrating" } },
      { from: 602, to: 602, action: null },
    ]);
    expect((await client.slots({ groupId: 0 })).ranges).toEqual([
      { from: 1000, to: 1023, group_id: 0, action: null },
    ]);
    expect(await client.slot(601)).toMatchObject({
      backend_addr: "[::1]:6379",
      migrate_from: "10.0.0.1:6379",
      forward_method: "migrate",
      keys: null,
      keys_to_come: 601,
    });
    const counted = await client.slotKeys();
    expect(counted.keys).toHaveLength(1024);
    expect([0, 599, 601, 1000].map((id) => counted.keys[id])).toEqual([0, 599, null, null]);
    expect(counted.silent_servers).toEqual(["[::1]:6379"]);
    const tables = (await client.proxies()).map(({ table }) => table);
    expect(tables).toEqual(["synced", "unknown", "unreachable", "pending"]);
    expect((await client.proxy(token)).ops).toBe(1021);
    expect(await client.sentinels()).toMatchObject({
      items: ["10.0.2.1:26379"],
      out_of_sync: true,
    });
    expect(await client.stats()).toMatchObject({
      servers: { total: 5, up: 3, keys: 4 },
      proxies: { total: 4, online: 2, ops: 2042 },
    });
  });

  test("health names every problem of the sample", async () => {
    const health = await new V1Client({ addr: port.addr }).health();
    expect(health.status).toBe("critical");
    expect(health.faults).toHaveLength(1);
    // The subject says the path, so the message doesn't.
    const [fault] = health.problems;
    expect(health.faults).toEqual([`${fault?.subject}: ${fault?.message}`]);
    expect(health.problems.map(({ kind, subject }) => `${kind}: ${subject}`)).toEqual([
      "fault: /codis3/demo/group/group-0009",
      "slots_offline: slots 1000-1023",
      "slot_moving: slots 600-601",
      "group_out_of_sync: group 1",
      "server_unreachable: server 10.0.0.2:6379",
      "sync_failed: server 10.0.0.3:6379",
      "server_unreachable: server 10.0.0.3:6379",
      "server_role: server 10.0.0.4:6379",
      "group_promoting: group 2",
      "group_empty: group 3",
      "functions_differ: library mylib",
      `proxy_unreachable: proxy ${PROXY_TOKENS[2]}`,
      "sentinels_out_of_sync: sentinels",
    ]);
  });

  test("users and tokens", async () => {
    const open = new V1Client({ addr: port.addr });
    expect((await open.me()).auth).toBe("open");
    const secret = (await open.createUser({ name: "root", role: "admin" })).secret ?? "";
    const root = new V1Client({ addr: port.addr, token: secret });
    expect(await root.me()).toEqual({
      auth: "token",
      user: "root",
      token: "default",
      role: "admin",
    });
    await root.createUser({ name: "vera", role: "viewer" });
    expect((await root.updateUser("vera", { role: "operator" })).role).toBe("operator");
    const made = await root.createToken("vera", { name: "ci", expires_in_seconds: 60 });
    const vera = new V1Client({ addr: port.addr, token: made.secret });
    expect(await codeOf(vera.users())).toBe("FORBIDDEN");
    expect((await vera.audit({ limit: 2 })).items).toHaveLength(2);
    await root.revokeToken("vera", "ci");
    expect(await codeOf(vera.me())).toBe("UNAUTHENTICATED");
    expect((await root.user("vera")).tokens.map(({ name }) => name)).toEqual(["default"]);
    await root.removeUser("vera");
    expect((await root.users()).map(({ name }) => name)).toEqual(["root"]);
  });

  test("a list is read to its last page", async () => {
    const ids = Array.from({ length: PAGE_ITEMS_MAX + 5 }, (_, index) => index + 1);
    port.leader.change({ groups: new Map(ids.map((id) => [id, emptyGroup(id)])) });
    const groups = await new V1Client({ addr: port.addr }).groups();
    expect(groups.map(({ id }) => id)).toEqual(ids);
  });

  test("failures have the dashboard's code", async () => {
    const client = new V1Client({ addr: port.addr });
    expect(await codeOf(client.group(77))).toBe("NOT_FOUND");
    expect(await codeOf(client.createGroup(0))).toBe("BODY_INVALID");
    expect(await codeOf(client.server(1, "10.0.0.77:1"))).toBe("NOT_FOUND");
    const overlap = [
      { from: 0, to: 5, group_id: 1 },
      { from: 5, group_id: 2 },
    ];
    expect(await codeOf(client.assignSlots({ assignments: overlap }))).toBe("ARGUMENT_INVALID");
    const beyond = [{ from: 1000, to: 1024, group_id: 1 }];
    expect(await codeOf(client.assignSlots({ assignments: beyond }))).toBe("ARGUMENT_INVALID");
    const empty = [{ from: 0, group_id: 3 }];
    expect(await codeOf(client.assignSlots({ assignments: empty }))).toBe("STATE_CONFLICT");
    expect(port.leader.orders).toEqual([]);
  });
});
