/**
 * Watches a node and what is under it: one stream with two watches of etcd, opened again wherever it can be
 * when it breaks. What happened meanwhile isn't replayed: after the stream was renewed the callback is called
 * once, and whoever it is reads what is there now.
 */
import { Backoff } from "../../base/backoff.ts";
import type { Watch } from "../coordinator.ts";
import { checkPath } from "../node-check.ts";
import type { Gateway } from "./gateway.ts";
import { RETRY, sleepIdle } from "./wait.ts";
import { toBase64 } from "./wire.ts";

/** A message of the stream. */
interface WatchMessage {
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly events?: readonly object[];
}

/** Watches in one stream: the node, and what is under it. */
const WATCHES = 2;

/** Begins to watch. `onEnd` is called once, when it is closed. */
export function watchNode(
  gateway: Gateway,
  path: string,
  onChange: () => void,
  onEnd: () => void,
): Watch {
  checkPath(path);
  const watch = new EtcdWatch(gateway, path, onChange);
  return {
    close() {
      watch.close();
      onEnd();
    },
  };
}

class EtcdWatch {
  readonly #gateway: Gateway;
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #ending = new AbortController();
  /**
   * The first revision that isn't known to this client yet, while the first stream isn't there: changes that
   * come before it is there aren't missed. 0: there is none to begin with, so the first stream calls back.
   */
  #firstRevision: number;
  readonly #backoff = new Backoff(RETRY);

  constructor(gateway: Gateway, path: string, onChange: () => void) {
    this.#gateway = gateway;
    this.#path = path;
    this.#onChange = onChange;
    this.#firstRevision = gateway.revision === 0 ? 0 : gateway.revision + 1;
    void this.#run();
  }

  close(): void {
    this.#ending.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted && !this.#gateway.closed.aborted) {
      await this.#runOnce();
      await sleepIdle(this.#backoff.nextMs(), signal);
    }
  }

  async #runOnce(): Promise<void> {
    const stream = new AbortController();
    const end = (): void => stream.abort();
    this.#ending.signal.addEventListener("abort", end);
    if (this.#ending.signal.aborted) {
      end();
    }
    let createdCount = 0;
    await this.#gateway.stream("/v3/watch", this.#requests(), stream.signal, (message) => {
      const { created, canceled, events } = message as WatchMessage;
      if (canceled === true) {
        // Compacted, without a leader, or refused. Another stream begins with what is there by then.
        this.#firstRevision = 0;
        end();
        return;
      }
      if (created === true) {
        createdCount += 1;
        if (createdCount === WATCHES) {
          this.#takeEffect();
        }
      }
      if ((events?.length ?? 0) > 0) {
        this.#call();
      }
    });
    this.#ending.signal.removeEventListener("abort", end);
  }

  /** The stream is there: from now on nothing is missed. */
  #takeEffect(): void {
    const mayHaveMissed = this.#firstRevision === 0;
    this.#firstRevision = 0;
    this.#backoff.reset();
    if (mayHaveMissed) {
      this.#call();
    }
  }

  #call(): void {
    if (!this.#ending.signal.aborted) {
      this.#onChange();
    }
  }

  #requests(): string {
    const start = this.#firstRevision === 0 ? {} : { start_revision: String(this.#firstRevision) };
    const node = { key: toBase64(this.#path), ...start };
    const below = {
      key: toBase64(`${this.#path}/`),
      range_end: toBase64(`${this.#path}0`),
      ...start,
    };
    return JSON.stringify({ create_request: node }) + JSON.stringify({ create_request: below });
  }
}
