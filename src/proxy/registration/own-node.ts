/**
 * The node of this proxy in the coordinator of `jodis_name`, whatever it says: made as soon as the coordinator
 * can be reached, made again after a lost session, and removed within a bound.
 *
 * Whatever the coordinator does, clients are served; what it costs is lines in the log.
 */
import { LATE, within } from "../../base/bounded-wait.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Coordinator, Registration } from "../../coordinator/coordinator.ts";
import type { CoordinatorOptions } from "../../coordinator/open.ts";
import type { ProxyModel } from "../../model/proxy-model.ts";
import type { ProxyConfig } from "../config.ts";

/** Longest wait for the node's removal. */
const CLOSE_TIMEOUT_MS = 1_000;

/** What a node is kept with. */
export interface OwnNodeOptions {
  readonly config: ProxyConfig;
  /** With `jodisPath`, the node. */
  readonly model: ProxyModel;
  readonly log: Log;
  /** Instead of the real one (tests). */
  readonly open?: (options: CoordinatorOptions) => Promise<Coordinator>;
}

/** The node; nothing is written before `register`. */
export class OwnNode {
  readonly coordinator: Coordinator;
  readonly #options: OwnNodeOptions;
  readonly #event: string;
  #registration: Registration | undefined;

  private constructor(coordinator: Coordinator, options: OwnNodeOptions, event: string) {
    this.coordinator = coordinator;
    this.#options = options;
    this.#event = event;
  }

  /**
   * Doesn't wait for the coordinator. `event` begins the names of what is logged. Throws when `jodis_addr` can't
   * be understood. Loads the coordinator's modules, so it is called only when `jodis_name` is set.
   */
  static async open(options: OwnNodeOptions, event: string): Promise<OwnNode> {
    const { config, log } = options;
    if (config.jodisName === "") {
      throw new CodisError("INTERNAL", "a registration without jodis_name");
    }
    const open = options.open ?? (await import("../../coordinator/open.ts")).openCoordinator;
    const coordinator = await open({
      kind: config.jodisName,
      addr: config.jodisAddr,
      auth: config.jodisAuth,
      sessionTimeoutMs: config.jodisTimeoutMs,
      onState: (line) => log.info(`${event}.coordinator`, line),
    });
    return new OwnNode(coordinator, options, event);
  }

  get isRegistered(): boolean {
    return this.#registration !== undefined;
  }

  /** Keeps a node with this text from now on. Throws when the coordinator takes no such node. */
  register(record: string): void {
    const { config, model, log } = this.#options;
    this.#registration = this.coordinator.register(model.jodisPath, record, {
      ttlMs: config.jodisTimeoutMs,
      onProblem: (line) => log.warn(`${this.#event}.problem`, line, { path: model.jodisPath }),
    });
  }

  /** Removes the node and ends the connection. Never throws, and takes a second at the most. Called once. */
  async close(): Promise<void> {
    const { log } = this.#options;
    const event = `${this.#event}.left`;
    try {
      if ((await within(CLOSE_TIMEOUT_MS, this.#remove())) === LATE) {
        log.warn(event, "the registration couldn't be removed; it lapses by itself");
      }
    } catch (error) {
      log.warn(event, `the registration stays until it lapses: ${messageOf(error)}`, { error });
    }
  }

  async #remove(): Promise<void> {
    await this.#registration?.close();
    await this.coordinator.close();
  }
}
