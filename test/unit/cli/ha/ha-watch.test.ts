/**
 * The rounds of `codis ha` against a dashboard in memory: when a master is replaced and by whom, when nothing is done,
 * and that proxies and replicas are removed only when that was asked for.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { TopomOverviewJson } from "../../../../src/api/topom-json.ts";
import { CodisError } from "../../../../src/base/error.ts";
import { createLog, type Log } from "../../../../src/base/log.ts";
import { chooseReplica } from "../../../../src/cli/ha/candidate.ts";
import { parseHaFlags } from "../../../../src/cli/ha/flags.ts";
import {
  BAD_ROUNDS,
  type HaDashboard,
  HaWatch,
  PROMOTION_PAUSE_MS,
} from "../../../../src/cli/ha/ha-watch.ts";
import { catchError } from "../../../support/caught-error.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const [A, B, C, D] = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379", "10.0.0.4:6379"] as const;

type Info = Readonly<Record<string, string>>;

const MASTER: Info = { role: "master" };

function replicaOf(master: string, offset: number, parts: Info = {}): Info {
  const [host = "", port = ""] = master.split(":");
  return {
    role: "slave",
    master_host: host,
    master_port: port,
    master_addr: master,
    master_link_status: "down",
    slave_repl_offset: String(offset),
    ...parts,
  };
}

/** What the dashboard sees; groups are lists of servers, the master first. */
class FakeTopom implements HaDashboard {
  groups: (readonly string[])[] = [[A, B, C], [D]];
  readonly infos = new Map<string, Info>();
  readonly orders: string[] = [];
  readonly badProxies = new Set<string>();
  config: Record<string, boolean> = {};
  sentinels: readonly string[] = [];
  promoting: Record<string, string> = {};
  failure: CodisError | undefined;
  isSilent = false;

  async overview(): Promise<TopomOverviewJson> {
    if (this.isSilent) {
      throw new CodisError("REMOTE_UNREACHABLE", "it is silent");
    }
    const look = (info: Info | undefined) =>
      info === undefined ? { unixtime: 1, timeout: true } : { unixtime: 1, stats: info };
    const parts = {
      config: this.config,
      stats: {
        group: {
          models: this.groups.map((servers, index) => ({
            id: index + 1,
            servers: servers.map((server) => ({ server })),
            promoting: index === 0 ? this.promoting : {},
          })),
          stats: Object.fromEntries(
            this.groups.flat().map((addr) => [addr, look(this.infos.get(addr))]),
          ),
        },
        proxy: {
          models: ["p1", "p2"].map((token, index) => ({
            ...{ id: index + 1, token, admin_addr: `${token}:1`, proxy_addr: `${token}:2` },
          })),
          stats: Object.fromEntries(
            ["p1", "p2"].map((token) => [
              token,
              this.badProxies.has(token)
                ? { unixtime: 1, error: { Cause: "refused", Stack: null } }
                : { unixtime: 1, stats: { online: true, closed: false } },
            ]),
          ),
        },
        sentinels: { model: { servers: this.sentinels, out_of_sync: false } },
      },
    };
    // Of an overview what the rounds read.
    return parts as unknown as TopomOverviewJson;
  }

  async serverInfo(addr: string): Promise<Info> {
    const info = this.infos.get(addr);
    if (info === undefined) {
      throw new CodisError("SERVER_UNREACHABLE", `${addr} is silent`);
    }
    return info;
  }

  promoteServer(groupId: number, addr: string): Promise<void> {
    return this.#take(`promote ${groupId} ${addr}`);
  }

  createSyncAction(addr: string): Promise<void> {
    return this.#take(`sync ${addr}`);
  }

  removeProxy(token: string, isForced: boolean): Promise<void> {
    return this.#take(`removeProxy ${token} ${isForced}`);
  }

  removeServer(groupId: number, addr: string): Promise<void> {
    return this.#take(`removeServer ${groupId} ${addr}`);
  }

  async #take(order: string): Promise<void> {
    this.orders.push(order);
    if (this.failure !== undefined) {
      throw this.failure;
    }
  }
}

let topom: FakeTopom;
let clock: FakeClock;
let alive: Set<string>;
let lines: string[];
let log: Log;

beforeEach(async () => {
  topom = new FakeTopom();
  clock = new FakeClock();
  alive = new Set();
  lines = [];
  const sink = { write: (line: string) => void lines.push(line), close: async () => undefined };
  log = await createLog({ component: "ha", level: "info", sink });
  topom.infos.set(A, MASTER).set(D, MASTER);
  topom.infos.set(B, replicaOf(A, 100, { master_link_status: "up" }));
  topom.infos.set(C, replicaOf(A, 100, { master_link_status: "up" }));
});

function killMaster(): void {
  topom.infos.delete(A);
  topom.infos.set(B, replicaOf(A, 90));
  topom.infos.set(C, replicaOf(A, 110));
}

function newWatch(options: Partial<ConstructorParameters<typeof HaWatch>[0]["options"]> = {}) {
  return new HaWatch({
    dashboard: topom,
    isAlive: async (addr) => alive.has(addr),
    options: { isObserver: false, removesProxies: false, removesReplicas: false, ...options },
    clock,
    log,
  });
}

async function rounds(watch: HaWatch, count = BAD_ROUNDS): Promise<readonly string[]> {
  for (let round = 0; round < count; round++) {
    await watch.round();
  }
  return topom.orders;
}

function said(text: string): boolean {
  return lines.some((line) => line.includes(text));
}

describe("a dead master", () => {
  test("is replaced after three rounds by the replica that has most, and the others follow", async () => {
    const watch = newWatch();
    expect(await rounds(watch)).toEqual([]);
    killMaster();
    expect(await rounds(watch, BAD_ROUNDS - 1)).toEqual([]);
    expect(await rounds(watch, 1)).toEqual([`promote 1 ${C}`, `sync ${B}`]);
  });

  test("that comes back as a second master becomes a replica", async () => {
    const watch = newWatch();
    killMaster();
    await rounds(watch);
    topom.groups = [[C, B, A], [D]];
    topom.infos.set(C, MASTER);
    topom.infos.set(B, replicaOf(C, 120, { master_link_status: "up" }));
    expect(await rounds(watch, 2)).toHaveLength(2);
    topom.infos.set(A, MASTER);
    expect((await rounds(watch, 1)).slice(2)).toEqual([`sync ${A}`]);
    expect(await rounds(watch, 3)).toHaveLength(3);
  });

  test("isn't replaced while it answers this machine, or a replica has its link", async () => {
    const watch = newWatch();
    killMaster();
    alive.add(A);
    expect(await rounds(watch)).toEqual([]);
    expect(said("it answers this machine")).toBe(true);
    alive.clear();
    topom.infos.set(B, replicaOf(A, 90, { master_link_status: "up" }));
    expect(await rounds(watch, 1)).toEqual([]);
    expect(said(`${B} still has its link`)).toBe(true);
    topom.infos.set(B, replicaOf(A, 90));
    expect((await rounds(watch, 1))[0]).toBe(`promote 1 ${C}`);
  });

  test("isn't replaced by an observer, while its group is promoting, or where sentinels watch", async () => {
    killMaster();
    expect(await rounds(newWatch({ isObserver: true }), 5)).toEqual([]);
    topom.promoting = { state: "prepared" };
    expect(await rounds(newWatch(), 5)).toEqual([]);
    topom.promoting = {};
    topom.sentinels = ["10.0.2.1:26379"];
    expect(await rounds(newWatch(), 5)).toEqual([]);
    expect(said("sentinels watch the product")).toBe(true);
  });

  test("isn't replaced when most servers are bad: the dashboard is cut off", async () => {
    killMaster();
    topom.infos.delete(B);
    topom.infos.delete(D);
    expect(await rounds(newWatch(), 5)).toEqual([]);
    expect(said("3 of 4 servers don't answer")).toBe(true);
  });

  test("has to be bad in rounds in a row: one without an answer of the dashboard begins anew", async () => {
    const watch = newWatch();
    killMaster();
    await rounds(watch, BAD_ROUNDS - 1);
    topom.isSilent = true;
    await rounds(watch, 1);
    topom.isSilent = false;
    expect(await rounds(watch, BAD_ROUNDS - 1)).toEqual([]);
    expect(await rounds(watch, 1)).toHaveLength(2);
  });

  test("whose promotion fails is tried again, but not at once", async () => {
    const watch = newWatch();
    killMaster();
    topom.failure = new CodisError("REMOTE_REFUSED", "group-[1] is busy");
    expect(await rounds(watch, 6)).toEqual([`promote 1 ${C}`]);
    expect(said("group-[1] is busy")).toBe(true);
    topom.failure = undefined;
    clock.advance(PROMOTION_PAUSE_MS);
    expect((await rounds(watch, 1)).slice(1)).toEqual([`promote 1 ${C}`, `sync ${B}`]);
  });

  test("of one of our dashboards is its own affair, and the log says what to do", async () => {
    killMaster();
    topom.config = { ha_enabled: true };
    expect(await rounds(newWatch(), 5)).toEqual([]);
    expect(said("replaced by the dashboard (ha_enabled = true)")).toBe(true);
    topom.config = { ha_enabled: false };
    expect(await rounds(newWatch(), 5)).toEqual([]);
    expect(said("set ha_enabled = true in the dashboard's configuration")).toBe(true);
  });

  test("without a replica is told, round by round", async () => {
    topom.groups = [[A], [D], [B], [C]];
    topom.infos.delete(A);
    topom.infos.set(B, MASTER).set(C, MASTER);
    expect(await rounds(newWatch())).toEqual([]);
    expect(said("no replica can take its place: there is none")).toBe(true);
  });
});

describe("what is gone", () => {
  test("stays where it is, as long as no flag says otherwise", async () => {
    topom.badProxies.add("p1");
    topom.infos.delete(C);
    expect(await rounds(newWatch(), 6)).toEqual([]);
    expect(said("[E] proxy-1")).toBe(true);
    expect(said(`[T] group-1 [2] ${C}`)).toBe(true);
  });

  test("is removed, one in a round, when flags ask for it", async () => {
    topom.badProxies.add("p2");
    topom.infos.delete(C);
    const watch = newWatch({ removesProxies: true, removesReplicas: true });
    expect(await rounds(watch)).toEqual(["removeProxy p2 true"]);
    topom.badProxies.clear();
    expect((await rounds(watch, 1)).slice(1)).toEqual([`removeServer 1 ${C}`]);
  });

  test("isn't removed while a master is bad, for the replica may be needed", async () => {
    topom.infos.delete(C);
    topom.infos.delete(D);
    expect(await rounds(newWatch({ removesReplicas: true }), 5)).toEqual([]);
  });
});

test("only replicas of the master that have its data can be chosen", () => {
  const look = (addr: string, info: Info | undefined) => ({ addr, info });
  expect(
    chooseReplica(A, [
      look(B, undefined),
      look(C, replicaOf(D, 500)),
      look(D, replicaOf(A, 400, { master_sync_in_progress: "1" })),
      look("10.0.0.5:6379", { role: "master" }),
    ]),
  ).toEqual({
    kind: "none",
    reasons: [
      `${B} doesn't answer with INFO`,
      `${C} doesn't follow ${A}`,
      `${D} hasn't its master's data yet`,
      `10.0.0.5:6379 doesn't follow ${A}`,
    ],
  });
  expect(chooseReplica(A, [look(B, replicaOf(A, 7)), look(C, replicaOf(A, 7))])).toEqual({
    kind: "chosen",
    addr: B,
    offset: 7,
  });
});

describe("the command line", () => {
  test("has the flags of codis-ha, and ours", () => {
    const dashboard = "127.0.0.1:18080";
    const defaults = {
      ...{ dashboard, logFile: undefined, logLevel: "info", intervalMs: 5000 },
      ...{ isObserver: false, removesProxies: false, removesReplicas: false },
    };
    const optionsOf = (...argv: readonly string[]) => {
      const order = parseHaFlags([`--dashboard=${dashboard}`, ...argv]);
      return order.kind === "run" ? order.options : undefined;
    };
    expect(optionsOf()).toEqual({ ...defaults, logLevel: "info" });
    expect(optionsOf("--interval=2", "-l", "x.log", "--log-level=WARN")).toMatchObject({
      intervalMs: 2000,
      logFile: "x.log",
      logLevel: "warn",
    });
    expect(optionsOf("--no-maintains")).toMatchObject({ isObserver: true });
    expect(optionsOf("--remove-proxies", "--remove-replicas")).toMatchObject({
      removesProxies: true,
      removesReplicas: true,
    });
  });

  test("says what would be right", () => {
    for (const [argv, text] of [
      [[], "--dashboard=ADDR is needed"],
      [["--dashboard=x"], "expected host:port"],
      [["--dashboard=1.2.3.4:1", "--interval=0"], "expected a whole number, 1 or more"],
      [["--dashboard=1.2.3.4:1", "--interval=9999"], "expected 1 to 3600 seconds"],
      [["--dashbord=1.2.3.4:1"], "unknown option"],
    ] as const) {
      const error = catchError(() => parseHaFlags(argv));
      expect([error.code, error.message]).toEqual(["USAGE", expect.stringContaining(text)]);
    }
    expect(parseHaFlags(["--help"])).toMatchObject({ kind: "print" });
  });
});
