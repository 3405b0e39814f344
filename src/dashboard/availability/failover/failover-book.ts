/**
 * The stories of a leader: in memory at once, in the coordinator soon after. What is written in one turn, and while
 * an earlier write is under way, goes out in one more write; what can't be stored is tried again with growing pauses,
 * a bounded number of times, and once more with every later change. The newest `FAILOVERS_KEPT` are kept.
 *
 * At the start of a reign stories may be there that an earlier leader hadn't ended. One of a planned change whose
 * group is still promoting stays open: whoever finishes the promotion goes on with it (`resume`). All others are ended
 * here: as done when the stored master is the one that they were to bring, else as failed. What has really become of
 * the servers, the detector and the repair find out anew.
 */
import { Backoff } from "../../../base/backoff.ts";
import { within } from "../../../base/bounded-wait.ts";
import type { Clock, ClockTimer } from "../../../base/clock.ts";
import { isCodisError, messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import { ANY } from "../../../coordinator/coordinator.ts";
import {
  FAILOVER_EVENTS_MAX,
  FAILOVERS_KEPT,
  type Failover,
  type FailoverEvent,
  type FailoverStep,
} from "../../../model/availability/failover.ts";
import { coordinatorPath } from "../../../model/coordinator-path.ts";
import { masterAddrOf } from "../../../model/group.ts";
import { parseJsonNode } from "../../../model/json-record.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type { ProductStorage } from "../../control.ts";
import type { FailoverBook, FailoverStory, NewFailover } from "../contract.ts";
import { decodeStory, encodeStory, parseStoryId, storyIdOf } from "./story-record.ts";

/** What a book is made of. */
export interface FailoverBookOptions {
  readonly product: string;
  /** Of this leader. */
  readonly epoch: number;
  readonly storage: ProductStorage;
  readonly topology: () => Topology;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tries to store, until something else is written. */
const STORE_TRIES_MAX = 20;
/** Longest wait for the last write of a leader. */
const LAST_STORE_MS = 1_000;
const STORE_BACKOFF = { minMs: 200, maxMs: 5_000 };

/** See the file head. */
export class FailoverLedger implements FailoverBook {
  readonly #options: FailoverBookOptions;
  /** The oldest first. */
  readonly #stories: Failover[] = [];
  readonly #listeners = new Set<(failover: Failover) => void>();
  /** Ids of stories that aren't stored as they are. */
  readonly #dirty = new Set<string>();
  /** Ids of old stories whose nodes are to be deleted. */
  readonly #outdated = new Set<string>();
  readonly #backoff = new Backoff(STORE_BACKOFF);
  #storing: Promise<void> | undefined;
  #timer: ClockTimer | undefined;
  #lastNumber = 0;
  #isClosed = false;

  /** Reads what earlier leaders wrote. Rejects with the coordinator's codes. */
  static async open(options: FailoverBookOptions): Promise<FailoverLedger> {
    const book = new FailoverLedger(options);
    await book.#load();
    return book;
  }

  private constructor(options: FailoverBookOptions) {
    this.#options = options;
  }

  /** See `FailoverBook`. */
  begin({ groupId, kind, from, to }: NewFailover): FailoverStory {
    this.#lastNumber += 1;
    const { epoch, clock } = this.#options;
    const id = storyIdOf({ epoch, number: this.#lastNumber });
    this.#stories.push({
      id,
      groupId,
      kind,
      from,
      to,
      beganAtMs: clock.nowMs(),
      endedAtMs: undefined,
      outcome: "running",
      reason: "",
      pauseMs: undefined,
      lostBytes: undefined,
      events: [],
    });
    this.#changed(id);
    this.#trim();
    return this.#storyOf(id);
  }

  /** See `FailoverBook`. */
  resume(groupId: number): FailoverStory | undefined {
    const open = this.#stories.findLast(
      (story) => story.groupId === groupId && story.outcome === "running",
    );
    const isEarlier = open !== undefined && parseStoryId(open.id)?.epoch !== this.#options.epoch;
    return isEarlier ? this.#storyOf(open.id) : undefined;
  }

  /** See `FailoverBook`. */
  all(): readonly Failover[] {
    return [...this.#stories].reverse();
  }

  /** Resolves when the story is stored as it is now, or that was given up. */
  async whenStored(id: string): Promise<void> {
    while (this.#dirty.has(id) && !this.#isClosed) {
      const failures = this.#backoff.failures;
      await this.#store();
      if (this.#backoff.failures > failures) {
        return; // Tried again in the background.
      }
    }
  }

  /** Calls back with a story after every change of it; the result ends that. */
  onFailover(listener: (failover: Failover) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stores what isn't stored yet, once and bounded; then no more writes are begun. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await within(LAST_STORE_MS, this.#store());
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #load(): Promise<void> {
    const { product, storage, log } = this.#options;
    const root = coordinatorPath.failovers(product);
    for (const { path, data } of await storage.readChildren(root)) {
      const id = path.slice(root.length + 1);
      if (parseStoryId(id) === undefined) {
        log.warn("failover.fault", `${path}: the name must be EPOCH-NUMBER; left as it is`);
        continue;
      }
      try {
        this.#stories.push(decodeStory(parseJsonNode(data, path), path, id));
      } catch (thrown) {
        log.warn("failover.fault", `${messageOf(thrown)}; left as it is`, { error: thrown });
      }
    }
    this.#stories.sort((one, other) => compareIds(one.id, other.id));
    for (const story of this.#stories.filter(({ outcome }) => outcome === "running")) {
      this.#settleEarlier(story);
    }
    this.#trim();
  }

  #settleEarlier({ id, groupId, kind, to }: Failover): void {
    const group = this.#options.topology().groups.get(groupId);
    if (kind === "planned" && group !== undefined && group.promoting.state !== "") {
      return;
    }
    const story = this.#storyOf(id);
    story.note("note", "", say("story.left", {}));
    const isDone = to !== "" && masterAddrOf(group) === to;
    const outcome = isDone ? "done" : "failed";
    const reason = isDone
      ? ""
      : "its dashboard ended in the middle; the stored master is still the one before";
    // Whether it could be stored is logged there.
    void story.end(outcome, reason);
  }

  #storyOf(id: string): FailoverStory {
    return {
      id,
      note: (step, about, text) => this.#note(id, step, about, text),
      set: (facts) => this.#change(id, (story) => ({ ...story, ...facts })),
      end: async (outcome, reason = "") => {
        this.#change(id, (story) => ({
          ...story,
          outcome,
          reason,
          endedAtMs: this.#options.clock.nowMs(),
        }));
        await this.whenStored(id);
      },
    };
  }

  #note(id: string, step: FailoverStep, about: string, text: string): void {
    const event: FailoverEvent = { atMs: this.#options.clock.nowMs(), step, about, text };
    this.#change(id, (story) => ({
      ...story,
      events: [...story.events.slice(0, FAILOVER_EVENTS_MAX - 1), event],
    }));
  }

  /** A story that has ended, or was old enough to be dropped, doesn't change any more. */
  #change(id: string, change: (story: Failover) => Failover): void {
    const index = this.#stories.findIndex((story) => story.id === id);
    const story = this.#stories[index];
    if (story === undefined || story.outcome !== "running") {
      return;
    }
    this.#stories[index] = change(story);
    this.#changed(id);
  }

  #changed(id: string): void {
    const story = this.#stories.find((one) => one.id === id);
    if (story === undefined) {
      return;
    }
    this.#dirty.add(id);
    this.#backoff.reset();
    this.#storeSoon(0);
    for (const listener of [...this.#listeners]) {
      try {
        listener(story);
      } catch (thrown) {
        this.#options.log.error("failover.listener_failed", messageOf(thrown), { error: thrown });
      }
    }
  }

  /** Drops the oldest; those that run stay. */
  #trim(): void {
    let excess = this.#stories.length - FAILOVERS_KEPT;
    for (const story of [...this.#stories]) {
      if (excess <= 0) {
        return;
      }
      if (story.outcome !== "running") {
        this.#stories.splice(this.#stories.indexOf(story), 1);
        this.#dirty.delete(story.id);
        this.#outdated.add(story.id);
        excess -= 1;
      }
    }
    this.#storeSoon(0);
  }

  #storeSoon(delayMs: number): void {
    if (this.#isClosed) {
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => void this.#store());
  }

  /** Writes what isn't written; one at a time. Never rejects. */
  #store(): Promise<void> {
    this.#storing ??= this.#storeOnce().finally(() => {
      this.#storing = undefined;
    });
    return this.#storing;
  }

  async #storeOnce(): Promise<void> {
    const ids = [...this.#dirty];
    const outdated = [...this.#outdated];
    if (ids.length + outdated.length === 0 || this.#isClosed) {
      return;
    }
    const { product, storage } = this.#options;
    const texts = ids.map((id) => this.#stories.find((story) => story.id === id));
    for (const id of ids) {
      this.#dirty.delete(id);
    }
    try {
      await storage.write([
        ...texts
          .filter((story) => story !== undefined)
          .map((story) => ({
            path: coordinatorPath.failover(product, story.id),
            data: encodeStory(story),
            expected: ANY,
          })),
        ...outdated.map((id) => ({
          path: coordinatorPath.failover(product, id),
          data: undefined,
          expected: ANY,
        })),
      ]);
      for (const id of outdated) {
        this.#outdated.delete(id);
      }
      this.#backoff.reset();
      if (this.#dirty.size > 0) {
        this.#storeSoon(0);
      }
    } catch (thrown) {
      for (const id of ids) {
        this.#dirty.add(id);
      }
      this.#tryAgainLater(thrown);
    }
  }

  #tryAgainLater(thrown: unknown): void {
    const { log } = this.#options;
    const pauseMs = this.#backoff.nextMs();
    if (isCodisError(thrown, "LEADERSHIP_LOST")) {
      this.#timer?.cancel();
      log.info("failover.not_stored", "another dashboard leads; it ends what is open");
      return;
    }
    const isLast = this.#backoff.failures >= STORE_TRIES_MAX;
    const text = isLast ? "given up until the next change" : `tried again in ${pauseMs} ms`;
    log.warn("failover.not_stored", `${messageOf(thrown)}; ${text}`, { error: thrown });
    if (!isLast) {
      this.#storeSoon(pauseMs);
    }
  }
}

function compareIds(one: string, other: string): number {
  const [first, second] = [parseStoryId(one), parseStoryId(other)];
  return (first?.epoch ?? 0) - (second?.epoch ?? 0) || (first?.number ?? 0) - (second?.number ?? 0);
}
