/**
 * Two slots that move to and fro between two real servers under a leader that is killed (SIGKILL) at a certain write or
 * push of each move; the next leader ends it. Proxies are fakes that take slots: nobody may ever see two of them serve
 * a slot from different servers. After each move every key is at its slot's group, once, with its value.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { silentLog } from "../../src/base/log.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { defaultDashboardConfig } from "../../src/dashboard/config/load.ts";
import { Leader } from "../../src/dashboard/leader.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { RedisClient } from "../../src/redis/client.ts";
import { itemsOf, numberOf, textOf } from "../../src/redis/reply.ts";
import { selectDatabase } from "../../src/redis/server-command.ts";
import { waitFor, withDeadline } from "./deadline.ts";
import { FakeProxy } from "./fake-proxy.ts";
import { triedAgain } from "./late-answer.ts";
import { slotOfKey } from "./mover-pair.ts";
import { PATIENT } from "./patience.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { ROOT } from "./source-tree.ts";
import { memoryFolder } from "./temporary-folder.ts";

/** Where a leader is killed. `pushed`: right after a proxy has taken a push. */
export type CrashPoint = "write" | "push" | "pushed";

const PRODUCT = "crash-demo";
const CHILD = join(ROOT, "test/support/leader-child.ts");
const CHILD_MS = 45_000;
const TAGS = ["a", "b"];
const DBS = [0, 3];
const KEYS_EACH = 40;

/** A leader in its own process. */
class LeaderChild {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  text = "";

  constructor(root: string) {
    this.process = spawn(process.execPath, [CHILD, root, PRODUCT], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.ended = once(this.process, "close");
    const keep = (part: Buffer): void => {
      this.text += part.toString();
    };
    this.process.stdout?.on("data", keep);
    this.process.stderr?.on("data", keep);
  }

  get isGone(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Resolves when it has printed the line; false when it was killed before. */
  async prints(line: string): Promise<boolean> {
    await waitFor(`"${line}" of a leader`, CHILD_MS, () => {
      if (this.isGone && this.process.signalCode !== "SIGKILL") {
        throw new Error(`it ended: ${this.text}`);
      }
      return this.isGone || this.text.includes(`${line}\n`) ? true : undefined;
    }).catch((thrown: unknown) => {
      throw new Error(this.text, { cause: thrown });
    });
    return this.text.includes(`${line}\n`);
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await withDeadline("end of a leader", CHILD_MS, this.ended);
  }
}

/** See the file head. */
export class MoveCrashRun {
  readonly #folder = memoryFolder();
  readonly #servers: readonly RedisServer[];
  readonly #proxies: readonly FakeProxy[];
  readonly #slotIds = TAGS.map((tag) => slotOfKey(`{${tag}}`));
  /** What must never be. */
  readonly violations: string[] = [];
  /** Pushes since the last order. */
  #pushes = 0;
  #killAtPush = 0;
  #point: CrashPoint = "write";
  #child: LeaderChild | undefined;
  #groupId = 1;

  /** Builds the product: all slots in group 1, two proxies, keys in two slots. */
  static async start(): Promise<MoveCrashRun> {
    const run = new MoveCrashRun(
      await Promise.all([startRedis(), startRedis()]),
      await Promise.all([1, 2].map(() => FakeProxy.start({ productName: PRODUCT }))),
    );
    await run.#build();
    return run;
  }

  private constructor(servers: readonly RedisServer[], proxies: readonly FakeProxy[]) {
    this.#servers = servers;
    this.#proxies = proxies;
    for (const proxy of proxies) {
      proxy.fault = (name) => {
        this.#checkTables();
        return name === "fillSlots" ? this.#onPush() : undefined;
      };
    }
  }

  /** One move, killed at its n-th write or push; false: it was over before, and nothing was killed. */
  moveAndKill(point: CrashPoint, at: number): Promise<boolean> {
    return this.#orderAndKill("move", point, at);
  }

  /** One move that is rolled back, killed at the n-th write or push from then on; false as `moveAndKill`. */
  returnAndKill(point: CrashPoint, at: number): Promise<boolean> {
    return this.#orderAndKill("return", point, at);
  }

  async #orderAndKill(order: "move" | "return", point: CrashPoint, at: number): Promise<boolean> {
    const child = this.#child ?? (await this.#takeOver());
    await this.#check();
    const groupId = 3 - this.#groupId;
    const deathWrite = point === "write" ? at : 0;
    child.process.stdin?.write(`${order} ${deathWrite} ${groupId} ${this.#slotIds.join(" ")}\n`);
    if (await child.prints("ordered")) {
      this.#point = point;
      this.#pushes = 0;
      this.#killAtPush = point === "write" ? 0 : at;
      child.process.stdin?.write("go\n");
    }
    const isOver = await child.prints("moved");
    this.#killAtPush = 0;
    if (isOver) {
      await child.kill();
    }
    await child.ended;
    // Ends the move; or it was never ordered.
    this.#child = await this.#takeOver();
    this.#groupId = await this.#ownerNow();
    await this.#check();
    return !isOver;
  }

  async #takeOver(): Promise<LeaderChild> {
    const child = new LeaderChild(this.#folder.path);
    this.#child = child;
    if (!(await child.prints("rested"))) {
      throw new Error("a leader died that nobody killed");
    }
    return child;
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.#child?.kill();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#folder.remove();
  }

  #onPush(): { readonly kind: "hang" } | undefined {
    this.#pushes += 1;
    if (this.#pushes !== this.#killAtPush) {
      return undefined;
    }
    const kill = (): void => {
      this.#child?.process.kill("SIGKILL");
    };
    if (this.#point === "push") {
      kill();
      return { kind: "hang" };
    }
    queueMicrotask(kill);
    return undefined;
  }

  /** Two proxies that serve a slot serve it from one server. */
  #checkTables(): void {
    for (const id of this.#slotIds) {
      const served = this.#proxies
        .map(({ slots }) => slots[id])
        .filter((slot) => slot?.locked !== true && (slot?.backend_addr ?? "") !== "")
        .map((slot) => slot?.backend_addr);
      if (new Set(served).size > 1) {
        this.violations.push(`slot ${id} is served from ${served.join(" and ")}`);
      }
    }
  }

  async #build(): Promise<void> {
    const coordinator = await openCoordinator({
      kind: "filesystem",
      addr: this.#folder.path,
      auth: "",
    });
    const leadership = await coordinator.lead({
      lockPath: coordinatorPath.lock(PRODUCT),
      epochPath: coordinatorPath.epoch(PRODUCT),
      data: "{}",
      leaseMs: 20_000,
    });
    const config = { ...defaultDashboardConfig(), productName: PRODUCT };
    const leader = await Leader.begin({ coordinator, leadership, config, log: silentLog });
    for (const [index, { addr }] of this.#servers.entries()) {
      await leader.createGroup(index + 1);
      const options = { datacenter: "", asReplica: false };
      await triedAgain(() => leader.addServer(index + 1, addr, options));
    }
    await leader.assignSlots(Array.from({ length: 1024 }, (_, id) => ({ id, groupId: 1 })));
    for (const { addr } of this.#proxies) {
      await leader.createProxy(addr);
    }
    await this.#fill();
    await leader.close();
    await leadership.release();
    await coordinator.close();
  }

  async #fill(): Promise<void> {
    const client = await RedisClient.connect({ ...PATIENT, addr: this.#servers[0]?.addr ?? "" });
    for (const db of DBS) {
      await selectDatabase(client, db);
      await client.call(["MSET", ...keys().flatMap((key) => [key, textOfKey(db, key)])]);
    }
    client.close();
  }

  /** Where both slots are, by what the proxies were told. */
  async #ownerNow(): Promise<number> {
    const addrs = this.#servers.map(({ addr }) => addr);
    return waitFor("one owner of both slots", CHILD_MS, () => {
      const owners = this.#proxies.flatMap(({ slots }) =>
        this.#slotIds.map((id) => addrs.indexOf(slots[id]?.backend_addr ?? "") + 1),
      );
      const [owner] = owners;
      const isRested = this.#proxies.every(({ slots }) =>
        this.#slotIds.every((id) => slots[id]?.migrate_from === undefined),
      );
      return isRested && new Set(owners).size === 1 ? owner : undefined;
    });
  }

  /** See the file head. */
  async #check(): Promise<void> {
    for (const [index, { addr }] of this.#servers.entries()) {
      const isOwner = index + 1 === this.#groupId;
      const client = await RedisClient.connect({ ...PATIENT, addr });
      for (const db of DBS) {
        await selectDatabase(client, db);
        const values = itemsOf(await client.call(["MGET", ...keys()])) ?? [];
        const wrong = keys().filter(
          (key, at) => textOf(values[at]) !== (isOwner ? textOfKey(db, key) : undefined),
        );
        const size = numberOf(await client.call(["DBSIZE"]));
        if (wrong.length > 0 || size !== (isOwner ? keys().length : 0)) {
          this.violations.push(
            `group ${index + 1}, database ${db}: ${size} keys, wrong are ${wrong.join()}`,
          );
        }
      }
      client.close();
    }
  }
}

function keys(): readonly string[] {
  return TAGS.flatMap((tag) =>
    Array.from({ length: KEYS_EACH }, (_, index) => `{${tag}}:${index}`),
  );
}

function textOfKey(db: number, key: string): string {
  return `${key} in ${db}`;
}
