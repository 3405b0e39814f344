/**
 * The overview: the sentence of truth, key figures, the slot map in small, and what happened last.
 */
import { describe, expect, test } from "bun:test";
import type { V1AuditEntry } from "../../../src/api/v1-access-schema.ts";
import type {
  V1LiveGroup,
  V1LiveOperation,
  V1LiveProduct,
} from "../../../src/api/v1-live-schema.ts";
import type { V1Health } from "../../../src/api/v1-state-schema.ts";
import {
  changeSince,
  dayBeforePaths,
  HOUR_PATHS,
  valuesOf,
} from "../../../web/src/screens/overview/key-figures.ts";
import { miniMapOf } from "../../../web/src/screens/overview/mini-map.ts";
import { recentEvents } from "../../../web/src/screens/overview/recent-event.ts";
import { truthOf } from "../../../web/src/screens/overview/truth.ts";
import { unpackSlots } from "../../../web/src/screens/slots/slot-map.ts";
import { auditEntry } from "../../web/support/members-fixture.ts";
import { performanceAnswer } from "../../web/support/performance-figures.ts";
import { brokenProduct, largeProduct, smallProduct } from "../../web/support/sized-products.ts";
import { type ProductFixture, slotsOf, subjectsOf } from "../../web/support/typical-product.ts";

function truth({ values }: ProductFixture, change: Partial<V1LiveProduct> = {}) {
  const list = <T>(prefix: string): readonly T[] =>
    Object.entries(values)
      .filter(([key]) => key.startsWith(prefix))
      .map(([, value]) => value as T);
  return truthOf({
    product: { ...(values["product"] as V1LiveProduct), ...change },
    health: values["health"] as V1Health,
    groups: list<V1LiveGroup>("group:"),
    operations: list<V1LiveOperation>("operation:"),
    running: [],
  });
}

const names = (clauses: readonly { readonly name: string }[]) => clauses.map(({ name }) => name);

describe("the sentence", () => {
  test("of a product that is well says so, and nothing else", () => {
    expect(names(truth(smallProduct()))).toEqual(["serving", "well"]);
  });

  test("tells everything that is wrong, what can't be reached first", () => {
    const clauses = truth(brokenProduct());
    expect(names(clauses)).toEqual([
      "partly",
      "servers",
      "proxies",
      "unsynced",
      "problems",
      "paused",
    ]);
    expect(clauses[0]?.params).toEqual({ count: 24 });
    expect(clauses[1]?.params).toEqual({ count: 2, total: 16 });
    // Role, failover, a proxy's word, and twice the sentinels: those that no other clause tells.
    expect(clauses[4]?.params).toEqual({ count: 5 });
  });

  test("tells how far a move is, and where it is seen", () => {
    const move = truth(largeProduct()).find(({ name }) => name === "move");
    expect(move?.id).toBe("op-7");
    expect(move?.params["percent"]).toBeGreaterThan(0);
  });

  test("tells a product without slots, or without proxies, from one that serves in part", () => {
    const slots = { online: 0, offline: 1024, moving: 0 };
    expect(truth(smallProduct(), { slots })[0]?.name).toBe("empty");
    const proxies = { total: 1, online: 0, synced: 0 };
    expect(names(truth(smallProduct(), { proxies }))).toEqual(["noProxy"]);
  });
});

describe("key figures", () => {
  const answer = performanceAnswer(subjectsOf(smallProduct().values));

  test("are asked for in calls that the API takes, the day before as one point", () => {
    for (const path of [...HOUR_PATHS, ...dayBeforePaths(Date.now())]) {
      const { status, body } = answer(undefined, new URL(path, "http://x/"));
      expect(status).toBe(200);
      const { series } = body as { series: readonly { values: readonly unknown[] }[] };
      const isDay = path.includes("until=");
      expect(series.map(({ values }) => values.length)).toEqual(series.map(() => (isDay ? 1 : 60)));
    }
  });

  test("are compared only where that says something", () => {
    expect(changeSince(110, [null, 100])).toBeCloseTo(0.1);
    expect(changeSince(110, [100, null])).toBeCloseTo(0.1);
    expect(changeSince(5, [0])).toBeUndefined();
    expect(changeSince(5, [null])).toBeUndefined();
    expect(changeSince(null, [5])).toBeUndefined();
    expect(valuesOf(undefined, "ops")).toEqual([]);
  });
});

describe("the slot map in small", () => {
  test("has a path for each group, a slash for what moves, a cross for what nobody owns", () => {
    const packed = slotsOf(2, (slot) =>
      slot === 0 ? { target: 2, state: 5 } : slot === 1023 ? { owner: 0, state: 0 } : {},
    );
    const map = miniMapOf(unpackSlots(packed));
    expect(map.counts).toEqual({ online: 1022, moving: 1, offline: 1 });
    expect([map.columns, map.rows]).toEqual([64, 16]);
    expect(map.owners.map(({ groupId }) => groupId)).toEqual([1, 2]);
    expect(map.owners[0]?.path.startsWith("M0 0h64v1h-64z")).toBe(true);
    expect(map.owners[1]?.path.endsWith("M0 15h63v1h-63z")).toBe(true);
    expect(map.moving).toBe("M0 1l1-1");
    expect(map.offline).toBe("M63 15l1 1m-1 0l1-1");
  });

  test("of an unknown map is empty", () => {
    expect(miniMapOf(unpackSlots(undefined)).owners).toEqual([]);
  });
});

describe("what happened last", () => {
  test("is sorted over all sources, and cut", () => {
    const { values } = brokenProduct();
    const audit: readonly V1AuditEntry[] = Array.from({ length: 20 }, (_, at) =>
      auditEntry(at + 1),
    );
    const failovers = [values["failover:3-1"], values["failover:3-9"]] as never;
    const operations = [values["operation:op-7"]] as never;
    const events = recentEvents(failovers, operations, audit, 5);
    expect(events.map(({ source, id }) => `${source.kind} ${id}`)).toEqual([
      "operation op-7",
      "failover 3-9",
      "failover 3-1",
      "audit 20",
      "audit 19",
    ]);
    expect(events[1]?.tone).toBe("bad");
    expect(events[3]?.query).toEqual({ change: "20" });
  });
});
