/**
 * A dashboard that is killed (SIGKILL) at random moments while three clients change its product through both
 * APIs, and started again on the same folder, round after round. Each client keeps a model of what was
 * acknowledged, and of the one change whose answer never came: that one may be there or not, everything else
 * must be as the model says.
 */
import { isCodisError } from "../../src/base/error.ts";
import { waitFor } from "./deadline.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { RunningProduct, tableOf } from "./running-product.ts";
import type { Random } from "./seed.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** Longest time from there to the kill, milliseconds. */
const LIFE_MS = 500;
/** A round has at least one acknowledged change, and up to so many before it is to end. */
const ACKNOWLEDGED_MAX = 4;
const END_MS = 40_000;
/** Groups that are made and removed; 1 and 2 have the slots. */
const GROUP_IDS = { first: 3, count: 20 };

/** One change, and the state after it. */
interface Step<State> {
  readonly after: State;
  readonly run: () => Promise<unknown>;
}

/** A part of the product that one client changes. */
class Ledger<State> {
  /** What was acknowledged. */
  state: State;
  /** After the change that wasn't. */
  inDoubt: State | undefined;
  acknowledged = 0;
  /** A refusal by a dashboard that lived. */
  readonly refusals: string[] = [];

  constructor(state: State) {
    this.state = state;
  }

  /** Makes changes until one fails because the dashboard is gone. */
  async change(next: (state: State) => Step<State>, isGone: () => boolean): Promise<void> {
    while (!isGone()) {
      const step = next(this.state);
      try {
        await step.run();
      } catch (thrown) {
        if (!isCodisError(thrown, "REMOTE_UNREACHABLE")) {
          this.refusals.push(String(thrown));
        }
        this.inDoubt = step.after;
        return;
      }
      this.state = step.after;
      this.acknowledged += 1;
    }
  }

  /** Takes what the next dashboard found; gives a line when that can't be. */
  settle(found: State, what: string): readonly string[] {
    const [seen, known, doubted] = [found, this.state, this.inDoubt].map((each) =>
      JSON.stringify(each),
    );
    this.state = found;
    this.inDoubt = undefined;
    return seen === known || seen === doubted
      ? []
      : [`${what}: found ${seen}, acknowledged ${known}, in doubt ${doubted}`];
  }
}

/** What a run did. */
export interface CrashFigures {
  readonly rounds: number;
  readonly acknowledged: number;
  /** Changes that were under way when the dashboard died. */
  readonly interrupted: number;
  /** Dashboards that finished or took back what a dead one had begun. */
  readonly repaired: number;
  /** Everything that was wrong, one line each. */
  readonly problems: readonly string[];
}

/** See the file head. */
export class CrashRun {
  readonly #random: Random;
  readonly #folder: TemporaryFolder;
  readonly #product: RunningProduct;
  readonly #spare: RedisServer;
  readonly #problems: string[] = [];
  readonly #groups = new Ledger<readonly number[]>([]);
  readonly #owners = new Ledger<readonly number[]>([]);
  readonly #servers = new Ledger<readonly string[]>([]);
  #interrupted = 0;
  #repaired = 0;

  /** Builds the product: two groups, one proxy. */
  static async start(random: Random): Promise<CrashRun> {
    const folder = memoryFolder();
    const product = await RunningProduct.start({
      coordinator: { name: "filesystem", addr: folder.path },
      config: { proxy_push_timeout: "1s" },
      proxies: 1,
    });
    return new CrashRun(random, folder, product, await startRedis());
  }

  private constructor(
    random: Random,
    folder: TemporaryFolder,
    product: RunningProduct,
    spare: RedisServer,
  ) {
    this.#random = random;
    this.#folder = folder;
    this.#product = product;
    this.#spare = spare;
  }

  /** Kills the dashboard so often; then waits until the proxy has what is stored. */
  async run(rounds: number): Promise<CrashFigures> {
    await this.#compare(true);
    for (let round = 0; round < rounds && this.#problems.length === 0; round += 1) {
      await this.#crash();
      await this.#product.restartDashboard();
      await this.#compare(false);
    }
    await this.#compareTable();
    await this.#tidyUp();
    const ledgers = [this.#groups, this.#owners, this.#servers];
    return {
      rounds,
      acknowledged: this.#acknowledged(),
      interrupted: this.#interrupted,
      repaired: this.#repaired,
      problems: [...this.#problems, ...ledgers.flatMap((ledger) => ledger.refusals)],
    };
  }

  /** Ends all that was started. */
  async stop(): Promise<void> {
    await this.#product.stop();
    await this.#spare.stop();
    this.#folder.remove();
  }

  /** Three clients, until the dashboard is dead. */
  async #crash(): Promise<void> {
    let isGone = false;
    const clients = [
      this.#groups.change(
        (state) => this.#changeGroups(state),
        () => isGone,
      ),
      this.#owners.change(
        (state) => this.#changeSlots(state),
        () => isGone,
      ),
      this.#servers.change(
        (state) => this.#changeServers(state),
        () => isGone,
      ),
    ];
    // Where all is slow a round would end before anything was acknowledged.
    const wanted = this.#acknowledged() + 1 + this.#random.below(ACKNOWLEDGED_MAX);
    const ended = Promise.all(clients).then(() => true as const);
    await Promise.race([
      ended,
      waitFor("changes", END_MS, () => this.#acknowledged() >= wanted || undefined),
    ]);
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(LIFE_MS)));
    await this.#product.dashboard.kill();
    isGone = true;
    await Promise.all(clients);
    const ledgers = [this.#groups, this.#owners, this.#servers];
    this.#interrupted += ledgers.filter((ledger) => ledger.inDoubt !== undefined).length;
  }

  #acknowledged(): number {
    const ledgers = [this.#groups, this.#owners, this.#servers];
    return ledgers.reduce((sum, ledger) => sum + ledger.acknowledged, 0);
  }

  #changeGroups(state: readonly number[]): Step<readonly number[]> {
    const { v1, topom } = this.#product.dashboard;
    const id = GROUP_IDS.first + this.#random.below(GROUP_IDS.count);
    const isOld = this.#random.chance(0.5);
    if (state.includes(id)) {
      return {
        after: state.filter((each) => each !== id),
        run: () => (isOld ? topom.removeGroup(id) : v1.removeGroup(id)),
      };
    }
    return {
      after: [...state, id].sort((a, b) => a - b),
      run: () => (isOld ? topom.createGroup(id) : v1.createGroup(id)),
    };
  }

  #changeSlots(state: readonly number[]): Step<readonly number[]> {
    const { v1, topom } = this.#product.dashboard;
    const from = this.#random.below(1024);
    const to = from + this.#random.below(1024 - from);
    const group_id = this.#random.below(3);
    const after = state.map((owner, id) => (from <= id && id <= to ? group_id : owner));
    const ids = [...state.keys()].slice(from, to + 1);
    const isOld = this.#random.chance(0.3) && group_id !== 0;
    return {
      after,
      run: () =>
        isOld
          ? topom.assignSlots(ids.map((id) => ({ id, group_id })))
          : v1.assignSlots({ assignments: [{ from, to, group_id }] }),
    };
  }

  /** The spare server comes to group 2 and goes, and may be read from or not. */
  #changeServers(state: readonly string[]): Step<readonly string[]> {
    const { v1, topom } = this.#product.dashboard;
    const { addr } = this.#spare;
    const [master = ""] = state;
    if (state.length === 1) {
      const isOld = this.#random.chance(0.5);
      return {
        after: [master, `${addr} false`],
        run: () => (isOld ? topom.addServer(2, addr) : v1.addServer(2, { addr })),
      };
    }
    if (this.#random.chance(0.3)) {
      return { after: [master], run: () => v1.removeServer(2, addr) };
    }
    const isRead = state[1] === `${addr} false`;
    return {
      after: [master, `${addr} ${isRead}`],
      run: () => v1.setReplicaReads(2, addr, isRead),
    };
  }

  /** What the dashboard found; the first time it is taken as it is. */
  async #compare(isFirst: boolean): Promise<void> {
    const { v1, program } = this.#product.dashboard;
    const groups = await v1.groups();
    const { ranges } = await v1.slots();
    const ids = groups.map(({ id }) => id).filter((id) => id >= GROUP_IDS.first);
    const owners = ranges.flatMap((range) => Array(range.to - range.from + 1).fill(range.group_id));
    const servers = (groups.find(({ id }) => id === 2)?.servers ?? []).map(
      (server) => `${server.addr} ${server.replica_reads}`,
    );
    const wrong = [
      ...this.#groups.settle(ids, "groups"),
      ...this.#owners.settle(owners, "slots"),
      ...this.#servers.settle(servers, "servers"),
    ];
    const { faults } = await v1.health();
    const log = program.stdout();
    this.#repaired += /"event":"topology\.journal-finished"/.test(log) ? 1 : 0;
    const warnings = log.match(/.*"event":"topology\.(inconsistent|\w+-invalid)".*/g) ?? [];
    this.#problems.push(...(isFirst ? [] : wrong), ...faults, ...warnings);
  }

  /** Nothing that was left behind is in the way of a healthy product. */
  async #tidyUp(): Promise<void> {
    const { v1 } = this.#product.dashboard;
    await v1.assignSlots({ assignments: [{ from: 0, to: 1023, group_id: 1 }] });
    if (this.#servers.state.length > 1) {
      await v1.removeServer(2, this.#spare.addr);
    }
    await this.#product.whenWell();
    await this.#compareTable();
  }

  /** The proxy has what is stored. */
  async #compareTable(): Promise<void> {
    const [proxy] = this.#product.proxies;
    const slots = await this.#product.dashboard.topom.slots();
    const desired = slots.map((slot) => slot.backend_addr ?? "").join();
    await waitFor("slots of the proxy", END_MS, async () =>
      (await tableOf(proxy?.adminAddr ?? "")).join() === desired ? true : undefined,
    );
  }
}
