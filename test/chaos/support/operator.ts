/**
 * The operator of a chaos run: keeps slots moving between the groups, and meddles with the operations under way
 * (pauses, resumes, cancels with and without roll-back, other speeds). Calls that fail because a dashboard
 * just died are noted and made again later.
 */
import type { V1OperationSummary } from "../../../src/api/v1-operation-schema.ts";
import { messageOf } from "../../../src/base/error.ts";
import type { Random } from "../../support/seed.ts";
import type { ChaosProduct } from "./chaos-product.ts";
import { sleep } from "./fault.ts";
import { isEnded, type OrderedMove, openOperations, startMoves } from "./orders.ts";
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
const PATIENCE_MS = 8_000;
/** Pauses between two meddlings. */
const MEDDLE_MS = { least: 300, range: 2_000 };
/** Keys in a second; 0: as fast as it can. */
const SPEEDS = [0, 300, 1_000, 3_000];
/** Of the orders, those of one slot through the old API. */
const OLD_SHARE = 0.1;
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
        const [first] = moves;
        if (first !== undefined && this.#options.random.chance(OLD_SHARE)) {
          const { topom } = await this.#leader();
          await topom.createSlotAction(first.slotId, first.groupId);
          this.#note(`slot ${first.slotId} is ordered to group ${first.groupId} as Codis does`);
          return;
        }
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
        const open = await openOperations(leader);
        if (open.length > 0) {
          await this.#meddleWith(random.pick(open));
        }
      });
    }
  }

  /** Waits until no operation is open; paused ones go on. Rejects when one is stuck. */
  async finish(ms: number): Promise<void> {
    const endsAt = performance.now() + ms;
    let open: readonly V1OperationSummary[] = [];
    let problem = "no dashboard answered";
    while (performance.now() < endsAt) {
      await this.#try("finish", async () => {
        const leader = await this.#leader();
        open = (await this.#look()).filter((one) => !isEnded(one));
        problem = open.map((one) => `${one.id} is ${one.state}: ${one.reason}`).join("; ");
        for (const one of open) {
          if (one.state === "paused") {
            await leader.v1.resumeOperation(one.id);
          }
          await leader.v1.updateOperation(one.id, { keys_per_second: 0 });
        }
      });
      if (problem === "") {
        return;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`operations don't end within ${ms} ms: ${problem}`);
  }

  async #meddleWith(operation: V1OperationSummary): Promise<void> {
    const { random, timeline } = this.#options;
    const { v1 } = await this.#leader();
    const { id } = operation;
    const changeSpeed = () => v1.updateOperation(id, { keys_per_second: random.pick(SPEEDS) });
    const deeds: readonly (readonly [string, () => Promise<unknown>])[] = [
      [
        "pause",
        async () => {
          await v1.pauseOperation(id);
          await sleep(random.below(1_500));
          await (await this.#leader()).v1.resumeOperation(id);
        },
      ],
      ["cancel", () => v1.cancelOperation(id)],
      ["roll back", () => v1.cancelOperation(id, { rollback: true })],
      ["change the speed", changeSpeed],
      ["change the speed", changeSpeed],
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

  async #look(): Promise<readonly V1OperationSummary[]> {
    const operations = await (await this.#leader()).v1.operations();
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
