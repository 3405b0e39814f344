/**
 * The operator of a chaos run: keeps slots moving between the groups, and meddles with the operations under way
 * (pauses, resumes, cancels with and without roll-back, other speeds). Calls that fail because a dashboard
 * just died are noted and made again later.
 */
import { messageOf } from "../../../src/base/error.ts";
import type { Random } from "../../support/seed.ts";
import type { ChaosProduct } from "./chaos-product.ts";
import { sleep } from "./fault.ts";
import {
  cancel,
  isEnded,
  listOperations,
  type OrderedMove,
  pause,
  resume,
  type SeenOperation,
  setSpeed,
  startMoves,
} from "./orders.ts";
import type { Timeline } from "./timeline.ts";

/** What an operator works with. */
export interface OperatorOptions {
  readonly product: ChaosProduct;
  readonly random: Random;
  readonly timeline: Timeline;
  /** Slots that are moved. */
  readonly slotIds: readonly number[];
}

const POLL_MS = 200;
/** An operation under faults is let alone so long before another is started behind it. */
const PATIENCE_MS = 15_000;
/** Pauses between two meddlings. */
const MEDDLE_MS = { least: 300, range: 2_000 };
/** Keys in a second; 0: as fast as it can. */
const SPEEDS = [0, 300, 1_000, 3_000];
const SHOWN_MAX = 200;

/** See the file head. */
export class Operator {
  readonly #options: OperatorOptions;
  #isStopped = false;
  /** Operations that were seen to end. */
  readonly ended = new Map<string, string>();

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Starts one operation after another until it is stopped. */
  async move(): Promise<void> {
    while (!this.#isStopped) {
      const isStarted = await this.#try("start moves", async () => {
        const moves = await this.#chooseMoves();
        const speed = this.#options.random.pick(SPEEDS);
        const operation = await startMoves(await this.#leader(), moves, speed);
        this.#options.timeline.count("operations started");
        this.#note(`${operation.id} moves ${moves.length} slots, ${speed} keys/s`);
      });
      await (isStarted ? this.#waitForEnd(PATIENCE_MS) : sleep(POLL_MS));
    }
  }

  /** Meddles with what runs until it is stopped. */
  async meddle(): Promise<void> {
    const { random } = this.#options;
    while (!this.#isStopped) {
      await sleep(MEDDLE_MS.least + random.below(MEDDLE_MS.range));
      await this.#try("meddle", async () => {
        const leader = await this.#leader();
        const open = (await listOperations(leader)).filter((one) => !isEnded(one));
        if (open.length > 0) {
          await this.#meddleWith(random.pick(open));
        }
      });
    }
  }

  /** Waits until no operation is open; paused ones go on. Rejects when one is stuck. */
  async finish(ms: number): Promise<void> {
    const endsAt = performance.now() + ms;
    let open: readonly SeenOperation[] = [];
    let problem = "no dashboard answered";
    while (performance.now() < endsAt) {
      await this.#try("finish", async () => {
        const leader = await this.#leader();
        open = (await this.#look()).filter((one) => !isEnded(one));
        problem = open.map((one) => `${one.id} is ${one.state}: ${one.reason}`).join("; ");
        for (const one of open) {
          if (one.state === "paused") {
            await resume(leader, one.id);
          }
          await setSpeed(leader, one.id, 0);
        }
      });
      if (problem === "") {
        return;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`operations don't end within ${ms} ms: ${problem}`);
  }

  async #meddleWith(operation: SeenOperation): Promise<void> {
    const { random, timeline } = this.#options;
    const leader = await this.#leader();
    const { id } = operation;
    const deeds: readonly (readonly [string, () => Promise<void>])[] = [
      [
        "pause",
        async () => {
          await pause(leader, id);
          await sleep(random.below(1_500));
          await resume(await this.#leader(), id);
        },
      ],
      ["cancel", () => cancel(leader, id, false)],
      ["roll back", () => cancel(leader, id, true)],
      ["change the speed", () => setSpeed(leader, id, random.pick(SPEEDS))],
      ["change the speed", () => setSpeed(leader, id, random.pick(SPEEDS))],
    ];
    const [name, deed] = random.pick(deeds);
    this.#note(`${name}: ${id}`);
    timeline.count(name);
    await deed();
  }

  /** Some of the slots, each to another group than its own. */
  async #chooseMoves(): Promise<readonly OrderedMove[]> {
    const { product, random, slotIds } = this.#options;
    const { groupIds, moving } = await product.owners();
    const all = product.servers.map(({ groupId }) => groupId);
    const count = 1 + random.below(slotIds.length);
    const start = random.below(slotIds.length);
    const chosen = Array.from(
      { length: count },
      (_, index) => slotIds[(start + index) % slotIds.length] ?? 0,
    );
    const isDrain = random.chance(0.3);
    const target = random.pick(all);
    return chosen
      .filter((slotId) => !moving.includes(slotId))
      .map((slotId) => {
        const others = all.filter((groupId) => groupId !== groupIds[slotId]);
        return { slotId, groupId: isDrain ? target : random.pick(others) };
      })
      .filter(({ slotId, groupId }) => groupIds[slotId] !== groupId);
  }

  async #waitForEnd(ms: number): Promise<void> {
    const endsAt = performance.now() + ms;
    let isOpen = true;
    while (isOpen && !this.#isStopped && performance.now() < endsAt) {
      await sleep(POLL_MS);
      await this.#try("list operations", async () => {
        isOpen = (await this.#look()).some((one) => !isEnded(one));
      });
    }
  }

  async #look(): Promise<readonly SeenOperation[]> {
    const operations = await listOperations(await this.#leader());
    for (const one of operations) {
      if (isEnded(one) && !this.ended.has(one.id)) {
        this.ended.set(one.id, one.state);
        this.#note(`${one.id} is ${one.state}`);
        this.#options.timeline.count(`operations ${one.state}`);
      }
    }
    return operations;
  }

  #leader() {
    return this.#options.product.leader();
  }

  #note(text: string): void {
    this.#options.timeline.note(text);
  }

  /** False when it failed, which is noted. */
  async #try(what: string, run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (thrown) {
      this.#note(`${what} failed: ${messageOf(thrown).slice(0, SHOWN_MAX)}`);
      this.#options.timeline.count(`failed: ${what}`);
      return false;
    }
  }
}
