/**
 * Codes of reasons why operations make no progress: each reason that the dashboard writes has its own, and the console
 * has an advice for each.
 */
import { expect, test } from "bun:test";
import { TROUBLE_CODES, troubleCodeOf } from "../../../src/model/operation/trouble-code.ts";
import { catalogue } from "../../../web/src/i18n/catalogue.ts";

test("reasons as the dashboard writes them get their codes", () => {
  const reasons = {
    target_memory: `server 127.0.0.1:7002 doesn't take key a of database 0: "OOM command not allowed when used memory"`,
    big_key:
      `key k of database 0 (slot 3, 80.0 MB) isn't moved: it would stall both servers for ` +
      'about 900 ms; big_key = "refuse" keeps it',
    foreign_key: "server 127.0.0.1:7002 has key x (slot 5, database 0), which isn't its group's",
    proxy: "slot-[3]: proxy-[t1] at 127.0.0.1:11080 didn't confirm",
    replicas:
      "the replicas of server 127.0.0.1:7002 have not acknowledged what was moved within 1000 ms",
    version:
      "server a:1 doesn't know the format of keys of b:2 (version 11); it is older, expected the same or a later Redis",
    role: "server 127.0.0.1:7001, the source, isn't a master any more",
    loading: "server 127.0.0.1:7001 still reads its data from disk",
    no_server: "group-[4] has no server; add one, then the slot moves",
    unreachable: "server 127.0.0.1:7001 isn't connected",
    other: "something new",
  } as const;
  for (const [kind, reason] of Object.entries(reasons)) {
    expect(troubleCodeOf(reason)).toBe(kind as keyof typeof reasons);
  }
  expect(Object.keys(reasons)).toEqual([...TROUBLE_CODES]);
  for (const code of TROUBLE_CODES) {
    expect(Object.hasOwn(catalogue, `operations.advice.${code}`)).toBe(true);
  }
});
