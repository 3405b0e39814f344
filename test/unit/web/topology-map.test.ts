/**
 * The map of the topology: nothing that is stored is left out, differences of stored and real have both ends, large
 * products are folded without hiding trouble, and arrow keys find their way.
 */
import { describe, expect, test } from "bun:test";
import type { V1LiveGroup, V1LiveProxy, V1LiveServer } from "../../../src/api/v1-live-schema.ts";
import {
  layOut,
  neighbourOf,
  strokeOf,
} from "../../../web/src/screens/topology/topology-layout.ts";
import {
  allNodes,
  type Topology,
  topologyOf,
} from "../../../web/src/screens/topology/topology-model.ts";
import { brokenProduct, largeProduct, smallProduct } from "../../web/support/sized-products.ts";
import type { ProductFixture } from "../../web/support/typical-product.ts";

function read({ values }: ProductFixture): Topology {
  const list = <T>(prefix: string): T[] =>
    Object.entries(values)
      .filter(([key]) => key.startsWith(prefix))
      .map(([, value]) => value as T)
      // The order of the document mustn't matter.
      .reverse();
  return topologyOf({
    proxies: list("proxy:"),
    groups: list("group:"),
    servers: list("server:"),
    sentinels: values["sentinels"] as never,
  });
}

const keysOf = (topology: Topology, open: readonly string[] = []): readonly string[] =>
  layOut(topology, new Set(open)).boxes.map(({ node }) => node.key);

describe("the model", () => {
  test("is in the order of ids, whatever the order of the document", () => {
    const topology = read(largeProduct());
    expect(topology.groups.map(({ title }) => Number(title))).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    expect(topology.proxies.map(({ proxy }) => proxy.id)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    expect(allNodes(topology).length).toBe(30 + 60 + 180);
    expect(topology.differences).toEqual([]);
  });

  test("keeps the dead, and tells where stored and real differ", () => {
    const topology = read(brokenProduct());
    expect(allNodes(topology).length).toBe(3 + 8 + 16);
    const found = topology.differences.map(({ about, kind, real }) => [about, kind, real]);
    expect(found).toEqual([
      [`proxy:${"3".padStart(32, "0")}`, "proxy_unprovable", undefined],
      ["group:2", "group_out_of_sync", undefined],
      ["server:10.0.2.2:6379", "server_role", undefined],
      ["server:10.0.4.1:6379", "server_unreachable", undefined],
      ["server:10.0.1.1:6379", "sentinel_trouble", "server:10.0.1.2:6379"],
    ]);
  });
});

test("a server that follows another group's is tied to it", () => {
  const fixture = brokenProduct();
  const { values } = fixture;
  const addr = "server:10.0.2.2:6379";
  values[addr] = { ...(values[addr] as V1LiveServer), reported_master: "10.0.3.1:6379" };
  const found = read(fixture).differences.find(({ about }) => about === addr);
  expect(found?.real).toBe("server:10.0.3.1:6379");
});

describe("the layout", () => {
  test("of a small product has a row for each group and a column for each server", () => {
    const { boxes, isCompact } = layOut(read(smallProduct()), new Set());
    expect(isCompact).toBe(false);
    expect(boxes.map(({ node, column }) => [node.key, column])).toEqual([
      ["proxy:00000000000000000000000000000001", 0],
      ["group:1", 1],
      ["server:10.0.1.1:6379", 2],
      ["server:10.0.1.2:6379", 3],
      ["group:2", 1],
      ["server:10.0.2.1:6379", 2],
      ["server:10.0.2.2:6379", 3],
    ]);
  });

  test("of a large one is folded, and opens in parts", () => {
    const topology = read(largeProduct());
    const folded = keysOf(topology);
    expect(folded).toEqual([
      "proxies:dc1",
      ...[1, 11, 21, 31, 41, 51].map((from) => `groups:${from}-${from + 9}`),
    ]);
    const open = keysOf(topology, ["groups:11-20"]);
    expect(open.filter((key) => key.startsWith("group:")).length).toBe(10);
    expect(open.filter((key) => key.startsWith("server:")).length).toBe(30);
    const all = layOut(topology, new Set(folded));
    expect(all.boxes.length).toBe(30 + 60 + 180);
    // Rows don't overlap, and lines are high enough for a finger.
    const rows = all.boxes.filter(({ column }) => column === 1).map(({ y }) => y);
    expect(rows.every((y, index) => index === 0 || y - (rows[index - 1] ?? 0) >= 26)).toBe(true);
    expect(all.boxes.every(({ height }) => height >= 24)).toBe(true);
  });

  test("of a large one never folds what needs somebody", () => {
    const fixture = largeProduct();
    const { values } = fixture;
    values["group:15"] = { ...(values["group:15"] as V1LiveGroup), out_of_sync: true };
    const token = `proxy:${(7).toString(16).padStart(32, "0")}`;
    values[token] = { ...(values[token] as V1LiveProxy), status: "timeout" };
    const keys = keysOf(read(fixture));
    expect(keys).toContain("group:15");
    expect(keys).toContain("server:10.0.15.3:6379");
    expect(keys).toContain(token);
    expect(keys).toContain("groups:11-20");
  });

  test("gives the arrow keys a way to everything near", () => {
    const { boxes } = layOut(read(smallProduct()), new Set());
    expect(neighbourOf(boxes, "group:1", "down")).toBe("group:2");
    expect(neighbourOf(boxes, "group:2", "up")).toBe("group:1");
    expect(neighbourOf(boxes, "group:2", "down")).toBeUndefined();
    expect(neighbourOf(boxes, "group:2", "right")).toBe("server:10.0.2.1:6379");
    expect(neighbourOf(boxes, "server:10.0.2.2:6379", "left")).toBe("server:10.0.2.1:6379");
    expect(neighbourOf(boxes, "gone", "left")).toBe("proxy:00000000000000000000000000000001");
  });

  test("draws busy lines thicker, and lines of nobody thin", () => {
    expect(strokeOf(null, 100)).toBe(1.5);
    expect(strokeOf(0, 0)).toBe(1.5);
    expect(strokeOf(100, 100)).toBe(7);
    expect(strokeOf(1, 100)).toBeGreaterThan(1.5);
  });
});
