/**
 * Finds dead masters and has them replaced, when `ha_enabled` is set: in groups that no sentinel watches.
 *
 *     pulses (own, twice a second or faster) -> silent for ha_down_after -> all proxies are asked now -> judge
 *       dead -> in the group's turn: runFailover       not dead -> looked at again soon
 *
 * A refused connection is silence like any other, from the last answer on. What answers lives, whatever it says: a
 * master that was restarted and reads its data, or one that has become a replica, isn't replaced here.
 *
 * An incident is one silence of one master. While it lasts a refusal is told once, in the book and in the log, and
 * the replicas are looked at again and again: one that can become master after all does.
 */
import type { ProxyStatsJson } from "../../../api/proxy-stats.ts";
import { Backoff } from "../../../base/backoff.ts";
import { within } from "../../../base/bounded-wait.ts";
import type { ClockTimer } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import { masterAddrOf } from "../../../model/group.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import { PulseSet } from "../../../redis/pulse-set.ts";
import { PULSE_PERIOD_MS, type ServerPulse } from "../../../redis/server-pulse.ts";
import type { SentinelWatch } from "../contract.ts";
import { type FailoverResult, type FailoverTools, runFailover } from "./failover-run.ts";
import { MasterMemory } from "./master-memory.ts";
import { createServerOrders, type ServerOrders } from "./server-orders.ts";
import { judge, type ProxyVote, type Verdict, votesOn } from "./verdict.ts";

/** Own looks at masters. */
export interface MasterPulses {
  setServers(addrs: Iterable<string>): void;
  get(
    addr: string,
  ): Pick<ServerPulse, "silentMs" | "hasAnswered" | "replication" | "problem"> | undefined;
  close(): void;
}

/** What a detector is made of. */
export interface FailureDetectorOptions extends Omit<FailoverTools, "orders"> {
  readonly sentinels: Pick<SentinelWatch, "isWatched">;
  /** `Fleet.askStats`: statistics by token, asked now; undefined for those that don't answer in time. */
  readonly askProxies: (
    timeoutMs: number,
  ) => Promise<ReadonlyMap<string, ProxyStatsJson | undefined>>;
  /** Replaces real servers (tests). */
  readonly pulses?: MasterPulses;
  readonly orders?: ServerOrders;
}

/** One silence of one master. */
interface Incident {
  readonly addr: string;
  readonly backoff: Backoff;
  isBusy: boolean;
  /** On the monotonic clock. */
  restsUntilMs: number;
  /** Why the master isn't replaced; empty before the first judgement. */
  reason: string;
  isRefusalTold: boolean;
}

/** From one look at the pulses to the next. */
const LOOK_MS = 50;
/** PINGs in `ha_down_after`, at least. */
const PINGS_MIN = 6;
/** Longest wait for the proxies' votes. */
const ASK_MS = 400;
/** Pauses between two judgements of one incident. */
const JUDGE_AGAIN = { minMs: 200, maxMs: 1_000 };
/** Before a failover that failed, nothing changed, is tried again. */
const FAILED_REST_MS = 10_000;
/** Before one that was done but not stored is. */
const HALF_REST_MS = 500;
/** What the poller has seen of a server counts so long, or for `ha_down_after` if that is longer. */
const FIGURES_FRESH_MS = 3_000;
/** Longest wait at the end for a failover under way. */
const CLOSE_MS = 2_000;
const CONNECTION_NAME = "codis-dashboard-detector";

/** See the file head. Does nothing before `start`. */
export class FailureDetector {
  readonly #options: FailureDetectorOptions;
  readonly #orders: ServerOrders;
  readonly #memory = new MasterMemory();
  /** By group. */
  readonly #incidents = new Map<number, Incident>();
  readonly #running = new Set<Promise<void>>();
  #pulses: MasterPulses | undefined;
  #watched: Topology | undefined;
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: FailureDetectorOptions) {
    this.#options = options;
    this.#orders = options.orders ?? createServerOrders(options.parts.config.productAuth);
  }

  /** Begins to watch, if `ha_enabled` is set. */
  start(): void {
    const { config, clock } = this.#options.parts;
    if (!config.haEnabled || this.#isClosed) {
      return;
    }
    this.#pulses =
      this.#options.pulses ??
      new PulseSet({
        password: config.productAuth,
        name: CONNECTION_NAME,
        periodMs: Math.min(PULSE_PERIOD_MS, config.haDownAfterMs / PINGS_MIN),
        clock,
      });
    this.#look();
  }

  /** Ends the watch; resolves when no failover is under way, or has had some time to end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#pulses?.close();
    await within(CLOSE_MS, Promise.allSettled(this.#running));
  }

  /** See `AvailabilityControl.detector`. */
  describe(): { readonly isEnabled: boolean; readonly text: string } {
    const { parts, sentinels } = this.#options;
    const { haEnabled, haDownAfterMs } = parts.config;
    if (!haEnabled) {
      return { isEnabled: false, text: say("detector.off", {}) };
    }
    const watched = [...parts.topology.snapshot().groups.keys()].filter((id) =>
      sentinels.isWatched(id),
    );
    const lines = [say("detector.on", { ms: haDownAfterMs })];
    if (watched.length > 0) {
      lines.push(say("detector.left", { groups: watched.join(", ") }));
    }
    for (const [groupId, { addr, reason }] of this.#incidents) {
      if (reason !== "") {
        lines.push(say("detector.silent", { group: groupId, addr, why: reason }));
      }
    }
    return { isEnabled: true, text: lines.join("; ") };
  }

  #look(): void {
    const { parts } = this.#options;
    const topology = parts.topology.snapshot();
    this.#watch(topology);
    for (const [groupId, group] of topology.groups) {
      this.#lookAt(groupId, masterAddrOf(group));
    }
    this.#timer = parts.clock.after(LOOK_MS, () => this.#look());
  }

  /** The pulses follow the topology. */
  #watch(topology: Topology): void {
    if (this.#watched === topology) {
      return;
    }
    this.#watched = topology;
    const masters = new Set([...topology.groups.values()].map(masterAddrOf));
    masters.delete("");
    this.#pulses?.setServers(masters);
    this.#memory.keep(masters);
    for (const [groupId, incident] of this.#incidents) {
      if (masterAddrOf(topology.groups.get(groupId)) !== incident.addr) {
        this.#incidents.delete(groupId);
      }
    }
  }

  #lookAt(groupId: number, addr: string): void {
    const { parts, sentinels } = this.#options;
    const pulse = this.#pulses?.get(addr);
    if (pulse === undefined) {
      return;
    }
    if (pulse.replication !== undefined) {
      this.#memory.note(addr, pulse.replication);
    }
    const isSilent = pulse.silentMs >= parts.config.haDownAfterMs;
    if (!isSilent || sentinels.isWatched(groupId)) {
      this.#endIncident(groupId, isSilent);
      return;
    }
    const incident = this.#incidentOf(groupId, addr, pulse.hasAnswered);
    const isDue = !incident.isBusy && parts.clock.monotonicMs() >= incident.restsUntilMs;
    if (isDue) {
      incident.isBusy = true;
      const examined = this.#examine(groupId, incident).finally(() => {
        incident.isBusy = false;
        this.#running.delete(examined);
      });
      this.#running.add(examined);
    }
  }

  #endIncident(groupId: number, isSilent: boolean): void {
    const incident = this.#incidents.get(groupId);
    if (incident === undefined || incident.isBusy) {
      return;
    }
    this.#incidents.delete(groupId);
    if (!isSilent) {
      const text = `group ${groupId}: ${incident.addr} answers this dashboard again`;
      this.#options.parts.log.info("failover.master_back", text, { group: groupId });
    }
  }

  #incidentOf(groupId: number, addr: string, hasAnswered: boolean): Incident {
    const known = this.#incidents.get(groupId);
    if (known?.addr === addr) {
      return known;
    }
    // A master that has been silent since before this reign: an earlier leader may have told.
    const last = this.#options.book.all().find((story) => story.groupId === groupId);
    const isTold = !hasAnswered && last?.outcome === "refused" && last.from === addr;
    const incident: Incident = {
      addr,
      backoff: new Backoff(JUDGE_AGAIN),
      isBusy: false,
      restsUntilMs: 0,
      reason: "",
      isRefusalTold: isTold,
    };
    this.#incidents.set(groupId, incident);
    return incident;
  }

  /** Never rejects. */
  async #examine(groupId: number, incident: Incident): Promise<void> {
    const { addr } = incident;
    try {
      const votes = votesOn(addr, this.#downAfterMs, await this.#options.askProxies(ASK_MS));
      const verdict = this.#judge(addr, votes);
      if (this.#isClosed) {
        return;
      }
      if (!verdict.isDead) {
        this.#rest(groupId, incident, verdict.reason, restAfter(verdict, incident));
        return;
      }
      this.#settle(groupId, incident, await this.#replace(groupId, incident, votes, verdict));
    } catch (thrown) {
      this.#rest(groupId, incident, messageOf(thrown), incident.backoff.nextMs());
    }
  }

  get #downAfterMs(): number {
    return this.#options.parts.config.haDownAfterMs;
  }

  #judge(addr: string, votes: readonly ProxyVote[]): Verdict {
    const { parts } = this.#options;
    const figures = parts.serverFigures();
    const freshMs = Math.max(FIGURES_FRESH_MS, this.#downAfterMs);
    let others = 0;
    let othersReached = 0;
    for (const group of parts.topology.snapshot().groups.values()) {
      for (const server of group.servers.filter((one) => one.addr !== addr)) {
        const pulse = this.#pulses?.get(server.addr);
        const seen = figures.get(server.addr);
        const isSeen = seen?.info !== undefined && parts.clock.nowMs() - seen.atMs < freshMs;
        const isHeard = pulse?.hasAnswered === true && pulse.silentMs < this.#downAfterMs;
        others += 1;
        othersReached += isSeen || isHeard ? 1 : 0;
      }
    }
    const silentMs = this.#pulses?.get(addr)?.silentMs ?? 0;
    return judge({ silentMs, downAfterMs: this.#downAfterMs, votes, others, othersReached });
  }

  #replace(
    groupId: number,
    incident: Incident,
    votes: readonly ProxyVote[],
    verdict: Verdict,
  ): Promise<FailoverResult> {
    const { addr } = incident;
    const pulse = (): ReturnType<MasterPulses["get"]> => this.#pulses?.get(addr);
    const isStillDead = (): boolean =>
      !this.#isClosed &&
      (pulse()?.silentMs ?? 0) >= this.#downAfterMs &&
      !this.#options.sentinels.isWatched(groupId);
    const dead = {
      groupId,
      addr,
      silentMs: pulse()?.silentMs ?? 0,
      problem: pulse()?.problem ?? "",
      votes,
      verdict,
      lastSeen: { ...this.#memory.get(addr), intended: this.#intendedFor(groupId, addr) },
      isStillDead,
      isRefusalTold: incident.isRefusalTold,
    };
    const tools = { ...this.#options, orders: this.#orders };
    return this.#options.parts.turns.run(groupId, () => runFailover(tools, dead));
  }

  /** Whom the last failover of this master, which wasn't ended, was about to promote. */
  #intendedFor(groupId: number, addr: string): string | undefined {
    const last = this.#options.book
      .all()
      .find((story) => story.groupId === groupId && story.kind === "detector");
    const isOpen = last?.outcome === "failed" && last.from === addr && last.to !== "";
    return isOpen ? last.to : undefined;
  }

  #settle(groupId: number, incident: Incident, { outcome, reason }: FailoverResult): void {
    const { log } = this.#options.parts;
    switch (outcome) {
      case "done":
        this.#incidents.delete(groupId);
        return;
      case "dropped":
        this.#rest(groupId, incident, reason, incident.backoff.nextMs());
        return;
      case "refused":
        if (isOtherKind(reason, incident.reason)) {
          const text = `group ${groupId}: ${incident.addr} is dead and isn't replaced: ${reason}`;
          log.error("failover.refused", text, { group: groupId, addr: incident.addr });
        }
        incident.isRefusalTold = true;
        incident.reason = reason;
        incident.restsUntilMs = this.#inMs(JUDGE_AGAIN.maxMs);
        return;
      case "failed":
      case "half":
        log.error("failover.failed", `group ${groupId}: ${reason}`, { group: groupId });
        incident.reason = reason;
        incident.restsUntilMs = this.#inMs(outcome === "half" ? HALF_REST_MS : FAILED_REST_MS);
        return;
    }
  }

  /** Not now; a line in the log when the reason is another kind than before. */
  #rest(groupId: number, incident: Incident, reason: string, restMs: number): void {
    if (isOtherKind(reason, incident.reason)) {
      const text = `group ${groupId}: ${incident.addr} is silent and isn't replaced: ${reason}`;
      this.#options.parts.log.warn("failover.silent_master", text, { group: groupId });
    }
    incident.reason = reason;
    incident.restsUntilMs = this.#inMs(restMs);
  }

  #inMs(ms: number): number {
    return this.#options.parts.clock.monotonicMs() + ms;
  }
}

/** Where it can be foreseen when the proxies would agree, they are asked just then. */
function restAfter({ againMs }: Verdict, { backoff }: Incident): number {
  return againMs === undefined
    ? backoff.nextMs()
    : Math.min(JUDGE_AGAIN.maxMs, Math.max(LOOK_MS, againMs));
}

/** Whether two reasons differ in more than numbers. */
function isOtherKind(reason: string, before: string): boolean {
  const kindOf = (text: string): string => text.replace(/\d+/g, "#");
  return kindOf(reason) !== kindOf(before);
}
