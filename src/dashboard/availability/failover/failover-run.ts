/**
 * One failover, in the group's turn and in this order: look at all replicas, choose, confirm the lead, fence the old
 * master as well as it goes, make the new one, store it (by which proxies are told), wait for the proxies, re-point
 * the other replicas. Every step goes into the story.
 *
 * Whatever ends it in between leaves a state from which the next try, or the next leader, goes on: before the new
 * master is made nothing has changed; after that it says itself that it is a master, and is chosen before all others.
 * Slots that move from or to the group need nothing else: proxies are told of the new master for both sides, and
 * movers begin anew on it. A planned change under way is forgotten, unless it is in its last state: whoever began it
 * ends it.
 */
import { within } from "../../../base/bounded-wait.ts";
import { CodisError, messageOf } from "../../../base/error.ts";
import { switchMaster } from "../../../model/change/master.ts";
import { masterAddrOf } from "../../../model/group.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { getGroup } from "../../../model/topology/guard.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type { AvailabilityParts, FailoverBook, FailoverStory, ReplicaFollow } from "../contract.ts";
import type { FailoverLedger } from "./failover-book.ts";
import {
  type Candidate,
  chooseReplica,
  type LastSeenMaster,
  lostBytesOf,
  type ReplicaChoice,
  type ReplicaLook,
} from "./replica-choice.ts";
import type { ServerOrders } from "./server-orders.ts";
import { noteSwitches } from "./switch-times.ts";
import type { ProxyVote, Verdict } from "./verdict.ts";

/** Longest wait until it is stored who will be the new master; then it is made all the same. */
const INTENT_MS = 1_000;

/** What failovers are done with. */
export interface FailoverTools {
  readonly parts: AvailabilityParts;
  readonly book: FailoverBook & Pick<FailoverLedger, "whenStored">;
  readonly follow: ReplicaFollow;
  readonly orders: ServerOrders;
}

/** A master that was found dead. */
export interface DeadMaster {
  readonly groupId: number;
  readonly addr: string;
  /** Since its last answer to the leader, milliseconds, and what it fails with. */
  readonly silentMs: number;
  readonly problem: string;
  readonly votes: readonly ProxyVote[];
  readonly verdict: Verdict;
  readonly lastSeen: LastSeenMaster;
  /** Asked again when the turn has come, which may be later. */
  readonly isStillDead: () => boolean;
  /** A refusal of this incident is in the book already: another one isn't written. */
  readonly isRefusalTold: boolean;
}

/** `dropped`: not wanted any more, or not now; `half`: the new master is made but not stored. */
export interface FailoverResult {
  readonly outcome: "done" | "dropped" | "refused" | "failed" | "half";
  /** One line. */
  readonly reason: string;
}

/** See the file head. To be called in the group's turn; never rejects. */
export async function runFailover(tools: FailoverTools, dead: DeadMaster): Promise<FailoverResult> {
  try {
    const obstacle = findObstacle(tools.parts.topology.snapshot(), dead);
    if (obstacle !== undefined) {
      return { outcome: "dropped", reason: obstacle };
    }
    return await new FailoverRun(tools, dead).run();
  } catch (thrown) {
    return { outcome: "dropped", reason: messageOf(thrown) };
  }
}

/** Why there is nothing to do any more; undefined: there is. */
function findObstacle(topology: Topology, dead: DeadMaster): string | undefined {
  const group = topology.groups.get(dead.groupId);
  if (masterAddrOf(group) !== dead.addr) {
    return `${dead.addr} isn't the master any more`;
  }
  if (group?.promoting.state === "finished") {
    return "a planned change of the master is about to end";
  }
  return dead.isStillDead() ? undefined : "it answers again";
}

class FailoverRun {
  readonly #tools: FailoverTools;
  readonly #dead: DeadMaster;
  readonly #foundAtMs: number;

  constructor(tools: FailoverTools, dead: DeadMaster) {
    this.#tools = tools;
    this.#dead = dead;
    this.#foundAtMs = tools.parts.clock.monotonicMs();
  }

  async run(): Promise<FailoverResult> {
    const { parts } = this.#tools;
    const recent = this.#findRecent();
    if (recent !== undefined) {
      return this.#refuse(recent, undefined);
    }
    const choice = chooseReplica(await this.#lookAtReplicas(), this.#dead.lastSeen);
    // Nothing has been told to anybody yet; a dashboard that doesn't lead any more ends here.
    await parts.confirm();
    if (choice.candidates.length === 0) {
      return this.#refuse(describeRefusal(choice), choice);
    }
    const story = this.#begin();
    try {
      return await this.#change(story, choice);
    } catch (thrown) {
      return await this.#fail(story, "failed", messageOf(thrown));
    }
  }

  /** Why there may not be another failover yet. */
  #findRecent(): string | undefined {
    const { config, clock } = this.#tools.parts;
    const windowMs = config.haFailoverWindowMs;
    const last = this.#tools.book
      .all()
      .find(
        (story) =>
          story.groupId === this.#dead.groupId &&
          story.kind === "detector" &&
          story.outcome === "done",
      );
    const ageMs = clock.nowMs() - (last?.endedAtMs ?? Number.NEGATIVE_INFINITY);
    // Older than now, or from a clock that was set back: either way not within the window.
    if (Math.abs(ageMs) >= windowMs) {
      return undefined;
    }
    return (
      `its master was replaced ${seconds(ageMs)} ago, and only one failover within ` +
      `ha_failover_window (${seconds(windowMs)}) is done; promote a replica by hand if it must be now`
    );
  }

  #lookAtReplicas(): Promise<readonly ReplicaLook[]> {
    const { parts, orders } = this.#tools;
    const group = getGroup(parts.topology.snapshot(), this.#dead.groupId);
    const looks = group.servers.slice(1).map(async ({ addr }): Promise<ReplicaLook> => {
      try {
        return { addr, info: await orders.look(addr), problem: "" };
      } catch (thrown) {
        return { addr, info: undefined, problem: messageOf(thrown) };
      }
    });
    return Promise.all(looks);
  }

  /** The story up to the decision. */
  #begin(): FailoverStory {
    const { groupId, addr, silentMs, problem, votes, verdict } = this.#dead;
    const story = this.#tools.book.begin({ groupId, kind: "detector", from: addr, to: "" });
    const ms = Math.round(silentMs);
    story.note(
      "detected",
      addr,
      problem === "" ? say("story.silent", { ms }) : say("story.silent-why", { ms, why: problem }),
    );
    for (const vote of votes) {
      story.note("vote", vote.token, describeVote(vote));
    }
    story.note("note", addr, say("story.dead", { why: verdict.reason }));
    return story;
  }

  async #refuse(reason: string, choice: ReplicaChoice | undefined): Promise<FailoverResult> {
    if (!this.#dead.isRefusalTold) {
      const story = this.#begin();
      for (const { addr, reason: why } of choice?.rejected ?? []) {
        story.note("note", addr, say("story.unfit", { why }));
      }
      await story.end("refused", reason);
    }
    return { outcome: "refused", reason };
  }

  async #change(story: FailoverStory, choice: ReplicaChoice): Promise<FailoverResult> {
    const { parts, orders } = this.#tools;
    for (const { addr, reason } of choice.rejected) {
      story.note("note", addr, say("story.unfit", { why: reason }));
    }
    this.#noteMoving(story);
    story.note("fenced", this.#dead.addr, await orders.fence(this.#dead.addr));
    let lastProblem = "";
    for (const candidate of choice.candidates) {
      this.#noteDecision(story, candidate);
      // The next leader has to know whom it will find to be a master.
      await within(INTENT_MS, this.#tools.book.whenStored(story.id), parts.clock);
      try {
        await orders.promote(candidate.addr, parts.confirm);
      } catch (thrown) {
        lastProblem = messageOf(thrown);
        story.note("note", candidate.addr, say("story.unmade", { why: lastProblem }));
        continue;
      }
      story.note("promoted", candidate.addr, say("story.master", { ms: this.#sinceFound() }));
      return await this.#finish(story, candidate);
    }
    return await this.#fail(story, "failed", `no replica could be made master: ${lastProblem}`);
  }

  /** The new master is there; the rest of the world is told. */
  async #finish(story: FailoverStory, { addr: to }: Candidate): Promise<FailoverResult> {
    const { parts, follow } = this.#tools;
    const { groupId, addr: from, silentMs } = this.#dead;
    let revision: number;
    try {
      const name = `failover of group ${groupId}: ${from} -> ${to}`;
      ({ revision } = await parts.topology.commit(name, (now) =>
        switchFrom(now, groupId, from, to),
      ));
    } catch (thrown) {
      const reason = `${to} is a master, but that couldn't be stored; it is tried again: ${messageOf(thrown)}`;
      return await this.#fail(story, "half", reason);
    }
    story.note("stored", to, say("story.stored", { ms: this.#sinceFound() }));
    const lastSwitchMs = await noteSwitches(parts, revision, this.#foundAtMs, story);
    const pauseMs = Math.round(silentMs + lastSwitchMs);
    story.set({ pauseMs });
    story.note("served", to, say("story.served", { ms: pauseMs, addr: from }));
    for (const line of await this.#follow(follow, story)) {
      story.note("note", "", line);
    }
    parts.log.warn("failover.done", `group ${groupId}: ${to} is master instead of ${from}`, {
      group: groupId,
      from,
      to,
      pause_ms: pauseMs,
      story: story.id,
    });
    await story.end("done");
    return { outcome: "done", reason: "" };
  }

  /** The group is served: what fails now is mended by the repair, and doesn't undo anything. */
  async #follow(follow: ReplicaFollow, story: FailoverStory): Promise<readonly string[]> {
    try {
      return await follow.follow(this.#dead.groupId, story);
    } catch (thrown) {
      return [`the other servers couldn't be told to follow; they are later: ${messageOf(thrown)}`];
    }
  }

  #noteDecision(story: FailoverStory, candidate: Candidate): void {
    const { lastSeen } = this.#dead;
    const lostBytes = lostBytesOf(candidate, lastSeen);
    story.set({ to: candidate.addr, ...(lostBytes === undefined ? {} : { lostBytes }) });
    const why = whyChosen(candidate);
    const known =
      lastSeen.offset === undefined
        ? ""
        : `; ${say("story.last-seen", { offset: lastSeen.offset })}`;
    const old =
      candidate.streamAge > 0 ? "; its data are from before the old master's restart" : "";
    story.note("decided", candidate.addr, `${why}${known}${old}`);
  }

  #noteMoving(story: FailoverStory): void {
    const { groupId } = this.#dead;
    const moving = this.#tools.parts.topology
      .snapshot()
      .slots.filter(
        (slot) =>
          slot.action.state !== "" &&
          (slot.groupId === groupId || slot.action.targetId === groupId),
      );
    if (moving.length > 0) {
      story.note("note", "", say("story.moving", { n: moving.length }));
    }
  }

  async #fail(
    story: FailoverStory,
    outcome: "failed" | "half",
    reason: string,
  ): Promise<FailoverResult> {
    await story.end("failed", reason);
    return { outcome, reason };
  }

  #sinceFound(): number {
    const sinceMs = this.#tools.parts.clock.monotonicMs() - this.#foundAtMs;
    return Math.round(sinceMs);
  }
}

function switchFrom(topology: Topology, groupId: number, from: string, to: string): Topology {
  const now = masterAddrOf(getGroup(topology, groupId));
  if (now !== from) {
    throw new CodisError("STATE_CONFLICT", `group ${groupId} has the master ${now}, not ${from}`);
  }
  return switchMaster(topology, groupId, to);
}

function describeRefusal({ rejected }: ReplicaChoice): string {
  return rejected.length === 0
    ? say("story.no-heir", {})
    : say("story.none-fit", {
        why: rejected.map(({ addr, reason }) => `${addr} ${reason}`).join("; "),
      });
}

function describeVote({ word, silentMs }: ProxyVote): string {
  switch (word) {
    case "silent":
      return say("vote.silent", { ms: Math.round(silentMs ?? 0) });
    case "answers":
      return say("vote.answers", { ms: Math.round(silentMs ?? 0) });
    case "unused":
      return say("vote.unused", {});
    case "untold":
      return say("vote.untold", {});
    case "no-answer":
      return say("vote.none", {});
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10}s`;
}

function whyChosen({ isMaster, offset, linkDownSeconds }: Candidate): string {
  if (isMaster) {
    return say("story.chosen-again", {});
  }
  const known = { offset: String(offset) };
  return linkDownSeconds === undefined
    ? say("story.chosen", known)
    : say("story.chosen-link", { ...known, s: linkDownSeconds });
}
