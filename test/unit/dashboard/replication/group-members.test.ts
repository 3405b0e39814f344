/** The record of who has been part of a group's replication: kept, read again, and mended after failures. */
import { beforeEach, expect, test } from "bun:test";
import { silentLog } from "../../../../src/base/log.ts";
import { GroupMembers } from "../../../../src/dashboard/availability/replication/group-members.ts";
import type { ProductStorage } from "../../../../src/dashboard/control.ts";
import { serverTopology } from "../../../support/server-topology.ts";

const PATH = "/codis-ext/demo/member/group-0001";
const topology = serverTopology({ groups: { 1: ["a:1", "a:2"] } });

let nodes: Map<string, string>;
let isDown: boolean;
let warnings: string[];

beforeEach(() => {
  nodes = new Map();
  isDown = false;
  warnings = [];
});

function guard(): void {
  if (isDown) {
    throw new Error("the coordinator is away");
  }
}

function members(): GroupMembers {
  const storage: ProductStorage = {
    get: () => Promise.resolve(undefined),
    readChildren: async () => {
      guard();
      return [...nodes].map(([path, data]) => ({ path, data, version: "1" }));
    },
    write: async (writes) => {
      guard();
      for (const { path, data } of writes) {
        if (data === undefined) {
          nodes.delete(path);
        } else {
          nodes.set(path, data);
        }
      }
    },
  };
  const log = { ...silentLog, warn: (event: string) => void warnings.push(event) };
  return new GroupMembers({ product: "demo", storage, log });
}

test("the next leader knows who was a member, until the server leaves its group", async () => {
  const first = members();
  await first.load();
  first.update(topology, [{ groupId: 1, addr: "A:1" }]);
  await first.save();
  expect(nodes.get(PATH)).toBe('{"servers":["a:1"]}');
  const second = members();
  expect(second.has(1, "a:1")).toBe(false);
  await second.load();
  expect(second.has(1, "a:1")).toBe(true);
  expect(second.has(1, "a:2")).toBe(false);
  expect(second.has(2, "a:1")).toBe(false);
  second.update(serverTopology({ groups: { 1: ["a:2"] } }), []);
  await second.save();
  expect(nodes.size).toBe(0);
});

test("nothing is written over before what is there was read; failures are told once and tried again", async () => {
  nodes.set(PATH, '{"servers":["a:1"]}');
  isDown = true;
  const found = members();
  await found.load();
  await found.load();
  found.update(topology, [{ groupId: 1, addr: "a:2" }]);
  await found.save();
  isDown = false;
  await found.load();
  isDown = true;
  await found.save();
  isDown = false;
  await found.save();
  expect(nodes.get(PATH)).toBe('{"servers":["a:1","a:2"]}');
  expect(warnings).toEqual(["members.unread", "members.unsaved"]);
});

test("a node that can't be understood makes its servers strangers, and hinders nobody else", async () => {
  nodes.set(PATH, '{"servers":7}');
  nodes.set("/codis-ext/demo/member/group-0002", '{"servers":["b:1"]}');
  const found = members();
  await found.load();
  expect(found.isLoaded).toBe(true);
  expect(found.has(1, "a:1")).toBe(false);
  expect(found.has(2, "b:1")).toBe(true);
  expect(warnings).toEqual(["members.invalid"]);
});
