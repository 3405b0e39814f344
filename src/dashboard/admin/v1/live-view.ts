/**
 * The values of the live document, made of the views that the other calls answer with. What moves all the time is
 * steadied (`live/steady.ts`), so that a quiet product makes no messages; the numbers below say how.
 */
import type {
  V1LiveGroup,
  V1LiveProduct,
  V1LiveProxy,
  V1LiveServer,
  V1LiveStats,
  V1Recent,
} from "../../../api/v1-live-schema.ts";
import type { V1OperationSummary } from "../../../api/v1-operation-schema.ts";
import type { V1Health } from "../../../api/v1-state-schema.ts";
import type { V1Group, V1Proxy, V1Server } from "../../../api/v1-topology-schema.ts";
import { isEnded } from "../../../model/operation/operation-slot.ts";
import type { LeaderControl } from "../../control.ts";
import type { Recent } from "../../live/recent.ts";
import { RECENT_SECONDS } from "../../live/recent.ts";
import type { Sampler } from "../../live/sampler.ts";
import { type FigureFields, Steady, type Tolerance } from "../../live/steady.ts";
import { viewAvailability, viewFailoverSummary } from "./availability-view.ts";
import { packSlots } from "./live-slots.ts";
import { viewSummary } from "./operation-view.ts";
import { type ProductFacts, viewProduct, viewStats } from "./state-view.ts";
import { viewGroups, viewProxies, viewSentinels } from "./view.ts";

/** Looks that are older aren't fresh: what they say is told with its time. */
const FRESH_MS = 5_000;
/** Figures of a server, a proxy or a group, and the progress of an operation within its summary. */
const SUBJECT_MS = 5_000;
/** With many servers the figures of each come less often, so that their bytes stay within a bound. */
const SUBJECT_SHARE_MS = 600;
const SUBJECT_MS_MAX = 30_000;
/** The slots of a product while many of them move: 7 kB each time. */
const SLOTS_MS = 3_000;
/** A little less than the second between two messages. */
const STATS_MS = 900;
/** Ended operations and failovers, the newest; the rest is in their lists. */
const HISTORY_SHOWN = 20;

const MEMORY: Tolerance = { absolute: 512 * 1024, relative: 0.02 };
/** What the looks of the dashboard and the pings of proxies do at a server by themselves. */
const SERVER_OPS: Tolerance = { absolute: 20, relative: 0.02 };
const CPU: Tolerance = { absolute: 0.05, relative: 0.05 };
/** Bytes that a replica lags behind between two heartbeats of its master. */
const LAG: Tolerance = { absolute: 4_096, relative: 0.05 };
const UPTIME: Tolerance = { absolute: 600, relative: 0.02 };

/** Fields that are numbers: a new one has to be steadied as well, or the stream grows with each look. */
type NumberFields<T> = { [K in keyof T]-?: number extends T[K] ? K : never }[keyof T];
type AllFigures<T, Fixed extends keyof T> = FigureFields<T> & {
  readonly [K in Exclude<NumberFields<T>, Fixed>]: Tolerance | undefined;
};

const SERVER_FIGURES: AllFigures<V1Server, "group_id"> = {
  lag_bytes: LAG,
  lag_seconds: { absolute: 1, relative: 0 },
  hit_ratio: { absolute: 0.01, relative: 0 },
  uptime_seconds: UPTIME,
  keys: undefined,
  memory_bytes: MEMORY,
  memory_max_bytes: undefined,
  clients: undefined,
  ops_per_second: SERVER_OPS,
};
const PROXY_FIGURES: AllFigures<V1LiveProxy, "id" | "pid"> = {
  // Both follow every change of the topology at once.
  table: undefined,
  confirmed_revision: undefined,
  sessions: undefined,
  sessions_opened: undefined,
  ops: undefined,
  ops_failed: undefined,
  redis_errors: undefined,
  ops_per_second: undefined,
  memory_bytes: { absolute: 8 * 1024 * 1024, relative: 0.02 },
  cpu: CPU,
  failures_per_second: undefined,
  reply_errors_per_second: undefined,
  p50_ms: undefined,
  p99_ms: undefined,
  p999_ms: undefined,
};

/** What the document is made from. */
export interface LiveSources {
  readonly leader: LeaderControl;
  readonly sampler: Sampler;
  readonly facts: () => ProductFacts;
  readonly health: () => V1Health;
  readonly nowMs: () => number;
}

/** See the file head. Remembers what was told last; one for each document. */
export class LiveView {
  readonly #sources: LiveSources;
  readonly #steady = new Steady();
  #lastStats: { readonly held: object; readonly view: V1LiveStats } | undefined;

  constructor(sources: LiveSources) {
    this.#sources = sources;
  }

  /** All values of now, by key. */
  read(): ReadonlyMap<string, unknown> {
    const { leader, health } = this.#sources;
    const values = new Map<string, unknown>([
      ["product", this.#product()],
      ["health", health()],
      ["stats", this.#stats()],
      ["slots", this.#slots()],
      ["availability", viewAvailability(leader)],
    ]);
    this.#addGroups(values);
    this.#addProxies(values);
    this.#addSentinels(values);
    this.#addOperations(values);
    this.#addFailovers(values);
    this.#steady.sweep();
    return values;
  }

  #product(): V1LiveProduct {
    const { leader, facts } = this.#sources;
    const servers = [...leader.topology().groups.values()].flatMap((group) => group.servers);
    return {
      ...viewProduct(leader, facts()),
      replica_reads: servers.length > 0 && servers.every((server) => server.isReplicaGroup),
    };
  }

  #stats(): V1LiveStats {
    const { leader, nowMs } = this.#sources;
    const { at, epoch, revision, ...stats } = viewStats(leader, nowMs());
    const ofServers = sumFigures(stats.servers.total);
    const parts = {
      servers: this.#hold("stats servers", stats.servers, ofServers, STATS_MS),
      proxies: this.#hold("stats proxies", stats.proxies, PROXY_SUMS, STATS_MS),
      recent: this.#recent(),
    };
    const held = this.#hold("stats", parts, STATS_FIGURES, STATS_MS);
    // The time of the last change: by itself it is none.
    if (this.#lastStats?.held !== held) {
      this.#lastStats = { held, view: { at, epoch, revision, ...held } };
    }
    return this.#lastStats.view;
  }

  #recent(): V1Recent {
    const { sampler } = this.#sources;
    const { values, latencies } = sampler.recent.total();
    return {
      window_seconds: RECENT_SECONDS,
      proxies: sampler.proxyCounts(),
      ops_per_second: digits(values.ops),
      failures_per_second: digits(values.failures),
      reply_errors_per_second: digits(values.reply_errors),
      bytes_in_per_second: digits(values.bytes_in),
      bytes_out_per_second: digits(values.bytes_out),
      p50_ms: digits(latencies?.p50),
      p99_ms: digits(latencies?.p99),
      p999_ms: digits(latencies?.p999),
      max_ms: digits(latencies?.max),
      hit_ratio: digits(sampler.recent.hitRatio()),
    };
  }

  #slots(): object {
    const { slots } = this.#sources.leader.topology();
    const figures = { owners: undefined, targets: undefined, states: undefined };
    return this.#hold("slots", packSlots(slots), figures, SLOTS_MS);
  }

  #addGroups(values: Map<string, unknown>): void {
    const groups = viewGroups(this.#sources.leader);
    const periodMs = subjectMs(groups.reduce((sum, { servers }) => sum + servers.length, 0));
    for (const group of groups) {
      const groupKey = `group:${group.id}`;
      values.set(groupKey, this.#hold(groupKey, groupOf(group), { slots: undefined }, SLOTS_MS));
      for (const server of group.servers) {
        const key = `server:${server.addr}`;
        values.set(
          key,
          this.#hold(key, this.#fresh(server) as V1LiveServer, SERVER_FIGURES, periodMs),
        );
      }
    }
  }

  #addProxies(values: Map<string, unknown>): void {
    const { leader, sampler } = this.#sources;
    const proxies = viewProxies(leader);
    const periodMs = subjectMs(proxies.length);
    for (const proxy of proxies) {
      const key = `proxy:${proxy.token}`;
      const view = proxyOf(this.#fresh(proxy), sampler.recent.proxy(proxy.token));
      values.set(key, this.#hold(key, view, PROXY_FIGURES, periodMs));
    }
  }

  #addSentinels(values: Map<string, unknown>): void {
    const { items, out_of_sync, masters, looks } = viewSentinels(this.#sources.leader);
    values.set("sentinels", { items, out_of_sync, masters });
    for (const look of looks) {
      values.set(`sentinel:${look.addr}`, this.#fresh(look));
    }
  }

  #addOperations(values: Map<string, unknown>): void {
    const { leader } = this.#sources;
    const { open, ended } = split(leader.migration.operations(), ({ state }) => !isEnded(state));
    for (const operation of [...open, ...ended.slice(0, HISTORY_SHOWN)]) {
      const summary = viewSummary(operation, leader.topology());
      const key = `operation:${operation.id}`;
      const figures: FigureFields<V1OperationSummary> = { progress: undefined };
      const isOpen = open.includes(operation);
      values.set(key, isOpen ? this.#hold(key, summary, figures, SUBJECT_MS) : summary);
      if (isOpen) {
        values.set(`progress:${operation.id}`, summary.progress);
      }
    }
  }

  #addFailovers(values: Map<string, unknown>): void {
    const stories = this.#sources.leader.availability.failovers();
    const { open, ended } = split(stories, ({ outcome }) => outcome === "running");
    for (const story of [...open, ...ended.slice(0, HISTORY_SHOWN)]) {
      values.set(`failover:${story.id}`, viewFailoverSummary(story));
    }
  }

  /** The time of a look is told when it isn't a fresh one; each look would be a change otherwise. */
  #fresh<T extends { readonly observed_at: string | null }>(view: T): T {
    const { observed_at: at } = view;
    const isFresh = at !== null && this.#sources.nowMs() - Date.parse(at) <= FRESH_MS;
    return isFresh ? { ...view, observed_at: null } : view;
  }

  #hold<T extends object>(key: string, view: T, figures: FigureFields<T>, periodMs: number): T {
    return this.#steady.hold(key, view, { figures, periodMs, nowMs: this.#sources.nowMs() });
  }
}

/** Of sums over so many servers: what each does by itself adds up. */
function sumFigures(count: number): FigureFields<V1LiveStats["servers"]> {
  return {
    keys: undefined,
    memory_bytes: { ...MEMORY, absolute: MEMORY.absolute * count },
    clients: undefined,
    ops_per_second: { ...SERVER_OPS, absolute: SERVER_OPS.absolute * count },
  };
}

const PROXY_SUMS: FigureFields<V1LiveStats["proxies"]> = {
  memory_bytes: { absolute: 8 * 1024 * 1024, relative: 0.02 },
};
const STATS_FIGURES = {
  recent: undefined,
  servers: undefined,
  proxies: undefined,
} as const;

function subjectMs(count: number): number {
  return Math.min(Math.max(SUBJECT_MS, count * SUBJECT_SHARE_MS), SUBJECT_MS_MAX);
}

function groupOf(group: V1Group): V1LiveGroup {
  return {
    ...group,
    servers: group.servers.map(({ addr, group_id, role, datacenter, replica_reads, sync }) => ({
      addr,
      group_id,
      role,
      datacenter,
      replica_reads,
      sync,
    })),
  };
}

function proxyOf(proxy: V1Proxy, { values, latencies }: Recent): V1LiveProxy {
  return {
    ...proxy,
    failures_per_second: digits(values.failures),
    reply_errors_per_second: digits(values.reply_errors),
    p50_ms: digits(latencies?.p50),
    p99_ms: digits(latencies?.p99),
    p999_ms: digits(latencies?.p999),
  };
}

function split<T>(
  items: readonly T[],
  isOpen: (item: T) => boolean,
): { readonly open: readonly T[]; readonly ended: readonly T[] } {
  return { open: items.filter(isOpen), ended: items.filter((item) => !isOpen(item)) };
}

/** Three digits, as a screen shows them; null for what isn't known. */
function digits(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(3));
}
