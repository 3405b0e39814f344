/**
 * What several sentinels together say of the masters of a product. Pure.
 *
 *     fewer than a majority of the configured sentinels answered          nothing is known
 *     a group that fewer than a majority of them watch                    not watched
 *     else                                                                the answer with the highest epoch
 *
 * The epoch of a master grows with each failover, and a failover needs a majority, so the highest one is the newest
 * even when a single sentinel has heard of it. Two addresses with one epoch are a failover that isn't told to all
 * yet: the one that more sentinels name counts, and with as many for each the group is left out until they agree.
 */
import { groupIdOf } from "./master-name.ts";
import type { WatchedMaster } from "./sentinel-client.ts";

/** What one sentinel answered; `masters` undefined: nothing. */
export interface SentinelAnswer {
  readonly addr: string;
  readonly masters: readonly WatchedMaster[] | undefined;
  /** Why it gave no answer, one line. */
  readonly error?: string | undefined;
}

/** What is agreed for one group. */
export interface AgreedMaster {
  readonly groupId: number;
  readonly addr: string;
  readonly epoch: number;
  /** Empty: unknown. */
  readonly runId: string;
  /** Each sentinel that watches the group, with what it says. */
  readonly votes: readonly MasterVote[];
}

/** One sentinel's word. */
export interface MasterVote {
  readonly sentinel: string;
  readonly addr: string;
  readonly epoch: number;
}

/** What all say together. */
export interface SentinelView {
  /** Sentinels that answered. */
  readonly answered: readonly string[];
  /** Whether they are a majority of the configured ones; if not, the rest is empty. */
  readonly hasMajority: boolean;
  readonly masters: ReadonlyMap<number, AgreedMaster>;
  /** Groups watched by a majority of the configured sentinels, also those that they don't agree about. */
  readonly watched: ReadonlySet<number>;
}

/** So many of `count` are a majority. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** See the file head; one answer for each configured sentinel. */
export function agreeOnMasters(product: string, answers: readonly SentinelAnswer[]): SentinelView {
  const majority = majorityOf(answers.length);
  const answered = answers.filter(({ masters }) => masters !== undefined);
  const hasMajority = answers.length > 0 && answered.length >= majority;
  const masters = new Map<number, AgreedMaster>();
  const watched = new Set<number>();
  for (const [groupId, words] of hasMajority ? wordsByGroup(product, answered) : []) {
    if (words.length < majority) {
      continue;
    }
    watched.add(groupId);
    const newest = newestOf(words);
    if (newest !== undefined) {
      const votes = words.map(({ sentinel, master: { addr, epoch } }) => ({
        sentinel,
        addr,
        epoch,
      }));
      const { addr, epoch, runId } = newest;
      masters.set(groupId, { groupId, addr, epoch, runId, votes });
    }
  }
  return { answered: answered.map(({ addr }) => addr), hasMajority, masters, watched };
}

interface Word {
  readonly sentinel: string;
  readonly master: WatchedMaster;
}

function wordsByGroup(
  product: string,
  answers: readonly SentinelAnswer[],
): ReadonlyMap<number, readonly Word[]> {
  const words = new Map<number, Word[]>();
  for (const { addr: sentinel, masters = [] } of answers) {
    for (const master of masters) {
      const groupId = groupIdOf(product, master.name);
      if (groupId === undefined) {
        continue;
      }
      const known = words.get(groupId);
      if (known === undefined) {
        words.set(groupId, [{ sentinel, master }]);
      } else {
        known.push({ sentinel, master });
      }
    }
  }
  return words;
}

/** Undefined when two addresses of the highest epoch are named by as many sentinels. */
function newestOf(words: readonly Word[]): WatchedMaster | undefined {
  const epoch = Math.max(...words.map(({ master }) => master.epoch));
  const byAddr = new Map<string, WatchedMaster[]>();
  for (const { master } of words) {
    if (master.epoch === epoch) {
      byAddr.set(master.addr, [...(byAddr.get(master.addr) ?? []), master]);
    }
  }
  const [first = [], second = []] = [...byAddr.values()].sort(
    (one, other) => other.length - one.length,
  );
  if (first.length === second.length) {
    return undefined;
  }
  return first.find(({ runId }) => runId !== "") ?? first[0];
}
