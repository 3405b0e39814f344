/**
 * A failure detector without servers, on a clock that a test moves: masters that answer or don't, proxies that vote as
 * the test says, servers that take orders, and an account of what was done, in order.
 *
 * The group under test is 1: master `a`, replicas `b` and `c`. Group 2 has `d` and its replica `e`.
 */
import type { ProxyStatsJson } from "../../src/api/proxy-stats.ts";
import { CodisError } from "../../src/base/error.ts";
import { silentLog } from "../../src/base/log.ts";
import type { AvailabilityParts } from "../../src/dashboard/availability/contract.ts";
import { FailoverLedger } from "../../src/dashboard/availability/failover/failover-book.ts";
import {
  FailureDetector,
  type MasterPulses,
} from "../../src/dashboard/availability/failover/failure-detector.ts";
import type { ServerOrders } from "../../src/dashboard/availability/failover/server-orders.ts";
import { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import type { DashboardConfig } from "../../src/dashboard/config/key.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import type { ProductStorage, ServerFigures } from "../../src/dashboard/control.ts";
import { masterAddrOf } from "../../src/model/group.ts";
import type { Topology } from "../../src/model/topology/topology.ts";
import { parseInfo, type ServerInfo } from "../../src/redis/info.ts";
import { FakeClock } from "./fake-clock.ts";
import { serverTopology } from "./server-topology.ts";

/** Addresses of the servers. */
export const SERVER = {
  a: "10.0.0.1:6379",
  b: "10.0.0.2:6379",
  c: "10.0.0.3:6379",
  d: "10.0.0.4:6379",
  e: "10.0.0.5:6379",
} as const;

/** The stream of the master under test. */
export const STREAM = "a".repeat(40);
export const DOWN_AFTER_MS = 3_000;
export const WINDOW_MS = 60_000;

/** Storage in memory that a test can break. */
export class DeskStorage implements ProductStorage {
  readonly nodes = new Map<string, string>();
  failure: CodisError | undefined;
  writes = 0;

  get(path: string) {
    const data = this.nodes.get(path);
    return Promise.resolve(data === undefined ? undefined : { data, version: "1" });
  }

  readChildren(path: string) {
    const inside = [...this.nodes].filter(([name]) => name.startsWith(`${path}/`));
    return Promise.resolve(inside.map(([name, data]) => ({ path: name, data, version: "1" })));
  }

  write(writes: Parameters<ProductStorage["write"]>[0]): Promise<void> {
    this.writes += 1;
    if (this.failure !== undefined) {
      return Promise.reject(this.failure);
    }
    for (const { path, data } of writes) {
      if (data === undefined) {
        this.nodes.delete(path);
      } else {
        this.nodes.set(path, data);
      }
    }
    return Promise.resolve();
  }
}

/** INFO of a replica of the master under test. */
export function replicaInfo(fields: Readonly<Record<string, string | number>> = {}): ServerInfo {
  const all = {
    role: "slave",
    master_host: "10.0.0.1",
    master_port: 6379,
    master_link_status: "down",
    master_link_down_since_seconds: 3,
    slave_repl_offset: 900,
    slave_priority: 100,
    master_replid: STREAM,
    master_repl_offset: 900,
    ...fields,
  };
  return parseInfo(
    Object.entries(all)
      .map(([name, value]) => `${name}:${value}`)
      .join("\n"),
  );
}

/** See the file head. */
export class FailoverDesk {
  readonly clock = new FakeClock();
  readonly storage: DeskStorage;
  readonly #config: Partial<DashboardConfig>;
  readonly done: string[] = [];
  readonly errors: string[] = [];
  topology: Topology = serverTopology({
    groups: { 1: [SERVER.a, SERVER.b, SERVER.c], 2: [SERVER.d, SERVER.e] },
    owners: [
      [0, 511, 1],
      [512, 1023, 2],
    ],
  });
  /** On the fake clock; undefined: it answers all the time. */
  readonly silentSinceMs = new Map<string, number>();
  /** Masters that this leader has never heard. */
  readonly unheard = new Set<string>();
  /** By token; undefined: no answer. `silentMs` of the master under test. */
  readonly proxies = new Map<string, { silentMs: () => number } | "original" | undefined>();
  /** What servers answer to a look; absent: nothing. */
  readonly looks = new Map<string, ServerInfo>([
    [SERVER.b, replicaInfo()],
    [SERVER.c, replicaInfo({ slave_repl_offset: 950 })],
  ]);
  /** Servers that refuse to become master. */
  readonly refusing = new Set<string>();
  readonly watchedGroups = new Set<number>();
  /** Servers that the poller reaches. */
  readonly reached = new Set<string>([SERVER.b, SERVER.c, SERVER.d, SERVER.e]);
  confirmFailure: CodisError | undefined;
  commitFailure: CodisError | undefined;
  readonly turns = new GroupTurnTable();
  book: FailoverLedger;
  detector: FailureDetector;

  static async open(
    storage = new DeskStorage(),
    epoch = 1,
    config: Partial<DashboardConfig> = {},
  ): Promise<FailoverDesk> {
    const desk = new FailoverDesk(storage, config);
    await desk.begin(epoch);
    return desk;
  }

  private constructor(storage: DeskStorage, config: Partial<DashboardConfig>) {
    this.storage = storage;
    this.#config = config;
    // Replaced by `begin`, which is called before anybody has the desk.
    this.book = undefined as unknown as FailoverLedger;
    this.detector = undefined as unknown as FailureDetector;
    for (const token of ["p1", "p2", "p3"]) {
      this.proxies.set(token, { silentMs: () => this.silenceOf(SERVER.a) });
    }
  }

  /** The reign of a leader; the one before must have been closed, or is forgotten as by kill -9. */
  async begin(epoch: number): Promise<void> {
    const { clock, storage } = this;
    const topology = (): Topology => this.topology;
    const log = {
      ...silentLog,
      error: (_event: string, message: string) => this.errors.push(message),
    };
    const book = { product: "demo", epoch, storage, topology, clock, log: silentLog };
    this.book = await FailoverLedger.open(book);
    this.detector = new FailureDetector({
      parts: { ...this.#parts(epoch), log },
      book: this.book,
      follow: {
        follow: (groupId) => {
          this.done.push(`follow ${groupId}`);
          return Promise.resolve([]);
        },
      },
      sentinels: { isWatched: (groupId) => this.watchedGroups.has(groupId) },
      askProxies: () => Promise.resolve(this.#answers()),
      pulses: this.#pulses(),
      orders: this.#orders(),
    });
    this.detector.start();
  }

  /** The master answers nobody from now on. */
  silence(addr: string): void {
    this.silentSinceMs.set(addr, this.clock.monotonicMs());
  }

  revive(addr: string): void {
    this.silentSinceMs.delete(addr);
  }

  silenceOf(addr: string): number {
    const sinceMs = this.silentSinceMs.get(addr);
    return sinceMs === undefined ? 0 : this.clock.monotonicMs() - sinceMs;
  }

  /** Lets time pass in small steps, with all that happens in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(50);
      await settle();
    }
  }

  get master(): string {
    return masterAddrOf(this.topology.groups.get(1));
  }

  #parts(epoch: number): AvailabilityParts {
    const config = defaultDashboardConfig({
      haEnabled: true,
      haDownAfterMs: DOWN_AFTER_MS,
      haFailoverWindowMs: WINDOW_MS,
      ...this.#config,
    });
    const figures = (): ReadonlyMap<string, ServerFigures> =>
      new Map([...this.reached].map((addr) => [addr, this.#figuresOf(addr)]));
    return {
      config,
      epoch,
      topology: {
        snapshot: () => this.topology,
        commit: (name, change) => this.#commit(name, change),
        onChange: () => () => undefined,
      },
      whenSynced: () => Promise.resolve({ synced: [...this.proxies.keys()], failed: [] }),
      confirm: () => {
        this.done.push("confirm");
        return this.confirmFailure === undefined
          ? Promise.resolve()
          : Promise.reject(this.confirmFailure);
      },
      serverFigures: figures,
      proxyFigures: () => new Map(),
      storage: this.storage,
      turns: this.turns,
      log: silentLog,
      clock: this.clock,
    };
  }

  #figuresOf(addr: string): ServerFigures {
    const atMs = this.clock.nowMs();
    return { addr, info: {}, error: undefined, isTimedOut: false, atMs };
  }

  #commit(name: string, change: (topology: Topology) => Topology): Promise<Topology> {
    if (this.commitFailure !== undefined) {
      return Promise.reject(this.commitFailure);
    }
    this.done.push(name);
    const next = change(this.topology);
    this.topology = { ...next, revision: this.topology.revision + 1 };
    return Promise.resolve(this.topology);
  }

  #pulses(): MasterPulses {
    const master = parseInfo(`role:master\nmaster_replid:${STREAM}\nmaster_repl_offset:1000`);
    let watched: ReadonlySet<string> = new Set();
    return {
      setServers: (addrs) => {
        watched = new Set(addrs);
      },
      close: () => undefined,
      get: (addr) =>
        watched.has(addr)
          ? {
              silentMs: this.silenceOf(addr),
              hasAnswered: !this.unheard.has(addr),
              replication: this.unheard.has(addr) ? undefined : master,
              problem: "",
            }
          : undefined,
    };
  }

  #orders(): ServerOrders {
    return {
      look: (addr) => {
        const info = this.looks.get(addr);
        return info === undefined
          ? Promise.reject(new CodisError("SERVER_UNREACHABLE", `server ${addr} is gone`))
          : Promise.resolve(info);
      },
      fence: (addr) => {
        this.done.push(`fence ${addr}`);
        return Promise.resolve("fenced");
      },
      promote: async (addr, confirm) => {
        await confirm();
        if (this.refusing.has(addr)) {
          throw new CodisError("SERVER_REFUSED", `${addr} refuses`);
        }
        this.done.push(`promote ${addr}`);
        this.looks.set(
          addr,
          parseInfo(
            `role:master\nmaster_replid:new\nmaster_replid2:${STREAM}\nmaster_repl_offset:1`,
          ),
        );
      },
    };
  }

  #answers(): ReadonlyMap<string, ProxyStatsJson | undefined> {
    const base = { online: true } as unknown as ProxyStatsJson;
    return new Map(
      [...this.proxies].map(([token, proxy]) => {
        if (proxy === undefined || proxy === "original") {
          return [token, proxy && base];
        }
        const sight = { silent_ms: proxy.silentMs(), role: "master" } as const;
        return [token, { ...base, servers: { [SERVER.a]: sight } }];
      }),
    );
  }
}

/** Lets promises that are ready run their course. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) {
    await Promise.resolve();
  }
}
