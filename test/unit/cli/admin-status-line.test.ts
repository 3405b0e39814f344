/** The lines of `--proxy-status` and `--group-status`, as Codis 3.2 prints them. */
import { expect, test } from "bun:test";
import type { TopomStatsJson } from "../../../src/api/topom-json.ts";
import { describeGroups, describeProxies } from "../../../src/cli/admin/status-line.ts";
import { emptyGroup, groupToJson } from "../../../src/model/group.ts";
import { proxyRecordToJson } from "../../../src/model/proxy-record.ts";
import { proxyModel } from "../../support/topology-sample.ts";

type GroupStats = TopomStatsJson["group"];
type ProxyStats = TopomStatsJson["proxy"];

const NO_ACTION = { index: 0, state: "" } as const;

function groupOf(addrs: readonly string[], stats: GroupStats["stats"]): GroupStats {
  const servers = addrs.map((addr) => ({
    addr,
    datacenter: "",
    action: NO_ACTION,
    isReplicaGroup: false,
  }));
  return { models: [groupToJson({ ...emptyGroup(1), servers })], stats };
}

test("servers: fine, with errors, late, not looked at, and with a wrong master", () => {
  const addrs = ["h:1", "h:2", "h:3", "h:4", "h:5", "h:6"];
  const replica = (master: string, link: string): Record<string, string> => ({
    master_addr: master,
    master_link_status: link,
  });
  const stats = {
    "h:1": { stats: { role: "master" }, unixtime: 1 },
    "h:2": { stats: replica("h:1", "up"), unixtime: 1 },
    "h:3": { stats: replica("h:1", "down"), unixtime: 1 },
    "h:4": { error: { Cause: "refused", Stack: null }, unixtime: 1 },
    "h:5": { timeout: true as const, unixtime: 1 },
  };
  expect(describeGroups(groupOf(addrs, stats))).toBe(
    [
      "[ ] group-1 [0] h:1      ==> NO:ONE",
      "[ ] group-1 [1] h:2      ==> h:1:up",
      "[X] group-1 [2] h:3      ==> h:1:down",
      "[E] group-1 [3] h:4",
      "[T] group-1 [4] h:5",
      "[?] group-1 [5] h:6",
      "",
    ].join("\n"),
  );
});

test("proxies: the marks, and their addresses", () => {
  const models = [1, 2, 3, 4, 5].map((id) => proxyRecordToJson({ id, ...proxyModel(id) }));
  const token = (index: number): string => models[index]?.token ?? "";
  const usage = { online: true, closed: false } as const;
  const stats = {
    [token(0)]: { stats: usage, unixtime: 1 },
    [token(1)]: { stats: { ...usage, online: false }, unixtime: 1 },
    [token(2)]: { error: { Cause: "x" }, unixtime: 1 },
    [token(3)]: { timeout: true, unixtime: 1 },
  } as unknown as ProxyStats["stats"];
  const lines = describeProxies({ models, stats }).split("\n");
  expect(lines.map((line) => line.slice(0, 11))).toEqual([
    "[ ] proxy-1",
    "[X] proxy-2",
    "[E] proxy-3",
    "[T] proxy-4",
    "[?] proxy-5",
    "",
  ]);
  expect(lines[0]).toBe(
    "[ ] proxy-1 [T] 00000000000000000000000000000001 [A] 10.1.0.1:11080 [P] 10.1.0.1:19000",
  );
});
