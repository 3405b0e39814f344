/**
 * Checks: stable ids, order by severity, a place and a command line for every problem, texts for every kind.
 */
import { describe, expect, test } from "bun:test";
import { problemCode } from "../../../src/api/problem-code.ts";
import { PROBLEM_KINDS, type V1Health } from "../../../src/api/v1-state-schema.ts";
import { findNoun } from "../../../src/cli/noun/noun.ts";
import { catalogue } from "../../../web/src/i18n/catalogue.ts";
import {
  CHECK_KINDS,
  checksOf,
  commandOf,
  placeOf,
  sortProblems,
} from "../../../web/src/screens/alerts/check-list.ts";
import { brokenProduct } from "../../web/support/sized-products.ts";

const { problems } = brokenProduct().values["health"] as V1Health;
const groupOf = (addr: string) =>
  addr.startsWith("10.0.") ? Number(addr.split(".")[2]) : undefined;

describe("checks", () => {
  test("are those of the API, each once, with ids that are written in handbooks", () => {
    expect([...CHECK_KINDS].sort()).toEqual([...PROBLEM_KINDS].sort());
    expect(problemCode("slots_offline")).toBe("CODIS-SLOTS-OFFLINE");
    expect(new Set(CHECK_KINDS.map(problemCode)).size).toBe(PROBLEM_KINDS.length);
  });

  test("have a name and what to do in the catalogue", () => {
    const keys = CHECK_KINDS.flatMap((kind) => [`alerts.kind.${kind}`, `alerts.do.${kind}`]);
    expect(keys.filter((key) => !(key in catalogue))).toEqual([]);
  });

  test("that fail come first, the gravest at the top, and those that pass are there too", () => {
    const checks = checksOf(problems);
    expect(checks.length).toBe(PROBLEM_KINDS.length);
    const states = checks.map(({ state }) => state);
    expect(states).toEqual(states.toSorted((a, b) => order(a) - order(b)));
    expect(checks[0]?.kind).toBe("slots_offline");
    expect(checks.find(({ kind }) => kind === "server_unreachable")?.problems.length).toBe(2);
  });

  test("of a kind that a newer server tells aren't lost", () => {
    const strange = { kind: "moon" as never, is_critical: true, subject: "x", message: "y" };
    expect(checksOf([strange])[0]).toEqual({
      id: "CODIS-MOON",
      kind: "moon" as never,
      state: "bad",
      problems: [strange],
    });
  });
});

describe("problems", () => {
  test("of one kind have the critical ones first", () => {
    const sorted = sortProblems(problems);
    expect(sorted.length).toBe(problems.length);
    const servers = sorted.filter(({ kind }) => kind === "server_unreachable");
    expect(servers.map((each) => each.is_critical)).toEqual([true, false]);
  });

  test("lead to the screen where they are dealt with", () => {
    const place = (kind: string, subject: string) =>
      placeOf({ kind: kind as never, subject }, groupOf);
    expect(place("slots_offline", "slots 0-3,9")).toEqual({
      screen: "slots",
      query: { slots: "0-3,9" },
    });
    expect(place("slots_offline", `slots ${"1,".repeat(2000)}`)).toEqual({ screen: "slots" });
    expect(place("group_out_of_sync", "group 2")).toEqual({ screen: "groups", id: "2" });
    expect(place("server_link", "server 10.0.3.2:6379")).toEqual({
      screen: "groups",
      id: "3",
      query: { server: "10.0.3.2:6379" },
    });
    expect(place("server_link", "server gone:1")).toEqual({ screen: "groups" });
    expect(place("proxy_not_synced", "proxy abc")).toEqual({ screen: "proxies", id: "abc" });
    expect(place("operation_trouble", "operation op-7")).toEqual({
      screen: "operations",
      id: "op-7",
    });
    expect(place("failover_failed", "group 4")).toEqual({ screen: "ha" });
    expect(place("sentinel_trouble", "sentinels")).toEqual({ screen: "ha" });
  });

  test("have a command line that the program knows", () => {
    const subjects = [
      "slots 0-3",
      "group 2",
      "server 10.0.3.2:6379",
      "proxy abc",
      "operation op-7",
    ];
    for (const kind of PROBLEM_KINDS) {
      for (const subject of subjects) {
        const [program, noun = "", verb = ""] = commandOf({ kind, subject }, groupOf).split(" ");
        expect(program).toBe("codis");
        const found = findNoun(noun)?.verbs.some(({ use }) => use.split(" ")[0] === verb) ?? false;
        expect([kind, noun, verb, found]).toEqual([kind, noun, verb, true]);
      }
    }
  });
});

function order(state: string): number {
  return ["bad", "warn", "ok"].indexOf(state);
}
