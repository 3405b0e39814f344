/**
 * Everything that must be true before slots of one pair of groups may be held: proxies that can move keys, servers
 * that can, no mover of an earlier leader, the libraries of FUNCTION at the target, payloads that the target
 * knows, and no stale key there. What was found is remembered as long as it can't have changed: for one run of
 * both servers.
 */
import { CodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { masterAddrOf } from "../../model/group.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import { FORWARD_METHOD } from "../../model/slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { ProxyFigures } from "../control.ts";
import { copyFunctions } from "../group/function-copy.ts";
import type { MoverServer, StaleKeySearch } from "./contract.ts";
import type { LeftSlots } from "./left-slots.ts";
import { probePayload } from "./payload-probe.ts";
import { connectTo, cutOlderMovers, cutProxyMovers, lookAtServer } from "./server-look.ts";

/** Two groups that exchange slots. */
export interface Pair {
  readonly source: MoverServer;
  readonly target: MoverServer;
}

/** What the looks need. */
export interface PreflightOptions {
  readonly epoch: number;
  readonly password: string;
  readonly topology: () => Topology;
  readonly proxyFigures: () => ReadonlyMap<string, ProxyFigures>;
  readonly left: LeftSlots;
  readonly staleKeys: StaleKeySearch;
  readonly onStaleKeys: (count: number) => void;
  readonly log: Log;
}

/** What is known of one pair, for these runs of its servers. */
interface Known {
  readonly sourceRunId: string;
  readonly targetRunId: string;
  /** Slots for which the target was searched. */
  readonly searched: Set<number>;
}

/** See the file head. */
export class Preflight {
  readonly #options: PreflightOptions;
  readonly #known = new Map<string, Known>();
  /** Servers that no older mover is connected to. */
  readonly #cutAddrs = new Set<string>();

  constructor(options: PreflightOptions) {
    this.#options = options;
  }

  /** Throws STATE_CONFLICT when a proxy can't take part now. Asks nobody. */
  checkProxies(): void {
    const figures = this.#options.proxyFigures();
    for (const proxy of this.#options.topology().proxies.values()) {
      if (!proxy.forwardMethods.includes(FORWARD_METHOD.migrate)) {
        throw new CodisError(
          "STATE_CONFLICT",
          `${nameOf(proxy)} doesn't say that it can move keys with MIGRATE; replace it by one of this program`,
        );
      }
      const table = figures.get(proxy.token)?.table;
      if (table !== "synced") {
        throw new CodisError(
          "STATE_CONFLICT",
          `${nameOf(proxy)} ${table === "unreachable" ? "doesn't answer" : "doesn't have the newest slots yet"}; ` +
            "no slot changes its owner without all proxies: start it, or remove it",
        );
      }
    }
  }

  /**
   * Makes sure that these slots can be handed over from the pair's source to its target. `soon` are the slots
   * that will follow: the target is searched for all of them at once. Rejects with the reason.
   */
  async checkPair(
    pair: Pair,
    slotIds: readonly number[],
    soon: readonly number[],
    isTargetGiving: boolean,
  ): Promise<void> {
    const { epoch } = this.#options;
    await this.#cutOlder(pair);
    const target = await connectTo(pair.target, epoch);
    try {
      const source = pair.source.addr === "" ? undefined : await connectTo(pair.source, epoch);
      try {
        await this.#checkServers(pair, source, target, isTargetGiving);
      } finally {
        source?.close();
      }
    } finally {
      target.close();
    }
    await this.#search(pair, slotIds, soon);
  }

  async #checkServers(
    pair: Pair,
    source: RedisClient | undefined,
    target: RedisClient,
    isTargetGiving: boolean,
  ): Promise<void> {
    const key = keyOf(pair);
    const targetLook = await lookAtServer(target);
    const sourceLook = source === undefined ? undefined : await lookAtServer(source);
    const sourceRunId = sourceLook?.runId ?? "";
    const known = this.#known.get(key);
    if (known?.sourceRunId === sourceRunId && known.targetRunId === targetLook.runId) {
      return;
    }
    if (source !== undefined && sourceLook !== undefined) {
      if (sourceRunId === targetLook.runId) {
        throw new CodisError(
          "STATE_CONFLICT",
          `servers ${pair.source.addr} and ${pair.target.addr} are one and the same process`,
        );
      }
      await probePayload(source, sourceLook.keyspace, target);
    }
    const { topology, password } = this.#options;
    const { addr, groupId } = pair.target;
    await copyFunctions({ addr, groupId, topology: topology(), password });
    if (!isTargetGiving) {
      // Else proxies move keys away from it at this moment, and would only be disturbed.
      await cutProxyMovers(target);
    }
    this.#known.set(key, { sourceRunId, targetRunId: targetLook.runId, searched: new Set() });
  }

  async #search(pair: Pair, slotIds: readonly number[], soon: readonly number[]): Promise<void> {
    const known = this.#known.get(keyOf(pair));
    if (known === undefined || slotIds.every((id) => known.searched.has(id))) {
      return;
    }
    const { left, staleKeys, onStaleKeys, log } = this.#options;
    const wanted = new Set([...slotIds, ...soon].filter((id) => !known.searched.has(id)));
    const leftIds = await left.of(pair.target.groupId);
    const { unlinked, runId } = await staleKeys.clear(pair.target, wanted, leftIds);
    if (runId !== known.targetRunId) {
      this.#known.delete(keyOf(pair));
      throw new CodisError(
        "STATE_CONFLICT",
        `server ${pair.target.addr} was restarted meanwhile; it is looked at again`,
      );
    }
    for (const id of wanted) {
      known.searched.add(id);
    }
    if (unlinked > 0) {
      log.warn("migration.stale_keys", `${unlinked} leftovers of earlier moves were removed`, {
        addr: pair.target.addr,
        keys: unlinked,
      });
      onStaleKeys(unlinked);
    }
  }

  /** The slots have left the pair's target again, or come from elsewhere: searched anew next time. */
  forget(slotIds: readonly number[]): void {
    for (const { searched } of this.#known.values()) {
      for (const id of slotIds) {
        searched.delete(id);
      }
    }
  }

  /**
   * Ends movers of leaders before this one, on every master that answers, on those of the pair for certain: none
   * may act after this leader has.
   */
  async #cutOlder(pair: Pair): Promise<void> {
    for (const group of this.#options.topology().groups.values()) {
      const addr = masterAddrOf(group);
      if (addr === "" || this.#cutAddrs.has(addr)) {
        continue;
      }
      try {
        await this.#cutOlderAt({
          groupId: group.id,
          addr,
          user: "",
          password: this.#options.password,
        });
      } catch (thrown) {
        if (addr === pair.source.addr || addr === pair.target.addr) {
          throw thrown;
        }
        // Looked at again before a slot moves from or to it.
        this.#options.log.debug("migration.older_movers", messageOf(thrown), { addr });
      }
    }
  }

  async #cutOlderAt(server: MoverServer): Promise<void> {
    const { epoch, log } = this.#options;
    const client = await connectTo(server, epoch);
    try {
      const count = await cutOlderMovers(client, epoch);
      if (count > 0) {
        const { addr } = server;
        const text = `${count} connections of an earlier leader were cut`;
        log.info("migration.older_movers", text, { addr, count });
      }
    } finally {
      client.close();
    }
    // An older leader that connects later finds that it doesn't lead, before its first MIGRATE.
    this.#cutAddrs.add(server.addr);
  }
}

function nameOf({ token, adminAddr }: ProxyRecord): string {
  return `proxy-[${token}] at ${adminAddr}`;
}

function keyOf({ source, target }: Pair): string {
  return `${source.addr}>${target.addr}`;
}
