/**
 * Taking turns with an original dashboard on one folder. Its part is played by a writer that does with
 * files what the original does (recorded: a temporary file, then a rename; JSON indented by 4; every field
 * in Go's order; a persistent lock), and that understands nothing but its own fields.
 */
import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isCodisError } from "../../src/base/error.ts";
import type { Coordinator, Leadership } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { addProxy } from "../../src/model/change/proxy.ts";
import { assignSlots, createSlotActions, slotRange } from "../../src/model/change/slot.ts";
import { checkTopology } from "../../src/model/topology/check.ts";
import { catchRejection } from "../support/caught-error.ts";
import { RECORDED_LOCK } from "../support/recorded-topom.ts";
import { memoryFolder } from "../support/temporary-folder.ts";
import { addrOf, proxyModel } from "../support/topology-sample.ts";
import { failAfterWrites, openStore } from "../support/topology-store.ts";

const folder = memoryFolder();
afterAll(() => folder.remove());

/** What an original dashboard does to files. */
class OriginalDashboard {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Takes the lock as it does: a file that stays until it is removed. */
  start(): void {
    this.#write("topom", RECORDED_LOCK, "wx");
  }

  /** A clean end removes the lock; kill -9 doesn't. */
  stop(): void {
    rmSync(this.pathOf("topom"));
  }

  createGroup(id: number, addr: string): void {
    this.write(`group/group-${pad(id)}`, {
      id,
      servers: [{ server: addr, datacenter: "", action: {}, replica_group: false }],
      promoting: {},
      out_of_sync: false,
    });
  }

  assign(id: number, groupId: number): void {
    this.write(`slots/slot-${pad(id)}`, { id, group_id: groupId, action: {} });
  }

  write(name: string, value: unknown): void {
    this.#write(name, JSON.stringify(value, undefined, 4), "w");
  }

  pathOf(name: string): string {
    return join(this.#root, "data/codis3/demo", name);
  }

  read(name: string): string {
    return readFileSync(this.pathOf(name), "utf8");
  }

  #write(name: string, text: string, flag: "w" | "wx"): void {
    const path = this.pathOf(name);
    mkdirSync(dirname(path), { recursive: true });
    if (flag === "wx") {
      writeFileSync(path, text, { flag });
      return;
    }
    const temporary = join(this.#root, "temp", `1.${name.replaceAll("/", "-")}`);
    mkdirSync(dirname(temporary), { recursive: true });
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  }
}

function pad(id: number): string {
  return String(id).padStart(4, "0");
}

function openFolder(root: string): Promise<Coordinator> {
  return openCoordinator({ kind: "filesystem", addr: root, auth: "" });
}

/** All files of the product with their texts and times of writing. */
function filesOf(root: string): ReadonlyMap<string, { text: string; writtenAtMs: number }> {
  const top = join(root, "data/codis3");
  const files = readdirSync(top, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((file) => file.isFile())
      .map((file) => {
        const path = join(file.parentPath, file.name);
        const text = readFileSync(path, "utf8");
        return [path.slice(top.length), { text, writtenAtMs: statSync(path).mtimeMs }];
      }),
  );
}

test("a product changes hands, there and back", async () => {
  const root = folder.join("turns");
  const original = new OriginalDashboard(root);
  original.start();
  original.createGroup(1, addrOf(1, 0));
  for (let id = 0; id < 1024; id++) {
    original.assign(id, 1);
  }
  original.stop();
  const before = filesOf(root);

  // Ours takes over: reads everything, and writes nothing that it doesn't change.
  let coordinator = await openFolder(root);
  let store = await openStore(coordinator);
  expect(store.snapshot().groups.get(1)?.servers[0]?.addr).toBe(addrOf(1, 0));
  expect(store.snapshot().slots.every((slot) => slot.groupId === 1)).toBe(true);
  await store.commit("group", (now) => addServer(createGroup(now, 2), 2, addrOf(2, 0)));
  await store.commit("assign", (now) =>
    assignSlots(
      now,
      slotRange(now, 0, 9).map((id) => ({ id, groupId: 2 })),
    ),
  );
  await store.commit("proxy", (now) => addProxy(now, proxyModel(1)));
  await store.commit("move", (now) => createSlotActions(now, [{ id: 20, groupId: 2 }]));
  await coordinator.close();

  const after = filesOf(root);
  const changed = [...after].filter(
    ([path, file]) => file.writtenAtMs !== before.get(path)?.writtenAtMs,
  );
  expect(changed.map(([path]) => path).sort()).toEqual([
    "/demo/group/group-0002",
    `/demo/proxy/proxy-${proxyModel(1).token}`,
    ...slotRange(store.snapshot(), 0, 9).map((id) => `/demo/slots/slot-${pad(id)}`),
    "/demo/slots/slot-0020",
  ]);
  expect(after.get("/demo/slots/slot-0003")?.text).toBe(
    '{\n    "id": 3,\n    "group_id": 2,\n    "action": {}\n}',
  );
  expect(JSON.parse(after.get("/demo/slots/slot-0020")?.text ?? "")).toEqual({
    id: 20,
    group_id: 1,
    action: { index: 1, state: "pending", target_id: 2 },
  });

  // The original takes over: our lock is gone, and it may do what it likes.
  original.start();
  original.assign(20, 2);
  original.createGroup(3, addrOf(3, 0));
  original.assign(21, 3);
  rmSync(original.pathOf(`proxy/proxy-${proxyModel(1).token}`));

  // While it leads, ours doesn't; a lock of its kind is never taken over.
  coordinator = await openFolder(root);
  const refused = await openStore(coordinator).catch((thrown: unknown) => thrown);
  expect(isCodisError(refused, "LEADER_EXISTS") && refused.context["isForeign"]).toBe(true);
  original.stop();

  store = await openStore(coordinator);
  const topology = store.snapshot();
  expect([20, 21].map((id) => topology.slots[id]?.groupId)).toEqual([2, 3]);
  expect(topology.slots[20]?.action.state).toBe("");
  expect(topology.proxies.size).toBe(0);
  expect(checkTopology(topology)).toEqual([]);
  await coordinator.close();
});

test("a change that died half-way isn't finished over what the original did meanwhile", async () => {
  const root = folder.join("journal");
  const original = new OriginalDashboard(root);
  original.createGroup(1, addrOf(1, 0));
  original.createGroup(2, addrOf(2, 0));
  for (let id = 0; id < 10; id++) {
    original.assign(id, 1);
  }
  let coordinator = await openFolder(root);
  // The settings, then the journal, the group and three slots.
  const wrap = (leadership: Leadership): Leadership => failAfterWrites(leadership, 1 + 1 + 1 + 3);
  const dying = await openStore(coordinator, { wrap });
  const targets = slotRange(dying.snapshot(), 0, 9).map((id) => ({ id, groupId: 2 }));
  const thrown = await catchRejection(dying.commit("assign", (now) => assignSlots(now, targets)));
  expect(thrown.code).toBe("COORDINATOR_UNREACHABLE");
  await coordinator.close();
  expect(JSON.parse(original.read("slots/slot-0002"))).toMatchObject({ group_id: 2 });
  expect(JSON.parse(original.read("slots/slot-0003"))).toMatchObject({ group_id: 1 });

  original.start();
  original.write("slots/slot-0005", { id: 5, group_id: 0, action: {} });
  original.stop();
  coordinator = await openFolder(root);
  const store = await openStore(coordinator);
  const owners = store
    .snapshot()
    .slots.slice(0, 10)
    .map((slot) => slot.groupId);
  expect(owners).toEqual([2, 2, 2, 2, 2, 0, 2, 2, 2, 2]);
  await coordinator.close();
});
