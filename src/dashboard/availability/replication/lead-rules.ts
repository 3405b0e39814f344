/**
 * May the stored master of a group, which says that it is a replica, be made a master again? That keeps what it holds,
 * but what others hold follows it afterwards. So it is never done by itself, and an operator's word isn't enough where
 * another server may have data that this one lacks.
 *
 * The rules are the table `LEAD_RULES`, the first that applies decides. Pure. Each row has a test of its name.
 */

import { say } from "../../../model/phrase/phrase.ts";
import type { SentinelVoice } from "./follow-rules.ts";
import { firstRule, type Rule, type RuleVerdict } from "./rule-table.ts";
import type { Sight } from "./sight.ts";

/** What the rules look at. */
export interface LeadCase {
  readonly groupId: number;
  /** The stored master. */
  readonly master: Sight;
  /** The other servers of the group. */
  readonly others: readonly Sight[];
  /** The server of the group that the master follows, as the topology spells it; undefined: none of them. */
  readonly follows: string | undefined;
  readonly sentinels: SentinelVoice;
}

/** `ask`: `repair` does it. `wait`: not now. `refuse`: another command decides, `text` names it. */
export type LeadKind = "ask" | "wait" | "refuse";
/** What the rules say. */
export type LeadVerdict = RuleVerdict<LeadKind, LeadRule>;

/** Names of the rows. */
export type LeadRule = keyof typeof LEAD_RULES;

/**
 * In this order; M is the stored master, X the server of the group that it follows.
 *
 *     M doesn't answer, or loads                        wait     what it holds isn't known
 *     sentinels name another master                     wait     a switch of theirs is on its way
 *     M is empty and another server isn't, or is silent refuse   it would get the only copy's place
 *     M's copy of X isn't whole: no link, or syncing    refuse   X has what M lacks
 *     else                                              ask
 */
export const LEAD_RULES = {
  masterSilent: {
    kind: "wait",
    applies: ({ master }) => master.facts === undefined,
    text: ({ master }) => master.problem,
  },
  sentinelsDiffer: {
    kind: "wait",
    applies: ({ sentinels }) => sentinels === "differ",
    text: ({ groupId }) => say("rule.sentinels", { group: groupId }),
  },
  masterEmpty: {
    kind: "refuse",
    applies: ({ master, others }) =>
      master.facts?.keys === 0 && others.some(({ facts }) => facts === undefined || facts.keys > 0),
    text: ({ groupId, master }) => say("lead.empty", { addr: master.addr, group: groupId }),
  },
  copyNotWhole: {
    kind: "refuse",
    applies: ({ master, others, follows }) =>
      others.some(({ addr, facts }) => addr === follows && facts?.role === "master") &&
      master.facts?.isLinkUp !== true,
    text: ({ groupId, master, follows }) =>
      say("lead.part", { addr: master.addr, real: follows ?? "?", group: groupId }),
  },
  plain: {
    kind: "ask",
    applies: () => true,
    text: ({ groupId, master }) => say("lead.plain", { addr: master.addr, group: groupId }),
  },
} satisfies Readonly<Record<string, Rule<LeadCase, LeadKind>>>;

/** See the file head. */
export function judgeLead(found: LeadCase): LeadVerdict {
  return firstRule<LeadCase, LeadKind, LeadRule>(LEAD_RULES, "plain", found);
}
