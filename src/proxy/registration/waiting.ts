/**
 * The node of a proxy that was started as those of Codis 2.0: it says that a proxy with this name is here and
 * waits to be brought online, and where (`codis config proxy online NAME` reads it). When the proxy goes online
 * the node makes room for the registration for applications (`jodis.ts`), which has the same path.
 *
 * A name that another living proxy has ends this one: that one's node would be replaced.
 */
import { ProxyClient } from "../../api/proxy-client.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import { decodeLegacyProxy, encodeLegacyProxy } from "../../model/legacy-proxy-record.ts";
import { OwnNode, type OwnNodeOptions } from "./own-node.ts";

/** For the other proxy of the same name to show that it lives. */
const NAMESAKE_TIMEOUT_MS = 3_000;
/** What the node is made of. */
export interface WaitingOptions extends OwnNodeOptions {
  /** `proxy_id` of config.ini. */
  readonly name: string;
  /** The name belongs to another proxy: this one must end. */
  readonly onTaken: (reason: CodisError) => void;
}

/** The node of a proxy that waits. */
export interface Waiting {
  /** Removes it; once is enough, and it takes a second at the most. Never throws. */
  close(): Promise<void>;
}

/**
 * Makes the node as soon as the coordinator can be reached; doesn't wait for it. Throws when its address can't
 * be understood.
 */
export async function announceWaiting(options: WaitingOptions): Promise<Waiting> {
  const announcement = new Announcement(await OwnNode.open(options, "waiting"), options);
  announcement.start();
  return announcement;
}

class Announcement implements Waiting {
  readonly #node: OwnNode;
  readonly #options: WaitingOptions;
  #closed: Promise<void> | undefined;

  constructor(node: OwnNode, options: WaitingOptions) {
    this.#node = node;
    this.#options = options;
  }

  start(): void {
    const { log, model, onTaken } = this.#options;
    this.#findNamesake()
      .catch((error: unknown) => {
        // A coordinator that is down has nobody's node; the registration waits for it.
        const message = `can't see whether the name is free: ${messageOf(error)}`;
        log.warn("waiting.unchecked", message, { path: model.jodisPath });
        return undefined;
      })
      .then((taken) => {
        if (taken !== undefined) {
          onTaken(taken);
        } else if (this.#closed === undefined) {
          this.#register();
        }
      })
      .catch((error: unknown) => {
        const message = `nobody will find this proxy by its name: ${messageOf(error)}`;
        log.error("waiting.failed", message, { error });
      });
  }

  close(): Promise<void> {
    this.#closed ??= this.#node.close();
    return this.#closed;
  }

  /** The error that ends this proxy, if another one with its name is alive. */
  async #findNamesake(): Promise<CodisError | undefined> {
    const { model, name, config } = this.#options;
    const node = await this.#node.coordinator.get(model.jodisPath);
    const other = node === undefined ? undefined : decodeLegacyProxy(node.data, node.path);
    if (other === undefined || other.adminAddr === model.adminAddr) {
      return undefined;
    }
    const { productName, productAuth } = config;
    const client = new ProxyClient({
      addr: other.adminAddr,
      productName,
      productAuth,
      timeoutMs: NAMESAKE_TIMEOUT_MS,
    });
    try {
      const { token, product_name: product } = await client.model();
      if (token === model.token || product !== productName) {
        return undefined;
      }
    } catch (thrown) {
      if (isCodisError(thrown)) {
        return undefined; // Nobody is there: the node is one of a killed proxy, which lapses.
      }
      throw thrown;
    }
    return new CodisError(
      "CONFIG_INVALID",
      `proxy_id ${name} is the name of the proxy at ${other.adminAddr}, which is alive; each proxy needs ` +
        "another one",
    );
  }

  #register(): void {
    const { model, name, log } = this.#options;
    this.#node.register(encodeLegacyProxy(name, "offline", model));
    log.info("waiting.started", `waits for: codis config proxy online ${name}`, {
      path: model.jodisPath,
      coordinator: this.#node.coordinator.label,
    });
  }
}
