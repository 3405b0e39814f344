/**
 * The topology of a product in the hands of its leader: an immutable snapshot in memory, and changes that
 * are written to the coordinator before anybody sees them. Made when the leadership was won, dropped when
 * it is lost; groups, fleet and the HTTP port call `commit` with the pure changes of `src/model`.
 *
 * Invariants: the snapshot is what the coordinator holds, unless a write's outcome is unknown ("in
 * doubt"), and then nothing is changed before the coordinator was read again. A change of several nodes
 * happens whole or not at all, whatever dies; see `journaled-write.ts`. Every write is conditional on the
 * version that was read and fenced by the leader's epoch: what others wrote by hand is never overwritten.
 */
import { type Clock, type ClockTimer, systemClock } from "../../base/clock.ts";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Coordinator, Leadership } from "../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import type { SlotCount } from "../../model/slot.ts";
import { diffTopology } from "../../model/topology/diff.ts";
import {
  ABSENT_VERSION,
  type VersionedNode,
  type VersionedWrite,
} from "../../model/topology/journal.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { CommitQueue } from "./commit-queue.ts";
import {
  createChange,
  type JournaledChange,
  type JournalSite,
  undoChange,
  writeJournaled,
} from "./journaled-write.ts";
import { loadProduct } from "./load.ts";

/** What a store needs. */
export interface TopologyStoreOptions {
  readonly coordinator: Coordinator;
  /** Of this product; the store doesn't release it. */
  readonly leadership: Leadership;
  readonly product: string;
  /** For a new product; an existing one must have as many. */
  readonly defaultSlotCount: SlotCount;
  readonly log: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * After an unknown outcome, and besides the reading before the next change, everything is read again so
 * much later: a write that was given up may still be on its way to the coordinator.
 */
const SETTLE_MS = 15_000;

/** A pure change: gives the next topology, or throws and changes nothing. May be called twice. */
export type TopologyChange = (topology: Topology) => Topology;

/** Snapshot, changes, and who is told of them. */
export class TopologyStore {
  readonly #options: TopologyStoreOptions;
  readonly #site: JournalSite;
  readonly #queue = new CommitQueue();
  readonly #listeners = new Set<(topology: Topology) => void>();
  #topology: Topology;
  /** Texts and versions of the snapshot's nodes. */
  #nodes: ReadonlyMap<string, VersionedNode>;
  #isInDoubt = false;
  #settleTimer: ClockTimer | undefined;
  #lost: CodisError | undefined;

  /**
   * Finishes what a dead leader left, and reads the product. Throws CONFIG_INVALID when it has another
   * number of slots than configured, MODEL_INVALID when its settings are garbage, and what the coordinator
   * throws.
   */
  static async open(options: TopologyStoreOptions): Promise<TopologyStore> {
    const site: JournalSite = {
      reader: options.coordinator,
      writer: options.leadership,
      path: coordinatorPath.journal(options.product),
      epoch: options.leadership.epoch,
    };
    const loaded = await loadProduct(site, options);
    return new TopologyStore(options, site, loaded);
  }

  private constructor(
    options: TopologyStoreOptions,
    site: JournalSite,
    loaded: { readonly topology: Topology; readonly nodes: ReadonlyMap<string, VersionedNode> },
  ) {
    this.#options = options;
    this.#site = site;
    this.#topology = { ...loaded.topology, revision: 1 };
    this.#nodes = loaded.nodes;
    options.leadership.lost.then((reason) => this.#lose(reason));
  }

  /** Of the leader; with the topology's revision it orders all that proxies are told. */
  get epoch(): number {
    return this.#site.epoch;
  }

  /** The newest topology that is known to be durable. */
  snapshot(): Topology {
    return this.#topology;
  }

  /** Calls back with each new snapshot, in order; the result ends that. */
  onChange(listener: (topology: Topology) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Makes a change durable and gives the topology after it; one that changes nothing writes nothing. A change
   * of `handover` alone is told to all like any other, with a revision of its own, and isn't stored.
   * `name` is for the journal and the log. Changes happen one after another. Throws what `change` throws,
   * TOO_BUSY, and what the coordinator throws: after COORDINATOR_CONFLICT and COORDINATOR_FULL nothing has
   * changed, after COORDINATOR_UNREACHABLE all or nothing, which is found out before the next change.
   */
  commit(name: string, change: TopologyChange): Promise<Topology> {
    return this.#queue.run(async () => {
      this.#refuseLost();
      if (this.#isInDoubt) {
        await this.#load();
        this.#settleLater();
      }
      try {
        return await this.#apply(name, change);
      } catch (thrown) {
        if (!isCodisError(thrown, "COORDINATOR_CONFLICT")) {
          throw thrown;
        }
        this.#options.log.warn(
          "topology.conflict",
          `${name}: somebody else changed the product; reading it again`,
          { error: thrown },
        );
        await this.#load();
        return await this.#apply(name, change);
      }
    });
  }

  /** Reads the coordinator again; what others wrote there is seen then. */
  reload(): Promise<Topology> {
    return this.#queue.run(async () => {
      this.#refuseLost();
      await this.#load();
      return this.#topology;
    });
  }

  async #apply(name: string, change: TopologyChange): Promise<Topology> {
    const before = this.#topology;
    const after = change(before);
    const writes = diffTopology(before, after).map(
      ({ path, data }): VersionedWrite => ({
        path,
        data,
        expected: this.#nodes.get(path)?.version ?? ABSENT_VERSION,
      }),
    );
    if (writes.length === 0) {
      if (after.handover !== before.handover) {
        this.#publish({ ...before, handover: after.handover, revision: before.revision + 1 });
      }
      return this.#topology;
    }
    const versions = await this.#write(name, writes);
    this.#nodes = withWritten(this.#nodes, writes, versions);
    this.#options.log.info("topology.changed", name, {
      revision: before.revision + 1,
      nodes: writes.length,
    });
    this.#publish({ ...after, revision: before.revision + 1 });
    return this.#topology;
  }

  /** Writes all or nothing; gives the new versions. */
  async #write(
    name: string,
    writes: readonly VersionedWrite[],
  ): Promise<readonly (string | undefined)[]> {
    if (writes.length === 1) {
      try {
        return await this.#site.writer.write(writes);
      } catch (thrown) {
        throw this.#noteFailure(thrown);
      }
    }
    const journaled = createChange(this.#site, name, writes, this.#nodes);
    try {
      const { versions, leftover } = await writeJournaled(this.#site, journaled);
      if (leftover !== undefined) {
        // The change is done; only its journal is left, and the next reading deletes it.
        this.#isInDoubt = true;
        this.#noteFailure(leftover);
      }
      return versions;
    } catch (thrown) {
      if (isCodisError(thrown, "COORDINATOR_CONFLICT", "COORDINATOR_FULL")) {
        await this.#undo(journaled, thrown);
      }
      throw this.#noteFailure(thrown);
    }
  }

  /** Takes back the first chunks of a change whose later ones were refused. */
  async #undo(change: JournaledChange, refusal: CodisError): Promise<void> {
    this.#isInDoubt = true; // Nodes that were written twice have new versions.
    try {
      await undoChange(this.#site, change, this.#nodes);
    } catch (thrown) {
      if (isCodisError(thrown, "LEADERSHIP_LOST")) {
        throw this.#noteFailure(thrown);
      }
      throw new CodisError(
        "COORDINATOR_UNREACHABLE",
        `${change.journal.name}: ${refusal.message}; a part was written and couldn't be taken back ` +
          `(${messageOf(thrown)}), which is settled before the next change`,
        { cause: thrown },
      );
    }
  }

  /** Remembers what a failure means for the next change; gives the failure. */
  #noteFailure(thrown: unknown): unknown {
    if (isCodisError(thrown, "LEADERSHIP_LOST")) {
      this.#lost ??= thrown;
    } else if (
      !isCodisError(thrown, "COORDINATOR_CONFLICT", "COORDINATOR_FULL", "ARGUMENT_INVALID")
    ) {
      this.#isInDoubt = true;
      // Should no other change come: what was written is told to the proxies all the same.
      this.#settleLater();
    }
    return thrown;
  }

  /** Finishes a journal that is there, reads everything, and tells what is new. */
  async #load(): Promise<void> {
    this.#isInDoubt = true;
    const loaded = await loadProduct(this.#site, this.#options).catch((thrown: unknown) => {
      throw this.#noteFailure(thrown);
    });
    this.#isInDoubt = false;
    const isSame = isSameNodes(this.#nodes, loaded.nodes);
    this.#nodes = loaded.nodes;
    if (!isSame) {
      const { handover, revision } = this.#topology;
      this.#publish({ ...loaded.topology, handover, revision: revision + 1 });
    }
  }

  /** Reads once more when nothing can be on its way any longer. */
  #settleLater(): void {
    const clock = this.#options.clock ?? systemClock;
    this.#settleTimer?.cancel();
    this.#settleTimer = clock.after(SETTLE_MS, () => {
      this.reload().catch((thrown: unknown) => {
        this.#options.log.warn("topology.reload-failed", messageOf(thrown));
      });
    });
  }

  #publish(topology: Topology): void {
    this.#topology = topology;
    for (const listener of [...this.#listeners]) {
      try {
        listener(topology);
      } catch (thrown) {
        this.#options.log.error("topology.listener-failed", messageOf(thrown), { error: thrown });
      }
    }
  }

  #lose(reason: string): void {
    this.#lost ??= new CodisError("LEADERSHIP_LOST", reason);
  }

  #refuseLost(): void {
    if (this.#lost !== undefined) {
      throw new CodisError("LEADERSHIP_LOST", this.#lost.message);
    }
  }
}

function withWritten(
  nodes: ReadonlyMap<string, VersionedNode>,
  writes: readonly VersionedWrite[],
  versions: readonly (string | undefined)[],
): ReadonlyMap<string, VersionedNode> {
  const next = new Map(nodes);
  for (const [index, { path, data }] of writes.entries()) {
    const version = versions[index];
    if (data === undefined || version === undefined) {
      next.delete(path);
    } else {
      next.set(path, { path, data, version });
    }
  }
  return next;
}

/** Whether two readings have the same texts. */
function isSameNodes(
  one: ReadonlyMap<string, VersionedNode>,
  other: ReadonlyMap<string, VersionedNode>,
): boolean {
  return (
    one.size === other.size &&
    [...one.values()].every((node) => node.data === other.get(node.path)?.data)
  );
}
