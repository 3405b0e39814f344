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
  readonly switches: MigrationSwitches;
  /** Largest number of an operation, understood or not; 0: none. */
  readonly lastNumber: number;
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
    return { operations, switches: await this.#loadSwitches(), lastNumber };
  }

  /** Resolves when it is durable. */
  save(operation: Operation): Promise<void> {
    const path = coordinatorPath.operation(this.#options.product, operation.id);
    return this.#write(path, encodeOperation(operation));
  }

  /** Resolves when it is durably gone. */
  remove(id: string): Promise<void> {
    return this.#write(coordinatorPath.operation(this.#options.product, id), undefined);
  }

  /** Resolves when they are durable. */
  saveSwitches(switches: MigrationSwitches): Promise<void> {
    return this.#write(coordinatorPath.switches(this.#options.product), encodeSwitches(switches));
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

  async #write(path: string, data: string | undefined): Promise<void> {
    if (this.#doubted.has(path)) {
      await this.#readAgain(path);
    }
    try {
      await this.#writeOnce(path, data);
    } catch (thrown) {
      if (!isCodisError(thrown, "COORDINATOR_CONFLICT")) {
        throw thrown;
      }
      // Nobody else writes here but by hand: what this leader wants counts.
      await this.#readAgain(path);
      await this.#writeOnce(path, data);
    }
  }

  async #writeOnce(path: string, data: string | undefined): Promise<void> {
    const expected = this.#versions.get(path) ?? ABSENT;
    if (data === undefined && expected === ABSENT) {
      return;
    }
    try {
      const [version] = await this.#options.writer.write([{ path, data, expected }]);
      if (version === undefined) {
        this.#versions.delete(path);
      } else {
        this.#versions.set(path, version);
      }
    } catch (thrown) {
      if (!isCodisError(thrown, ...NOTHING_WRITTEN)) {
        this.#doubted.add(path);
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
