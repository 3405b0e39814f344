/**
 * Roles of real servers: becoming a replica with the product's password, becoming a master, and the sync
 * actions that a dashboard carries out, resumes after a restart, and gives up.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/base/clock.ts";
import { CodisError } from "../../../src/base/error.ts";
import { silentLog } from "../../../src/base/log.ts";
import { setRole } from "../../../src/dashboard/group/replicate.ts";
import {
  SyncActionExecutor,
  type SyncActionPort,
  type SyncBounds,
} from "../../../src/dashboard/group/sync-executor.ts";
import type { SyncActionState } from "../../../src/model/action.ts";
import type { Topology } from "../../../src/model/topology/topology.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { configGet, fetchInfo } from "../../../src/redis/server-command.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { startFakeCodis } from "../../support/fake-codis-server.ts";
import { freePort } from "../../support/free-port.ts";
import { PATIENT } from "../../support/patience.ts";
import { keepSilent, startRawServer } from "../../support/raw-server.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { serverTopology } from "../../support/server-topology.ts";

const PASSWORD = "product-secret";
const STALL_MS = 60_000;
const WAIT_MS = 30_000;

let master: RedisServer;
let other: RedisServer;

beforeEach(async () => {
  // Diskless and without delay: a copy begins at once.
  const args = ["--repl-diskless-sync-delay", "0"];
  [master, other] = await Promise.all([startRedis({ args }), startRedis({ args })]);
  for (const { addr } of [master, other]) {
    await call(addr, ["CONFIG", "SET", "requirepass", PASSWORD], "");
  }
});

afterEach(async () => {
  await Promise.all([master.stop(), other.stop()]);
});

async function call(addr: string, args: readonly string[], password = PASSWORD): Promise<void> {
  const client = await RedisClient.connect({ ...PATIENT, addr, password });
  try {
    await client.call(args);
  } finally {
    client.close();
  }
}

function info(addr: string): ReturnType<typeof fetchInfo> {
  return fetchInfo({ ...PATIENT, addr, password: PASSWORD });
}

function waitForLink(addr: string, masterAddr: string): Promise<true> {
  return waitFor(`link of ${addr} to ${masterAddr}`, WAIT_MS, async () => {
    const found = await info(addr);
    const isUp = found["master_addr"] === masterAddr && found["master_link_status"] === "up";
    return isUp ? true : undefined;
  });
}

describe("setRole", () => {
  test("a replica logs in at its master, also when a user for that was set", async () => {
    await call(other.addr, ["CONFIG", "SET", "masteruser", "nobody"]);
    await call(master.addr, ["SET", "k", "v"]);
    const order = { addr: other.addr, masterAddr: master.addr, password: PASSWORD };
    const report = await setRole(order);
    expect(report.wasAlready).toBe(false);
    await waitForLink(other.addr, master.addr);
    expect((await info(other.addr))["db0"]).toStartWith("keys=1");
    expect((await setRole(order)).wasAlready).toBe(true);
    expect((await info(other.addr))["master_link_status"]).toBe("up");
  });

  test("the server has no file to write its configuration to: told, and not in the way", async () => {
    const order = { addr: other.addr, masterAddr: master.addr, password: PASSWORD };
    const { warnings } = await setRole(order);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("CONFIG REWRITE");
    expect(warnings[0]).not.toContain(PASSWORD);
  });

  test("clients are sent away when the role changes, and only then", async () => {
    const client = await RedisClient.connect({ ...PATIENT, addr: other.addr, password: PASSWORD });
    await setRole({ addr: other.addr, masterAddr: undefined, password: PASSWORD });
    expect(client.isOpen).toBe(true);
    await setRole({ addr: other.addr, masterAddr: master.addr, password: PASSWORD });
    await waitFor("end of the client", WAIT_MS, () => (client.isOpen ? undefined : true));
    await setRole({ addr: other.addr, masterAddr: undefined, password: PASSWORD });
    expect((await info(other.addr))["role"]).toBe("master");
  });

  test("a server that refuses, or isn't there, is an error and no role", async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    const absent = { addr: gone, masterAddr: master.addr, password: PASSWORD };
    expect((await catchRejection(setRole(absent))).code).toBe("SERVER_UNREACHABLE");
    const locked = { addr: other.addr, masterAddr: master.addr, password: "wrong" };
    expect((await catchRejection(setRole(locked))).code).toBe("SERVER_AUTH_FAILED");
    await call(other.addr, ["ACL", "SETUSER", "default", "-slaveof"]);
    const refused = await catchRejection(setRole({ ...locked, password: PASSWORD }));
    expect(refused.code).toBe("SERVER_REFUSED");
    expect(refused.message).toContain("SLAVEOF");
    expect(await masterAuth(other.addr)).toBe("");
  });

  test("codis-server is told as it knows it", async () => {
    const codis = await startFakeCodis();
    const order = { addr: codis.addr, masterAddr: "10.0.0.1:6379", password: "" };
    expect(await setRole(order)).toEqual({ wasAlready: false, warnings: [] });
    const told = codis.journal.map(({ argv }) => argv.map((arg) => arg.toString()).join(" "));
    expect(told.slice(told.indexOf("MULTI"))).toEqual([
      "MULTI",
      "CONFIG SET masterauth ",
      "SLAVEOF 10.0.0.1 6379",
      "CONFIG REWRITE",
      "CLIENT KILL TYPE normal",
      "EXEC",
      "CLIENT UNPAUSE",
    ]);
    await codis.close();
  });

  test("a pause of its time as a master doesn't hold what comes from the new one", async () => {
    await call(other.addr, ["CLIENT", "PAUSE", "600000", "WRITE"]);
    await setRole({ addr: other.addr, masterAddr: master.addr, password: PASSWORD });
    await waitForLink(other.addr, master.addr);
    await call(master.addr, ["SET", "later", "1"]);
    await waitFor("key at the replica", WAIT_MS, async () =>
      (await info(other.addr))["db0"]?.startsWith("keys=1") === true ? true : undefined,
    );
  });
});

async function masterAuth(addr: string): Promise<string | undefined> {
  const client = await RedisClient.connect({ ...PATIENT, addr, password: PASSWORD });
  const value = await configGet(client, "masterauth");
  client.close();
  return value;
}

/** A leader that keeps states in memory and writes down what was stored. */
class FakeLeader implements SyncActionPort {
  readonly stored: string[] = [];
  readonly actions: Record<string, readonly [number, SyncActionState]>;
  groups: Readonly<Record<number, readonly string[]>>;
  /** How often the executor has looked what there is to do. */
  looks = 0;

  constructor(
    groups: Readonly<Record<number, readonly string[]>>,
    actions: Record<string, readonly [number, SyncActionState]>,
  ) {
    this.groups = groups;
    this.actions = actions;
  }

  topology(): Topology {
    this.looks += 1;
    return serverTopology({ groups: this.groups, actions: this.actions });
  }

  confirm(): Promise<void> {
    return Promise.resolve();
  }

  markSyncing(addr: string): Promise<void> {
    return this.#store(addr, "syncing");
  }

  markFinished(addr: string, outcome: "synced" | "synced_failed"): Promise<void> {
    return this.#store(addr, outcome);
  }

  waitForState(addr: string, state: SyncActionState): Promise<true> {
    return waitFor(`${state} of ${addr}`, WAIT_MS, () =>
      this.actions[addr]?.[1] === state ? true : undefined,
    );
  }

  #store(addr: string, state: SyncActionState): Promise<void> {
    this.stored.push(`${addr} ${state}`);
    this.actions[addr] = [0, state];
    return Promise.resolve();
  }
}

describe("SyncActionExecutor", () => {
  let executor: SyncActionExecutor | undefined;
  /** Of the executor's clock: what waits for a bound needs no time, and a machine that stands still passes none. */
  let skippedMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + skippedMs };

  afterEach(async () => {
    await executor?.stop();
    executor = undefined;
    skippedMs = 0;
  });

  /** Longer than a master may be silent, shorter than an action may take. */
  function skipStall(): void {
    skippedMs += 2 * STALL_MS;
  }

  async function whenToldToFollow(addr: string, masterAddr: string): Promise<void> {
    await waitFor(`order to ${addr}`, WAIT_MS, async () =>
      (await info(addr))["master_addr"] === masterAddr ? true : undefined,
    );
  }

  function run(leader: FakeLeader, bounds: Partial<SyncBounds> = {}): void {
    executor = new SyncActionExecutor({
      port: leader,
      password: PASSWORD,
      log: silentLog,
      bounds: { lookMs: 20, callMs: 1_000, stallMs: STALL_MS, ...bounds },
      clock,
    });
    executor.start();
  }

  test("a pending action is stored as begun, carried out, and stored as done", async () => {
    const leader = new FakeLeader(
      { 1: [master.addr, other.addr] },
      { [other.addr]: [1, "pending"] },
    );
    run(leader);
    await leader.waitForState(other.addr, "synced");
    await waitForLink(other.addr, master.addr);
    expect(leader.stored).toEqual([`${other.addr} syncing`, `${other.addr} synced`]);
  });

  test("after a restart a replica that was told already isn't told again", async () => {
    await setRole({ addr: other.addr, masterAddr: master.addr, password: PASSWORD });
    await waitForLink(other.addr, master.addr);
    const client = await RedisClient.connect({ ...PATIENT, addr: other.addr, password: PASSWORD });
    const leader = new FakeLeader(
      { 1: [master.addr, other.addr] },
      { [other.addr]: [0, "syncing"] },
    );
    run(leader);
    await leader.waitForState(other.addr, "synced");
    expect(leader.stored).toEqual([`${other.addr} synced`]);
    expect(client.isOpen).toBe(true);
    client.close();
  });

  test("after a restart a replica that wasn't told yet is told", async () => {
    const leader = new FakeLeader(
      { 1: [master.addr, other.addr] },
      { [other.addr]: [0, "syncing"] },
    );
    run(leader);
    await leader.waitForState(other.addr, "synced");
    expect((await info(other.addr))["master_addr"]).toBe(master.addr);
  });

  test("the first server of a group becomes a master", async () => {
    await setRole({ addr: other.addr, masterAddr: master.addr, password: PASSWORD });
    const leader = new FakeLeader({ 1: [other.addr] }, { [other.addr]: [1, "pending"] });
    run(leader);
    await leader.waitForState(other.addr, "synced");
    expect((await info(other.addr))["role"]).toBe("master");
  });

  test("a group that gets another master under way: the replica follows the new one", async () => {
    const silent = await startRawServer(keepSilent);
    const leader = new FakeLeader(
      { 1: [silent.addr, other.addr] },
      { [other.addr]: [1, "pending"] },
    );
    run(leader);
    await whenToldToFollow(other.addr, silent.addr);
    leader.groups = { 1: [master.addr, other.addr] };
    await leader.waitForState(other.addr, "synced");
    await waitForLink(other.addr, master.addr);
    await silent.close();
  });

  test("a master that doesn't answer fails the action in time, and the next one has its turn", async () => {
    const silent = await startRawServer(keepSilent);
    const third = await startRedis();
    await call(third.addr, ["CONFIG", "SET", "requirepass", PASSWORD], "");
    const leader = new FakeLeader(
      { 1: [silent.addr, third.addr], 2: [master.addr, other.addr] },
      { [third.addr]: [1, "pending"], [other.addr]: [2, "pending"] },
    );
    run(leader);
    await whenToldToFollow(third.addr, silent.addr);
    // Again and again: its time begins when the answer to the order is in.
    await waitFor("end of the first action", WAIT_MS, async () => {
      skipStall();
      await Bun.sleep(300);
      return leader.actions[third.addr]?.[1] === "synced_failed" ? true : undefined;
    });
    await leader.waitForState(other.addr, "synced");
    await Promise.all([silent.close(), third.stop()]);
  });

  test("a server that is gone fails after a while; one with another password at once", async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    const leader = new FakeLeader(
      { 1: [master.addr, gone, other.addr] },
      { [gone]: [1, "pending"], [other.addr]: [2, "pending"] },
    );
    await call(other.addr, ["CONFIG", "SET", "requirepass", "another"]);
    run(leader, { unreachableMs: 200 });
    await leader.waitForState(gone, "synced_failed");
    await leader.waitForState(other.addr, "synced_failed");
  });

  test("a state that can't be stored is stored later", async () => {
    const leader = new FakeLeader(
      { 1: [master.addr, other.addr] },
      { [other.addr]: [1, "pending"] },
    );
    let failures = 3;
    const markSyncing = leader.markSyncing.bind(leader);
    leader.markSyncing = (addr) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error("coordinator is away")) : markSyncing(addr);
    };
    run(leader);
    await leader.waitForState(other.addr, "synced");
    expect(failures).toBeLessThan(0);
  });

  test("a dashboard that no longer leads tells no server anything, and stores no failure", async () => {
    const leader = new FakeLeader(
      { 1: [master.addr, other.addr] },
      { [other.addr]: [1, "pending"] },
    );
    let asked = 0;
    leader.confirm = () => {
      asked += 1;
      return Promise.reject(new CodisError("LEADERSHIP_LOST", "frozen for too long"));
    };
    run(leader);
    await waitFor("two tries", WAIT_MS, () => (asked >= 2 ? true : undefined));
    expect((await info(other.addr))["role"]).toBe("master");
    expect(leader.stored).toEqual([`${other.addr} syncing`]);
  });

  test("an action that is removed under way is left alone", async () => {
    const silent = await startRawServer(keepSilent);
    const leader = new FakeLeader(
      { 1: [silent.addr, other.addr] },
      { [other.addr]: [1, "pending"] },
    );
    run(leader);
    await leader.waitForState(other.addr, "syncing");
    await whenToldToFollow(other.addr, silent.addr);
    delete leader.actions[other.addr];
    skipStall();
    const looks = leader.looks + 3;
    await waitFor("looks at what is to be done", WAIT_MS, () =>
      leader.looks >= looks ? true : undefined,
    );
    expect(leader.stored).toEqual([`${other.addr} syncing`]);
    await silent.close();
  });

  test("stop ends a look at a server that hangs", async () => {
    const silent = await startRawServer(keepSilent);
    const leader = new FakeLeader(
      { 1: [master.addr, silent.addr] },
      { [silent.addr]: [0, "syncing"] },
    );
    run(leader, { callMs: 60_000 });
    await waitFor("a look", WAIT_MS, () => (silent.connectionCount() > 0 ? true : undefined));
    await executor?.stop();
    expect(leader.stored).toEqual([]);
    await silent.close();
  });
});
