/** Nodes of Codis 3.2: its texts byte for byte, what it never writes, and what nobody should have written. */
import { describe, expect, test } from "bun:test";
import { encodeGoJson } from "../../../src/base/go-json.ts";
import { dashboardModelToJson, decodeDashboardModel } from "../../../src/model/dashboard-model.ts";
import { diffTopology } from "../../../src/model/topology/diff.ts";
import {
  decodeTopology,
  encodeGroupNode,
  encodeProxyNode,
  encodeSentinelNode,
  encodeSlotNode,
  type NodeText,
} from "../../../src/model/topology/node.ts";
import { emptyTopology, type Topology } from "../../../src/model/topology/topology.ts";
import { RECORDED_LOCK } from "../../support/recorded-topom.ts";
import { sampleTopology } from "../../support/topology-sample.ts";

const ROOT = "/codis3/demo";

/** Files of an original dashboard, as recorded. */
const GROUP = `{
    "id": 1,
    "servers": [
        {
            "server": "127.0.0.1:27211",
            "datacenter": "",
            "action": {},
            "replica_group": false
        }
    ],
    "promoting": {},
    "out_of_sync": true
}`;
const SLOT = `{
    "id": 579,
    "group_id": 2,
    "action": {}
}`;
const PROXY_TOKEN = "b5084f4b6af9f62fc60ec891a9b187f5";
const PROXY = `{
    "id": 1,
    "token": "${PROXY_TOKEN}",
    "start_time": "2026-11-21 07:01:13.117059478 +0000 UTC m=+0.059995724",
    "admin_addr": "127.0.0.1:21081",
    "proto_type": "tcp4",
    "proxy_addr": "127.0.0.1:21900",
    "product_name": "demo",
    "pid": 3602,
    "pwd": "/opt/codis",
    "sys": "Linux host1 5.10.0 x86_64 GNU/Linux",
    "hostname": "host1",
    "datacenter": ""
}`;

function decode(...nodes: readonly (readonly [string, string])[]): Topology {
  return decodeTopology(
    "demo",
    1024,
    nodes.map(([path, data]) => ({ path: `${ROOT}/${path}`, data })),
  );
}

describe("texts of Codis", () => {
  test("a group is written as it was read", () => {
    const group = decode(["group/group-0001", GROUP]).groups.get(1);
    expect(group?.servers[0]?.addr).toBe("127.0.0.1:27211");
    expect(group?.isOutOfSync).toBe(true);
    expect(group && encodeGroupNode(group)).toBe(GROUP);
  });

  test("a group's actions are written as they were read", () => {
    const text = GROUP.replace(
      '"action": {}',
      '"action": {\n                "index": 3,\n                "state": "pending"\n            }',
    ).replace('"promoting": {}', '"promoting": {\n        "state": "preparing"\n    }');
    const group = decode(["group/group-0001", text]).groups.get(1);
    expect(group?.servers[0]?.action).toEqual({ index: 3, state: "pending" });
    expect(group && encodeGroupNode(group)).toBe(text);
  });

  test("a group without servers has an empty list", () => {
    const empty = encodeGroupNode({
      id: 7,
      servers: [],
      promoting: { index: 0, state: "" },
      isOutOfSync: false,
    });
    expect(empty).toBe(
      '{\n    "id": 7,\n    "servers": [],\n    "promoting": {},\n    "out_of_sync": false\n}',
    );
  });

  test("a slot is written as it was read", () => {
    const topology = decode(["slots/slot-0579", SLOT]);
    expect(topology.slots[579]?.groupId).toBe(2);
    expect(topology.slots[578]?.groupId).toBe(0);
    expect(topology.slots.slice(579, 580).map(encodeSlotNode)).toEqual([SLOT]);
  });

  test("a slot that moves is written as it was read", () => {
    const text = `{
    "id": 3,
    "group_id": 1,
    "action": {
        "index": 12,
        "state": "migrating",
        "target_id": 2
    }
}`;
    const topology = decode(["slots/slot-0003", text]);
    expect(topology.slots[3]?.action).toEqual({ index: 12, state: "migrating", targetId: 2 });
    expect(topology.slots.slice(3, 4).map(encodeSlotNode)).toEqual([text]);
  });

  test("a proxy is written as it was read", () => {
    const proxies = [...decode([`proxy/proxy-${PROXY_TOKEN}`, PROXY]).proxies.values()];
    expect(proxies.map(encodeProxyNode)).toEqual([PROXY]);
    const withJodis = PROXY.replace(
      '    "product_name"',
      `    "jodis_path": "/jodis/demo/proxy-${PROXY_TOKEN}",\n    "product_name"`,
    );
    const others = [...decode([`proxy/proxy-${PROXY_TOKEN}`, withJodis]).proxies.values()];
    expect(others.map(encodeProxyNode)).toEqual([withJodis]);
  });

  test("sentinels are written as they were read", () => {
    for (const text of [
      '{\n    "out_of_sync": false\n}',
      '{\n    "servers": [\n        "10.0.0.1:26379"\n    ],\n    "out_of_sync": true\n}',
    ]) {
      expect(encodeSentinelNode(decode(["sentinel", text]).sentinel)).toBe(text);
    }
  });

  test("the lock is written as it was read", () => {
    const model = decodeDashboardModel(JSON.parse(RECORDED_LOCK), "lock");
    expect(encodeGoJson(dashboardModelToJson(model))).toBe(RECORDED_LOCK);
  });

  test("characters are escaped as in Go", () => {
    expect(encodeGoJson({ pwd: "/a<b>&c" })).toBe('{\n    "pwd": "/a\\u003cb\\u003e\\u0026c"\n}');
  });
});

describe("other programs", () => {
  test("missing and null fields are empty, as in Go", () => {
    const topology = decode(
      ["group/group-0004", '{"id":4,"servers":null}'],
      ["group/group-0005", "{}"],
      ["slots/slot-0009", '{"group_id": 4, "action": null}'],
      ["sentinel", "{}"],
    );
    expect(topology.faults).toEqual([]);
    expect([...topology.groups.keys()]).toEqual([4, 5]);
    expect(topology.slots[9]).toEqual({
      id: 9,
      groupId: 4,
      action: { index: 0, state: "", targetId: 0 },
    });
  });

  test("fields that aren't known are written back", () => {
    const group = { ...JSON.parse(GROUP), weight: 3, note: { by: "you" } };
    group.servers[0].zone = ["a"];
    const slot = { ...JSON.parse(SLOT), hint: null };
    const proxy = { ...JSON.parse(PROXY), labels: { rack: "7" } };
    const sentinel = { out_of_sync: false, quorum: 3 };
    const topology = decode(
      ["group/group-0001", JSON.stringify(group)],
      ["slots/slot-0579", JSON.stringify(slot)],
      [`proxy/proxy-${PROXY_TOKEN}`, JSON.stringify(proxy)],
      ["sentinel", JSON.stringify(sentinel)],
    );
    expect(topology.faults).toEqual([]);
    expect([...topology.groups.values()].map(encodeGroupNode)).toEqual([encodeGoJson(group)]);
    expect(topology.slots.slice(579, 580).map(encodeSlotNode)).toEqual([encodeGoJson(slot)]);
    expect([...topology.proxies.values()].map(encodeProxyNode)).toEqual([encodeGoJson(proxy)]);
    expect(encodeSentinelNode(topology.sentinel)).toBe(encodeGoJson(sentinel));
  });
});

describe("garbage", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["slots/slot-0001", "", "the node is empty, expected JSON"],
    ["slots/slot-0001", '{"id": 1', "isn't JSON (line 1, column 9: "],
    ["slots/slot-0001", "[]", "expected an object, not []"],
    ["slots/slot-0001", '{"id": 2}', "id: expected 1, not 2"],
    ["slots/slot-0001", '{"id": "1"}', 'id: expected a whole number from 0 to 4095, not "1"'],
    ["slots/slot-0001", '{"group_id": -1}', "group_id: expected a whole number from 0 to 9999"],
    ["slots/slot-0001", '{"group_id": 10000}', "group_id: expected a whole number from 0 to 9999"],
    ["slots/slot-0001", '{"group_id": 1.5}', "group_id: expected a whole number"],
    ["slots/slot-0001", '{"action": 7}', "action: expected an object, not 7"],
    [
      "slots/slot-0001",
      '{"action": {"state": "flying"}}',
      "action.state: expected one of pending, preparing",
    ],
    ["slots/slot-0001", '{"action": {"state": "pending"}}', "action.target_id: expected 1 to 9999"],
    ["slots/slot-1", "{}", "the name of the node must be slot-0000 to slot-1023"],
    ["slots/slot-1024", "{}", "the name of the node must be slot-0000 to slot-1023"],
    ["slots/slot-0001.swp", "{}", "the name of the node must be slot-0000 to slot-1023"],
    ["group/group-0000", "{}", "the name of the node must be group-0001 to group-9999"],
    ["group/group-0001", '{"id": 0}', "id: expected a whole number from 1 to 9999, not 0"],
    ["group/group-0001", '{"servers": {}}', "servers: expected a list, not {}"],
    ["group/group-0001", '{"servers": ["x"]}', 'servers[0]: expected an object, not "x"'],
    ["group/group-0001", '{"servers": [{"server": "x"}]}', "servers[0].server: expected host:port"],
    ["group/group-0001", '{"out_of_sync": 1}', "out_of_sync: expected true or false, not 1"],
    [
      "group/group-0001",
      '{"promoting": {"index": 1}}',
      "promoting.index: expected a whole number from 0 to 0",
    ],
    [`proxy/proxy-${PROXY_TOKEN}`, "{}", "id: expected 1 or more, not nothing"],
    [`proxy/proxy-x`, PROXY, `token: expected x, not ${PROXY_TOKEN}`],
    ["proxy/proxy-", PROXY, "the name of the node must be proxy- and a token"],
    ["sentinel", '{"servers": ["x"]}', "servers must be a list of addresses"],
  ];

  test.each(cases)("%s with %j is named", (path, text, problem) => {
    const { faults } = decode([path, text]);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toStartWith(`${ROOT}/${path}: ${problem}`);
    expect(faults[0]?.split("\n")).toHaveLength(1);
  });

  test("the rest is read, and nothing of the garbage is written", () => {
    const topology = decode(
      ["slots/slot-0001", "garbage"],
      ["slots/slot-0579", SLOT],
      ["group/group-0001", GROUP],
      ["group/group-0002", "garbage"],
      ["unknown/node", "garbage"],
    );
    expect(topology.faults).toHaveLength(2);
    expect(topology.slots[579]?.groupId).toBe(2);
    expect([...topology.groups.keys()]).toEqual([1]);
    expect(diffTopology(topology, topology)).toEqual([]);
  });

  test("a fault line stays short, whatever the node holds", () => {
    const { faults } = decode(["slots/slot-0001", JSON.stringify({ id: "x".repeat(10_000) })]);
    expect(faults[0]?.length).toBeLessThan(200);
  });
});

test("a topology that was written is read as the same one", () => {
  const topology = sampleTopology();
  const nodes = diffTopology(emptyTopology("demo", 1024), topology);
  const written: NodeText[] = nodes.map(({ path, data }) => ({ path, data: data ?? "" }));
  expect(decodeTopology("demo", 1024, written)).toEqual(topology);
});

test("groups are written before the slots that refer to them, and deleted after", () => {
  const full = sampleTopology();
  const empty = emptyTopology("demo", 1024);
  const kinds = (from: Topology, to: Topology): readonly string[] => [
    ...new Set(diffTopology(from, to).map(({ path }) => path.split("/")[3] ?? "")),
  ];
  expect(kinds(empty, full)).toEqual(["group", "slots", "proxy", "sentinel"]);
  expect(kinds(full, empty)).toEqual(["slots", "group", "proxy", "sentinel"]);
});
