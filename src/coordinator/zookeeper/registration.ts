/**
 * A registration on ZooKeeper: an ephemeral node on a session of its own, whose timeout is the time to live.
 *
 * The first time it replaces whatever is there (a process before it, which was killed, may be remembered for
 * a while). Later it doesn't: when somebody else has taken the node, it waits until that one is gone, so that
 * two processes never fight for it.
 */
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import { ABSENT, type Registration } from "../coordinator.ts";
import type { StoreWrite } from "./chunk-plan.ts";
import type { NodeStore } from "./node-store.ts";

const RETRY_FIRST_MS = 200;
const RETRY_MS_MAX = 5_000;

/** What a registration is made of. */
export interface KeptNodeOptions {
  readonly path: string;
  readonly data: string;
  readonly onProblem: (line: string) => void;
  /** A store on a new session, which is renewed. */
  readonly openStore: (owner: RegistrationSessionOwner) => NodeStore;
  readonly onClosed: (registration: KeptNode) => void;
}

/** Hears about the session of a registration. */
export interface RegistrationSessionOwner {
  onConnected(): void;
  onDisconnected(reason: string): void;
  /** Something happened to the node with this path. */
  onChange(path: string): void;
}

/** Begins to keep the node at once. */
export class KeptNode implements Registration {
  readonly #options: KeptNodeOptions;
  readonly #store: NodeStore;
  /** All sessions it had: what they left is its own. */
  readonly #sessionIds = new Set<bigint>();
  #isThere = false;
  #wasThere = false;
  #isClosed = false;
  #isWorking = false;
  #mustWorkAgain = false;
  #retryMs = RETRY_FIRST_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #told = new Set<string>();

  constructor(options: KeptNodeOptions) {
    this.#options = options;
    this.#store = options.openStore({
      onConnected: () => this.#work(),
      onDisconnected: (reason) => {
        this.#isThere = false;
        this.#tell("COORDINATOR_UNREACHABLE", `${options.path} isn't registered now: ${reason}`);
      },
      onChange: (path) => {
        if (path === options.path) {
          this.#work();
        }
      },
    });
    this.#store.session.start();
  }

  isRegistered(): boolean {
    return this.#isThere && this.#store.session.isConnected;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isThere = false;
    clearTimeout(this.#retryTimer);
    await this.#store.session.close();
    this.#options.onClosed(this);
  }

  /** One line for each kind of problem until all is well again, not for each try. */
  #tell(kind: string, line: string): void {
    if (!this.#isClosed && !this.#told.has(kind)) {
      this.#told.add(kind);
      this.#options.onProblem(line);
    }
  }

  /** Looks after the node; one run at a time. */
  #work(): void {
    if (this.#isClosed) {
      return;
    }
    if (this.#isWorking) {
      this.#mustWorkAgain = true;
      return;
    }
    clearTimeout(this.#retryTimer);
    this.#isWorking = true;
    this.#mustWorkAgain = false;
    this.#keep()
      .then(
        () => {
          this.#retryMs = RETRY_FIRST_MS;
        },
        (thrown: unknown) => {
          this.#isThere = false;
          const kind = isCodisError(thrown) ? thrown.code : "INTERNAL";
          this.#tell(kind, `${this.#options.path} can't be registered: ${messageOf(thrown)}`);
          this.#retryTimer = setTimeout(() => this.#work(), this.#retryMs);
          this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
        },
      )
      .finally(() => {
        this.#isWorking = false;
        if (this.#mustWorkAgain) {
          this.#work();
        }
      });
  }

  /** Makes the node where it is missing, and leaves a watch on it. */
  async #keep(): Promise<void> {
    const { path, data } = this.#options;
    const found = await this.#store.get(path, true);
    this.#sessionIds.add(this.#store.session.id);
    if (found !== undefined && found.stat.ephemeralOwner === this.#store.session.id) {
      this.#isThere = true;
      this.#wasThere = true;
      this.#told.clear();
      return;
    }
    this.#isThere = false;
    const isOwn = found !== undefined && this.#sessionIds.has(found.stat.ephemeralOwner);
    if (found !== undefined && this.#wasThere && !isOwn) {
      // The watch tells when it goes.
      throw new CodisError("ALREADY_EXISTS", "another process has this node");
    }
    const writes: StoreWrite[] = [{ path, data, expected: ABSENT, isEphemeral: true }];
    if (found !== undefined) {
      writes.unshift({ path, data: undefined, expected: found.version });
    }
    await this.#store.write(writes);
    this.#mustWorkAgain = true;
  }
}
