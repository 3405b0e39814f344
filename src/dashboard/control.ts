/**
 * What the HTTP port of a dashboard needs of the rest: the contract between `dashboard/admin` and the
 * leader of a product (`dashboard/leader.ts`), or a standby, which has no `LeaderControl`.
 *
 * Methods that change something resolve when the change is durable in the coordinator and every proxy that
 * answers has it; a proxy that doesn't answer is left to the repair that runs all the time. They throw
 * `CodisError` with Codis's own text where it has one. A rejected change has changed
 * nothing, but for two: a proxy whose first fill fails is registered all the same, as in Codis, and after
 * COORDINATOR_UNREACHABLE all or nothing of the change was stored.
 */
import type { CommandStatsJson, ProxyStatsJson } from "../api/proxy-stats.ts";
import type { Failover } from "../model/availability/failover.ts";
import type { ProxyFence } from "../model/availability/fence.ts";
import type { PromotionPlan } from "../model/availability/promotion.ts";
import type { RepairReport, ReplicationFault } from "../model/availability/replication.ts";
import type { SlotTarget } from "../model/change/slot.ts";
import type { DashboardModel } from "../model/dashboard-model.ts";
import type { Operation, SpeedChange } from "../model/operation/operation.ts";
import type { Plan, PlanRequest } from "../model/operation/plan.ts";
import type { ProxyModel } from "../model/proxy-model.ts";
import type { SlotRecord } from "../model/slot.ts";
import type { Topology } from "../model/topology/topology.ts";
import type { SlotAbility } from "../redis/slot-ability.ts";

/** `starting`: waits for the coordinator. `standby`: another dashboard leads. `closed`: for good. */
export type DashboardState = "starting" | "standby" | "leader" | "closed";

/** Outcome of the last look at a server. */
export interface ServerFigures {
  readonly addr: string;
  /** INFO as one flat record, and `maxmemory` of CONFIG GET; undefined when the last look failed. */
  readonly info: Readonly<Record<string, string>> | undefined;
  /** One line; undefined when all is well. */
  readonly error: string | undefined;
  readonly isTimedOut: boolean;
  /** Wall clock of the answer or failure, milliseconds. */
  readonly atMs: number;
  /** FUNCTION libraries, name -> digest of its code; undefined when it can't have any or wasn't asked yet. */
  readonly functions?: Readonly<Record<string, string>> | undefined;
  /** Slot commands of codis-server that it has; undefined when the last look failed. */
  readonly slotCommands?: SlotAbility | undefined;
}

/** What a proxy counts beside the statistics of Codis, since its start. */
export interface ProxyCounts {
  readonly commands: readonly CommandStatsJson[];
  /** Of their latencies; another one than `LATENCY_LAYOUT` can't be read. */
  readonly layout: string | undefined;
  /** From and to clients. */
  readonly bytes: { readonly in: number; readonly out: number } | undefined;
  /** Keys that it moved on access; undefined: an older one, which doesn't tell. */
  readonly movedKeys?: number | undefined;
}

/** Outcome of the last look at a proxy. */
export interface ProxyFigures {
  readonly token: string;
  /** As Codis's dashboard gets them. */
  readonly stats: ProxyStatsJson | undefined;
  /** undefined: the look failed, or an original proxy, which doesn't tell. */
  readonly counts?: ProxyCounts | undefined;
  readonly error: string | undefined;
  readonly isTimedOut: boolean;
  readonly atMs: number;
  /**
   * `synced`: it has the newest slots. `pending`: a push is under way or will be tried again. `unknown`: an
   * original proxy, which doesn't tell. `unreachable`: it doesn't answer.
   */
  readonly table: "synced" | "pending" | "unknown" | "unreachable";
  /** Revision of the slots that it confirmed last; undefined before the first. */
  readonly revision: number | undefined;
  /** It can't write (`ProxyFence`), and nobody waits for it. */
  readonly isFenced?: boolean;
}

/** A master as a sentinel sees it, and its replicas: the fields of SENTINEL MASTERS and SENTINEL REPLICAS. */
export interface SentinelGroup {
  readonly master: Readonly<Record<string, string>>;
  readonly slaves: readonly Readonly<Record<string, string>>[];
}

/** Outcome of the last look at a sentinel. */
export interface SentinelFigures {
  readonly addr: string;
  /** INFO as one flat record; undefined when the last look failed. */
  readonly info: Readonly<Record<string, string>> | undefined;
  /** Groups of this product that it watches, by master name; undefined when the last look failed. */
  readonly groups: Readonly<Record<string, SentinelGroup>> | undefined;
  /** One line; undefined when all is well. */
  readonly error: string | undefined;
  readonly isTimedOut: boolean;
  /** Wall clock of the answer or failure, milliseconds. */
  readonly atMs: number;
}

/** A slot to give to a group by force; `groupId` 0 takes it offline. */
export interface SlotAssignment {
  readonly id: number;
  readonly groupId: number;
}

/** Outcome of a resync or another push to everybody. */
export interface PushReport {
  /** Tokens of proxies that have the newest slots. */
  readonly synced: readonly string[];
  /** Proxies that don't have them yet, each with the reason. */
  readonly failed: readonly { readonly token: string; readonly reason: string }[];
}

/** How a server may be added. */
export interface AddServerOptions {
  readonly datacenter: string;
  /** Make it a replica of the group's master at once, if the group has one. Codis leaves that to a sync action. */
  readonly asReplica: boolean;
  /**
   * Take a master that holds keys, although its group doesn't own their slots; only while all slots of the
   * product are offline. The way in for data that exist already: see `group/check-server.ts`.
   */
  readonly adopt?: boolean;
  /** Take a replica that holds keys of its own; they are lost when it follows its master. */
  readonly discardData?: boolean;
}

/** How a cancel treats slots of which keys have moved already. */
export interface CancelOptions {
  /** Half-moved slots go back to where they came from; else they are finished. */
  readonly isRollback: boolean;
}

/** How an operation is started. */
export interface StartOptions {
  /** Without it, or without one of its limits: no limit, no guard. */
  readonly speed?: SpeedChange | undefined;
}

/** Moving slots: plans, operations, and the orders of the old API. Errors are `CodisError`s. */
export interface MigrationControl {
  /** Measures the servers and makes a plan; keeps the newest few. Bounded by `plan_timeout`. */
  plan(request: PlanRequest): Promise<Plan>;
  /** NOT_FOUND when it is forgotten, by a new leader too. */
  getPlan(id: string): Plan;
  /** STATE_CONFLICT when the plan has problems, or isn't true any more: slots or groups have changed. */
  startPlan(id: string, options: StartOptions): Promise<Operation>;
  /** The newest first. */
  operations(): readonly Operation[];
  /** NOT_FOUND. */
  getOperation(id: string): Operation;
  pause(id: string): Promise<Operation>;
  resume(id: string): Promise<Operation>;
  cancel(id: string, options: CancelOptions): Promise<Operation>;
  /** What isn't in `speed` stays as it is. ARGUMENT_INVALID, STATE_CONFLICT when it has ended. */
  setSpeed(id: string, speed: SpeedChange): Promise<Operation>;
  /** Calls back after every change of an operation, progress included (about once a second); the result ends it. */
  onOperation(listener: (operation: Operation) => void): () => void;

  /** The old API: orders that slots move, as one operation. */
  createSlotActions(targets: readonly SlotTarget[]): Promise<void>;
  /** Takes back the orders of slots that wait. */
  removeSlotActions(slotIds: readonly number[]): Promise<void>;
  /** Old API: pause between two batches, microseconds. */
  setInterval(us: number): Promise<void>;
  /** Old API: nothing moves while it is set. */
  setDisabled(isDisabled: boolean): Promise<void>;
  /** What the old API shows: `slots.migration` of the overview and its text of progress. */
  switches(): {
    readonly intervalUs: number;
    readonly isDisabled: boolean;
    readonly progress: string;
    readonly executor: number;
  };
}

/** Masters and replicas, and proxies that are gone. Errors are `CodisError`s. */
export interface AvailabilityControl {
  /** What promoting a replica would mean; changes nothing. NOT_FOUND. */
  planPromotion(groupId: number, addr: string): Promise<PromotionPlan>;
  /**
   * Makes a replica the master without losing anything; resolves with the story when the group is served by it.
   * STATE_CONFLICT when it can't be begun (nothing has changed); PROMOTION_FAILED when it was undone, with the reason.
   */
  promote(groupId: number, addr: string): Promise<Failover>;
  /** Stories of changed masters, the newest first. */
  failovers(): readonly Failover[];
  /** Calls back with every new line of a story; the result ends it. */
  onFailover(listener: (failover: Failover) => void): () => void;
  /** Where servers differ from what is stored, the worst first. */
  replicationFaults(): readonly ReplicationFault[];
  /** Mends what can be mended, of one group or of all (undefined). `isDryRun`: only says what it would do. */
  repair(groupId: number | undefined, isDryRun: boolean): Promise<RepairReport>;
  /** Proxies by token. */
  fences(): ReadonlyMap<string, ProxyFence>;
  /**
   * An operator's word that the proxy can't write any more: its machine is off, or cut off. STATE_CONFLICT while it
   * answers.
   */
  declareGone(token: string): Promise<void>;
  /** Whether dead masters are replaced by this dashboard, and if not why not, one line. */
  detector(): { readonly isEnabled: boolean; readonly text: string };
  /** What an operator should know about the sentinels, one line each. */
  sentinelProblems(): readonly string[];
}

/** The leader of a product. */
export interface LeaderControl {
  readonly epoch: number;
  topology(): Topology;
  /** By address. */
  serverFigures(): ReadonlyMap<string, ServerFigures>;
  /** By token. */
  proxyFigures(): ReadonlyMap<string, ProxyFigures>;
  /** The slots as a proxy without a data centre is told. */
  slotTable(): readonly SlotRecord[];
  /** Calls back after every change of the topology; the result ends that. */
  onChange(listener: (topology: Topology) => void): () => void;

  /** Drops what is in memory and reads the coordinator again. */
  reload(): Promise<void>;

  /** `addr` is the proxy's admin address. `createProxy` fails for a known one, `onlineProxy` updates it. */
  createProxy(addr: string): Promise<ProxyModel>;
  onlineProxy(addr: string): Promise<ProxyModel>;
  reinitProxy(token: string): Promise<void>;
  /** Shuts it down and forgets it; `isForced`: forgets it also when it can't be told to shut down. */
  removeProxy(token: string, isForced: boolean): Promise<void>;

  createGroup(id: number): Promise<void>;
  removeGroup(id: number): Promise<void>;
  addServer(groupId: number, addr: string, options: AddServerOptions): Promise<void>;
  removeServer(groupId: number, addr: string): Promise<void>;
  setReplicaGroup(groupId: number, addr: string, isEnabled: boolean): Promise<void>;
  setAllReplicaGroups(isEnabled: boolean): Promise<void>;
  resyncGroup(id: number): Promise<PushReport>;
  resyncAllGroups(): Promise<PushReport>;
  createSyncAction(addr: string): Promise<void>;
  removeSyncAction(addr: string): Promise<void>;
  /** Keys of slots at the server, asked now, without slots that have none; undefined when it doesn't count them. */
  slotKeys(addr: string): Promise<ReadonlyMap<number, number> | undefined>;
  /** INFO of a server of the topology, asked now. */
  serverInfo(addr: string): Promise<Readonly<Record<string, string>>>;

  /** Gives slots to groups by force: no data moves, a running action is dropped. All or none. */
  assignSlots(assignments: readonly SlotAssignment[]): Promise<PushReport>;

  /** Slots that move with their keys. */
  readonly migration: MigrationControl;

  /** Masters and replicas, and proxies that are gone. */
  readonly availability: AvailabilityControl;

  addSentinel(addr: string): Promise<void>;
  removeSentinel(addr: string, isForced: boolean): Promise<void>;
  /** Tells all sentinels what to watch; throws when fewer than a majority took it. */
  resyncSentinels(): Promise<void>;
  /** INFO of a sentinel of the product, asked now. NOT_FOUND, SERVER_UNREACHABLE. */
  sentinelInfo(addr: string): Promise<Readonly<Record<string, string>>>;
  /** Groups of this product that a sentinel of it watches, by master name, asked now. As `sentinelInfo`. */
  monitoredBy(addr: string): Promise<Readonly<Record<string, SentinelGroup>>>;
  /** By address; from the last looks. */
  sentinelFigures(): ReadonlyMap<string, SentinelFigures>;
  /** Masters by group id, where a majority of the sentinels agree; empty without sentinels. */
  sentinelMasters(): ReadonlyMap<number, string>;

  /** Bounded storage beside the topology, for users and the audit log; fenced like every write. */
  readonly storage: ProductStorage;
}

/** Nodes under `/codis-ext/{product}` that the HTTP port keeps. */
export interface ProductStorage {
  get(path: string): Promise<{ readonly data: string; readonly version: string } | undefined>;
  readChildren(
    path: string,
  ): Promise<readonly { readonly path: string; readonly data: string; readonly version: string }[]>;
  /** `data` undefined deletes. `expected` is a version, or `ABSENT` / `ANY` of the coordinator. */
  write(
    writes: readonly {
      readonly path: string;
      readonly data: string | undefined;
      readonly expected: string;
    }[],
  ): Promise<void>;
}

/** A dashboard process. */
export interface DashboardControl {
  state(): DashboardState;
  model(): DashboardModel;
  /** The leader of this product in this process; undefined unless `state()` is `leader`. */
  leader(): LeaderControl | undefined;
  /** Admin address of the leader as far as it is known; undefined when nobody leads. */
  leaderAddr(): string | undefined;
  /** One line for people while `state()` is `starting` or `standby`: what is waited for. */
  waitingFor(): string | undefined;
  /** Ends this process after the answer was sent. */
  shutdown(): Promise<void>;
}
