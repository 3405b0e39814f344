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
import { messageOf } from "../../base/error.ts";
import { encodeJodisRecord } from "../../model/jodis-record.ts";
import { encodeLegacyProxy } from "../../model/legacy-proxy-record.ts";
import { OwnNode, type OwnNodeOptions } from "./own-node.ts";

/** From the removal to the first connection that is closed: applications hear of it and go elsewhere. */
const LEAVE_PAUSE_MS = 500;

/** What a registration is made of. */
export interface JodisOptions extends OwnNodeOptions {
  /** Set: the node is that of a proxy of Codis 2.0 with this name. */
  readonly proxyName?: string | undefined;
  /** Instead of the real one (tests). */
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

/** As `OwnNode.open`: nothing is written, nobody is waited for. */
export async function openJodis(options: JodisOptions): Promise<Jodis> {
  return new OpenJodis(await OwnNode.open(options, "jodis"), options);
}

class OpenJodis implements Jodis {
  readonly #node: OwnNode;
  readonly #options: JodisOptions;
  #isClosed = false;

  constructor(node: OwnNode, options: JodisOptions) {
    this.#node = node;
    this.#options = options;
  }

  start(): void {
    if (this.#isClosed || this.#node.isRegistered) {
      return;
    }
    const { model, proxyName, log } = this.#options;
    const record =
      proxyName === undefined
        ? encodeJodisRecord(model)
        : encodeLegacyProxy(proxyName, "online", model);
    try {
      this.#node.register(record);
    } catch (error) {
      log.error("jodis.failed", `clients won't find this proxy: ${messageOf(error)}`, { error });
      return;
    }
    log.info("jodis.started", `registers at ${this.#node.coordinator.label}`, {
      path: model.jodisPath,
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    await this.#node.close();
    if (this.#node.isRegistered) {
      await sleep(this.#options.leavePauseMs ?? LEAVE_PAUSE_MS);
    }
  }
}
