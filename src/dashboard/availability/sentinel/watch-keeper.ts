/**
 * Compares all sentinels of a product with what is stored and mends what differs (`set-up.ts`), for all groups or for
 * one. Decides for which groups a sentinel that watches another master is wrong, and for which it is ahead:
 *
 *     an operator's order, or the end of a planned change         it is wrong
 *     it has seen no failover (epoch 0)                           it is wrong
 *     a majority names the stored master, with no older epoch     it is wrong
 *     its failover was overruled, or its master is a replica      it is wrong
 *     else                                                        it is ahead: left alone until that is stored
 */
import { messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type { SentinelView } from "../../../sentinel/agreement.ts";
import { masterName } from "../../../sentinel/master-name.ts";
import type { MasterWords } from "../../../sentinel/master-words.ts";
import { askServer, isSameAddr } from "../../../sentinel/same-server.ts";
import {
  type SentinelClient,
  type WatchedMaster,
  withSentinel,
} from "../../../sentinel/sentinel-client.ts";
import type { DashboardConfig } from "../../config/key.ts";
import { type SetUpOptions, setUpSentinel } from "./set-up.ts";
import { orderOf, resolveAll, type WatchOrder } from "./watch-order.ts";

/** What a keeper works with. */
export interface WatchKeeperParts {
  readonly config: DashboardConfig;
  readonly log: Log;
  readonly words: MasterWords;
  /** What a majority said last. */
  readonly view: () => SentinelView | undefined;
  /** The master that the sentinels name for the group has shown that it is none. */
  readonly isRefuted: (groupId: number) => boolean;
  /** The group is in other hands, and its names are left as they are. */
  readonly isHeld: (groupId: number) => boolean;
}

/** How it went. */
export interface KeepReport {
  /** Sentinels that watch all that they should. */
  readonly answered: number;
  readonly changes: readonly string[];
  readonly problems: readonly string[];
  /** Groups were left out because they are in other hands. */
  readonly isPartial: boolean;
  /** See `SetUpReport`. */
  readonly hasStrangers: boolean;
}

/** Nobody waits longer for one answer of a sentinel, whatever `sentinel_client_timeout` says: promotions wait too. */
const ANSWER_MS_MAX = 3_000;

/** See the file head. */
export class WatchKeeper {
  readonly #parts: WatchKeeperParts;

  constructor(parts: WatchKeeperParts) {
    this.#parts = parts;
  }

  /** All groups. `isOrder`: an operator wants it, so passwords are told too, and decisions are overruled. */
  async run(topology: Topology, isOrder: boolean): Promise<KeepReport> {
    const held = [...topology.groups.keys()].filter((id) => this.#parts.isHeld(id));
    const ids = [...topology.groups.values()]
      .filter(({ id, servers }) => servers.length > 0 && !held.includes(id))
      .map(({ id }) => id);
    const mayOverrule = await this.#overruling(topology, isOrder);
    const report = await this.#tellAll(topology, ids, {
      isLeftAlone: (groupId) => this.#parts.isHeld(groupId),
      mayOverrule,
      withSecrets: isOrder,
    });
    return { ...report, isPartial: held.length > 0 };
  }

  /** One group, with the master that is stored now, whatever the sentinels say. */
  watch(topology: Topology, groupId: number): Promise<KeepReport> {
    return this.#tellAll(topology, [groupId], {
      isLeftAlone: () => true,
      mayOverrule: () => true,
      withSecrets: true,
    });
  }

  /** Works on one sentinel, over a connection that ends with it. */
  ask<Result>(addr: string, work: (sentinel: SentinelClient) => Promise<Result>): Promise<Result> {
    const { productAuth: password, sentinelClientTimeoutMs } = this.#parts.config;
    const timeoutMs = Math.min(sentinelClientTimeoutMs, ANSWER_MS_MAX);
    return withSentinel({ addr, password, timeoutMs }, work);
  }

  async #tellAll(
    topology: Topology,
    groupIds: readonly number[],
    rules: Pick<SetUpOptions, "isLeftAlone" | "mayOverrule" | "withSecrets">,
  ): Promise<KeepReport> {
    const { config } = this.#parts;
    const { servers } = topology.sentinel;
    const problems: string[] = [];
    const orders = await this.#orders(topology, groupIds, problems);
    // A name that can't be resolved now isn't taken from those who watch it.
    const unresolved = new Set(groupIds.filter((id) => !orders.some((one) => one.groupId === id)));
    const options: SetUpOptions = {
      ...rules,
      product: config.productName,
      orders,
      isLeftAlone: (groupId) => unresolved.has(groupId) || rules.isLeftAlone(groupId),
      sentinelIps: await resolveAll(servers),
      isReplicaOf: async (addr, masterAddr) => {
        const followed = (await askServer(addr, config.productAuth))?.masterAddr;
        return followed !== undefined && (await isSameAddr(followed, masterAddr));
      },
      reset: oneByOne(),
    };
    const changes: string[] = [];
    let answered = 0;
    let hasStrangers = false;
    const work = servers.map(async (addr) => {
      try {
        const report = await this.ask(addr, (sentinel) => setUpSentinel(sentinel, options));
        changes.push(...report.changes.map((line) => `${addr} ${line}`));
        problems.push(...report.problems.map((line) => `${addr} ${line}`));
        hasStrangers ||= report.hasStrangers;
        answered += report.problems.length === 0 ? 1 : 0;
      } catch (thrown) {
        problems.push(messageOf(thrown));
      }
    });
    await Promise.all(work);
    return { answered, changes, problems: problems.sort(), isPartial: false, hasStrangers };
  }

  async #orders(
    topology: Topology,
    groupIds: readonly number[],
    problems: string[],
  ): Promise<readonly WatchOrder[]> {
    const { config } = this.#parts;
    const orders = groupIds.map(async (id) => {
      const group = topology.groups.get(id);
      try {
        return group === undefined ? undefined : await orderOf(group, config);
      } catch (thrown) {
        problems.push(`${masterName(config.productName, id)}: ${messageOf(thrown)}`);
        return undefined;
      }
    });
    return (await Promise.all(orders)).filter((order) => order !== undefined);
  }

  /** See the file head. */
  async #overruling(
    topology: Topology,
    isOrder: boolean,
  ): Promise<(order: WatchOrder, watched: WatchedMaster) => boolean> {
    const { words, isRefuted, view } = this.#parts;
    const confirmed = new Map<number, number>();
    for (const { groupId, addr, epoch } of view()?.masters.values() ?? []) {
      const [master] = topology.groups.get(groupId)?.servers ?? [];
      if (master !== undefined && (await isSameAddr(master.addr, addr))) {
        confirmed.set(groupId, epoch);
      }
    }
    return ({ groupId }, { addr, epoch }) =>
      isOrder ||
      epoch === 0 ||
      epoch <= (confirmed.get(groupId) ?? -1) ||
      words.isOverruled(groupId, { addr, epoch }) ||
      isRefuted(groupId);
  }
}

/** Runs what it is given one after the other. */
function oneByOne(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}
