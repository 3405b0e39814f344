/**
 * Texts of the screens of proxies, groups, high availability, audit and users: every code of the API has words, both
 * languages are complete and take the same figures.
 */
import { describe, expect, test } from "bun:test";
import { ROLES } from "../../../src/api/v1-path.ts";
import {
  FAILOVER_KINDS,
  FAILOVER_OUTCOMES,
  FAILOVER_STEPS,
} from "../../../src/model/availability/failover.ts";
import { FENCE_PROOFS, FENCE_STATES } from "../../../src/model/availability/fence.ts";
import { REPLICATION_FAULTS } from "../../../src/model/availability/replication.ts";
import { text as audit } from "../../../web/src/screens/audit/text.ts";
import { text as availability } from "../../../web/src/screens/availability/text.ts";
import { text as groups } from "../../../web/src/screens/groups/text.ts";
import { text as proxies } from "../../../web/src/screens/proxies/text.ts";
import { text as users } from "../../../web/src/screens/users/text.ts";

const parts = { proxies, groups, ha: availability, audit, users } as const;
const all: Readonly<Record<string, readonly [string, string]>> = {
  ...proxies,
  ...groups,
  ...availability,
  ...audit,
  ...users,
};

/** Names in braces. */
function paramsOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name))].sort();
}

describe("languages", () => {
  test("both texts take the same figures", () => {
    const wrong = Object.entries(all).filter(
      ([, [en, zh]]) => `${paramsOf(en)}` !== `${paramsOf(zh)}`,
    );
    expect(wrong).toEqual([]);
  });

  test("no text is empty, and Chinese sentences hold no English ones", () => {
    const hasSentence = /[a-z]+ [a-z]+ [a-z]+ [a-z]+/;
    const wrong = Object.entries(all).filter(
      ([, [en, zh]]) => en === "" || zh === "" || hasSentence.test(zh),
    );
    expect(wrong.map(([key]) => key)).toEqual([]);
  });

  test("keys begin with the name of their part", () => {
    for (const [name, part] of Object.entries(parts)) {
      expect(Object.keys(part).filter((key) => !key.startsWith(`${name}.`))).toEqual([]);
    }
  });
});

const CODES: Readonly<Record<string, readonly string[]>> = {
  "proxies.state": [
    "online",
    "waiting",
    "closed",
    "timeout",
    "error",
    "unknown",
    "fenced",
    "unprovable",
  ],
  "proxies.table": ["synced", "pending", "unknown", "unreachable"],
  "proxies.tableHint": ["synced", "pending", "unknown", "unreachable"],
  "proxies.fence": FENCE_STATES,
  "proxies.proof": FENCE_PROOFS,
  "groups.state": ["ok", "fault", "empty", "promoting", "unsynced"],
  "groups.server": ["up", "timeout", "error", "unknown", "fault", "syncing", "sync_failed"],
  "groups.fault": REPLICATION_FAULTS,
  "ha.keeper": ["sentinels", "detector", "nobody"],
  "ha.keeperHint": ["sentinels", "detector", "nobody"],
  "ha.state": ["up", "timeout", "error", "unknown"],
  "ha.kind": FAILOVER_KINDS,
  "ha.outcome": FAILOVER_OUTCOMES,
  "ha.step": FAILOVER_STEPS,
  "audit.state": ["running", "done", "failed", "unfinished"],
  "audit.api": ["v1", "topom", "legacy"],
  "audit.period": ["1h", "24h", "7d", "30d", "own"],
  "users.roleHint": ROLES,
  "users.nameError": ["form", "taken", "missing"],
  "users.passwordError": ["short", "long", "differ"],
};

describe("codes have words", () => {
  for (const [prefix, codes] of Object.entries(CODES)) {
    test(prefix, () => {
      expect(codes.filter((code) => all[`${prefix}.${code}`] === undefined)).toEqual([]);
    });
  }
});
