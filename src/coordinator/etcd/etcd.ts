/**
 * The coordinator on etcd v3, through its JSON gateway (etcd 3.4 or later). Runs on Bun and on Node >= 20.
 * Why not gRPC, and what etcd's leases and transactions are used for: `docs/adr/0013-etcd-gateway.md`.
 *
 * A write of a chunk is one transaction. Without a leadership it is sent once: when no answer comes it is
 * COORDINATOR_UNREACHABLE and may be done later, by a server that wakes up. Fenced writes are sent until
 * there is an answer, see `leadership.ts`.
 */
import { CodisError, isCodisError } from "../../base/error.ts";
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
import { checkData, checkPath, checkWrites } from "../node-check.ts";
import type { CoordinatorOptions } from "../open.ts";
import { takeLock } from "./election.ts";
import { parseEtcdAddresses } from "./etcd-address.ts";
import { Gateway } from "./gateway.ts";
import { EtcdLeadership } from "./leadership.ts";
import { EtcdReader } from "./node-reader.ts";
import { watchNode } from "./node-watch.ts";
import { EtcdRegistration } from "./registration.ts";
import { rangeOf, type WireTxn } from "./wire.ts";
import {
  conditionsOf,
  conflictOf,
  cutIntoChunks,
  looksOf,
  nodesOf,
  stepsOf,
  versionsAt,
  versionsIfWritten,
} from "./write-chunk.ts";

/**
 * Opens a coordinator on a cluster of etcd; the first operation connects. Throws ADDRESS_INVALID,
 * NOT_SUPPORTED (`https://`) and CONFIG_INVALID (a login that isn't `user:password`).
 */
export function openEtcd(options: CoordinatorOptions): Coordinator {
  return new EtcdCoordinator(
    new Gateway({
      addresses: parseEtcdAddresses(options.addr),
      auth: options.auth,
      operationMs: options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS,
      onState: options.onState ?? (() => undefined),
    }),
  );
}

class EtcdCoordinator implements Coordinator {
  readonly label: string;
  readonly #gateway: Gateway;
  readonly #reader: EtcdReader;
  /** What has to be ended before the connection is. */
  readonly #leaderships = new Set<Leadership>();
  readonly #registrations = new Set<Registration>();
  readonly #watches = new Set<Watch>();
  #closing: Promise<void> | undefined;

  constructor(gateway: Gateway) {
    this.label = gateway.label;
    this.#gateway = gateway;
    this.#reader = new EtcdReader(gateway);
  }

  get(path: string): Promise<CoordinatorNode | undefined> {
    return this.#reader.get(path);
  }

  list(path: string): Promise<readonly string[]> {
    return this.#reader.list(path);
  }

  readChildren(path: string): Promise<readonly CoordinatorNode[]> {
    return this.#reader.readChildren(path);
  }

  async write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    checkWrites(writes);
    const versions: (NodeVersion | undefined)[] = [];
    for (const chunk of cutIntoChunks(writes)) {
      versions.push(...(await this.#writeChunk(chunk)));
    }
    return versions;
  }

  async #writeChunk(chunk: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    const call = this.#gateway.call<WireTxn>({
      what: `write ${chunk[0]?.path}`,
      path: "/v3/kv/txn",
      body: { compare: conditionsOf(chunk), success: stepsOf(chunk), failure: looksOf(chunk) },
      mayRepeat: false,
    });
    const answer = await call.catch((thrown: unknown) => {
      if (isCodisError(thrown, "COORDINATOR_FULL")) {
        return thrown;
      }
      throw thrown;
    });
    if (answer instanceof CodisError) {
      return this.#lookAfterFull(chunk, answer);
    }
    if (answer.succeeded !== true) {
      throw conflictOf(chunk, nodesOf(answer));
    }
    return versionsAt(chunk, answer.header?.revision ?? "0");
  }

  /**
   * "No space" doesn't mean that nothing was done: a server that runs out of its quota with this very
   * transaction carries it out and says so all the same.
   */
  async #lookAfterFull(
    chunk: readonly NodeWrite[],
    full: CodisError,
  ): Promise<readonly (NodeVersion | undefined)[]> {
    const success = chunk.map(({ path }) => rangeOf(path));
    const answer = await this.#gateway.call<WireTxn>({
      what: `read ${chunk[0]?.path}`,
      path: "/v3/kv/txn",
      body: { compare: [], success, failure: [] },
      mayRepeat: true,
    });
    const versions = versionsIfWritten(chunk, nodesOf(answer));
    if (versions === undefined) {
      throw full;
    }
    return versions;
  }

  async lead(request: LeadershipRequest): Promise<Leadership> {
    const lock = await takeLock(this.#gateway, request);
    const leadership = new EtcdLeadership(this.#gateway, lock, () => {
      this.#leaderships.delete(leadership);
    });
    this.#leaderships.add(leadership);
    leadership.start();
    if (this.#closing !== undefined) {
      await leadership.release();
    }
    return leadership;
  }

  watch(path: string, onChange: () => void): Watch {
    const watch = watchNode(this.#gateway, path, onChange, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  register(path: string, data: string, options: RegistrationOptions): Registration {
    checkPath(path);
    checkData(path, data);
    const registration = new EtcdRegistration(this.#gateway, {
      path,
      data,
      ttlMs: options.ttlMs,
      onProblem: options.onProblem ?? (() => undefined),
      onEnd: () => this.#registrations.delete(registration),
    });
    this.#registrations.add(registration);
    return registration;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    for (const watch of this.#watches) {
      watch.close();
    }
    await Promise.all([
      ...[...this.#leaderships].map((leadership) => leadership.release()),
      ...[...this.#registrations].map((registration) => registration.close()),
    ]);
    this.#gateway.close();
  }
}
