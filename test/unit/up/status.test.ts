/** The table of `codis status`. */
import { expect, test } from "bun:test";
import { type ClusterStatus, formatStatus } from "../../../src/up/status.ts";

test("the table has one line for each process, without trailing blanks", () => {
  const status: ClusterStatus = {
    dir: "/d",
    state: "degraded",
    supervisorPid: null,
    dashboard: { name: "dashboard", addr: "127.0.0.1:18080", pid: 11, state: "online" },
    coordinator: { name: "etcd", addr: "127.0.0.1:20010", pid: 10, state: "online" },
    proxies: [
      {
        name: "proxy-1",
        addr: "127.0.0.1:19000",
        adminAddr: "127.0.0.1:20000",
        pid: 12,
        state: "silent",
      },
    ],
    sentinels: [{ name: "sentinel-1", addr: "127.0.0.1:20005", pid: 14, state: "online" }],
    groups: [
      {
        id: 1,
        masterAddr: "127.0.0.1:20002",
        slots: [
          { first: 0, last: 500 },
          { first: 1000, last: 1000 },
        ],
        servers: [
          {
            name: "group-1 master",
            addr: "127.0.0.1:20001",
            role: "replica",
            pid: 13,
            state: "online",
            keys: 5,
            usedMemoryBytes: 1_572_864,
            isLinkUp: false,
          },
          {
            name: "group-1 replica-1",
            addr: "127.0.0.1:20002",
            role: null,
            pid: null,
            state: "stopped",
            keys: null,
            usedMemoryBytes: null,
            isLinkUp: null,
          },
        ],
      },
    ],
    otherGroups: [{ id: 3, addrs: ["127.0.0.1:6390"], slots: [{ first: 501, last: 999 }] }],
  };
  expect(formatStatus(status)).toBe(`\
cluster degraded in /d (codis up doesn't run)
PROCESS            ADDRESS          PID  STATE            ROLE     SLOTS       KEYS  MEMORY
etcd               127.0.0.1:20010  10   online
dashboard          127.0.0.1:18080  11   online
proxy-1            127.0.0.1:19000  12   silent
sentinel-1         127.0.0.1:20005  14   online
group-1 master     127.0.0.1:20001  13   online, no link  replica              5     1.5 MB
group-1 replica-1  127.0.0.1:20002  -    stopped          -        0-500,1000  -     -
not of codis up: group 3 (127.0.0.1:6390), slots 501-999; codis group list shows how it is
codis up --dir /d starts all of it again
`);
});
