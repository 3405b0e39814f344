/**
 * What is pushed to a proxy that confirmed some table: every slot in which the desired one differs, whichever
 * revisions it missed. And what counts as the same.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DesiredTable } from "../../../../src/dashboard/fleet/desired-table.ts";
import { DesiredTables } from "../../../../src/dashboard/fleet/desired-tables.ts";
import type { ProxyRecord } from "../../../../src/model/proxy-record.ts";
import { offlineSlot, type SlotJson, type SlotRecord } from "../../../../src/model/slot.ts";
import { FleetProduct } from "../../../support/fleet-product.ts";
import { proxyModel } from "../../../support/topology-sample.ts";

function slot(id: number, addr: string, replicas: readonly string[] = []): SlotRecord {
  const replicaGroups = replicas.length === 0 ? [] : [replicas];
  return { ...offlineSlot(id), backendAddr: addr, backendAddrGroupId: 1, replicaGroups };
}

function table(...addrs: readonly (string | undefined)[]): DesiredTable {
  return new DesiredTable(addrs.map((addr, id) => (addr === undefined ? addr : slot(id, addr))));
}

function slotsOf(body: Uint8Array | undefined): readonly SlotJson[] {
  return body === undefined ? [] : (JSON.parse(Buffer.from(body).toString()) as SlotJson[]);
}

function idsOf(body: Uint8Array | undefined): readonly number[] {
  return slotsOf(body).map(({ id }) => id);
}

describe("a desired table", () => {
  test("has everything for a proxy that has nothing, and nothing for one that has it", () => {
    const newest = table("a:1", "a:1");
    expect(idsOf(newest.wholeBody())).toEqual([0, 1]);
    expect(newest.bodySince(newest)).toBeUndefined();
    expect(newest.bodySince(table("a:1", "a:1"))).toBeUndefined();
  });

  test("tells equal slots from changed ones, down to the replicas", () => {
    const older = new DesiredTable([slot(0, "a:1", ["r:1", "r:2"]), slot(1, "a:1", ["r:1"])]);
    const newer = new DesiredTable([slot(0, "a:1", ["r:2", "r:1"]), slot(1, "a:1", ["r:1"])]);
    expect(idsOf(newer.bodySince(older))).toEqual([0]);
  });

  test("leaves out what can't be told, and tells it when it can be told again", () => {
    const [before, during, after] = [
      table("a:1", "a:1"),
      table(undefined, "a:1"),
      table("a:1", "a:1"),
    ];
    expect(idsOf(during.wholeBody())).toEqual([1]);
    expect(during.bodySince(before)).toBeUndefined();
    expect(idsOf(after.bodySince(during))).toEqual([0]);
  });

  test("gives the same bytes to all proxies that lack the same", () => {
    const [older, newer] = [table("a:1"), table("b:1")];
    expect(newer.bodySince(older)).toBe(newer.bodySince(older));
    expect(newer.wholeBody()).toBe(newer.wholeBody());
  });

  test("brings a proxy from any older table to the newest", () => {
    const addrs = fc.array(fc.constantFrom("a:1", "b:1", ""), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(addrs, addrs, (from, to) => {
        const has: string[] = [...from];
        for (const { id, backend_addr = "" } of slotsOf(table(...to).bodySince(table(...from)))) {
          has[id] = backend_addr;
        }
        expect(has).toEqual(to);
      }),
    );
  });
});

describe("the tables of a product", () => {
  const views = {
    keyOf: (_: unknown, proxy: ProxyRecord) => proxy.datacenter,
    slotsFor: (topology: FleetProduct["topology"], proxy: ProxyRecord) =>
      topology.slots.map(({ id, groupId }) => slot(id, `${groupId}:1`, [proxy.datacenter])),
  };

  test("are shared by proxies that are told the same, and stay while nothing changes", () => {
    const product = new FleetProduct();
    const [here, too, there] = [
      proxyModel(1, { datacenter: "a" }),
      proxyModel(2, { datacenter: "a" }),
      proxyModel(3, { datacenter: "b" }),
    ];
    const tables = new DesiredTables(views);
    tables.update(product.register(here, too, there));
    const first = tables.tableOf(here.token);
    expect(tables.tableOf(too.token)).toBe(first);
    expect(tables.tableOf(there.token)).not.toBe(first);
    tables.update(product.touch());
    expect(tables.tableOf(here.token)).toBe(first);
    tables.update(product.assign(2, 5));
    expect(idsOf(tables.tableOf(here.token).bodySince(first))).toEqual([5]);
  });
});
