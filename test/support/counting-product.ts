/**
 * A product in memory whose proxies and servers count, for tests of figures: a test says what happens in a second,
 * and the looks at them come once a second as those of a real leader.
 */
import { encodeLatencies, LATENCY_LAYOUT } from "../../src/api/latency-text.ts";
import { BUCKET_COUNT, bucketOf } from "../../src/base/latency-histogram.ts";
import type { ProxyFigures } from "../../src/dashboard/control.ts";
import { proxyFigures, serverFigures } from "./dashboard-sample.ts";
import type { FakeClock } from "./fake-clock.ts";
import { type FakeLeader, fakeProxyModel } from "./fake-dashboard-control.ts";

interface CommandCount {
  calls: number;
  usecs: number;
  fails: number;
  errors: number;
  readonly buckets: Float64Array;
}

/** Counters of one proxy since its start. */
export class CountingProxy {
  readonly token: string;
  readonly #commands = new Map<string, CommandCount>();
  bytesIn = 0;
  bytesOut = 0;
  sessions = 0;
  /** `original`: it tells what Codis's proxy tells. */
  kind: "ours" | "original" | "silent" = "ours";

  constructor(token: string) {
    this.token = token;
  }

  /** Requests with their latencies in microseconds. */
  serve(name: string, latenciesUs: readonly number[]): void {
    const count = this.#count(name);
    for (const us of latenciesUs) {
      count.calls += 1;
      count.usecs += us;
      const index = bucketOf(us);
      count.buckets[index] = (count.buckets[index] ?? 0) + 1;
    }
  }

  fail(name: string, times: number): void {
    const count = this.#count(name);
    count.calls += times;
    count.fails += times;
  }

  /** A new process: everything is 0. */
  restart(): void {
    this.#commands.clear();
    this.bytesIn = 0;
    this.bytesOut = 0;
  }

  figures(atMs: number): ProxyFigures {
    const sample = proxyFigures(this.token, { atMs });
    if (this.kind === "silent") {
      return { ...sample, stats: undefined, error: "no answer", table: "unreachable" };
    }
    const { stats } = sample;
    const all = [...this.#commands.values()];
    const sum = (field: "calls" | "fails" | "errors") =>
      all.reduce((total, count) => total + count[field], 0);
    return {
      ...sample,
      stats: stats && {
        ...stats,
        ops: { total: sum("calls"), fails: sum("fails"), redis: { errors: sum("errors") }, qps: 0 },
        sessions: { total: 100, alive: this.sessions },
      },
      counts:
        this.kind === "original"
          ? undefined
          : {
              layout: LATENCY_LAYOUT,
              bytes: { in: this.bytesIn, out: this.bytesOut },
              commands: [...this.#commands].map(([opstr, count]) => ({
                opstr,
                calls: count.calls,
                usecs: count.usecs,
                usecs_percall: 0,
                fails: count.fails,
                redis_errtype: count.errors,
                latencies: encodeLatencies(count.buckets),
              })),
            },
    };
  }

  #count(name: string): CommandCount {
    const buckets = new Float64Array(BUCKET_COUNT);
    const count = this.#commands.get(name) ?? { calls: 0, usecs: 0, fails: 0, errors: 0, buckets };
    this.#commands.set(name, count);
    return count;
  }
}

/** See the file head. Fills the leader with proxies and groups of two servers. */
export class CountingProduct {
  readonly leader: FakeLeader;
  readonly proxies: readonly CountingProxy[];
  /** INFO by address; a server without one doesn't answer. */
  readonly infos = new Map<string, Record<string, string>>();
  readonly #clock: FakeClock;

  constructor(
    leader: FakeLeader,
    clock: FakeClock,
    counts: { readonly proxies: number; readonly groups: number },
  ) {
    this.leader = leader;
    this.#clock = clock;
    const ids = Array.from({ length: counts.proxies }, (_, index) => index + 1);
    this.proxies = ids.map((id) => new CountingProxy(String(id).padStart(32, "0")));
    leader.change({
      proxies: new Map(
        this.proxies.map(({ token }, index) => [
          token,
          { id: index + 1, ...fakeProxyModel(`10.0.1.${index + 1}:11080`, { token }) },
        ]),
      ),
    });
    for (let id = 1; id <= counts.groups; id++) {
      const addrs = [`10.0.${id}.1:6379`, `10.0.${id}.2:6379`];
      leader.setGroup(id, addrs);
      for (const [index, addr] of addrs.entries()) {
        this.infos.set(addr, infoOf(index === 0 ? undefined : (addrs[0] ?? "")));
      }
    }
    this.look();
  }

  proxy(index: number): CountingProxy {
    const proxy = this.proxies[index];
    if (proxy === undefined) {
      throw new Error(`there is no proxy ${index}`);
    }
    return proxy;
  }

  /** All are looked at now. */
  look(): void {
    const atMs = this.#clock.nowMs();
    for (const proxy of this.proxies) {
      this.leader.proxies.set(proxy.token, proxy.figures(atMs));
    }
    for (const { servers } of this.leader.topology().groups.values()) {
      for (const { addr } of servers) {
        const info = this.infos.get(addr);
        const error = info === undefined ? "no answer" : undefined;
        this.leader.servers.set(
          addr,
          serverFigures(addr, { info: info && { ...info }, error, atMs }),
        );
      }
    }
  }

  /** `happen` happens in each of the seconds, in the middle of which all are looked at. */
  pass(seconds: number, happen: (second: number) => void = () => undefined): void {
    for (let second = 0; second < seconds; second++) {
      this.#clock.advance(500);
      happen(second);
      this.look();
      this.#clock.advance(500);
    }
  }
}

function infoOf(masterAddr: string | undefined): Record<string, string> {
  const [host = "", port = ""] = masterAddr?.split(":") ?? [];
  const follows = { master_host: host, master_port: port, master_link_status: "up" };
  return {
    role: masterAddr === undefined ? "master" : "slave",
    ...(masterAddr === undefined ? {} : follows),
    redis_version: "7.0.15",
    connected_clients: "12",
    used_memory: "3124008",
    maxmemory: "0",
    uptime_in_seconds: "90000",
    instantaneous_ops_per_sec: "4",
    keyspace_hits: "100",
    keyspace_misses: "50",
    db0: "keys=1000,expires=0,avg_ttl=0",
    run_id: `${masterAddr ?? "m"}`.padEnd(40, "0"),
    master_replid: "a".repeat(40),
    master_repl_offset: "1000",
    slave_repl_offset: "1000",
  };
}
