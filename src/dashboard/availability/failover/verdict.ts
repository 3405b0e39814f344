/**
 * Whether a silent master is dead, from what the leader and the proxies see. Pure; all must hold:
 *
 *     own silence   the leader's own probe has had no answer for `ha_down_after`
 *     not alone     the leader reaches a majority of the proxies, or at least half of the other servers: else it is
 *                   more likely that the leader is cut off than that all the others are gone
 *     votes         of the proxies that answered just now and have the master in their slot table, more than half
 *                   have had no answer from it for `ha_down_after`; a tie isn't enough
 *
 * Proxies that don't tell (originals) have no vote, and where only such answer nothing is decided. Where proxies are
 * registered and none answers nothing is decided either. The leader decides alone in two cases, in which no client can
 * be on the other side: no proxy is registered at all, or those that answer tell that they don't use this master.
 */
import type { ProxyStatsJson } from "../../../api/proxy-stats.ts";
import { say } from "../../../model/phrase/phrase.ts";

/** What one proxy says of a master. `untold`: it doesn't tell. `unused`: it isn't in its slot table. */
export type VoteWord = "silent" | "answers" | "unused" | "untold" | "no-answer";

/** One proxy's word. */
export interface ProxyVote {
  readonly token: string;
  readonly word: VoteWord;
  /** Since when the proxy has had no answer, milliseconds; undefined when it has no vote. */
  readonly silentMs: number | undefined;
}

/** What is judged. */
export interface Sighting {
  /** Of the leader's own probe, milliseconds. */
  readonly silentMs: number;
  readonly downAfterMs: number;
  /** One for each registered proxy. */
  readonly votes: readonly ProxyVote[];
  /** Servers of the product but this master, and those of them that answer the leader. */
  readonly others: number;
  readonly othersReached: number;
}

/** Whether the master is dead, and why or why not, one line. */
export interface Verdict {
  readonly isDead: boolean;
  readonly reason: string;
  /** When enough proxies would agree if it stayed silent, milliseconds from now; undefined: not to be foreseen. */
  readonly againMs?: number | undefined;
}

/** The words of the proxies on one master. `answers`: by token, undefined where none came. */
export function votesOn(
  addr: string,
  downAfterMs: number,
  answers: ReadonlyMap<string, ProxyStatsJson | undefined>,
): readonly ProxyVote[] {
  return [...answers].map(([token, stats]) => voteOf(token, addr, downAfterMs, stats));
}

function voteOf(
  token: string,
  addr: string,
  downAfterMs: number,
  stats: ProxyStatsJson | undefined,
): ProxyVote {
  const none = { token, silentMs: undefined };
  if (stats === undefined) {
    return { ...none, word: "no-answer" };
  }
  if (typeof stats.servers !== "object" || stats.servers === null) {
    return { ...none, word: "untold" };
  }
  const sight = stats.servers[addr];
  if (sight === undefined) {
    return { ...none, word: "unused" };
  }
  const silentMs: unknown = sight.silent_ms;
  if (typeof silentMs !== "number" || !Number.isFinite(silentMs)) {
    return { ...none, word: "untold" };
  }
  return { token, silentMs, word: silentMs >= downAfterMs ? "silent" : "answers" };
}

/** See the file head. */
export function judge(sighting: Sighting): Verdict {
  const { silentMs, downAfterMs, votes } = sighting;
  if (silentMs < downAfterMs) {
    return alive(`it answered this dashboard ${Math.round(silentMs)} ms ago`);
  }
  const answering = votes.filter(({ word }) => word !== "no-answer");
  if (votes.length > 0 && answering.length === 0) {
    return alive(`none of ${votes.length} proxies answers: this dashboard may be cut off`);
  }
  const isAmongProxies = answering.length * 2 > votes.length;
  const isAmongServers =
    sighting.othersReached > 0 && sighting.othersReached * 2 >= sighting.others;
  if (!isAmongProxies && !isAmongServers) {
    return alive(
      `this dashboard reaches only ${answering.length} of ${votes.length} proxies and ` +
        `${sighting.othersReached} of ${sighting.others} other servers: it may be cut off`,
    );
  }
  return judgeVotes(sighting, answering);
}

function judgeVotes({ votes, downAfterMs }: Sighting, answering: readonly ProxyVote[]): Verdict {
  const count = (word: VoteWord): number => votes.filter((vote) => vote.word === word).length;
  const silent = count("silent");
  const voters = silent + count("answers");
  if (voters > 0) {
    const tally = say("story.tally", { some: silent, all: voters });
    const isMajority = silent * 2 > voters;
    return isMajority
      ? dead(tally)
      : { ...alive(`only ${tally}`), againMs: agreementInMs(votes, downAfterMs) };
  }
  if (votes.length === 0) {
    return dead(say("story.no-proxy", {}));
  }
  return count("unused") === answering.length
    ? dead(say("story.unused", {}))
    : alive("the proxies that answer don't tell what they see of it; proxies of Codis 3.2 don't");
}

/** When the last proxy that makes a majority would have been without an answer for long enough. */
function agreementInMs(votes: readonly ProxyVote[], downAfterMs: number): number | undefined {
  const silences = votes
    .flatMap(({ silentMs }) => (silentMs === undefined ? [] : [silentMs]))
    .sort((one, other) => other - one);
  const last = silences[Math.floor(silences.length / 2)];
  return last === undefined ? undefined : Math.max(0, downAfterMs - last);
}

function dead(reason: string): Verdict {
  return { isDead: true, reason };
}

function alive(reason: string): Verdict {
  return { isDead: false, reason };
}
