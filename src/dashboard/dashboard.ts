/**
 * One dashboard process as its HTTP port sees it (`DashboardControl`): what it is, where it stands in the
 * election, and the leader's powers while it leads. Also the way to take away a foreign lock.
 */
import { randomBytes } from "node:crypto";
import { CodisError } from "../base/error.ts";
import { formatGoTime } from "../base/go-time.ts";
import type { Log } from "../base/log.ts";
import { ANY, type Coordinator } from "../coordinator/coordinator.ts";
import { coordinatorPath } from "../model/coordinator-path.ts";
import type { DashboardModel } from "../model/dashboard-model.ts";
import { systemName } from "../model/local-system.ts";
import type { DashboardConfig } from "./config/key.ts";
import type { DashboardControl, DashboardState, LeaderControl } from "./control.ts";
import { Election } from "./election.ts";
import { Leader } from "./leader.ts";

/** What a dashboard is made of. */
export interface DashboardOptions {
  readonly coordinator: Coordinator;
  readonly config: DashboardConfig;
  readonly log: Log;
}

/** See the file head. */
export class Dashboard implements DashboardControl {
  readonly #options: DashboardOptions;
  readonly #ended = Promise.withResolvers<string>();
  readonly #failed = Promise.withResolvers<CodisError>();
  #model: DashboardModel | undefined;
  #election: Election<Leader> | undefined;

  constructor(options: DashboardOptions) {
    this.#options = options;
  }

  /** Begins to stand for election, under the address at which the HTTP port can be reached. */
  start(adminAddr: string): void {
    const { coordinator, config, log } = this.#options;
    this.#model = describeThisDashboard(config.productName, adminAddr);
    this.#election = new Election({
      coordinator,
      product: config.productName,
      model: this.#model,
      leaseMs: config.leaderLeaseMs,
      log,
      begin: (leadership) => Leader.begin({ coordinator, leadership, config, log }),
    });
    this.#election.failed.then((error) => this.#failed.resolve(error));
    this.#election.start();
  }

  /** Resolves when this dashboard can never lead: its configuration doesn't fit the product. */
  get failed(): Promise<CodisError> {
    return this.#failed.promise;
  }

  /** Resolves when a shutdown was ordered through the HTTP port. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  state(): DashboardState {
    return this.#election?.state() ?? "starting";
  }

  model(): DashboardModel {
    if (this.#model === undefined) {
      throw new CodisError("NOT_ONLINE", "the dashboard is starting; try again in a moment");
    }
    return this.#model;
  }

  leader(): LeaderControl | undefined {
    const reign = this.state() === "leader" ? this.#election?.reign() : undefined;
    // Right after a freeze the lease may be over before the election has heard of it.
    return reign?.isHeld() === true ? reign : undefined;
  }

  leaderAddr(): string | undefined {
    const isFormer = this.state() === "leader" && this.leader() === undefined;
    return isFormer ? undefined : this.#election?.leaderAddr();
  }

  waitingFor(): string | undefined {
    return this.#election === undefined ? "its own start" : this.#election.waitingFor();
  }

  async shutdown(): Promise<void> {
    this.#ended.resolve("shutdown through the admin port");
  }

  /** Steps down and gives the lock back. */
  async close(): Promise<void> {
    await this.#election?.close();
  }
}

/** The model of this process. */
function describeThisDashboard(productName: string, adminAddr: string): DashboardModel {
  return {
    token: randomBytes(16).toString("hex"),
    startTime: formatGoTime(Date.now(), process.uptime()),
    adminAddr,
    productName,
    pid: process.pid,
    pwd: process.cwd(),
    sys: systemName(),
  };
}

/** Deletes the lock of the product, whoever has it: the order of an operator who knows that they are gone. */
export async function removeLock(
  coordinator: Coordinator,
  productName: string,
  log: Log,
): Promise<void> {
  const path = coordinatorPath.lock(productName);
  const lock = await coordinator.get(path);
  if (lock === undefined) {
    log.info("lock.absent", `--remove-lock: there is no lock at ${path}`);
    return;
  }
  await coordinator.write([{ path, data: undefined, expected: ANY }]);
  log.warn("lock.removed", `--remove-lock: the lock at ${path} is removed`, { lock: lock.data });
}
