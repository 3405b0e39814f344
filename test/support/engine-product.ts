/**
 * A product for tests of the migration engine, in memory: the stored topology, proxies that confirm what they are
 * told (or don't), and movers that say when slots are empty. Every step is written down in order, and a dashboard
 * can be stopped at any of them, as by kill -9: from then on nothing that it does has an effect.
 */

import { CodisError } from "../../src/base/error.ts";
import { silentLog } from "../../src/base/log.ts";
import type { PushReport } from "../../src/dashboard/control.ts";
import type {
  DirectionWait,
  EngineEvents,
  MigrationPolicy,
  Mover,
} from "../../src/dashboard/migration/contract.ts";
import { Engine } from "../../src/dashboard/migration/engine.ts";
import type { Pair } from "../../src/dashboard/migration/pair.ts";
import { createSlotActions } from "../../src/model/change/slot.ts";
import { FORWARD_METHOD, type SlotRecord } from "../../src/model/slot.ts";
import { viewSlot } from "../../src/model/slot-view.ts";
import type { Topology } from "../../src/model/topology/topology.ts";
import { sampleTopology } from "./topology-sample.ts";

/** A step that a dashboard never came back from. */
const NEVER = new Promise<never>(() => undefined);

/** What proxies hold, what is stored, and all that happened. */
export class EngineProduct {
  topology: Topology = sampleTopology();
  /** `commit slots 1,2: hold`, `push`, `mover add 1,2`, … of all dashboards, in order. */
  readonly steps: string[] = [];
  /** Tokens of proxies that don't confirm. */
  readonly silent = new Set<string>();
  /** What each proxy has confirmed last, by token. */
  readonly tables = new Map<string, Map<number, SlotRecord>>();
  /** What went wrong with the rules of the state machine; must stay empty. */
  readonly violations: string[] = [];
  readonly left = new Map<number, Set<number>>();
  readonly holds: (readonly number[])[] = [];
  readonly arrived: number[] = [];
  readonly troubles: (string | undefined)[] = [];
  /** What each round told of slots that wait for other directions. */
  readonly waits: (readonly DirectionWait[])[] = [];
  /** Reasons for which `checkPair` rejects. */
  pairProblem: string | undefined;
  /** The mover says that slots are empty as soon as it gets them. */
  isMoverQuick = true;
  readonly movers: FakeMover[] = [];
  runId = "run-1";
  /** Grows whenever a server of the pair is started again. */
  serverRuns = 1;
  /** So often a transfer is in doubt while slots are held to go back. */
  doubts = 0;
  /** Waited for in each search for duplicates; ends early when the mover is closed. */
  duplicateSearch: Promise<void> = Promise.resolve();
  parallelSlots = 100;
  /** Dashboards so far. */
  lives = 0;
  paused = new Set<number>();
  /** Waited for in each look at a pair. */
  onCheck: (pair: Pair, signal: AbortSignal) => Promise<void> = async () => undefined;
  /** Called with each step before it is done; may throw, and then it isn't done. */
  onStep: (text: string) => void = () => undefined;
  readonly proxies = ["proxy-1", "proxy-2"];

  /** Orders that slots move. */
  order(slotIds: readonly number[], groupId: number): void {
    const targets = slotIds.map((id) => ({ id, groupId }));
    this.topology = createSlotActions(this.topology, targets);
  }

  stateOf(id: number): string {
    return this.topology.slots[id]?.action.state ?? "";
  }

  ownerOf(id: number): number {
    return this.topology.slots[id]?.groupId ?? 0;
  }

  /** Everybody has the same table, but for those that are silent. */
  push(): PushReport {
    const synced: string[] = [];
    const failed: { token: string; reason: string }[] = [];
    for (const token of this.proxies) {
      if (this.silent.has(token)) {
        failed.push({ token, reason: `${token} doesn't answer` });
        continue;
      }
      const viewer = { datacenter: "", host: "", forwardMethod: 1, moveMethod: 2 } as const;
      const table = new Map<number, SlotRecord>();
      for (const { id } of this.topology.slots) {
        const view = viewSlot(this.topology, id, viewer);
        if (view !== undefined) {
          table.set(id, view);
        }
      }
      this.tables.set(token, table);
      synced.push(token);
    }
    this.#checkTables();
    return { synced, failed };
  }

  /** No two proxies may ever serve one slot from different servers. */
  #checkTables(): void {
    for (const { id } of this.topology.slots) {
      const served = new Set<string>();
      for (const table of this.tables.values()) {
        const view = table.get(id);
        if (view !== undefined && !view.locked) {
          served.add(view.backendAddr);
        }
      }
      if (served.size > 1) {
        this.violations.push(`slot ${id} is served from ${[...served].join(" and ")}`);
      }
    }
  }

  /** Every proxy has confirmed that it moves keys of the slot on access, if there are any. */
  isOpenEverywhere(id: number): boolean {
    return this.proxies.every((token) => {
      const view = this.tables.get(token)?.get(id);
      const hasSource = view?.migrateFrom !== "" || this.ownerOf(id) === 0;
      return view !== undefined && !view.locked && hasSource;
    });
  }

  /** No proxy sends a command to the source: each holds the slot, or sends to the target. */
  isSourceIdle(id: number): boolean {
    return this.proxies.every((token) => this.tables.get(token)?.get(id)?.migrateFrom !== "");
  }

  /** A dashboard; dies with its step number `dieAt` (counted from 1; never by default). */
  start(dieAt = Number.POSITIVE_INFINITY): StartedEngine {
    return new StartedEngine(this, dieAt);
  }
}

/** One life of a dashboard. */
export class StartedEngine {
  readonly engine: Engine;
  readonly #product: EngineProduct;
  readonly #dieAt: number;
  readonly #listeners = new Set<(topology: Topology) => void>();
  stepCount = 0;
  isDead = false;
  isCut = true;

  constructor(product: EngineProduct, dieAt: number) {
    this.#product = product;
    this.#dieAt = dieAt;
    // The second leader has to cut the movers of the first.
    this.isCut = product.lives === 0;
    product.lives += 1;
    // A new leader begins with what is stored: nothing is handed over.
    product.topology = {
      ...product.topology,
      handover: new Map(),
      revision: product.topology.revision + 1,
    };
    product.push();
    const policy: MigrationPolicy = {
      runnable: () =>
        product.topology.slots
          .filter(({ id, action }) => action.state !== "" && !product.paused.has(id))
          .toSorted((one, other) => one.action.index - other.action.index)
          .map(({ id }) => id),
      pace: { take: () => 0 },
      mayProxiesMove: () => true,
      bigKeyRule: () => "move",
    };
    this.engine = new Engine({
      topology: {
        snapshot: () => product.topology,
        commit: (name, change) => this.#commit(name, change),
        onChange: (listener) => {
          this.#listeners.add(listener as (topology: Topology) => void);
          return () => this.#listeners.delete(listener as (topology: Topology) => void);
        },
      },
      whenSynced: async () => {
        await this.#step("push");
        return product.push();
      },
      preflight: {
        checkProxies: async () => undefined,
        checkMethods: () => undefined,
        checkPair: async ({ pair, signal }) => {
          await this.#step("check");
          await Promise.race([product.onCheck(pair, signal), rejectAt(signal)]);
          if (product.pairProblem !== undefined) {
            throw new CodisError("STATE_CONFLICT", product.pairProblem);
          }
          const ofServers = product.serverRuns;
          return {
            method: FORWARD_METHOD.migrate,
            isCurrent: () => product.serverRuns === ofServers,
            close: () => undefined,
          };
        },
        checkReturn: () => this.#step("check return"),
        forget: () => undefined,
      },
      olderMovers: {
        isCut: () => this.isCut,
        cut: async () => {
          await this.#step("cut older movers");
          this.isCut = true;
        },
        cutAll: async () => undefined,
        cutSoon: () => undefined,
      },
      methods: { of: () => FORWARD_METHOD.migrate, note: async () => undefined },
      left: {
        add: async (groupId, ids) => {
          await this.#step(`left add ${groupId}`);
          const known = product.left.get(groupId) ?? new Set();
          product.left.set(groupId, new Set([...known, ...ids]));
        },
        remove: async (groupId, ids) => {
          await this.#step(`left remove ${groupId}`);
          for (const id of ids) {
            product.left.get(groupId)?.delete(id);
          }
        },
      },
      createMover: (pair, onEmptied) => {
        const mover = new FakeMover(
          product,
          this,
          `${pair.source.addr}>${pair.target.addr}`,
          onEmptied,
        );
        product.movers.push(mover);
        return mover;
      },
      openGuard: async () => {
        const { runId } = product;
        return {
          runId,
          isUnchanged: async () => {
            await this.#step("is it unchanged");
            product.doubts -= 1;
            return product.doubts < 0 && product.runId === runId;
          },
          close: () => undefined,
        };
      },
      policy,
      events: this.#events(),
      parallelSlots: product.parallelSlots,
      password: "",
      log: silentLog,
    });
    this.engine.start();
  }

  /** A change that isn't the engine's. */
  change(change: (topology: Topology) => Topology): void {
    const after = change(this.#product.topology);
    this.#publish({ ...after, revision: after.revision + 1 });
  }

  #publish(topology: Topology): void {
    this.#product.topology = topology;
    for (const listener of this.#listeners) {
      listener(topology);
    }
  }

  /** One step: a dashboard that dies with it never comes back from it. */
  async #step(text: string): Promise<void> {
    this.stepCount += 1;
    if (this.isDead || this.stepCount >= this.#dieAt) {
      this.isDead = true;
      await NEVER;
    }
    this.#product.steps.push(text);
    this.#product.onStep(text);
  }

  async #commit(name: string, change: (topology: Topology) => Topology): Promise<Topology> {
    const product = this.#product;
    const before = product.topology;
    const after = change(before);
    if (after === before) {
      return before;
    }
    await this.#step(`commit ${name}`);
    this.#checkCommit(before, after);
    this.#publish({ ...after, revision: before.revision + 1 });
    return product.topology;
  }

  /** What must be true before a state may be stored. */
  #checkCommit(before: Topology, after: Topology): void {
    const product = this.#product;
    for (const { id, action } of after.slots) {
      const was = before.slots[id]?.action.state;
      if (action.state === was) {
        continue;
      }
      if (action.state === "prepared") {
        const isHeld = product.proxies.every(
          (token) => product.tables.get(token)?.get(id)?.locked === true,
        );
        if (!isHeld) {
          product.violations.push(`slot ${id} is stored as prepared, and not every proxy holds it`);
        }
      }
      if (action.state === "migrating" && !product.isOpenEverywhere(id)) {
        product.violations.push(
          `slot ${id} is stored as migrating, and not every proxy moves on access`,
        );
      }
    }
    // Slots that turn round, or come from that, are held all together.
    const turns = (id: number): boolean =>
      [before, after].some(({ handover }) => handover.get(id) === "turning");
    const forward = [...after.handover.keys()].filter(
      (id) => !turns(id) && before.slots[id]?.action.state !== "prepared",
    );
    if (forward.length > 8) {
      product.violations.push(`${after.handover.size} slots are held together`);
    }
  }

  #events(): EngineEvents {
    const product = this.#product;
    return {
      onMoved: () => undefined,
      onTrouble: () => undefined,
      onStall: () => undefined,
      onRetry: () => undefined,
      onArrived: (id) => void product.arrived.push(id),
      onHold: (_ms, ids) => void product.holds.push(ids),
      onStaleKeys: () => undefined,
      onStepTrouble: (_id, trouble) => void product.troubles.push(trouble?.text),
      onWaits: (waits) => void product.waits.push(waits),
    };
  }
}

/** As a look at servers ends when it is stopped. */
function rejectAt(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("the look was stopped")));
  });
}

/** A mover that empties slots at once, or when it is told. */
export class FakeMover implements Mover {
  readonly pair: string;
  readonly slots = new Set<number>();
  readonly #product: EngineProduct;
  readonly #life: StartedEngine;
  readonly #onEmptied: (slotIds: readonly number[]) => void;
  isClosed = false;
  readonly #closed = Promise.withResolvers<void>();
  removeFailure: Error | undefined;
  isMoreExpected = false;

  constructor(
    product: EngineProduct,
    life: StartedEngine,
    pair: string,
    onEmptied: (slotIds: readonly number[]) => void,
  ) {
    this.#product = product;
    this.#life = life;
    this.pair = pair;
    this.#onEmptied = onEmptied;
  }

  add(slotIds: readonly number[]): void {
    if (!this.#life.isCut) {
      this.#product.violations.push("keys are moved before older movers were cut");
    }
    this.#product.steps.push(`mover add ${slotIds.join(",")}`);
    for (const id of slotIds) {
      this.slots.add(id);
      if (!this.#product.isSourceIdle(id)) {
        this.#product.violations.push(`slot ${id} is moved, and a proxy may use its source`);
      }
    }
    if (this.#product.isMoverQuick) {
      setTimeout(() => this.empty(), 1);
    }
  }

  expectMore(isMore: boolean): void {
    this.isMoreExpected = isMore;
  }

  /** Says that all its slots are empty. */
  empty(): void {
    const ids = [...this.slots];
    this.slots.clear();
    if (ids.length > 0 && !this.#life.isDead && !this.isClosed) {
      this.#onEmptied(ids);
    }
  }

  /** Says so at a time when nobody should believe it any more. */
  sayEmpty(slotIds: readonly number[]): void {
    this.#onEmptied(slotIds);
  }

  async remove(slotIds: readonly number[]): Promise<void> {
    this.#product.steps.push(`mover remove ${slotIds.join(",")}`);
    if (this.removeFailure !== undefined) {
      throw this.removeFailure;
    }
    for (const id of slotIds) {
      this.slots.delete(id);
    }
  }

  async unlinkDuplicates(slotIds: readonly number[]): Promise<{ keys: number; runId: string }> {
    this.#product.steps.push(`mover unlink duplicates ${slotIds.join(",")}`);
    await Promise.race([this.#product.duplicateSearch, this.#closed.promise]);
    if (this.isClosed) {
      throw new Error("the mover was closed");
    }
    return { keys: 3, runId: this.#product.runId };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#closed.resolve();
  }
}
