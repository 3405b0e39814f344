/**
 * One chaos run: clients work, slots move, faults happen; then everything comes to rest, and the checker holds
 * what the servers have against what the clients were told. Nothing is repaired by hand.
 */
import { messageOf } from "../../../src/base/error.ts";
import { waitFor } from "../../support/deadline.ts";
import { Random } from "../../support/seed.ts";
import { ChaosProduct, SLOT_COUNT } from "./chaos-product.ts";
import { check } from "./checker.ts";
import { COORDINATOR_FAULT, type Fault, PROCESS_FAULTS, REPLICA_FAULT, sleep } from "./fault.ts";
import { History } from "./history.ts";
import { Operator } from "./operator.ts";
import { openOperations } from "./orders.ts";
import { type Copy, readServers } from "./snapshot.ts";
import { loseLastSecond } from "./stale-source.ts";
import { Timeline } from "./timeline.ts";
import { TRANSFER_FAULTS } from "./transfer-fault.ts";
import { Workload } from "./workload.ts";

/** What to run. */
export interface ChaosRunOptions {
  readonly seed: number;
  /** Time under faults. */
  readonly ms: number;
  readonly coordinator: "filesystem" | "etcd";
  readonly groups: number;
  /** Of those, the ones with a replica. */
  readonly replicatedGroups: readonly number[];
  readonly clients: number;
  readonly pauseMs: number;
  readonly fillers: number;
  /** Slots that hold keys and are moved. */
  readonly slots: number;
  /** Names of faults of processes to choose from; default is all. */
  readonly faults?: readonly string[];
  /** Longer than `leaseMs`, which is the lease of a leader. */
  readonly freezeMs: number;
  readonly leaseMs: number;
  /** Pause between two faults of one kind: at most so long. */
  readonly restMs: number;
  /** Has a server lose its last second, at the end. */
  readonly losesSecond: boolean;
  /** Nothing fails and nothing moves: what the clients do alone. */
  readonly isQuiet?: boolean;
  /** Called before the servers are compared: a test of the checker harms them. */
  readonly sabotage?: (product: ChaosProduct) => Promise<void>;
}

/** How a run ended. */
export interface ChaosResult {
  readonly operations: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly keys: number;
  readonly checkedMs: number;
  /** Everything that was wrong, with all that is needed to understand it; empty when all was right. */
  readonly problems: readonly string[];
}

/**
 * From the last fault until all operations are over; clients are served; all is at rest. The first two are bounds for
 * what is stuck, not for what is slow on a machine that others use as well.
 */
const FINISH_MS = 180_000;
const SERVED_MS = 60_000;
const REST_MS = 2_000;
/** Answers that each client must get after the last fault. */
const SERVED_TIMES = 3;
/** TTLs: the duration of a MIGRATE that isn't cut, on a busy machine; a freeze or a delay comes to it. */
const TOLERANCE_MS = 1_000;
/** Longest time that a fault keeps a MIGRATE. */
const DELAY_MS = 4_000;
const PROBLEMS_SHOWN = 5;
const LOG_LINES = 60;

/** Runs it to its end. */
export async function runChaos(options: ChaosRunOptions): Promise<ChaosResult> {
  const product = await ChaosProduct.start(options);
  try {
    return await new ChaosRun(product, options).run();
  } finally {
    await product.stop();
  }
}

class ChaosRun {
  readonly #product: ChaosProduct;
  readonly #options: ChaosRunOptions;
  readonly #history = new History();
  readonly #timeline = new Timeline(() => this.#history.now());
  readonly #workload: Workload;
  readonly #operator: Operator;
  readonly #problems: string[] = [];
  #endsAt = 0;

  constructor(product: ChaosProduct, options: ChaosRunOptions) {
    this.#product = product;
    this.#options = options;
    const random = new Random(options.seed);
    const slotIds = new Set<number>();
    while (slotIds.size < options.slots) {
      slotIds.add(random.below(SLOT_COUNT));
    }
    this.#workload = new Workload(this.#history, {
      ...options,
      ports: product.ports,
      slotCount: SLOT_COUNT,
      slotIds,
    });
    this.#operator = new Operator({
      product,
      random: this.#random(1),
      timeline: this.#timeline,
      slotIds: [...slotIds],
    });
  }

  async run(): Promise<ChaosResult> {
    await this.#workload.load();
    this.#timeline.note(`${this.#options.fillers} keys are loaded`);
    const working = this.#workload.run();
    try {
      await this.#provoke();
      await this.#settle();
    } finally {
      this.#workload.stop();
    }
    await working;
    await this.#check("whether the product is well", () => this.#product.whenWell());
    await sleep(REST_MS);
    await this.#options.sabotage?.(this.#product);
    let compared = { keys: 0, checkedMs: 0 };
    await this.#check("the comparison", async () => {
      compared = await this.#compare();
    });
    this.#workload.close();
    return {
      operations: this.#history.operations,
      errors: this.#workload.errors,
      counts: this.#timeline.counts(),
      ...compared,
      problems: this.#report(),
    };
  }

  /** Faults and moves until the time is over. */
  async #provoke(): Promise<void> {
    this.#endsAt = performance.now() + this.#options.ms;
    if (this.#options.isQuiet === true) {
      await sleep(this.#options.ms);
      return;
    }
    const isMeant = ({ name }: Fault): boolean =>
      (this.#options.faults?.includes(name) ?? true) &&
      (name !== REPLICA_FAULT || this.#product.replicas.length > 0);
    const ofProcesses = PROCESS_FAULTS.filter(isMeant);
    const isOnEtcd = this.#product.etcd !== undefined;
    const faults = isOnEtcd ? [...ofProcesses, COORDINATOR_FAULT] : ofProcesses;
    const moving = Promise.all([this.#operator.move(), this.#operator.meddle()]);
    await Promise.all([
      this.#injectAll(faults, this.#random(2)),
      this.#injectAll(TRANSFER_FAULTS, this.#random(3)),
    ]);
    await sleep(Math.max(0, this.#endsAt - performance.now()));
    this.#operator.stop();
    await moving;
  }

  /** One fault after another, each kind once before any comes again. */
  async #injectAll(faults: readonly Fault[], random: Random): Promise<void> {
    let left: Fault[] = [];
    while (performance.now() < this.#endsAt && faults.length > 0) {
      await sleep(random.below(this.#options.restMs));
      left = left.length === 0 ? [...faults] : left;
      const [fault] = left.splice(random.below(left.length), 1);
      if (fault === undefined || performance.now() >= this.#endsAt) {
        return;
      }
      this.#timeline.count(fault.name);
      await this.#check(fault.name, () =>
        fault.run({
          product: this.#product,
          random,
          timeline: this.#timeline,
          freezeMs: this.#options.freezeMs,
          deleteKeys: (keys) => this.#workload.deleteKeys(keys),
        }),
      );
    }
  }

  /** Without more faults all operations end and all clients are served. */
  async #settle(): Promise<void> {
    this.#timeline.note("no more faults");
    if (this.#options.isQuiet !== true) {
      await this.#check("end of all operations", () => this.#operator.finish(FINISH_MS));
    }
    if (this.#options.losesSecond && this.#problems.length === 0) {
      await this.#check("a source that lost its last second", () =>
        loseLastSecond(this.#product, this.#timeline),
      );
    }
    const before = this.#workload.answered();
    await this.#check("service for all clients", () =>
      waitFor("answers to every client", SERVED_MS, () => {
        const now = this.#workload.answered();
        const isServed = [...now].every(
          ([name, count]) => count >= (before.get(name) ?? 0) + SERVED_TIMES,
        );
        return isServed && now.size === this.#options.clients ? true : undefined;
      }),
    );
  }

  /** Holds the servers against the logs. */
  async #compare(): Promise<{ readonly keys: number; readonly checkedMs: number }> {
    // The leader may change, as long as a machine may stand still.
    const open = await waitFor("all operations", SERVED_MS, async () =>
      openOperations(await this.#product.leader()),
    );
    const { groupIds, moving } = await waitFor("all slots", SERVED_MS, () =>
      this.#product.owners(),
    );
    if (moving.length > 0 || open.length > 0) {
      // Keys that move while servers are read, one after another, would look lost or doubled.
      const ids = open.map(({ id }) => id);
      throw new Error(`slots ${moving.join(",")} still move, operations ${ids.join(",")} are open`);
    }
    const now = (): number => this.#history.now();
    const fromMs = now();
    const copies = await readServers(this.#product.servers, now);
    const toMs = now();
    await sleep(REST_MS);
    const later = await readServers(this.#product.servers, now);
    this.#problems.push(...findNew(copies, later));
    const startedAt = performance.now();
    const final = {
      copies,
      fromMs,
      toMs,
      slotCount: SLOT_COUNT,
      ownerOf: (slotId: number) => groupIds[slotId] ?? 0,
    };
    const toleranceMs = TOLERANCE_MS + this.#options.freezeMs + DELAY_MS;
    for (const { kind, text } of check(this.#history, final, toleranceMs)) {
      this.#problems.push(`${kind}: ${text}`);
    }
    this.#problems.push(
      ...this.#workload.forbidden.map((line) => `an error that no client may see: ${line}`),
    );
    return { keys: copies.length, checkedMs: Math.round(performance.now() - startedAt) };
  }

  #report(): readonly string[] {
    if (this.#problems.length === 0) {
      return [];
    }
    return [
      `seed ${this.#options.seed}: ${this.#problems.length} problems, ` +
        `the first ${PROBLEMS_SHOWN} of them; after them the timeline and the ends of the logs`,
      ...this.#problems.slice(0, PROBLEMS_SHOWN),
      this.#timeline.show(),
      this.#product.logs(LOG_LINES),
    ];
  }

  /** A failure is a problem, and the run goes on. */
  async #check(what: string, run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      const cause = thrown instanceof Error ? thrown.cause : undefined;
      const why = cause === undefined ? "" : ` (${messageOf(cause)})`;
      this.#problems.push(`${what}: ${messageOf(thrown)}${why}`);
      this.#timeline.note(`problem with ${what}: ${messageOf(thrown)}${why}`);
    }
  }

  #random(part: number): Random {
    return new Random(this.#options.seed * 16 + part);
  }
}

/** Keys that came to a server although nobody writes any more. */
function findNew(copies: readonly Copy[], later: readonly Copy[]): readonly string[] {
  const nameOf = ({ groupId, db, key }: Copy): string => `group ${groupId}, database ${db}: ${key}`;
  const known = new Set(copies.map(nameOf));
  return later
    .filter((copy) => !known.has(nameOf(copy)))
    .map((copy) => `a key came when nobody wrote any more: ${nameOf(copy)}`);
}
