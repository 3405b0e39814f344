/**
 * A dashboard that is killed at the n-th write to its coordinator, or at the n-th push to a proxy, while slots
 * move under clients; n through all of them. Another one takes over each time, and the move ends without help.
 */
import { waitFor } from "../../support/deadline.ts";
import { Random } from "../../support/seed.ts";
import { ChaosProduct, SLOT_COUNT } from "./chaos-product.ts";
import { check } from "./checker.ts";
import { sleep } from "./fault.ts";
import { History } from "./history.ts";
import { KillTraps, type Trap } from "./kill-trap.ts";
import { openOperations, startMoves } from "./orders.ts";
import { readServers } from "./snapshot.ts";
import { Timeline } from "./timeline.ts";
import { Workload } from "./workload.ts";

/** What the dashboard is killed at. */
export const STEP_PATTERNS = {
  write: /^POST \/v3\/kv\/txn /m,
  push: /^(?:PUT|POST) \/api\/proxy\/(?:fillslots|start)\b/m,
} as const;

/** What to run. */
export interface StepKillOptions {
  readonly seed: number;
  readonly step: keyof typeof STEP_PATTERNS;
  readonly phase: Trap["phase"];
  /** At most so many kills, for a bound. */
  readonly killsMax: number;
}

/** How it ended. */
export interface StepKillResult {
  /** Moves that were interrupted, each one step later. */
  readonly kills: number;
  readonly operations: number;
  readonly problems: readonly string[];
}

const CLIENTS = 6;
const FILLERS = 300;
const SLOTS = 3;
const PAUSE_MS = 20;
const MOVE_MS = 40_000;
const START_TRIES_MS = 20_000;
const TOLERANCE_MS = 3_000;
const LOG_LINES = 60;

/** See the file head. */
export async function runStepKills(options: StepKillOptions): Promise<StepKillResult> {
  const traps = new KillTraps();
  const product = await ChaosProduct.start({ groups: 2, coordinator: "etcd", traps });
  try {
    return await new StepKillRun(product, traps, options).run();
  } finally {
    await product.stop();
    await traps.close();
  }
}

class StepKillRun {
  readonly #product: ChaosProduct;
  readonly #traps: KillTraps;
  readonly #options: StepKillOptions;
  readonly #history = new History();
  readonly #timeline = new Timeline(() => this.#history.now());
  readonly #workload: Workload;
  readonly #slotIds = new Set<number>();
  readonly #problems: string[] = [];
  #kills = 0;

  constructor(product: ChaosProduct, traps: KillTraps, options: StepKillOptions) {
    this.#product = product;
    this.#traps = traps;
    this.#options = options;
    const random = new Random(options.seed);
    while (this.#slotIds.size < SLOTS) {
      this.#slotIds.add(random.below(SLOT_COUNT));
    }
    this.#workload = new Workload(this.#history, {
      seed: options.seed,
      ports: product.ports,
      clients: CLIENTS,
      slotCount: SLOT_COUNT,
      slotIds: this.#slotIds,
      fillers: FILLERS,
      pauseMs: PAUSE_MS,
    });
  }

  async run(): Promise<StepKillResult> {
    await this.#workload.load();
    const working = this.#workload.run();
    try {
      let isOver = false;
      for (let at = 1; !isOver && at <= this.#options.killsMax; at += 1) {
        isOver = !(await this.#interruptAt(at));
      }
      if (!isOver) {
        this.#problems.push(`there is no end of steps after ${this.#options.killsMax} kills`);
      }
    } catch (thrown) {
      this.#problems.push(String(thrown), String((thrown as Error).cause ?? ""));
    } finally {
      this.#workload.stop();
    }
    await working;
    await this.#compare();
    this.#workload.close();
    return {
      kills: this.#kills,
      operations: this.#history.operations,
      problems:
        this.#problems.length === 0
          ? []
          : [...this.#problems, this.#timeline.show(), this.#product.logs(LOG_LINES)],
    };
  }

  /** One move to the other group; false: it was over before its n-th step, so nothing was killed. */
  async #interruptAt(at: number): Promise<boolean> {
    const { step, phase } = this.#options;
    const targetId = (at % 2) + 1;
    await waitFor("a dashboard without problems", MOVE_MS, async () => {
      await this.#product.whenWell();
      return true;
    });
    const leader = await this.#product.leader();
    let killed: Promise<void> | undefined;
    this.#traps.set({
      pattern: STEP_PATTERNS[step],
      at,
      phase,
      kill: () => {
        process.kill(leader.pid, "SIGKILL");
        killed = this.#product.killDashboard(leader);
      },
    });
    this.#timeline.note(`to group ${targetId}, with a kill ${phase} ${step} ${at}`);
    await this.#moveAll(targetId);
    if (this.#traps.clear()) {
      return false;
    }
    await killed;
    this.#kills += 1;
    await this.#product.addDashboard("started");
    return true;
  }

  /** Orders the move until a dashboard has it or it is done, and waits until all is there. */
  async #moveAll(groupId: number): Promise<void> {
    await waitFor("an order that is accepted", START_TRIES_MS, async () => {
      const leader = await this.#product.leader();
      const { groupIds, moving } = await this.#product.owners();
      const left = [...this.#slotIds].filter((id) => groupIds[id] !== groupId);
      const open = await openOperations(leader);
      if (left.length > 0 && open.length === 0 && moving.length === 0) {
        await startMoves(
          leader,
          left.map((slotId) => ({ slotId, groupId })),
          0,
        );
      }
      return true;
    });
    await waitFor(`end of the move to group ${groupId}`, MOVE_MS, async () => {
      const leader = await this.#product.leader();
      const open = await openOperations(leader);
      const { groupIds, moving } = await this.#product.owners();
      const isThere = [...this.#slotIds].every((id) => groupIds[id] === groupId);
      if (!isThere || moving.length > 0 || open.length > 0) {
        throw new Error(`open: ${JSON.stringify(open)}, moving: ${moving.join()}`);
      }
      return true;
    });
  }

  async #compare(): Promise<void> {
    await sleep(2_000);
    const { groupIds } = await this.#product.owners();
    const now = (): number => this.#history.now();
    const fromMs = now();
    const copies = await readServers(this.#product.servers, now);
    const final = {
      copies,
      fromMs,
      toMs: now(),
      slotCount: SLOT_COUNT,
      ownerOf: (slotId: number) => groupIds[slotId] ?? 0,
    };
    for (const { kind, text } of check(this.#history, final, TOLERANCE_MS)) {
      this.#problems.push(`${kind}: ${text}`);
    }
    this.#problems.push(...this.#workload.forbidden);
  }
}
