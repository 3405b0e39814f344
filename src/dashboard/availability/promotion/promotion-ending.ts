/**
 * How a promotion ends, that of this leader as well as one that an earlier leader left: forward, once the replica is
 * the master, or back. Both leave a group that proxies serve, whatever else can't be done; what can't is a line of
 * the story, and left to the rooms that look after it all the time.
 */
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import { endPromoting, promote, undoPromoting } from "../../../model/change/master.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import { setRole } from "../../group/replicate.ts";
import type { FailoverStory } from "../contract.ts";
import { type PromotionParts, persist } from "./parts.ts";

/** A promotion that is to be ended. */
export interface OpenPromotion {
  readonly groupId: number;
  readonly from: string;
  readonly to: string;
  readonly story: FailoverStory;
  /** Sentinels watched the group before, or should. */
  readonly isWatched: boolean;
  /** Lets slots move again; undefined: nobody was asked to stop them. */
  readonly letMove: (() => void) | undefined;
  /** When proxies were told to hold, on the monotonic clock; undefined: unknown. */
  readonly heldAtMs: number | undefined;
}

/** Looks at the new master after the switch, and the longest wait for each. */
const ROLE_TRIES = 2;
const ROLE_TIMEOUT_MS = 1_000;

/** See the file head. */
export class PromotionEnding {
  readonly #parts: PromotionParts;
  readonly #isClosed: () => boolean;

  constructor(parts: PromotionParts, isClosed: () => boolean) {
    this.#parts = parts;
    this.#isClosed = isClosed;
  }

  /**
   * The replica is a master: the group gets it, proxies go on with it, the others follow it. Rejects only when that
   * can't be stored: with LEADERSHIP_LOST, say, and then the next leader does it.
   */
  async goForward(open: OpenPromotion): Promise<void> {
    const { groupId, from, to, story, heldAtMs } = open;
    try {
      await this.#persist(`group ${groupId}: ${to} is the master`, (now) =>
        stateOf(now, groupId) === "finished" ? now : promote(now, groupId),
      );
      story.note(
        "stored",
        to,
        heldAtMs === undefined
          ? say("story.written", { to, addr: from })
          : say("story.written-at", { to, addr: from, ms: this.#msSince(heldAtMs) }),
      );
      await this.#tellProxies(open);
      const problems = await this.#settleRoles(open);
      await this.#persist(`group ${groupId}: promotion ends`, (now) => endPromoting(now, groupId));
      open.letMove?.();
      await this.#watchAgain(open, "reads from replicas go on");
      await story.end("done", problems[0]);
    } catch (thrown) {
      await this.#fail(open, thrown);
      throw thrown;
    } finally {
      open.letMove?.();
    }
  }

  /** The old master stays, and the story ends with the reason. Rejects as `goForward`. */
  async goBack(open: OpenPromotion, reason: string): Promise<void> {
    const { groupId, from, story } = open;
    try {
      await this.#persist(`group ${groupId}: promotion is undone`, (now) =>
        undoPromoting(now, groupId),
      );
      story.note("undone", from, say("story.undone", { addr: from, why: reason }));
      await this.#watchAgain(open, "the group is served again");
      await story.end("undone", reason);
    } catch (thrown) {
      await this.#fail(open, thrown);
      throw thrown;
    } finally {
      open.letMove?.();
    }
  }

  /** All proxies go on with the new master; how long their requests have waited. */
  async #tellProxies({ to, story, heldAtMs }: OpenPromotion): Promise<void> {
    const { topology, whenSynced, config, clock } = this.#parts;
    const revision = topology.snapshot().revision;
    const { synced, failed } = await whenSynced(revision, config.proxyPushTimeoutMs);
    const ms = heldAtMs === undefined ? undefined : this.#msSince(heldAtMs);
    for (const token of synced) {
      const text = ms === undefined ? say("story.has-it", {}) : say("story.has-it-at", { ms });
      story.note("switched", token, text);
    }
    for (const { token, reason } of failed) {
      story.note("note", token, `${reason}; it holds its requests until it has heard`);
    }
    if (heldAtMs !== undefined) {
      story.set({ pauseMs: clock.monotonicMs() - heldAtMs });
    }
    const served = { n: synced.length, to };
    const text =
      ms === undefined ? say("story.sent", served) : say("story.sent-at", { ...served, ms });
    story.note("served", to, text);
  }

  /** The new master writes down what it is, the others follow it; one line for each that doesn't. */
  async #settleRoles({ groupId, to, story }: OpenPromotion): Promise<readonly string[]> {
    const problems: string[] = [];
    try {
      const { warnings } = await this.#confirmMaster(to);
      for (const line of warnings) {
        story.note("note", to, line);
      }
    } catch (thrown) {
      this.#throwIfLost(thrown);
      problems.push(messageOf(thrown));
      story.note("note", to, messageOf(thrown));
    }
    try {
      problems.push(...(await this.#parts.follow.follow(groupId, story)));
    } catch (thrown) {
      this.#throwIfLost(thrown);
      problems.push(messageOf(thrown));
      story.note("note", "", `replicas don't follow yet: ${messageOf(thrown)}`);
    }
    return problems;
  }

  async #confirmMaster(addr: string): ReturnType<typeof setRole> {
    const { config, confirm } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      try {
        return await setRole({
          addr,
          masterAddr: undefined,
          password: config.productAuth,
          timeoutMs: ROLE_TIMEOUT_MS,
          confirm,
        });
      } catch (thrown) {
        if (tries === ROLE_TRIES) {
          throw thrown;
        }
        this.#throwIfLost(thrown);
      }
    }
  }

  /** Proxies have the last change, sentinels watch the group again; neither is waited for for ever. */
  async #watchAgain({ groupId, story, isWatched }: OpenPromotion, what: string): Promise<void> {
    const { topology, whenSynced, config, sentinels } = this.#parts;
    const revision = topology.snapshot().revision;
    const { failed } = await whenSynced(revision, config.proxyPushTimeoutMs);
    for (const { token, reason } of failed) {
      story.note("note", token, `${reason}: it will hear later that ${what}`);
    }
    if (isWatched) {
      try {
        await sentinels.watch(groupId);
        story.note("note", "", say("story.watched", {}));
      } catch (thrown) {
        this.#throwIfLost(thrown);
        story.note("note", "", say("story.unwatched", { why: messageOf(thrown) }));
      }
    }
  }

  /** Milliseconds with one digit, for people. */
  #msSince(heldAtMs: number): string {
    return (this.#parts.clock.monotonicMs() - heldAtMs).toFixed(1);
  }

  async #fail({ story, groupId }: OpenPromotion, thrown: unknown): Promise<void> {
    this.#parts.log.warn("promotion.unfinished", messageOf(thrown), { group: groupId });
    const reason = isCodisError(thrown, "LEADERSHIP_LOST")
      ? "this dashboard no longer leads; the next one ends it"
      : say("story.retried", { why: messageOf(thrown) });
    await story.end("failed", reason);
  }

  #throwIfLost(thrown: unknown): void {
    if (isCodisError(thrown, "LEADERSHIP_LOST")) {
      throw thrown;
    }
  }

  #persist(name: string, change: (topology: Topology) => Topology): Promise<Topology> {
    return persist(this.#parts, name, change, this.#isClosed);
  }
}

function stateOf(topology: Topology, groupId: number): string {
  const group = topology.groups.get(groupId);
  if (group === undefined) {
    throw new CodisError("NOT_FOUND", `group-[${groupId}] doesn't exist`);
  }
  return group.promoting.state;
}
