/**
 * High availability of a leader in memory: a promotion changes its topology by the rules of the model, no server is
 * asked, and nothing goes on by itself. A test says which stories, faults and fences there are.
 */
import { CodisError } from "../../src/base/error.ts";
import type { AvailabilityControl } from "../../src/dashboard/control.ts";
import type { Failover } from "../../src/model/availability/failover.ts";
import type { ProxyFence } from "../../src/model/availability/fence.ts";
import type { PromotionPlan } from "../../src/model/availability/promotion.ts";
import type { RepairReport, ReplicationFault } from "../../src/model/availability/replication.ts";
import {
  beginPromoting,
  endPromoting,
  holdForPromoting,
  promote,
} from "../../src/model/change/master.ts";
import { masterAddrOf } from "../../src/model/group.ts";
import { getGroup } from "../../src/model/topology/guard.ts";
import type { Topology } from "../../src/model/topology/topology.ts";

/** The leader that it belongs to. */
export interface FakeAvailabilityPort {
  readonly topology: () => Topology;
  readonly change: (parts: Partial<Topology>) => void;
  /** Waits, fails or remembers the order, as the leader's own. */
  readonly take: (order: string) => Promise<void>;
}

/** The moment at which every story begins, milliseconds. */
export const BEGAN_AT_MS = 1_795_244_700_000;

/** A story that has ended well, of group 1. */
export function sampleFailover(changes: Partial<Failover> = {}): Failover {
  const at = (afterMs: number) => BEGAN_AT_MS + afterMs;
  return {
    id: "3-1",
    groupId: 1,
    kind: "detector",
    from: "10.0.0.1:6379",
    to: "10.0.0.2:6379",
    beganAtMs: BEGAN_AT_MS,
    endedAtMs: at(3_420),
    outcome: "done",
    reason: "",
    pauseMs: 3_400,
    lostBytes: 12,
    events: [
      { atMs: at(0), step: "detected", about: "10.0.0.1:6379", text: "doesn't answer" },
      { atMs: at(3_000), step: "vote", about: "0a1b", text: "proxy 1 can't reach it either" },
      { atMs: at(3_010), step: "decided", about: "10.0.0.2:6379", text: "has the highest offset" },
      { atMs: at(3_400), step: "served", about: "", text: "all proxies have the new master" },
    ],
    ...changes,
  };
}

/** See the file head. */
export class FakeAvailability implements AvailabilityControl {
  readonly #port: FakeAvailabilityPort;
  readonly #failovers: Failover[] = [];
  readonly #fences = new Map<string, ProxyFence>();
  readonly #listeners = new Set<(failover: Failover) => void>();
  /** What the next plans say in addition. */
  planParts: Partial<PromotionPlan> = {};
  faults: readonly ReplicationFault[] = [];
  /** What repairs did or would do. */
  report: RepairReport = { done: [], failed: [] };
  sentinelTrouble: readonly string[] = [];
  detectorNow = { isEnabled: false, text: "ha_enabled is false" };

  constructor(port: FakeAvailabilityPort) {
    this.#port = port;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Puts a story in place, new or changed, and tells the listeners. */
  tell(failover: Failover): Failover {
    const index = this.#failovers.findIndex(({ id }) => id === failover.id);
    if (index < 0) {
      this.#failovers.unshift(failover);
    } else {
      this.#failovers[index] = failover;
    }
    for (const listener of [...this.#listeners]) {
      listener(failover);
    }
    return failover;
  }

  setFence(fence: ProxyFence): void {
    this.#fences.set(fence.token, fence);
  }

  async planPromotion(groupId: number, addr: string): Promise<PromotionPlan> {
    await this.#port.take(`planPromotion ${groupId} ${addr}`);
    const group = getGroup(this.#port.topology(), groupId);
    const others = group.servers.slice(1).filter((server) => server.addr !== addr);
    return {
      groupId,
      from: masterAddrOf(group),
      to: addr,
      lagBytes: 42,
      fromVersion: "7.0.15",
      toVersion: "7.0.15",
      fromKeys: 1_000,
      toKeys: 1_000,
      pauseMs: 8,
      others: others.map((server) => server.addr),
      isWatched: false,
      movingSlots: 0,
      problems: [],
      warnings: [],
      ...this.planParts,
    };
  }

  async promote(groupId: number, addr: string): Promise<Failover> {
    await this.#port.take(`promote ${groupId} ${addr}`);
    const before = this.#port.topology();
    const from = masterAddrOf(getGroup(before, groupId));
    const { groups } = [holdForPromoting, promote, endPromoting].reduce(
      (topology, step) => step(topology, groupId),
      beginPromoting(before, groupId, addr),
    );
    this.#port.change({ groups });
    const id = `3-${this.#failovers.length + 1}`;
    const parts = { id, groupId, kind: "planned", from, to: addr, lostBytes: 0 } as const;
    return this.tell(sampleFailover({ ...parts, events: [], pauseMs: 7 }));
  }

  failovers(): readonly Failover[] {
    return this.#failovers;
  }

  onFailover(listener: (failover: Failover) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  replicationFaults(): readonly ReplicationFault[] {
    return this.faults;
  }

  async repair(groupId: number | undefined, isDryRun: boolean): Promise<RepairReport> {
    await this.#port.take(`repair ${groupId ?? "all"} ${isDryRun}`);
    return this.report;
  }

  fences(): ReadonlyMap<string, ProxyFence> {
    return this.#fences;
  }

  async declareGone(token: string): Promise<void> {
    await this.#port.take(`declareGone ${token}`);
    const fence = this.#fences.get(token);
    if (fence === undefined || fence.state === "present") {
      throw new CodisError("STATE_CONFLICT", `proxy-[${token}] answers, so it isn't gone`);
    }
    this.setFence({ ...fence, state: "fenced", proof: "operator", text: "an operator said so" });
  }

  detector(): { readonly isEnabled: boolean; readonly text: string } {
    return this.detectorNow;
  }

  sentinelProblems(): readonly string[] {
    return this.sentinelTrouble;
  }
}
