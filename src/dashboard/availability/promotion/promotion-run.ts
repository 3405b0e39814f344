/**
 * One planned promotion, from the first order to the end. Nothing is lost: writes wait at every proxy and at the old
 * master, the replica has all of its stream, and only then roles change.
 *
 *     preparing   slots of the group stop moving, sentinels let go of it, proxies read from no replica
 *     prepared    all proxies hold; the old master is paused; the replica catches up; old demoted, new raised
 *     finished    proxies go on with the new master; the others follow
 *
 * Each state is stored before it is acted on. Until the replica has been raised everything can be taken back, and is,
 * when it isn't done within `promotion_timeout` of the beginning of the hold; from then on there is only the way
 * forward. Within the hold there is one write to the coordinator.
 *
 * An old master that doesn't answer the order to become a replica is the one case that can't be certain. If it is
 * known to be paused, the promotion goes on: the replica has every write that was acknowledged, the order waits in
 * the old master's socket and is the first thing it does when it wakes, and the group has a master at once instead of
 * none. What a client that is connected to it directly could write between its waking and that order is named in the
 * story; proxies hold, and are told the new one. Without a pause it is taken back instead.
 */
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import { beginPromoting, holdForPromoting } from "../../../model/change/master.ts";
import { withSentinelsOutOfSync } from "../../../model/change/sentinel.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { PushReport } from "../../control.ts";
import type { FailoverStory } from "../contract.ts";
import { type PromotionParts, rest } from "./parts.ts";
import { PromotionEnding } from "./promotion-ending.ts";
import { hasReached, isInDoubt, ServerPair, type StreamPoint } from "./server-pair.ts";

/** What is promoted. */
export interface RunOptions {
  readonly groupId: number;
  readonly from: string;
  readonly to: string;
  readonly isWatched: boolean;
  readonly story: FailoverStory;
}

/** Part of the time of the hold after which roles aren't changed any more: the rest is for what comes after. */
const SWITCH_SHARE = 0.8;
/** The old master's pause is longer than the hold by so much: it must not end before all is taken back. */
const PAUSE_EXTRA_MS = 500;
/** Between two looks at the replica that catches up. */
const POLL_MS = 1;
/** What the old master wrote before it gave up its role arrives within this time, milliseconds. */
const ARRIVE_MS = 50;
/** A master's own PING in its stream, now and then, paused or not; a write of a client is longer. */
const PING_BYTES = 14;
/** Longest wait for a server to say that it is again what it was. */
const ABANDON_MS = 500;
/** The replica's answer when the old master has given up its role already; longer, as there is no good way back. */
const RAISE_MS = 1_000;

/** See the file head. */
export class PromotionRun {
  readonly #parts: PromotionParts;
  readonly #options: RunOptions;
  readonly #ending: PromotionEnding;
  readonly #isClosed: () => boolean;
  #letMove: (() => void) | undefined;
  #pair: ServerPair | undefined;
  /** When the first proxy was told to hold, monotonic. */
  #heldAtMs: number | undefined;

  constructor(parts: PromotionParts, options: RunOptions, isClosed: () => boolean) {
    this.#parts = parts;
    this.#options = options;
    this.#isClosed = isClosed;
    this.#ending = new PromotionEnding(parts, isClosed);
  }

  /** Resolves when the group has its new master. PROMOTION_FAILED: it was undone, with the reason. */
  async run(): Promise<void> {
    try {
      await this.#prepare();
      await this.#hold();
      await this.#switchRoles(await this.#catchUp());
    } catch (thrown) {
      await this.#undo(thrown);
    }
    this.#pair?.unpause();
    try {
      await this.#ending.goForward(this.#open());
    } finally {
      this.#pair?.closeSoon();
    }
  }

  /** Everything that can be done before anybody waits. */
  async #prepare(): Promise<void> {
    const { topology, moving, sentinels, config, epoch, clock } = this.#parts;
    const { groupId, from, to, isWatched, story } = this.#options;
    this.#letMove = await moving.hold(groupId);
    story.note("note", "", say("story.quiet", {}));
    await topology.commit(`group ${groupId}: promote ${to}`, (now) =>
      // Sentinels are out of sync from here on: so the write in the hold is one node, not two with a journal.
      withSentinelsOutOfSync(beginPromoting(now, groupId, to)),
    );
    // A proxy that doesn't answer is met here, where nobody waits for it yet.
    const revision = topology.snapshot().revision;
    throwIfFailed(await this.#parts.whenSynced(revision, config.promotionTimeoutMs));
    if (isWatched) {
      await sentinels.release(groupId);
      story.note("note", "", say("story.let-go", {}));
    }
    const open = this.#parts.openPair ?? ((options) => ServerPair.open(options));
    this.#pair = await open({ from, to, password: config.productAuth, epoch, clock });
    await this.#pair.prepare();
    this.#refuseClosed();
  }

  async #hold(): Promise<void> {
    const { topology, whenSynced, clock } = this.#parts;
    const { groupId, story } = this.#options;
    const forget = topology.onChange((now) => {
      if (now.groups.get(groupId)?.promoting.state === "prepared") {
        // Proxies are told at this moment, when the write is done.
        this.#heldAtMs ??= clock.monotonicMs();
      }
    });
    try {
      await topology.commit(`group ${groupId}: hold`, (now) => holdForPromoting(now, groupId));
    } finally {
      forget();
    }
    this.#heldAtMs ??= clock.monotonicMs();
    const report = await whenSynced(topology.snapshot().revision, this.#leftMs("the hold"));
    throwIfFailed(report);
    story.note("held", "", say("story.held", { n: report.synced.length, ms: this.#sinceHeld() }));
  }

  /** Pauses the old master and waits until the replica has all that it wrote. */
  async #catchUp(): Promise<ServerPair> {
    const { story, to } = this.#options;
    const pair = this.#pair;
    if (pair === undefined) {
      throw new CodisError("INTERNAL", "a promotion holds without connections");
    }
    const leftMs = this.#leftMs("the pause of the old master");
    const pauseMs = this.#parts.config.promotionTimeoutMs + PAUSE_EXTRA_MS;
    const end = await pair.pause(pauseMs, leftMs);
    // Beside the looks at the replica, so that it costs no time of its own.
    const armed = pair.arm(leftMs);
    armed.catch(() => undefined);
    let at = await pair.replicaPoint(this.#leftMs("the replica's answer"));
    const lagBytes = end.offset - at.offset;
    while (!hasReached(at, end)) {
      if (at.streamId !== end.streamId) {
        throw new CodisError("STATE_CONFLICT", `${to} follows another stream than its master's`);
      }
      const behind = `${to} to catch up (${end.offset - at.offset} bytes are missing)`;
      await rest(this.#parts.clock, POLL_MS);
      at = await pair.replicaPoint(this.#leftMs(behind));
    }
    await armed;
    story.note(
      "caught-up",
      to,
      say("story.caught-up", { n: Math.max(0, lagBytes), ms: this.#sinceHeld() }),
    );
    return pair;
  }

  /** When it resolves the replica is a master, and the old one a replica, or as good as (see the file head). */
  async #switchRoles(pair: ServerPair): Promise<void> {
    const { story, from, to } = this.#options;
    await this.#parts.confirm();
    const leftMs = this.#leftMs("the change of roles");
    await this.#demote(pair, leftMs);
    await pair.raise(Math.max(leftMs, RAISE_MS));
    story.note("promoted", to, say("story.swapped", { addr: from, ms: this.#sinceHeld() }));
  }

  async #demote(pair: ServerPair, leftMs: number): Promise<void> {
    const { story, from } = this.#options;
    let end: StreamPoint;
    try {
      end = await pair.demote(leftMs);
    } catch (thrown) {
      if (!isInDoubt(thrown) || !pair.isPaused) {
        throw thrown;
      }
      const what = "it didn't confirm that it is a replica now; who is connected to it directly";
      story.note("note", from, `${messageOf(thrown)}: ${what} could write to it unnoticed`);
      return;
    }
    await this.#checkEnd(pair, end);
  }

  /** The replica has all that the old master ever wrote; see `server-pair.ts`. */
  async #checkEnd(pair: ServerPair, end: StreamPoint): Promise<void> {
    const { clock } = this.#parts;
    const { from, to } = this.#options;
    const untilMs = clock.monotonicMs() + ARRIVE_MS;
    for (;;) {
      const at = await pair.replicaPoint(RAISE_MS);
      const missing = end.offset - at.offset;
      if (at.streamId === end.streamId && missing <= PING_BYTES) {
        return;
      }
      if (clock.monotonicMs() >= untilMs) {
        throw new CodisError(
          "STATE_CONFLICT",
          `somebody wrote to ${from} directly meanwhile: ${to} lacks ${missing} bytes`,
        );
      }
      await rest(clock, POLL_MS);
    }
  }

  /** Takes everything back; always rejects. */
  async #undo(cause: unknown): Promise<never> {
    const pair = this.#pair;
    const { from, to, story } = this.#options;
    const reason = messageOf(cause);
    try {
      if (isCodisError(cause, "LEADERSHIP_LOST")) {
        pair?.unpause();
      } else if (pair !== undefined && !(await pair.abandon(ABANDON_MS))) {
        story.note("note", from, `${from} or ${to} didn't confirm that all was taken back`);
      }
      await this.#ending.goBack(this.#open(), reason);
    } finally {
      pair?.closeSoon();
    }
    throw new CodisError(
      "PROMOTION_FAILED",
      `group ${this.#options.groupId}: ${to} wasn't promoted, ${from} stays the master: ${reason}`,
      { cause },
    );
  }

  #open(): Parameters<PromotionEnding["goBack"]>[0] {
    return { ...this.#options, letMove: this.#letMove, heldAtMs: this.#heldAtMs };
  }

  /** Milliseconds until roles must have changed. Throws when they are over; `what` was to come. */
  #leftMs(what: string): number {
    const { clock, config } = this.#parts;
    this.#refuseClosed();
    const passedMs = clock.monotonicMs() - (this.#heldAtMs ?? clock.monotonicMs());
    const leftMs = config.promotionTimeoutMs * SWITCH_SHARE - passedMs;
    if (leftMs <= 0) {
      throw new CodisError(
        "PROMOTION_FAILED",
        `promotion_timeout (${config.promotionTimeoutMs} ms) was too short for ${what}`,
      );
    }
    return leftMs;
  }

  #refuseClosed(): void {
    if (this.#isClosed()) {
      throw new CodisError("DASHBOARD_CLOSED", "the dashboard ends, and no role was changed yet");
    }
  }

  #sinceHeld(): string {
    const passedMs = this.#parts.clock.monotonicMs() - (this.#heldAtMs ?? 0);
    return passedMs.toFixed(1);
  }
}

function throwIfFailed({ failed }: PushReport): void {
  if (failed.length > 0) {
    throw new CodisError("PROXY_CALL_FAILED", failed.map(({ reason }) => reason).join("; "));
  }
}
