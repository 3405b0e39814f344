/** When a stored master that became a replica may be made a master again: one test for each row of the table. */
import { expect, test } from "bun:test";
import {
  judgeLead,
  LEAD_RULES,
  type LeadCase,
  type LeadRule,
} from "../../../../src/dashboard/availability/replication/lead-rules.ts";
import { answering, following, silent } from "../../../support/replication-sample.ts";

function leadCase(changes: Partial<LeadCase> = {}): LeadCase {
  return {
    groupId: 1,
    master: following("m:1", "x:1"),
    others: [answering("x:1")],
    follows: "x:1",
    sentinels: "none",
    ...changes,
  };
}

const ROWS: Readonly<
  Record<LeadRule, { readonly found: LeadCase; readonly kind: string; readonly says: string }>
> = {
  masterSilent: {
    found: leadCase({ master: silent("m:1") }),
    kind: "wait",
    says: "doesn't answer",
  },
  sentinelsDiffer: {
    found: leadCase({ sentinels: "differ" }),
    kind: "wait",
    says: "the sentinels name another master",
  },
  masterEmpty: {
    found: leadCase({ master: following("m:1", "x:1", { keys: 0 }) }),
    kind: "refuse",
    says: "codis group promote 1",
  },
  copyNotWhole: {
    found: leadCase({ master: following("m:1", "x:1", { isLinkUp: false }) }),
    kind: "refuse",
    says: "codis group promote 1 x:1",
  },
  plain: { found: leadCase(), kind: "ask", says: "codis group repair 1" },
};

for (const [rule, { found, kind, says }] of Object.entries(ROWS)) {
  test(`${rule}: ${kind}`, () => {
    const verdict = judgeLead(found);
    expect(verdict).toMatchObject({ rule, kind });
    expect(verdict.text).toContain(says);
  });
}

test("the table has these rows in this order, and none that acts by itself", () => {
  expect(Object.keys(LEAD_RULES)).toEqual(Object.keys(ROWS));
  expect(Object.values(LEAD_RULES).map(({ kind }) => kind as string)).not.toContain("order");
});

test("an empty master waits for a server that doesn't answer: that one may have the data", () => {
  const master = following("m:1", "far:1", { keys: 0 });
  const others = [silent("x:1")];
  expect(judgeLead(leadCase({ master, others, follows: undefined })).kind).toBe("refuse");
});

test("two servers that follow each other: the stored master has data, so it may lead", () => {
  const master = following("m:1", "x:1", { isLinkUp: false });
  const others = [following("x:1", "m:1", { isLinkUp: false })];
  expect(judgeLead(leadCase({ master, others })).kind).toBe("ask");
});
