/** The list of workloads against the issue that demands them, and the choice among them. */
import { describe, expect, test } from "bun:test";
import { chooseWorkloads } from "../../../bench/macro/proxy.ts";
import { QUICK_REQUESTS, WORKLOADS } from "../../../bench/macro/workload.ts";

describe("the workloads", () => {
  test("are those of the issue, with its bars", () => {
    const rows = WORKLOADS.map((w) =>
      [w.operation, w.clients, w.pipeline, w.valueBytes, w.cpuRatioMax].join(" "),
    );
    expect(rows).toEqual([
      "GET 50 1 64 0.9",
      "SET 50 1 64 0.9",
      "GET 50 16 64 0.42",
      "SET 50 16 64 0.42",
      "GET 8 64 64 0.32",
      "SET 8 64 64 0.32",
      "GET 50 1 4096 1.05",
      "SET 50 1 4096 1.05",
      "GET 1000 1 64 1.1",
      "SET 1000 1 64 1.1",
      "MGET 50 1 64 1.1",
    ]);
  });

  test("have names of their own", () => {
    expect(new Set(WORKLOADS.map((w) => w.name)).size).toBe(WORKLOADS.length);
  });
});

describe("chooseWorkloads", () => {
  const all = { only: [], requests: undefined, isQuick: false };

  test("takes those whose names contain one of the parts", () => {
    const chosen = chooseWorkloads({ ...all, only: ["mget", "pipeline 64"] });
    expect(chosen.map((w) => w.operation)).toEqual(["GET", "SET", "MGET"]);
  });

  test("names all when none is left", () => {
    expect(() => chooseWorkloads({ ...all, only: ["nothing"] })).toThrow("GET, 50 clients");
  });

  test("takes counts from the options, the exact one first", () => {
    expect(chooseWorkloads({ ...all, isQuick: true })[0]?.requests).toBe(QUICK_REQUESTS);
    expect(chooseWorkloads({ ...all, isQuick: true, requests: 7 })[0]?.requests).toBe(7);
    expect(chooseWorkloads(all)).toEqual(WORKLOADS);
  });
});
