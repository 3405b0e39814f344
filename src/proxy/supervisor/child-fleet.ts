/**
 * Keeps N workers alive, each in a child process, all listening on one port (SO_REUSEPORT: the system spreads
 * connections over them).
 *
 * A worker that dies is replaced after a pause that grows while it dies young. A replacement has the newest
 * slot table, the scripts and the log level before it listens. One that can't even start, several times in a
 * row, ends the proxy with the reason: somebody has to act, and a proxy that goes on with some of its workers
 * would hide that. Nothing is replaced once the proxy is closed; what still starts ends with this process.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { parseListenAddr } from "../../model/address.ts";
import { listen } from "../../net/socket.ts";
import type { ProxyConfig } from "../config.ts";
import type { SupervisorCalls } from "../worker/child-call.ts";
import { SessionCounts } from "../worker/session-count.ts";
import { ChildWorker } from "./child-worker.ts";
import type { Fleet } from "./fleet.ts";
import { ScriptStore } from "./script-store.ts";
import { WorkerAccount } from "./worker-account.ts";

/** Pause before a worker is replaced: doubled for each death in a row that came soon. */
const RESTART_DELAY_MIN_MS = 50;
const RESTART_DELAY_MAX_MS = 5000;
/** A worker that served so long didn't die young. */
const SETTLED_MS = 10_000;
/** So many starts that fail in a row end the proxy: 50 + 100 + … + 800 ms of pauses, and the starts. */
const START_FAILURES_MAX = 6;
/** More sessions than a worker can accept between its last report and its death, a second apart. */
const SESSION_NUMBER_GAP = 1_000_000;

/** What the workers are started with. */
export interface ChildFleetOptions {
  /** `host:port` with the real port. */
  readonly listenAddr: string;
  readonly isIpv6Only: boolean;
  readonly token: string;
  /** Of the command line: where the workers log; undefined is stdout. */
  readonly logFile: string | undefined;
}

/**
 * Starts `config.workers` children and keeps them running. Resolves when all of them listen; throws
 * `PORT_IN_USE` or `WORKER_FAILED` when one of them doesn't, then none is left. Later failures end in
 * `fleet.fail`.
 */
export async function startChildWorkers(
  fleet: Fleet,
  config: ProxyConfig,
  options: ChildFleetOptions,
  log: Log,
): Promise<void> {
  await checkPort(options);
  const children = new ChildFleet(fleet, config, options, log);
  await children.start();
}

/**
 * Workers of another proxy share the port with ours without an error, so that clients of two products would
 * be mixed. Only a listener that doesn't share can tell.
 */
async function checkPort({ listenAddr, isIpv6Only }: ChildFleetOptions): Promise<void> {
  const addr = parseListenAddr(listenAddr);
  if (addr === undefined) throw new CodisError("INTERNAL", `${listenAddr} isn't host:port`);
  const noOptions = { keepAliveMs: 0, isPortShared: false };
  const probe = await listen({ ...addr, isIpv6Only }, noOptions, (connection) =>
    connection.destroy(),
  );
  probe.close();
}

/** See the file head. */
class ChildFleet {
  readonly #fleet: Fleet;
  readonly #config: ProxyConfig;
  readonly #options: ChildFleetOptions;
  readonly #log: Log;
  readonly #scripts: ScriptStore;
  readonly #sessionCounts: SessionCounts;
  readonly #sessionCountsFd: number;
  /** By index; the dead one until its successor is there. */
  readonly #children: (ChildWorker | undefined)[] = [];

  constructor(fleet: Fleet, config: ProxyConfig, options: ChildFleetOptions, log: Log) {
    this.#fleet = fleet;
    this.#config = config;
    this.#options = options;
    this.#log = log;
    this.#scripts = new ScriptStore(config.scriptCacheBytes);
    const { counts, fd } = SessionCounts.create(config.workers);
    this.#sessionCounts = counts;
    this.#sessionCountsFd = fd;
  }

  async start(): Promise<void> {
    const indexes = Array.from({ length: this.#config.workers }, (_, index) => index);
    const accounts = indexes.map((index) => new WorkerAccount(index));
    const starts = accounts.map(async (account) => {
      try {
        await this.#startWorker(account);
      } catch (thrown) {
        throw startFailure(account, thrown);
      }
    });
    const outcomes = await Promise.allSettled(starts);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) {
      await Promise.all(this.#children.map((child) => child?.kill()));
      throw failed.reason;
    }
    for (const account of accounts) {
      this.#keepAlive(account).catch((error: unknown) => this.#fleet.fail(error));
    }
  }

  /** Replaces the worker of an index whenever it dies, until the proxy is closed. */
  async #keepAlive(account: WorkerAccount): Promise<void> {
    const { index } = account;
    let youngDeaths = 0;
    for (;;) {
      const child = this.#children[index] as ChildWorker;
      const sinceMs = performance.now();
      const how = await child.exited;
      this.#bury(account);
      if (this.#isClosed) return;
      youngDeaths = performance.now() - sinceMs < SETTLED_MS ? youngDeaths + 1 : 0;
      this.#log.error("worker.died", `worker ${index} died (${how}) and is replaced`, {
        worker: index,
        child: child.pid,
        how,
      });
      await sleep(restartDelayMs(youngDeaths));
      if (!(await this.#replaceWorker(account))) return;
    }
  }

  /** Tries several times. False when the proxy was closed meanwhile; throws when it can't be done. */
  async #replaceWorker(account: WorkerAccount): Promise<boolean> {
    for (let failures = 1; !this.#isClosed; failures++) {
      try {
        await this.#startWorker(account);
        return true;
      } catch (thrown) {
        await this.#children[account.index]?.kill();
        this.#bury(account);
        if (failures >= START_FAILURES_MAX && !this.#isClosed) throw startFailure(account, thrown);
        const message = `worker ${account.index} didn't start: ${messageOf(thrown)}`;
        this.#log.error("worker.start_failed", message, { worker: account.index, failures });
      }
      await sleep(restartDelayMs(failures));
    }
    return false;
  }

  /** A process that serves. */
  async #startWorker(account: WorkerAccount): Promise<void> {
    const { index } = account;
    const child = this.#spawn(account);
    this.#children[index] = child;
    await child.start();
    for (const [sha1, body] of this.#scripts.entries) await child.addScript(sha1, body);
    await this.#fleet.add(child);
    await child.setLogLevel(this.#log.level());
    await child.listen();
    this.#log.info("worker.started", `worker ${index} serves`, { worker: index, child: child.pid });
  }

  #spawn(account: WorkerAccount): ChildWorker {
    const { index } = account;
    const { sessionsTotal } = account.snapshot();
    const firstSessionNumber = 1 + sessionsTotal + account.deadCount * SESSION_NUMBER_GAP;
    const { listenAddr, isIpv6Only, token, logFile } = this.#options;
    return new ChildWorker({
      setup: {
        options: {
          index,
          firstSessionNumber,
          token,
          isPortShared: true,
          listenAddr,
          isIpv6Only,
        },
        config: this.#config,
        logLevel: this.#log.level(),
        logFile,
      },
      sessionCountsFd: this.#sessionCountsFd,
      account,
      calls: this.#callsOf(index),
      workerAckTimeoutMs: this.#config.workerAckTimeoutMs,
      log: this.#log,
    });
  }

  /** What the worker of an index may ask. */
  #callsOf(index: number): Omit<SupervisorCalls, "report"> {
    const fleet = this.#fleet;
    return {
      listClients: (filter) => fleet.listClients(filter),
      killClients: (filter) => fleet.killClients(filter),
      figures: () => fleet.figures(),
      isTableConfirmed: () => fleet.isTableConfirmed(),
      shareScript: (sha1, body) => {
        this.#scripts.add(sha1, body);
        for (const other of this.#othersThan(index)) other.addScript(sha1, body);
      },
      shareScriptFlush: async () => {
        this.#scripts.clear();
        await Promise.all(this.#othersThan(index).map((other) => other.clearScripts()));
      },
    };
  }

  #othersThan(index: number): ChildWorker[] {
    return this.#children.filter(
      (child) => child !== undefined && child.index !== index,
    ) as ChildWorker[];
  }

  /** The process of an index is gone, and with it its clients. */
  #bury(account: WorkerAccount): void {
    account.close();
    this.#sessionCounts.set(account.index, 0);
  }

  get #isClosed(): boolean {
    return this.#fleet.state() === "closed";
  }
}

/** What an operator can act on stays as it is; a defect in the worker is told as a failure of it. */
function startFailure({ index }: WorkerAccount, thrown: unknown): CodisError {
  if (thrown instanceof CodisError && thrown.code !== "INTERNAL") return thrown;
  return new CodisError("WORKER_FAILED", `worker ${index} can't start: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

function restartDelayMs(deathsInRow: number): number {
  return Math.min(RESTART_DELAY_MAX_MS, RESTART_DELAY_MIN_MS * 2 ** Math.max(0, deathsInRow - 1));
}
