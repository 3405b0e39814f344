/**
 * Planned changes of masters: looks at what one would mean, carries them out, and ends what earlier leaders left in
 * the middle. One for each leader; see `promotion-run.ts` for the procedure.
 */
import { Backoff } from "../../../base/backoff.ts";
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import type { Failover } from "../../../model/availability/failover.ts";
import type { PromotionPlan } from "../../../model/availability/promotion.ts";
import { getGroup, getServerIndex } from "../../../model/topology/guard.ts";
import type { PromotionParts } from "./parts.ts";
import { PromotionLook } from "./promotion-look.ts";
import { PromotionRun } from "./promotion-run.ts";
import { Resumption } from "./resumption.ts";

/** Pauses between tries to end what was left, milliseconds. */
const RESUME_REST = { minMs: 200, maxMs: 5_000 };

/** See the file head. */
export class Promotion {
  readonly #parts: PromotionParts;
  readonly #look: PromotionLook;
  readonly #resumption: Resumption;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Groups whose promotion is being ended. */
  readonly #resuming = new Set<number>();
  readonly #backoff = new Backoff(RESUME_REST);
  #forgetTopology: () => void = () => undefined;
  #isStarted = false;
  #isClosed = false;

  constructor(parts: PromotionParts) {
    this.#parts = parts;
    this.#look = new PromotionLook(parts);
    this.#resumption = new Resumption(parts, () => this.#isClosed);
  }

  /**
   * Ends what earlier leaders left, now and whenever a group is found promoting that nobody promotes: a beginning
   * that was stored although the coordinator said nothing. Returns at once; the groups' turns are taken before.
   */
  start(): void {
    this.#isStarted = true;
    this.#forgetTopology = this.#parts.topology.onChange(() => this.#resumeLeft());
    this.#resumeLeft();
  }

  /** Ends the promotions that are under way, forward or back; bounded by `promotion_timeout` and their deadlines. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#forgetTopology();
    await Promise.allSettled(this.#underWay);
  }

  /** What promoting the server would mean; changes nothing. Rejects with NOT_FOUND. */
  plan(groupId: number, addr: string): Promise<PromotionPlan> {
    return this.#look.plan(groupId, addr);
  }

  /**
   * Makes the server the group's master; resolves with the story when the group is served by it. STATE_CONFLICT:
   * nothing has changed, and why; PROMOTION_FAILED: it was begun and undone, and why.
   */
  promote(groupId: number, addr: string): Promise<Failover> {
    const { topology, turns } = this.#parts;
    return this.#track(
      turns.tryRun(groupId, `${addr} is being promoted`, async () => {
        getServerIndex(getGroup(topology.snapshot(), groupId), addr);
        if (this.#isClosed) {
          throw new CodisError("LEADERSHIP_LOST", "this dashboard no longer leads the product");
        }
        const plan = await this.#look.plan(groupId, addr);
        if (plan.problems.length > 0) {
          throw new CodisError("STATE_CONFLICT", plan.problems.join("; "));
        }
        return await this.#run(plan);
      }),
    );
  }

  async #run({ groupId, from, to, isWatched, warnings }: PromotionPlan): Promise<Failover> {
    const { book } = this.#parts;
    const story = book.begin({ groupId, kind: "planned", from, to });
    for (const line of warnings) {
      story.note("note", to, line);
    }
    const options = { groupId, from, to, isWatched, story };
    await new PromotionRun(this.#parts, options, () => this.#isClosed).run();
    const told = book.all().find(({ id }) => id === story.id);
    if (told === undefined) {
      throw new CodisError("INTERNAL", `story ${story.id} isn't in the book`);
    }
    return told;
  }

  async #track<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
      // One that couldn't be ended is taken up again.
      this.#resumeLeft();
    }
  }

  #resumeLeft(): void {
    const { topology, turns } = this.#parts;
    if (!this.#isStarted || this.#isClosed) {
      return;
    }
    for (const { id, promoting } of topology.snapshot().groups.values()) {
      const isFree = turns.busyWith(id) === undefined && !this.#resuming.has(id);
      if (promoting.state !== "" && isFree) {
        this.#resume(id);
      }
    }
  }

  #resume(groupId: number): void {
    const { turns, log, clock } = this.#parts;
    this.#resuming.add(groupId);
    const done = turns
      .run(groupId, () => this.#resumption.end(groupId))
      .then(
        () => {
          this.#backoff.reset();
          this.#resuming.delete(groupId);
        },
        (thrown: unknown) => {
          const level = isCodisError(thrown, "LEADERSHIP_LOST") ? "info" : "warn";
          log[level]("promotion.unresumed", messageOf(thrown), { group: groupId, error: thrown });
          clock.after(this.#backoff.nextMs(), () => {
            this.#resuming.delete(groupId);
            this.#resumeLeft();
          });
        },
      )
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}
