/**
 * The coordinator in a folder of this machine, for local clusters and single hosts. Compatible with the
 * original's: its programs may use the same folder at the same time.
 *
 * Why it is made as it is: docs/adr/0011-filesystem-coordinator.md. Reading needs no lock; each change takes
 * the lock of the whole folder for a moment (`data-lock.ts`).
 */
import { resolve } from "node:path";
import { type Clock, systemClock } from "../../base/clock.ts";
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
import { checkData, checkPath, checkWrites } from "../node-check.ts";
import type { CoordinatorOptions } from "../open.ts";
import { DataLock } from "./data-lock.ts";
import { toFailure } from "./failure.ts";
import { Keeper } from "./keeper.ts";
import { FolderLayout } from "./layout.ts";
import { type FileLeadership, type LeadershipScope, takeLeadership } from "./leadership.ts";
import { listNames } from "./node-file.ts";
import { NodeWatcher } from "./node-watch.ts";
import { listGone, readNode, removeGone } from "./ownership.ts";
import { FileRegistration } from "./registration.ts";
import { SignOfLife } from "./sign-of-life.ts";
import { writeBatch } from "./write-batch.ts";

/** How long the removal of what dead processes have left may wait for the lock; it is tried again anyway. */
const REAP_MS = 250;
/** Nodes that are read in one turn of the event loop: some 4 ms. */
const READ_TURN = 128;

/** Opens the folder; makes nothing until the first change. `addr` is the root, relative paths allowed. */
export function openFilesystem(options: CoordinatorOptions): Coordinator {
  if (options.addr === "" || options.addr.includes("\0")) {
    throw new CodisError("ARGUMENT_INVALID", "the filesystem coordinator needs a root folder");
  }
  return new FilesystemCoordinator(resolve(options.addr), options, systemClock);
}

class FilesystemCoordinator implements Coordinator {
  readonly label: string;
  readonly #scope: LeadershipScope;
  readonly #watcher: NodeWatcher;
  readonly #leaderships = new Set<FileLeadership>();
  readonly #registrations = new Set<FileRegistration>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(root: string, options: CoordinatorOptions, clock: Clock) {
    this.label = `filesystem ${root}`;
    const layout = new FolderLayout(root);
    const lock = new DataLock(layout, clock);
    const life = new SignOfLife(layout);
    const timeoutMs = options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS;
    const tell = (line: string): void => options.onState?.(line);
    const base = { layout, lock, clock, life, timeoutMs, tell };
    this.#scope = {
      ...base,
      keeper: new Keeper(base),
      locked: (doing, change) => this.#locked(doing, change),
      writeGuarded: (writes, guard) => this.#write(writes, guard),
    };
    this.#watcher = new NodeWatcher(layout, clock, (paths) => {
      this.#reap(paths);
    });
  }

  async get(path: string): Promise<CoordinatorNode | undefined> {
    checkPath(path);
    return this.#read(`read ${path}`, () => withoutDigest(readNode(this.#scope.layout, path)));
  }

  async list(path: string): Promise<readonly string[]> {
    checkPath(path);
    return this.#read(`list ${path}`, () => {
      const { layout } = this.#scope;
      const names = listNames(layout.fileOf(path));
      const gone = listGone(layout, path);
      this.#reap(gone.map((name) => `${path}/${name}`));
      return gone.length === 0 ? names : names.filter((name) => !gone.includes(name));
    });
  }

  async readChildren(path: string): Promise<readonly CoordinatorNode[]> {
    const names = await this.list(path);
    const nodes: CoordinatorNode[] = [];
    for (let start = 0; start < names.length; start += READ_TURN) {
      for (const name of names.slice(start, start + READ_TURN)) {
        const node = await this.get(`${path}/${name}`);
        if (node !== undefined) {
          nodes.push(node);
        }
      }
      await new Promise<void>((resolveTurn) => {
        setImmediate(resolveTurn);
      });
    }
    return nodes;
  }

  write(writes: readonly NodeWrite[]): Promise<readonly (NodeVersion | undefined)[]> {
    return this.#write(writes, () => undefined);
  }

  async lead(request: LeadershipRequest): Promise<Leadership> {
    checkPath(request.lockPath);
    checkPath(request.epochPath);
    checkData(request.lockPath, request.data);
    const leadership = await this.#locked(`lead ${request.lockPath}`, () => {
      const taken = takeLeadership(this.#scope, request);
      this.#scope.keeper.add(taken);
      return taken;
    });
    this.#leaderships.add(leadership);
    leadership.lost.then(() => this.#leaderships.delete(leadership));
    if (this.#isClosed) {
      // It was closed while the lock was waited for; nobody would give this one back.
      await leadership.release();
      await this.#scope.keeper.close();
      this.#throwIfClosed();
    }
    this.#watcher.poke();
    return leadership;
  }

  watch(path: string, onChange: () => void): Watch {
    checkPath(path);
    return this.#watcher.add(path, onChange);
  }

  register(path: string, data: string, options: RegistrationOptions): Registration {
    checkPath(path);
    checkData(path, data);
    const registration = new FileRegistration(this.#scope, { path, data, ...options });
    if (this.#isClosed) {
      registration.markClosed();
      return registration;
    }
    this.#registrations.add(registration);
    this.#scope.keeper.add(registration);
    // Never rejects; problems go to `onProblem`.
    this.#scope.keeper.lookSoon().then(() => this.#watcher.poke());
    return registration;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher.close();
    for (const registration of this.#registrations) {
      registration.markClosed();
    }
    for (const leadership of this.#leaderships) {
      leadership.markReleased();
    }
    await this.#scope.keeper.close();
  }

  async #write(
    writes: readonly NodeWrite[],
    guard: () => void,
  ): Promise<readonly (NodeVersion | undefined)[]> {
    checkWrites(writes);
    this.#throwIfClosed();
    const { clock, timeoutMs, keeper } = this.#scope;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    try {
      await keeper.appear(deadlineMs);
      return await writeBatch({ ...this.#scope, deadlineMs }, writes, guard);
    } catch (thrown) {
      throw toFailure(thrown, `${this.label}: write ${writes[0]?.path ?? "nothing"}`);
    } finally {
      this.#watcher.poke();
    }
  }

  async #locked<T>(doing: string, change: () => T): Promise<T> {
    this.#throwIfClosed();
    const { lock, clock, timeoutMs } = this.#scope;
    try {
      return await lock.run(clock.monotonicMs() + timeoutMs, change);
    } catch (thrown) {
      throw toFailure(thrown, `${this.label}: ${doing}`);
    }
  }

  #read<T>(doing: string, read: () => T): T {
    this.#throwIfClosed();
    try {
      return read();
    } catch (thrown) {
      throw toFailure(thrown, `${this.label}: ${doing}`);
    }
  }

  /** Removes nodes whose owner is gone, in the background. */
  #reap(paths: readonly string[]): void {
    if (paths.length === 0 || this.#isClosed) {
      return;
    }
    const { lock, clock, layout } = this.#scope;
    const reaped = lock.run(clock.monotonicMs() + REAP_MS, () => {
      for (const path of paths) {
        removeGone(layout, path);
      }
    });
    reaped.then(
      () => this.#watcher.poke(),
      (thrown: unknown) => {
        // They count as absent anyway.
        this.#scope.tell(toFailure(thrown, `${this.label}: remove ${paths[0]}`).message);
      },
    );
  }

  #throwIfClosed(): void {
    if (this.#isClosed) {
      throw new CodisError("COORDINATOR_UNREACHABLE", `${this.label}: the coordinator was closed`);
    }
  }
}

function withoutDigest(
  node: (CoordinatorNode & { readonly digest: string }) | undefined,
): CoordinatorNode | undefined {
  return node === undefined
    ? undefined
    : { path: node.path, data: node.data, version: node.version };
}
