/** `--config-convert`: dumps of Codis 1.x and 2.x become dumps of 3.x, and what would lose something is refused. */
import { expect, test } from "bun:test";
import { convertOldDump } from "../../../src/cli/admin/convert.ts";
import { decodeDump, encodeDump } from "../../../src/cli/admin/dump-form.ts";
import { catchError } from "../../support/caught-error.ts";

function slot(id: number, groupId: number, status = "online"): object {
  const state = { status, migrate_status: { from: -1, to: -1 }, last_op_ts: "0" };
  return { product_name: "old", id, group_id: groupId, state };
}

function server(addr: string, groupId: number, type: string): object {
  return { type, group_id: groupId, addr };
}

const TREE = {
  LOCK: null,
  actions: { "0000000001": { type: "slot_changed", ts: "1", receivers: ["proxy_1"] } },
  ActionResponse: { "0000000001": { proxy_1: null } },
  dashboard: { addr: "host1:18087", pid: 12 },
  fence: null,
  proxy: { proxy_1: { id: "proxy_1", addr: "host1:19000", state: "online" } },
  servers: {
    group_2: {
      "10.0.0.3:6379": server("10.0.0.3:6379", 2, "slave"),
      "10.0.0.4:6379": server("10.0.0.4:6379", 2, "master"),
      "10.0.0.5:6379": server("10.0.0.5:6379", 2, "offline"),
    },
    group_1: { "10.0.0.1:6379": server("10.0.0.1:6379", 1, "master") },
    group_7: null,
  },
  slots: {
    slot_10: slot(10, 2),
    slot_9: slot(9, 1),
    slot_0: slot(0, 1),
    slot_3: slot(3, -1, "offline"),
  },
};

function convert(tree: object): ReturnType<typeof convertOldDump> {
  return convertOldDump(JSON.stringify(tree), "old.json");
}

function refused(changes: object): string {
  const { code, message } = catchError(() => convert({ ...TREE, ...changes }));
  expect(code).toBe("MODEL_INVALID");
  expect(message).toStartWith("old.json: ");
  return message.slice("old.json: ".length);
}

test("slots that are online keep their group, masters come first, an empty group stays", () => {
  const text = encodeDump(convert(TREE));
  const entry = (addr: string) => ({
    server: addr,
    datacenter: "",
    action: {},
    replica_group: false,
  });
  const group = (id: number, addrs: readonly string[]) => ({
    id,
    servers: addrs.map(entry),
    promoting: {},
    out_of_sync: false,
  });
  expect(JSON.parse(text)).toEqual({
    slots: [
      { id: 0, group_id: 1, action: {} },
      { id: 9, group_id: 1, action: {} },
      { id: 10, group_id: 2, action: {} },
    ],
    group: [
      group(1, ["10.0.0.1:6379"]),
      group(2, ["10.0.0.4:6379", "10.0.0.3:6379", "10.0.0.5:6379"]),
      group(7, []),
    ],
  });
  // What comes out can be restored.
  expect(encodeDump(decodeDump(text, "new.json"))).toBe(text);
});

test("what would be guessed is refused, by its place", () => {
  expect(refused({ slots: { slot_5: slot(5, 1, "migrate") } })).toBe(
    'slots.slot_5: state.status: expected online or offline, not "migrate"; a slot that moves must have ' +
      "arrived before the dump",
  );
  expect(refused({ slots: { slot_5: slot(5, 1, "pre_migrate") } })).toContain("pre_migrate");
  expect(refused({ slots: { slot_5: slot(5000, 1) } })).toContain("slots.slot_5: id: expected");
  expect(refused({ slots: { slot_5: slot(5, 0) } })).toContain("group_id");
  expect(refused({ slots: { slot_5: slot(5, 1), slot_05: slot(5, 2) } })).toContain("there twice");
  expect(refused({ slots: { slot_5: null } })).toContain("slots.slot_5: expected an object");
  expect(refused({ slots: "x" })).toContain("slots: expected an object");
  const two = { a: server("10.0.0.1:1", 1, "master"), b: server("10.0.0.2:1", 1, "master") };
  expect(refused({ servers: { group_1: two } })).toBe(
    "servers.group_1: expected one server of type master, not 2",
  );
  const none = { a: server("10.0.0.1:1", 1, "slave") };
  expect(refused({ servers: { group_1: none } })).toContain("master, not 0");
  expect(refused({ servers: { group_x: none } })).toContain("group_1 to group_9999");
  const other = { a: server("10.0.0.1:1", 2, "master") };
  expect(refused({ servers: { group_1: other } })).toContain("group_id: expected 1");
  expect(refused({ servers: { group_1: { a: server("nix", 1, "master") } } })).toContain(
    "addr: expected host:port",
  );
});

test("the wrong file is named for what it is", () => {
  const newer = catchError(() => convert({ slots: [], group: [] })).message;
  expect(newer).toBe(
    "old.json: this is a dump of Codis 3.x already; restore it with --config-restore",
  );
  expect(catchError(() => convert({ a: 1 })).message).toContain("expected slots and servers");
  expect(catchError(() => convertOldDump("{", "old.json")).message).toContain("isn't JSON");
  expect(catchError(() => decodeDump(JSON.stringify(TREE), "old.json")).message).toContain(
    "--config-convert",
  );
});
