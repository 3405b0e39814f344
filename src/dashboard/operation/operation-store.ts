/**
 * Operations and the old API's switches in the coordinator. Every write is fenced by the leader's epoch and
 * conditional on the version that this leader wrote last, so that a write that was given up and comes late
 * never replaces a newer one. After an unknown outcome a node is read again before it is written again.
 */
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { ABSENT, type NodeReader, type NodeWriter } from "../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { parseJsonNode } from "../../model/json-record.ts";
import {
  decodeFigures,
  encodeFigures,
  type StoredFigures,
} from "../../model/operation/figures-record.ts";
import type { Operation } from "../../model/operation/operation.ts";
import {
  decodeOperation,
  decodeSwitches,
  encodeOperation,
  encodeSwitches,
  type MigrationSwitches,
  operationNumberOf,
  SWITCHES_UNTOUCHED,
} from "../../model/operation/operation-record.ts";

/** Where operations are kept. */
export interface OperationStoreOptions {
  readonly product: string;
  readonly reader: NodeReader;
  /** Fenced: a leadership. */
  readonly writer: NodeWriter;
  readonly log: Log;
}

/** What an earlier leader left. */
export interface StoredOperations {
  /** In order of their numbers; those that can't be understood are left out. */
  readonly operations: readonly Operation[];
  /** By id of the operation; not of those that have ended, or that an earlier release wrote. */
  readonly figures: ReadonlyMap<string, StoredFigures>;
  readonly switches: MigrationSwitches;
  /** Largest number of an operation, understood or not; 0: none. */
  readonly lastNumber: number;
}

/** A text of a node; undefined: there is to be no such node. */
interface Wanted {
  readonly path: string;
  readonly data: string | undefined;
}

/** Failures after which the node is as it was. */
const NOTHING_WRITTEN = [
  "COORDINATOR_CONFLICT",
  "COORDINATOR_FULL",
  "ARGUMENT_INVALID",
  "LEADERSHIP_LOST",
] as const;

/** See the file head. Rejects with the coordinator's codes. */
export class OperationStore {
  readonly #options: OperationStoreOptions;
  /** By path; absent: there is no node. */
  readonly #versions = new Map<string, string>();
  /** Paths whose last write has an unknown outcome. */
  readonly #doubted = new Set<string>();

  constructor(options: OperationStoreOptions) {
    this.#options = options;
  }

  /** Reads everything; to be called first. */
  async load(): Promise<StoredOperations> {
    const { product, reader } = this.#options;
    const root = coordinatorPath.operations(product);
    const operations: Operation[] = [];
    let lastNumber = 0;
    for (const { path, data, version } of await reader.readChildren(root)) {
      const id = path.slice(root.length + 1);
      const number = operationNumberOf(id);
      if (number === undefined) {
        this.#warn(path, "the name of the node must be op- and a number");
        continue;
      }
      lastNumber = Math.max(lastNumber, number);
      this.#versions.set(path, version);
      try {
        operations.push(decodeOperation(parseJsonNode(data, path), path, id));
      } catch (thrown) {
        this.#warn(path, messageOf(thrown));
      }
    }
    operations.sort((one, other) => numberOf(one) - numberOf(other));
    const figures = await this.#loadFigures();
    return { operations, figures, switches: await this.#loadSwitches(), lastNumber };
  }

  /** Resolves when it is durable; without figures those that were stored are gone. */
  save(operation: Operation, figures: StoredFigures | undefined): Promise<void> {
    const { id } = operation;
    const record = { path: this.#pathOf(id), data: encodeOperation(operation) };
    const numbers = this.#figuresNode(id, figures);
    // A crash may leave only the first: the figures mustn't be older than the operation.
    return this.#write(figures === undefined ? [record, numbers] : [numbers, record]);
  }

  /** Resolves when they are durable. */
  saveFigures(id: string, figures: StoredFigures): Promise<void> {
    return this.#write([this.#figuresNode(id, figures)]);
  }

  /** Resolves when it is durably gone. */
  remove(id: string): Promise<void> {
    return this.#write([
      this.#figuresNode(id, undefined),
      { path: this.#pathOf(id), data: undefined },
    ]);
  }

  /** Resolves when they are durable. */
  saveSwitches(switches: MigrationSwitches): Promise<void> {
    const path = coordinatorPath.switches(this.#options.product);
    return this.#write([{ path, data: encodeSwitches(switches) }]);
  }

  #pathOf(id: string): string {
    return coordinatorPath.operation(this.#options.product, id);
  }

  #figuresNode(id: string, figures: StoredFigures | undefined): Wanted {
    const path = coordinatorPath.figuresOf(this.#options.product, id);
    return { path, data: figures === undefined ? undefined : encodeFigures(figures) };
  }

  async #loadFigures(): Promise<ReadonlyMap<string, StoredFigures>> {
    const { product, reader } = this.#options;
    const root = coordinatorPath.operationFigures(product);
    const found = new Map<string, StoredFigures>();
    for (const { path, data, version } of await reader.readChildren(root)) {
      this.#versions.set(path, version);
      try {
        found.set(path.slice(root.length + 1), decodeFigures(parseJsonNode(data, path), path));
      } catch (thrown) {
        this.#warn(path, messageOf(thrown));
      }
    }
    return found;
  }

  async #loadSwitches(): Promise<MigrationSwitches> {
    const path = coordinatorPath.switches(this.#options.product);
    const node = await this.#options.reader.get(path);
    if (node === undefined) {
      return SWITCHES_UNTOUCHED;
    }
    this.#versions.set(path, node.version);
    try {
      return decodeSwitches(parseJsonNode(node.data, path), path);
    } catch (thrown) {
      this.#warn(path, messageOf(thrown));
      return SWITCHES_UNTOUCHED;
    }
  }

  async #write(wanted: readonly Wanted[]): Promise<void> {
    for (const { path } of wanted) {
      if (this.#doubted.has(path)) {
        await this.#readAgain(path);
      }
    }
    try {
      await this.#writeOnce(wanted);
    } catch (thrown) {
      if (!isCodisError(thrown, "COORDINATOR_CONFLICT")) {
        throw thrown;
      }
      // Nobody else writes here but by hand: what this leader wants counts.
      for (const { path } of wanted) {
        await this.#readAgain(path);
      }
      await this.#writeOnce(wanted);
    }
  }

  async #writeOnce(wanted: readonly Wanted[]): Promise<void> {
    const writes = wanted
      .map((each) => ({ ...each, expected: this.#versions.get(each.path) ?? ABSENT }))
      .filter(({ data, expected }) => data !== undefined || expected !== ABSENT);
    if (writes.length === 0) {
      return;
    }
    try {
      const versions = await this.#options.writer.write(writes);
      for (const [index, { path }] of writes.entries()) {
        const version = versions[index];
        if (version === undefined) {
          this.#versions.delete(path);
        } else {
          this.#versions.set(path, version);
        }
      }
    } catch (thrown) {
      // Of several nodes the first may be written all the same.
      if (writes.length > 1 || !isCodisError(thrown, ...NOTHING_WRITTEN)) {
        for (const { path } of writes) {
          this.#doubted.add(path);
        }
      }
      throw thrown;
    }
  }

  async #readAgain(path: string): Promise<void> {
    const node = await this.#options.reader.get(path);
    if (node === undefined) {
      this.#versions.delete(path);
    } else {
      this.#versions.set(path, node.version);
    }
    this.#doubted.delete(path);
  }

  #warn(path: string, problem: string): void {
    this.#options.log.warn("operation.fault", `${path}: ${problem}; left as it is`);
  }
}

function numberOf(operation: Operation): number {
  return operationNumberOf(operation.id) ?? 0;
}
