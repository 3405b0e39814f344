/**
 * May a server be told to follow its group's stored master? Following throws away what a server holds, so this is where
 * the room's power to destroy data is bounded: nothing in it gives such an order that `judgeFollow` hasn't allowed, on
 * a look at both servers that is milliseconds old.
 *
 * The rules are the table `FOLLOW_RULES`, the first that applies decides. Pure. Each row has a test of its name.
 */

import { say } from "../../../model/phrase/phrase.ts";
import { firstRule, type Rule, type RuleVerdict } from "./rule-table.ts";
import { type Sight, shareHistory } from "./sight.ts";

/**
 * What sentinels say about the group's master: `none` watches it, they `agree` with what is stored, they `differ`, or
 * it's `unknown`.
 */
export type SentinelVoice = "none" | "agree" | "differ" | "unknown";

/** What the rules look at. */
export interface FollowCase {
  readonly groupId: number;
  /** The stored master. */
  readonly master: Sight;
  /** The server that would follow it. */
  readonly server: Sight;
  /** It has been part of the group's replication before; see `group-members.ts`. */
  readonly isMember: boolean;
  /** A sync action of it is pending or under way. */
  readonly hasOrder: boolean;
  readonly sentinels: SentinelVoice;
  /** The difference has been there long enough for sentinels to have ended what they do. */
  readonly isSettled: boolean;
}

/**
 * `order`: it may be done at once, by itself. `ask`: when an operator says so (`repair`). `wait`: not now. `refuse`:
 * data could be lost; another command decides, `text` names it.
 */
export type FollowKind = "order" | "ask" | "wait" | "refuse";
/** What the rules say. */
export type Verdict = RuleVerdict<FollowKind, FollowRule>;

/** Names of the rows. */
export type FollowRule = keyof typeof FOLLOW_RULES;

/** So many times the keys of the master, and so many more, are no lag: it isn't the same data. */
export const FAR_MORE_TIMES = 10;
export const FAR_MORE_KEYS = 100;

/**
 * In this order; M is the stored master, S the server.
 *
 *     S doesn't answer, or loads              wait     its keys aren't known
 *     S has a sync action                     wait     the executor does it
 *     M doesn't answer, or loads              wait     S may hold the only copy
 *     M and S are one process                 refuse   it would follow itself
 *     M is a replica itself                   wait     its own fault comes first
 *     sentinels name another master           wait     a switch of theirs is on its way
 *     M is empty and S isn't                  refuse   the only copy would go
 *     S holds far more, of another history    refuse   M lost its data, or isn't what it was
 *     S was never a replica here, has keys    refuse   data of its own
 *     S was never a replica here, is empty    ask      as in Codis: whoever adds it says when
 *     sentinels may be busy with the group    ask      they would see it changed under their hands
 *     else                                    order
 */
export const FOLLOW_RULES = {
  serverSilent: {
    kind: "wait",
    applies: ({ server }) => server.facts === undefined,
    text: ({ server }) => say("rule.silent", { why: server.problem }),
  },
  ownOrder: {
    kind: "wait",
    applies: ({ hasOrder }) => hasOrder,
    text: ({ server }) => say("rule.order", { addr: server.addr }),
  },
  masterSilent: {
    kind: "wait",
    applies: ({ master }) => master.facts === undefined,
    text: ({ master, server }) => say("rule.only-copy", { why: master.problem, addr: server.addr }),
  },
  sameProcess: {
    kind: "refuse",
    applies: ({ master, server }) =>
      master.facts !== undefined && master.facts.runId === server.facts?.runId,
    text: ({ master, server }) => say("rule.one", { addr: server.addr, master: master.addr }),
  },
  masterFollows: {
    kind: "wait",
    applies: ({ master }) => master.facts?.role === "replica",
    text: ({ master }) =>
      say("rule.demoted", {
        master: master.addr,
        real: master.facts?.masterAddr ?? "another server",
      }),
  },
  sentinelsDiffer: {
    kind: "wait",
    applies: ({ sentinels }) => sentinels === "differ",
    text: ({ groupId }) => say("rule.sentinels", { group: groupId }),
  },
  masterEmpty: {
    kind: "refuse",
    applies: ({ master, server }) => master.facts?.keys === 0 && (server.facts?.keys ?? 0) > 0,
    text: ({ master, server }) =>
      say("rule.empty", {
        master: master.addr,
        addr: server.addr,
        keys: keysText(server),
        decide: decisionText(master, server),
      }),
  },
  farMoreKeys: {
    kind: "refuse",
    applies: holdsFarMore,
    text: ({ master, server }) =>
      say("rule.more", {
        addr: server.addr,
        keys: keysText(server),
        master: master.addr,
        n: master.facts?.keys ?? 0,
        decide: decisionText(master, server),
      }),
  },
  strangerWithKeys: {
    kind: "refuse",
    applies: (found) => isStranger(found) && (found.server.facts?.keys ?? 0) > 0,
    text: ({ master, server }) =>
      say("rule.stranger", {
        addr: server.addr,
        keys: keysText(server),
        decide: decisionText(master, server),
      }),
  },
  stranger: {
    kind: "ask",
    applies: isStranger,
    text: ({ groupId, server }) => say("rule.added", { addr: server.addr, group: groupId }),
  },
  sentinelsUnsure: {
    kind: "ask",
    applies: ({ sentinels, isSettled }) =>
      sentinels === "unknown" || (sentinels === "agree" && !isSettled),
    text: ({ groupId }) => say("rule.watched", { group: groupId }),
  },
  known: { kind: "order", applies: () => true, text: () => "" },
} satisfies Readonly<Record<string, Rule<FollowCase, FollowKind>>>;

/** See the file head. */
export function judgeFollow(found: FollowCase): Verdict {
  return firstRule<FollowCase, FollowKind, FollowRule>(FOLLOW_RULES, "known", found);
}

function isStranger({ master, server, isMember }: FollowCase): boolean {
  const { facts } = server;
  const isKin =
    facts !== undefined && master.facts !== undefined && shareHistory(facts, master.facts);
  return !isMember && !isKin;
}

function holdsFarMore({ master, server }: FollowCase): boolean {
  if (master.facts === undefined || server.facts === undefined) {
    return false;
  }
  const more = server.facts.keys - master.facts.keys;
  return (
    more >= FAR_MORE_KEYS &&
    server.facts.keys > master.facts.keys * FAR_MORE_TIMES &&
    !shareHistory(server.facts, master.facts)
  );
}

function keysText({ facts }: Sight): string {
  return facts?.keys === 1 ? say("n.key", {}) : say("n.keys", { n: facts?.keys ?? 0 });
}

/** Which commands decide whose data stays. */
function decisionText(master: Sight, server: Sight): string {
  return say("rule.decide", { addr: server.addr, master: master.addr });
}
