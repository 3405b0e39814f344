/**
 * What a promotion stands on, in memory: a group of two servers, proxies that confirm or don't, sentinels, and servers
 * that do what they are told. Every step is written down in order, and each may fail once.
 */
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { FailoverStory } from "../../src/dashboard/availability/contract.ts";
import { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import type { PromotionParts } from "../../src/dashboard/availability/promotion/parts.ts";
import type {
  ServerPair,
  StreamPoint,
} from "../../src/dashboard/availability/promotion/server-pair.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { PushReport } from "../../src/dashboard/control.ts";
import type { Failover } from "../../src/model/availability/failover.ts";
import { getGroup } from "../../src/model/topology/guard.ts";
import type { Topology } from "../../src/model/topology/topology.ts";
import { MemoryBook } from "./memory-book.ts";
import { sampleTopology } from "./topology-sample.ts";

const GROUP_ID = 1;
/** What commits are about, by the end of their names. */
const COMMITS = [
  ["hold", "commit hold"],
  ["undone", "commit undone"],
  ["is the master", "commit the master"],
  ["ends", "commit ends"],
] as const;

/** Two servers that do what they are told. */
export class FakeServerPair {
  masterOffset = 1_000;
  replicaOffset = 1_000;
  /** Where the old master's stream ends when it is demoted. */
  endOffset: number | undefined;
  canPause = true;
  isPaused = false;
  readonly #step: (text: string) => void;

  constructor(step: (text: string) => void) {
    this.#step = step;
  }

  prepare = async (): Promise<void> => this.#step("prepare");

  pause = async (): Promise<StreamPoint> => {
    this.#step("pause");
    this.isPaused = this.canPause;
    return { streamId: "s", offset: this.masterOffset };
  };

  replicaPoint = async (): Promise<StreamPoint> => ({ streamId: "s", offset: this.replicaOffset });

  arm = async (): Promise<void> => this.#step("arm");

  demote = async (): Promise<StreamPoint> => {
    this.#step("demote");
    return { streamId: "s", offset: this.endOffset ?? this.masterOffset };
  };

  raise = async (): Promise<void> => this.#step("raise");

  unpause = (): void => this.#step("unpause");

  abandon = async (): Promise<boolean> => {
    this.#step("abandon");
    return true;
  };

  closeSoon = (): void => undefined;
}

/** See the file head. */
export class PromotionStage {
  readonly steps: string[] = [];
  /** Steps that fail, the next time. */
  readonly failures = new Map<string, Error>();
  /** Reasons of proxies that don't confirm. */
  silent: readonly string[] = [];
  onStep: (text: string) => void = () => undefined;
  isClosed = false;
  readonly pair = new FakeServerPair((text) => this.#step(text));
  readonly parts: PromotionParts;
  readonly options = {
    groupId: GROUP_ID,
    // Nobody listens there, and that is known at once.
    from: "127.0.0.1:1",
    to: "127.0.0.1:2",
    isWatched: true,
  };
  readonly #book = new MemoryBook();
  readonly #listeners = new Set<(topology: Topology) => void>();
  #topology: Topology;

  constructor(config: { readonly promotionTimeoutMs?: number } = {}) {
    const sample = sampleTopology();
    const addrs = [this.options.from, this.options.to];
    const groups = new Map(sample.groups);
    const group = getGroup(sample, GROUP_ID);
    const servers = group.servers.map((server, at) => ({ ...server, addr: addrs[at] ?? "" }));
    groups.set(GROUP_ID, { ...group, servers });
    this.#topology = { ...sample, groups };
    const step = async (text: string): Promise<void> => this.#step(text);
    this.parts = {
      config: { ...defaultDashboardConfig(), ...config },
      epoch: 1,
      topology: {
        snapshot: () => this.#topology,
        commit: async (name, change) => this.#commit(name, change),
        onChange: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      whenSynced: async () => this.#sync(),
      confirm: () => step("confirm"),
      serverFigures: () => new Map(),
      proxyFigures: () => new Map(),
      storage: {
        get: async () => undefined,
        readChildren: async () => [],
        write: async () => undefined,
      },
      turns: new GroupTurnTable(),
      log: silentLog,
      clock: systemClock,
      book: this.#book,
      sentinels: {
        isWatched: () => true,
        masterOf: () => undefined,
        release: () => step("release from sentinels"),
        watch: () => step("watch by sentinels"),
      },
      follow: {
        follow: async () => {
          await step("follow");
          return [];
        },
      },
      moving: {
        hold: async (groupId) => {
          await step(`hold slots of group ${groupId}`);
          let isHeld = true;
          return () => {
            if (isHeld) {
              isHeld = false;
              this.#step("let slots go");
            }
          };
        },
      },
      openPair: async () => this.pair as unknown as ServerPair,
    };
  }

  /** A change that isn't the promotion's. */
  change(change: (topology: Topology) => Topology): void {
    this.#publish(change(this.#topology));
  }

  begin(): FailoverStory {
    return this.#book.begin({ ...this.options, kind: "planned" });
  }

  story(): Failover {
    const [story] = this.#book.all();
    if (story === undefined) {
      throw new Error("there is no story");
    }
    return story;
  }

  get master(): string {
    return this.#topology.groups.get(GROUP_ID)?.servers[0]?.addr ?? "";
  }

  get state(): string {
    return this.#topology.groups.get(GROUP_ID)?.promoting.state ?? "";
  }

  #step(text: string): void {
    this.steps.push(text);
    this.onStep(text);
    const failure = this.failures.get(text);
    if (failure !== undefined) {
      this.failures.delete(text);
      throw failure;
    }
  }

  #sync(): PushReport {
    this.#step("sync");
    const failed = this.silent.map((reason) => ({ token: "2", reason }));
    return { synced: ["1"], failed };
  }

  #commit(name: string, change: (topology: Topology) => Topology): Topology {
    const after = change(this.#topology);
    this.#step(COMMITS.find(([end]) => name.endsWith(end))?.[1] ?? "commit promote");
    this.#publish(after);
    return this.#topology;
  }

  #publish(topology: Topology): void {
    this.#topology = { ...topology, revision: topology.revision + 1 };
    for (const listener of this.#listeners) {
      listener(this.#topology);
    }
  }
}
