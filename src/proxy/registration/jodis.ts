/**
 * The registration of this proxy for applications (Jodis): a node in ZooKeeper or etcd that is there while
 * the proxy is online, and goes with it. The main process does this; workers know nothing of it.
 *
 *   openJodis   the coordinator is known, nothing is written
 *   start       the node is made as soon as the coordinator can be reached, and again after a lost session
 *   close       the node is removed, within a bound; if that fails it lapses after `jodis_timeout`
 *
 * Invariant: whatever the coordinator does, clients are served; what it costs is lines in the log.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Coordinator, Registration } from "../../coordinator/coordinator.ts";
import type { CoordinatorOptions } from "../../coordinator/open.ts";
import { encodeJodisRecord } from "../../model/jodis-record.ts";
import { encodeLegacyProxy } from "../../model/legacy-proxy-record.ts";
import type { ProxyModel } from "../../model/proxy-model.ts";
import type { ProxyConfig } from "../config.ts";

/** Longest wait for the node's removal at the end of the proxy. */
const CLOSE_TIMEOUT_MS = 1000;
/** From the removal to the first connection that is closed: applications hear of it and go elsewhere. */
const LEAVE_PAUSE_MS = 500;

/** What a registration is made of. */
export interface JodisOptions {
  readonly config: ProxyConfig;
  /** With `jodisPath`, the node. */
  readonly model: ProxyModel;
  /** Set: the node is that of a proxy of Codis 2.0 with this name. */
  readonly proxyName?: string | undefined;
  readonly log: Log;
  /** Instead of the real ones (tests). */
  readonly open?: (options: CoordinatorOptions) => Promise<Coordinator>;
  readonly leavePauseMs?: number;
}

/** The registration of one proxy. */
export interface Jodis {
  /** Registers; later calls do nothing. */
  start(): void;
  /**
   * Removes the registration, and gives applications half a second to go elsewhere. Never throws, and takes a
   * second and a half at the most.
   */
  close(): Promise<void>;
}

/**
 * Gets ready to register; doesn't wait for the coordinator. Throws when `jodis_addr` can't be understood.
 * Loads the coordinator's modules, so it is called only when `jodis_name` is set.
 */
export async function openJodis(options: JodisOptions): Promise<Jodis> {
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
    onState: (line) => log.info("jodis.coordinator", line),
  });
  return new OpenJodis(coordinator, options);
}

class OpenJodis implements Jodis {
  readonly #coordinator: Coordinator;
  readonly #options: JodisOptions;
  #registration: Registration | undefined;
  #isClosed = false;

  constructor(coordinator: Coordinator, options: JodisOptions) {
    this.#coordinator = coordinator;
    this.#options = options;
  }

  start(): void {
    if (this.#isClosed || this.#registration !== undefined) {
      return;
    }
    const { config, model, proxyName, log } = this.#options;
    const record =
      proxyName === undefined
        ? encodeJodisRecord(model)
        : encodeLegacyProxy(proxyName, "online", model);
    try {
      this.#registration = this.#coordinator.register(model.jodisPath, record, {
        ttlMs: config.jodisTimeoutMs,
        onProblem: (line) => log.warn("jodis.problem", line, { path: model.jodisPath }),
      });
    } catch (error) {
      log.error("jodis.failed", `clients won't find this proxy: ${messageOf(error)}`, { error });
      return;
    }
    log.info("jodis.started", `registers at ${this.#coordinator.label}`, { path: model.jodisPath });
  }

  async close(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    await this.#removeInTime();
    if (this.#registration !== undefined) {
      await sleep(this.#options.leavePauseMs ?? LEAVE_PAUSE_MS);
    }
  }

  async #removeInTime(): Promise<void> {
    const { log } = this.#options;
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => resolve("late"), CLOSE_TIMEOUT_MS);
    try {
      const outcome = await Promise.race([this.#remove(), late]);
      if (outcome === "late") {
        log.warn("jodis.left", "the registration couldn't be removed; it lapses by itself");
      }
    } catch (error) {
      log.warn("jodis.left", `the registration stays until it lapses: ${messageOf(error)}`, {
        error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #remove(): Promise<"removed"> {
    await this.#registration?.close();
    await this.#coordinator.close();
    return "removed";
  }
}
