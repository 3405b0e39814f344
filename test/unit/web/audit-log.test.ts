/**
 * The audit log in the browser: filter, files, and reading it page by page.
 */
import { describe, expect, test } from "bun:test";
import type { V1AuditEntry, V1AuditList } from "../../../src/api/v1-access-schema.ts";
import { csvCell, exportAudit, exportName } from "../../../web/src/screens/audit/audit-export.ts";
import {
  type AuditFilter,
  auditRow,
  choicesOf,
  filterAudit,
  readMoment,
  targetOf,
} from "../../../web/src/screens/audit/audit-filter.ts";
import { loadAudit, mergeAudit } from "../../../web/src/screens/audit/audit-load.ts";

const NOTHING: AuditFilter = {
  query: "",
  who: "",
  operation: "",
  state: "",
  fromMs: undefined,
  toMs: undefined,
};

function entry(seq: number, change: Partial<V1AuditEntry> = {}): V1AuditEntry {
  return {
    seq,
    at: new Date(Date.UTC(2026, 10, 1) + seq * 60_000).toISOString(),
    who: seq % 2 === 0 ? "alice/laptop" : "bob/@session",
    api: "v1",
    from: "127.0.0.1",
    claimed_from: null,
    operation: seq % 3 === 0 ? "createGroup" : "addServer",
    reason: null,
    arguments: seq % 3 === 0 ? { id: seq } : { gid: 1, addr: `10.0.0.${seq}:6379` },
    state: seq % 5 === 0 ? "failed" : "done",
    error_code: seq % 5 === 0 ? "STATE_CONFLICT" : null,
    error: seq % 5 === 0 ? "group isn't empty" : null,
    duration_ms: seq,
    request_id: `r-${seq}`,
    epoch: 1,
    ...change,
  };
}

const rows = Array.from({ length: 30 }, (_, index) => auditRow(entry(30 - index)));
const seqsOf = (change: Partial<AuditFilter>): readonly number[] =>
  filterAudit(rows, { ...NOTHING, ...change }).map((row) => row.entry.seq);

describe("the filter", () => {
  test("lets everything through when it asks nothing, in order", () => {
    expect(seqsOf({})).toEqual(rows.map((row) => row.entry.seq));
  });

  test("asks who, by name or by name and token", () => {
    expect(seqsOf({ who: "alice" }).every((seq) => seq % 2 === 0)).toBe(true);
    expect(seqsOf({ who: "alice/laptop" })).toEqual(seqsOf({ who: "alice" }));
    expect(seqsOf({ who: "ali" })).toEqual([]);
  });

  test("asks what, with which result, and when, ends included", () => {
    expect(seqsOf({ operation: "createGroup", state: "failed" })).toEqual([30, 15]);
    const atMs = (seq: number): number => Date.UTC(2026, 10, 1) + seq * 60_000;
    expect(seqsOf({ fromMs: atMs(3), toMs: atMs(5) })).toEqual([5, 4, 3]);
  });

  test("searches arguments, errors and addresses, all words in any case", () => {
    expect(seqsOf({ query: "10.0.0.7:6379" })).toEqual([7]);
    expect(seqsOf({ query: "ISN'T empty conflict" })).toEqual([30, 25, 20, 15, 10, 5]);
  });

  test("offers the values that there are", () => {
    expect(choicesOf(rows, (row) => row.user)).toEqual(["alice", "bob"]);
  });

  test("takes 50,000 entries at a key press", () => {
    const many = Array.from({ length: 50_000 }, (_, index) => auditRow(entry(50_000 - index)));
    expect(filterAudit(many, { ...NOTHING, query: "10.0.0.49999:6379" })).toHaveLength(1);
  });
});

test("the target is what the arguments name", () => {
  expect(targetOf("addServer", { gid: 1, addr: "a:1" })).toBe("group 1, a:1");
  expect(targetOf("createGroup", { id: 4 })).toBe("group 4");
  expect(targetOf("startOperation", { plan: "p-1-2" })).toBe("p-1-2");
  expect(targetOf("resyncProduct", {})).toBe("");
  expect(targetOf("assignSlots", { assignments: [{ from: 1 }] })).toBe("");
  const assignments = [
    { from: 0, to: 511, group_id: 1 },
    { from: 512, to: 512, group_id: 0 },
  ];
  expect(targetOf("assignSlots", { assignments })).toBe(
    "slots 0-511 -> group 1, slot 512 -> offline",
  );
  const many = Array.from({ length: 4 }, (_, slot) => ({ from: slot, to: slot, group_id: 2 }));
  expect(targetOf("assignSlots", { assignments: many })).toBe(
    "slot 0 -> group 2, slot 1 -> group 2, slot 2 -> group 2, …",
  );
});

test("moments of the address", () => {
  expect(readMoment("2026-11-01T00:00:00Z")).toBe(Date.UTC(2026, 10, 1));
  expect(readMoment("2026-11-01T00:00")).toBe(new Date(2026, 10, 1).getTime());
  expect(readMoment("")).toBeUndefined();
  expect(readMoment("yesterday")).toBeUndefined();
});

describe("files", () => {
  test("JSON lines are the entries as they are", () => {
    const entries = [entry(2), entry(1)];
    const lines = exportAudit(entries, "jsonl").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(entries);
  });

  test("CSV has a head, quotes what has to be, and never a formula", () => {
    const lines = exportAudit([entry(1, { error: '=HYPERLINK("x"),1\nnext' })], "csv").split(
      "\r\n",
    );
    expect(lines[0]).toBe(
      "seq,at,who,api,from,claimed_from,operation,arguments,reason,state,error_code,error,duration_ms,request_id,epoch",
    );
    expect(lines[1]).toContain('"{""gid"":1,""addr"":""10.0.0.1:6379""}"');
    expect(lines[1]).toContain(`"'=HYPERLINK(""x""),1\nnext"`);
    expect(lines.at(-1)).toBe("");
  });

  test("cells", () => {
    expect(csvCell(null)).toBe("");
    expect(csvCell(-5)).toBe("-5");
    expect(csvCell("-5")).toBe("'-5");
    expect(csvCell("@a")).toBe("'@a");
    expect(csvCell("a,b")).toBe('"a,b"');
  });

  test("names say which product and when", () => {
    expect(exportName("my product/1", "csv", Date.UTC(2026, 10, 27, 8, 5, 9))).toBe(
      "codis-audit-my_product_1-20261127-080509.csv",
    );
  });
});

describe("reading", () => {
  /** A log of `count` entries behind the API. */
  function server(count: number, asked: string[]): (path: string) => Promise<V1AuditList> {
    return async (path) => {
      asked.push(path);
      const query = new URLSearchParams(path.split("?")[1]);
      const before = Number(query.get("before") ?? count + 1);
      const limit = Number(query.get("limit"));
      const from = Math.max(1, before - limit);
      const items = Array.from({ length: before - from }, (_, index) => entry(before - 1 - index));
      return { items, next: from === 1 ? null : from };
    };
  }

  test("gives all pages on, newest first", async () => {
    const asked: string[] = [];
    const got: number[] = [];
    await loadAudit(
      server(2500, asked),
      (page) => got.push(...page.map(({ seq }) => seq)),
      () => false,
    );
    expect(got).toEqual(Array.from({ length: 2500 }, (_, index) => 2500 - index));
    expect(asked).toHaveLength(3);
  });

  test("reads only what is newer when it knows the rest", async () => {
    const asked: string[] = [];
    const got: number[] = [];
    await loadAudit(
      server(2500, asked),
      (page) => got.push(...page.map(({ seq }) => seq)),
      () => false,
      2498,
    );
    expect(got).toEqual([2500, 2499]);
    expect(asked).toHaveLength(1);
  });

  test("stops when the screen is left", async () => {
    const asked: string[] = [];
    await loadAudit(
      server(5000, asked),
      () => undefined,
      () => asked.length >= 2,
    );
    expect(asked).toHaveLength(2);
  });

  test("a newer reading of an entry replaces the older one", () => {
    const older = [entry(2, { state: "running" }), entry(1)].map(auditRow);
    const newer = [entry(3), entry(2)].map(auditRow);
    expect(mergeAudit(newer, older).map((row) => [row.entry.seq, row.entry.state])).toEqual([
      [3, "done"],
      [2, "done"],
      [1, "done"],
    ]);
  });
});
