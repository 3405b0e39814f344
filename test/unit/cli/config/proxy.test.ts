/** Proxies by their names: those of the dashboard and those that wait, each once. */
import { describe, expect, test } from "bun:test";
import type { V1Proxy } from "../../../../src/api/v1-topology-schema.ts";
import { chooseProxy, mergeProxies, readWaiting } from "../../../../src/cli/config/proxy.ts";
import { createMemoryStore } from "../../../../src/coordinator/memory/memory-store.ts";
import { jodisPath } from "../../../../src/model/jodis-record.ts";
import {
  encodeLegacyProxy,
  type LegacyProxyRecord,
} from "../../../../src/model/legacy-proxy-record.ts";
import { proxyModel } from "../../../support/topology-sample.ts";

function registered(id: number, changes: Partial<V1Proxy> = {}): V1Proxy {
  const model = proxyModel(id);
  return {
    id,
    token: model.token,
    proxy_addr: model.proxyAddr,
    admin_addr: model.adminAddr,
    proto_type: "tcp4",
    datacenter: "",
    hostname: "host1",
    pid: 40 + id,
    start_time: "then",
    jodis_path: "",
    status: "online",
    error: null,
    observed_at: null,
    table: "synced",
    confirmed_revision: null,
    fence: null,
    sessions: null,
    sessions_opened: null,
    ops: null,
    ops_failed: null,
    redis_errors: null,
    ops_per_second: null,
    memory_bytes: null,
    cpu: null,
    ...changes,
  };
}

function waiting(number: number, name: string): LegacyProxyRecord {
  const { proxyAddr: addr, adminAddr, token } = proxyModel(number);
  return { name, addr, adminAddr, isOnline: false, pid: 50 + number, startTime: "now", token };
}

const NAMED = registered(1, { jodis_path: jodisPath("demo", "proxy_east", true) });
const UNNAMED = registered(2, { status: "timeout" });
const ALL = mergeProxies(
  "demo",
  [NAMED, UNNAMED],
  [waiting(1, "proxy_east"), waiting(3, "proxy_2")],
);

describe("the list", () => {
  test("has those of the dashboard first, and no proxy twice", () => {
    const shown = ALL.map(({ json }) => [json.id, json.addr, json.state, json.pid]);
    expect(shown).toEqual([
      ["proxy_east", "10.1.0.1:19000", "online", 41],
      ["proxy_2", "10.1.0.2:19000", "offline", 42],
      ["proxy_2", "10.1.0.3:19000", "offline", 53],
    ]);
  });

  test("has every field of Codis 2.0", () => {
    expect(ALL[0]?.json).toEqual({
      id: "proxy_east",
      addr: "10.1.0.1:19000",
      last_event: "",
      last_event_ts: 0,
      state: "online",
      description: NAMED.token,
      debug_var_addr: "10.1.0.1:11080",
      pid: 41,
      start_at: "then",
    });
  });
});

describe("a proxy is found", () => {
  test.each([
    ["proxy_east", "10.1.0.1:19000"],
    ["1", "10.1.0.1:19000"],
    [NAMED.token, "10.1.0.1:19000"],
    ["10.1.0.2:11080", "10.1.0.2:19000"],
    ["10.1.0.3:19000", "10.1.0.3:19000"],
    ["proxy_3", undefined],
    ["3", undefined],
    ["", undefined],
  ])("by %p: %p", (name, addr) => {
    expect(chooseProxy(ALL, name)?.json.addr).toBe(addr);
  });
});

test("nodes are read; one that is garbage is told, and one of a proxy of 3.2 isn't a name", async () => {
  const store = createMemoryStore().open();
  const write = (name: string, data: string) =>
    store.write([{ path: jodisPath("demo", name, true), data, expected: "any" }]);
  await write("proxy_1", encodeLegacyProxy("proxy_1", "offline", proxyModel(1)));
  await write("proxy_2", "nonsense");
  await write("aaaa", '{"addr": "a:1", "admin": "a:2", "start": "", "state": "online"}');
  const notes: string[] = [];
  const found = await readWaiting(store, "demo", (line) => notes.push(line));
  expect(found.map(({ name }) => name)).toEqual(["proxy_1"]);
  expect(notes.length).toBe(1);
  expect(notes[0]).toStartWith(`${jodisPath("demo", "proxy_2", true)}: isn't JSON`);
  await store.close();
});
