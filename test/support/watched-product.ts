/**
 * A product whose replication is watched, between real redis-servers: a leader's store of the topology on a
 * coordinator in memory, its poller, the groups' turns, and the watch. No proxies; groups own slots all the same. Its
 * time runs `SWIFT` times faster than that of servers, so that a look takes a part of a second.
 *
 * Invariant: `stop()` ends everything that was started here.
 */
import { type Log, silentLog } from "../../src/base/log.ts";
import { createMemoryStore } from "../../src/coordinator/memory/memory-store.ts";
import type { GroupTurnTable } from "../../src/dashboard/availability/group-turns.ts";
import { ReplicationWatch } from "../../src/dashboard/availability/replication/replication-watch.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import { setRole } from "../../src/dashboard/group/replicate.ts";
import type { TopologyStore } from "../../src/dashboard/topology/store.ts";
import type {
  RepairReport,
  ReplicationFaultCode,
} from "../../src/model/availability/replication.ts";
import { addServer, createGroup } from "../../src/model/change/group.ts";
import { switchMaster } from "../../src/model/change/master.ts";
import { assignSlots, slotRange } from "../../src/model/change/slot.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { RedisClient } from "../../src/redis/client.ts";
import type { ServerInfo } from "../../src/redis/info.ts";
import { numberOf, textOf } from "../../src/redis/reply.ts";
import { fetchInfo } from "../../src/redis/server-command.ts";
import { waitFor } from "./deadline.ts";
import { LedProduct } from "./led-product.ts";
import { PATIENT } from "./patience.ts";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis-server.ts";
import { swiftClock } from "./swift-clock.ts";

const WAIT_MS = 30_000;
/** See the file head. */
const SWIFT = 4;
/** Of a test and of its set-up, on a busy machine. */
export const TEST_MS = 120_000;
/** Longer than several looks of the watch. */
const WHILE_MS = 1_500;

/** Members of a group that replicates, the master first. */
export type Pair = readonly [RedisServer, RedisServer];
export type Three = readonly [RedisServer, RedisServer, RedisServer];

/** What sentinels say in a test. */
export interface ScriptedSentinels {
  isWatching: boolean;
  named: string | undefined;
}

/** See the file head. */
export class WatchedProduct {
  readonly password: string;
  readonly servers: RedisServer[] = [];
  readonly sentinels: ScriptedSentinels = { isWatching: false, named: undefined };
  readonly logged: string[] = [];
  /** How often the lead was confirmed. */
  confirmCount = 0;
  /** Throws when this dashboard no longer leads. */
  onConfirm: () => void = () => undefined;
  readonly #nodes = createMemoryStore();
  #led: LedProduct | undefined;
  #watch: ReplicationWatch | undefined;

  /** An empty product that is led, and watched from the start. */
  static async start(password = ""): Promise<WatchedProduct> {
    const product = new WatchedProduct(password);
    await product.lead();
    return product;
  }

  private constructor(password: string) {
    this.password = password;
  }

  get turns(): GroupTurnTable {
    return present(this.#led).turns;
  }

  get store(): TopologyStore {
    return present(this.#led).store;
  }

  get watch(): ReplicationWatch {
    return present(this.#watch);
  }

  /** Another leader begins, on what the ones before have stored. */
  async lead(): Promise<void> {
    await this.endLead();
    const led = await LedProduct.open({
      coordinator: this.#nodes.open(),
      config: defaultDashboardConfig({ productName: "demo", productAuth: this.password }),
      log: this.#log(),
      clock: swiftClock(SWIFT),
    });
    this.#led = led;
    led.begin();
    this.#watch = new ReplicationWatch({
      ...led.parts(),
      confirm: async () => {
        this.confirmCount += 1;
        this.onConfirm();
        await led.leadership.confirm();
      },
      sentinels: {
        isWatched: () => this.sentinels.isWatching,
        masterOf: () => this.sentinels.named,
      },
    });
    this.#watch.start();
  }

  /** The leader of now is gone. */
  async endLead(): Promise<void> {
    await this.#watch?.close();
    await this.#led?.close();
    this.#led = undefined;
  }

  #log(): Log {
    const note = (event: string, message: string): void => {
      this.logged.push(`${event}: ${message}`);
    };
    const log = { ...silentLog, info: note, warn: note, error: note };
    return { ...log, child: () => log };
  }

  /** One more redis-server with the product's password; ended by `stop`. */
  async server(options: RedisServerOptions = {}): Promise<RedisServer> {
    const args = ["--repl-diskless-sync-delay", "0", ...(options.args ?? [])];
    const server = await startRedis({ ...options, args });
    this.servers.push(server);
    if (this.password !== "") {
      await this.call(server, ["CONFIG", "SET", "requirepass", this.password], "");
    }
    return server;
  }

  /** Stores a group with all slots, in this order of its servers. */
  async group(addrs: readonly string[]): Promise<void> {
    await this.store.commit("build", (now) => {
      let next = createGroup(now, 1);
      for (const addr of addrs) {
        next = addServer(next, 1, addr);
      }
      const ids = slotRange(next, 0, next.slotCount - 1);
      return assignSlots(
        next,
        ids.map((id) => ({ id, groupId: 1 })),
      );
    });
  }

  /** A group of servers that replicate, all seen so; the first is the master and holds `k` = `v`. */
  async replicatingGroup(servers: readonly RedisServer[]): Promise<void> {
    const [master, ...replicas] = servers;
    await this.call(present(master), ["SET", "k", "v"]);
    for (const { addr } of replicas) {
      await setRole({ addr, masterAddr: present(master).addr, password: this.password });
    }
    await this.group(servers.map(({ addr }) => addr));
    for (const replica of replicas) {
      await this.whenFollowing(replica, present(master));
    }
    await this.whenWritten(...servers.map(({ addr }) => addr));
  }

  /** A master and its replica, as `replicatingGroup` makes them. */
  async pair(): Promise<Pair> {
    const servers = [await this.server(), await this.server()] as const;
    await this.replicatingGroup(servers);
    return servers;
  }

  /** A master, started like this, and two replicas. */
  async three(master: RedisServerOptions = {}): Promise<Three> {
    const servers = [await this.server(master), await this.server(), await this.server()] as const;
    await this.replicatingGroup(servers);
    return servers;
  }

  /** The group's stored master becomes this server, which is a master already; as a failover does it. */
  async switchTo(server: RedisServer): Promise<void> {
    await setRole({ addr: server.addr, masterAddr: undefined, password: this.password });
    await this.store.commit("switch", (now) => switchMaster(now, 1, server.addr));
  }

  async call(
    server: RedisServer,
    args: readonly string[],
    password: string = this.password,
  ): Promise<string> {
    const client = await RedisClient.connect({ ...PATIENT, addr: server.addr, password });
    try {
      const reply = await client.call(args);
      return textOf(reply) ?? `${numberOf(reply) ?? JSON.stringify(reply)}`;
    } finally {
      client.close();
    }
  }

  info({ addr }: RedisServer): Promise<ServerInfo> {
    return fetchInfo({ ...PATIENT, addr, password: this.password });
  }

  /** `master` or `slave`. */
  async roleOf(server: RedisServer): Promise<string | undefined> {
    return (await this.info(server))["role"];
  }

  /** The same after some looks of the watch. */
  async roleAfterAWhile(server: RedisServer): Promise<string | undefined> {
    await this.passAWhile();
    return this.roleOf(server);
  }

  /** Lets the watch look several times. */
  async passAWhile(): Promise<void> {
    await Bun.sleep(WHILE_MS);
  }

  /** Names of its keys, sorted. */
  async keysOf(server: RedisServer): Promise<readonly string[]> {
    const script = "return table.concat(redis.call('KEYS', '*'), ' ')";
    return (await this.call(server, ["EVAL", script, "0"])).split(" ").toSorted();
  }

  /** Waits until it has these keys, sorted: what a link that is up has carried over may not have been applied yet. */
  async whenHaving(server: RedisServer, keys: readonly string[]): Promise<void> {
    await waitFor(`the keys ${keys.join()} of ${server.addr}`, WAIT_MS, async () => {
      const found = await this.keysOf(server);
      if (found.join() !== keys.join()) {
        throw new Error(`it has ${found.join()}`);
      }
      return true;
    });
  }

  /** Waits until a line of the log has these words. */
  whenLogged(words: string): Promise<string> {
    return waitFor(`"${words}" in the log`, WAIT_MS, () =>
      this.logged.find((line) => line.includes(words)),
    );
  }

  /** Waits until the shown faults are these, the worst first: a look at a machine that stands still finds others. */
  whenFaults(...codes: readonly ReplicationFaultCode[]): Promise<true> {
    return waitFor(`the faults ${codes.join()}`, WAIT_MS, () => {
      const shown = this.watch.faults().map(({ code }) => code);
      if (shown.join() !== codes.join()) {
        throw new Error(`there are ${shown.join()}`);
      }
      return true;
    });
  }

  /** What a repair says once all servers have answered it in time, and all that it has done until then. */
  repair(groupId: number | undefined, isDryRun: boolean): Promise<RepairReport> {
    const done: string[] = [];
    return waitFor("a repair that all servers have answered", WAIT_MS, async () => {
      const report = await this.watch.repair(groupId, isDryRun);
      if (report.failed.some((line) => line.includes("doesn't answer"))) {
        done.push(...(isDryRun ? [] : report.done));
        throw new Error(report.failed.join());
      }
      return { done: [...done, ...report.done], failed: report.failed };
    });
  }

  /** Waits until its link to a master is up, whatever that is. */
  whenLinked(server: RedisServer): Promise<true> {
    return waitFor(`link of ${server.addr}`, WAIT_MS, async () =>
      (await this.info(server))["master_link_status"] === "up" ? true : undefined,
    );
  }

  /** Waits until it is linked to this master, under whatever name. */
  whenFollowing(server: RedisServer, master: RedisServer): Promise<true> {
    return waitFor(`link of ${server.addr} to ${master.addr}`, WAIT_MS, async () => {
      const [info, of] = await Promise.all([this.info(server), this.info(master)]);
      const isSame = info["master_port"] === `${master.port}`;
      const isWhole = info["master_replid"] === of["master_replid"];
      return isSame && isWhole && info["master_link_status"] === "up" ? true : undefined;
    });
  }

  /** Waits until the coordinator says that these servers have been part of the group. */
  async whenWritten(...addrs: readonly string[]): Promise<void> {
    await waitFor(`record of ${addrs.join()}`, WAIT_MS, async () => {
      const node = await present(this.#led).coordinator.get(coordinatorPath.member("demo", 1));
      return addrs.every((addr) => node?.data.includes(addr) === true) ? true : undefined;
    });
  }

  /** What is said of the fault; `words` are in it, as a look at a server that comes or goes may say something else. */
  whenFault(code: ReplicationFaultCode, { addr }: RedisServer, words = ""): Promise<string> {
    return waitFor(`${code} of ${addr} ${words}`, WAIT_MS, () => {
      const fault = this.watch.faults().find((each) => each.code === code && each.addr === addr);
      if (fault !== undefined && !fault.text.includes(words)) {
        throw new Error(fault.text);
      }
      return fault?.text;
    });
  }

  whenWell(): Promise<true> {
    return waitFor("no faults", WAIT_MS, () => {
      const faults = this.watch.faults();
      if (faults.length > 0) {
        throw new Error(faults.map(({ text }) => text).join("\n"));
      }
      return true;
    });
  }

  /** See the file head. */
  async stop(): Promise<void> {
    await this.endLead();
    // Nothing of them is needed any more; asked to end, a master would wait for replicas that are behind.
    await Promise.all(this.servers.map((server) => server.kill()));
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new Error("it isn't there yet");
  }
  return value;
}
