/** Names that replicas give their masters, against the addresses of the topology: no wolf is cried. */
import { expect, test } from "bun:test";
import {
  findMaster,
  isNameOfElsewhere,
  OUTSIDE,
} from "../../../../src/dashboard/availability/replication/master-name.ts";
import { serverTopology } from "../../../support/server-topology.ts";

const topology = serverTopology({
  groups: {
    1: ["10.0.0.1:6379", "10.0.0.1:6380", "redis-3:6379"],
    2: ["127.0.0.1:7001", "[::1]:7002"],
  },
});

function find(replica: string, name: string, answers: Readonly<Record<string, string>> = {}) {
  const addrs = [...topology.groups.values()].flatMap(({ servers }) => servers);
  const addrByRunId = new Map(addrs.map(({ addr }) => [`run of ${addr}`, addr]));
  return findMaster(replica, name, { topology, addrByRunId, runIdByName: (each) => answers[each] });
}

test("the same address, whatever the case of its name", () => {
  expect(find("10.0.0.1:6380", "10.0.0.1:6379")).toBe("10.0.0.1:6379");
  expect(find("10.0.0.1:6380", "Redis-3:6379")).toBe("redis-3:6379");
});

test("a loopback address means the replica's own machine", () => {
  for (const name of ["127.0.0.1:6379", "localhost:6379", "[::1]:6379", "127.0.1.1:6379"]) {
    expect(find("10.0.0.1:6380", name)).toBe("10.0.0.1:6379");
  }
  expect(find("redis-3:6380", "localhost:6379")).toBe("redis-3:6379");
  expect(find("10.0.0.9:6380", "localhost:6379")).toBeUndefined();
});

test("all names of the loopback are one machine where the topology itself has loopback addresses", () => {
  expect(find("127.0.0.1:7009", "localhost:7001")).toBe("127.0.0.1:7001");
  expect(find("localhost:7009", "127.0.0.1:7002")).toBe("[::1]:7002");
});

test("another name is known by the process that answers there", () => {
  const answers = { "master.example:6379": "run of 10.0.0.1:6379" };
  expect(find("10.0.0.1:6380", "master.example:6379", answers)).toBe("10.0.0.1:6379");
  expect(find("10.0.0.1:6380", "master.example:6379")).toBeUndefined();
});

test("a process of no group is outside, but only when all servers of the topology are known", () => {
  const runIdByName = (): string => "run of a stranger";
  expect(find("10.0.0.1:6380", "x:1", { "x:1": "run of a stranger" })).toBe(OUTSIDE);
  const addrByRunId = new Map([["r", "10.0.0.1:6379"]]);
  const known = { topology, addrByRunId, runIdByName };
  expect(findMaster("10.0.0.1:6380", "x:1", known)).toBeUndefined();
});

test("a loopback name of another machine can't be asked from here", () => {
  expect(isNameOfElsewhere("10.0.0.1:6380", "localhost:6379")).toBe(true);
  expect(isNameOfElsewhere("127.0.0.1:6380", "localhost:6379")).toBe(false);
  expect(isNameOfElsewhere("10.0.0.1:6380", "master.example:6379")).toBe(false);
});
