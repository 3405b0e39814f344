/**
 * The coordinator on ZooKeeper (tested with 3.8), with a client of our own; why, and how its promises are kept,
 * is in `docs/adr/0012-zookeeper-client.md`. Runs on Bun and on Node.
 *
 * One main session for reads, writes and watches, opened with the first of them; a session for each
 * registration and each leadership, because they live as long as their session and each has its own bound.
 */
import { CodisError } from "../../base/error.ts";
import {
  type Coordinator,
  type CoordinatorNode,
  type Leadership,
  type LeadershipRequest,
  type NodeVersion,
  type NodeWrite,
  OPERATION_TIMEOUT_MS,
  type Registration,
  type RegistrationOptions,
  type Watch,
} from "../coordinator.ts";
import { checkData, checkPath } from "../node-check.ts";
import type { CoordinatorOptions } from "../open.ts";
import { type ConnectString, parseConnectString } from "./connect-string.ts";
import { closedError } from "./failure.ts";
import { type HeldLock, type LeadershipEnv, takeLock } from "./leadership.ts";
import { NodeStore } from "./node-store.ts";
import { NodeWatch } from "./node-watch.ts";
import { KeptNode } from "./registration.ts";
import { Session, type SessionOwner } from "./session.ts";

const SESSION_TIMEOUT_MS = 20_000;
/** Leases and times to live: ZooKeeper raises or lowers them to its own bounds, which are narrower. */
const LIFE_MS_MIN = 100;
const LIFE_MS_MAX = 2 ** 31 - 1;

/**
 * Connects when the first operation asks for it. Throws ADDRESS_INVALID for a bad address list and
 * CONFIG_INVALID for a login that isn't `user:password`.
 */
export function openZookeeper(options: CoordinatorOptions): Coordinator {
  const connectString = parseConnectString(options.addr);
  if (options.auth !== "" && !/^[^:]+:/.test(options.auth)) {
    throw new CodisError("CONFIG_INVALID", "the login for ZooKeeper must be user:password");
  }
  return new ZookeeperCoordinator(options, connectString);
}

class ZookeeperCoordinator implements Coordinator {
  readonly label: string;
  readonly #options: CoordinatorOptions;
  readonly #connectString: ConnectString;
  readonly #store: NodeStore;
  readonly #watches = new Set<NodeWatch>();
  readonly #registrations = new Set<KeptNode>();
  readonly #locks = new Set<HeldLock>();
  #wasDisconnected = false;
  #closed: Promise<void> | undefined;

  constructor(options: CoordinatorOptions, connectString: ConnectString) {
    this.#options = options;
    this.#connectString = connectString;
    const names = connectString.servers.map((server) => server.label).join(",");
    this.label = `zookeeper ${names}${connectString.root}`;
    this.#store = this.#open(options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS, true, {
      onConnected: () => this.#connected(),
      onDisconnected: (reason) => this.#disconnected(reason),
      onChange: (path) => {
        for (const watch of this.#watches) {
          watch.hear(path);
        }
      },
      onExpired: () => undefined,
    });
  }

  async get(path: string): Promise<CoordinatorNode | undefined> {
    const node = await this.#store.get(path);
    return node && { path: node.path, data: node.data, version: node.version };
  }

  list(path: string): Promise<readonly string[]> {
    return this.#store.list(path);
  }

  readChildren(path: string): Promise<readonly CoordinatorNode[]> {
    return this.#store.readChildren(path);
  }

  async write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    return (await this.#store.write(writes)).versions;
  }

  async lead(request: LeadershipRequest): Promise<Leadership> {
    checkPath(request.lockPath);
    checkPath(request.epochPath);
    checkData(request.lockPath, request.data);
    checkLife(request.leaseMs);
    const env: LeadershipEnv = {
      store: this.#store,
      label: this.label,
      tell: (line) => this.#tell(line),
      onClosed: (lock) => this.#locks.delete(lock),
      openStore: (timeoutMs, owner) =>
        this.#open(timeoutMs, false, {
          onConnected: () => owner.onConnected(),
          onDisconnected: () => undefined,
          onChange: (path) => owner.onChange(path),
          onExpired: () => owner.onExpired(),
        }),
    };
    return takeLock(request, env, (lock) => {
      this.#demandOpen();
      this.#locks.add(lock);
    });
  }

  watch(path: string, onChange: () => void): Watch {
    checkPath(path);
    this.#demandOpen();
    const watch = new NodeWatch(path, {
      store: this.#store,
      onChange,
      tell: (line) => this.#tell(line),
      onClosed: (closed) => this.#watches.delete(closed),
    });
    this.#watches.add(watch);
    this.#store.session.start();
    watch.renew();
    return watch;
  }

  register(path: string, data: string, options: RegistrationOptions): Registration {
    checkPath(path);
    checkData(path, data);
    checkLife(options.ttlMs);
    this.#demandOpen();
    const registration = new KeptNode({
      path,
      data,
      onProblem: options.onProblem ?? (() => undefined),
      onClosed: (closed) => this.#registrations.delete(closed),
      openStore: (owner) =>
        this.#open(options.ttlMs, true, {
          onConnected: () => owner.onConnected(),
          onDisconnected: (reason) => owner.onDisconnected(reason),
          onChange: (changed) => owner.onChange(changed),
          onExpired: () => undefined,
        }),
    });
    this.#registrations.add(registration);
    return registration;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const watch of this.#watches) {
      watch.close();
    }
    await Promise.all([
      ...[...this.#registrations].map((registration) => registration.close()),
      ...[...this.#locks].map((lock) => lock.release()),
      this.#store.session.close(),
    ]);
  }

  #open(
    timeoutMs: number,
    isRenewed: boolean,
    owner: Omit<SessionOwner, "onEvent"> & { onChange(path: string): void },
  ): NodeStore {
    const { auth, operationTimeoutMs = OPERATION_TIMEOUT_MS } = this.#options;
    const { servers, root } = this.#connectString;
    const session = new Session(
      { servers, label: this.label, timeoutMs, auth, isRenewed },
      {
        onConnected: (isNew) => owner.onConnected(isNew),
        onDisconnected: (reason) => owner.onDisconnected(reason),
        onExpired: () => owner.onExpired(),
        onEvent: (event) => {
          const path = store.pathOf(event);
          if (path !== undefined) {
            owner.onChange(path);
          }
        },
      },
    );
    const store = new NodeStore(session, { root, hasAuth: auth !== "", operationTimeoutMs });
    return store;
  }

  #connected(): void {
    if (this.#wasDisconnected) {
      this.#wasDisconnected = false;
      this.#tell(`connected to ${this.label} again`);
    }
    for (const watch of this.#watches) {
      watch.renew();
    }
  }

  #disconnected(reason: string): void {
    if (!this.#wasDisconnected) {
      this.#wasDisconnected = true;
      this.#tell(`no connection to ${this.label}: ${reason}; trying again`);
    }
  }

  #tell(line: string): void {
    if (this.#closed === undefined) {
      this.#options.onState?.(line);
    }
  }

  #demandOpen(): void {
    if (this.#closed !== undefined) {
      throw closedError(this.label);
    }
  }
}

function checkLife(ms: number): void {
  if (!(Number.isInteger(ms) && ms >= LIFE_MS_MIN && ms <= LIFE_MS_MAX)) {
    const text = `a lease or time to live of ${ms} ms; it must be a whole number, at least ${LIFE_MS_MIN}`;
    throw new CodisError("ARGUMENT_INVALID", text);
  }
}
