/**
 * Everything that must be true before slots of one pair of groups may be held: proxies that can move keys, servers
 * that can, no mover of an earlier leader, the libraries of FUNCTION at the target, payloads that the target
 * knows, and no stale key there. What was found is remembered as long as it can't have changed: for one run of
 * both servers.
 */
import { CodisError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import {
  commonMethod,
  knowsMethod,
  METHOD_NAMES,
  methodsBetween,
} from "../../model/move-method.ts";
import { asTrouble } from "../../model/operation/trouble-code.ts";
import { say } from "../../model/phrase/phrase.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { ProxyFigures, PushReport } from "../control.ts";
import { copyFunctions } from "../group/function-copy.ts";
import type { StaleKeySearch } from "./contract.ts";
import type { LeftSlots } from "./left-slots.ts";
import type { OlderMovers } from "./older-movers.ts";
import { type Pair, placeOf } from "./pair.ts";
import { probePayload } from "./payload-probe.ts";
import {
  checkMigrate,
  checkSlotMove,
  connectTo,
  cutProxyMovers,
  lookAtServer,
  type ServerLook,
} from "./server-look.ts";

/** What the looks need. */
export interface PreflightOptions {
  readonly epoch: number;
  readonly password: string;
  readonly topology: () => Topology;
  readonly proxyFigures: () => ReadonlyMap<string, ProxyFigures>;
  /** `Fleet.whenSynced`. */
  readonly whenSynced: (revision: number, timeoutMs: number) => Promise<PushReport>;
  readonly olderMovers: Pick<OlderMovers, "cut">;
  readonly left: Pick<LeftSlots, "of">;
  readonly staleKeys: StaleKeySearch;
  readonly onStaleKeys: (count: number) => void;
  /** `migration_method`. */
  readonly migrationMethod: "sync" | "semi-async";
  readonly log: Log;
}

/** Slots that are about to be handed over. */
export interface PairCheck {
  readonly pair: Pair;
  readonly slotIds: readonly number[];
  /** Slots of the pair that will follow: the target is searched for all of them at once. */
  readonly soon: readonly number[];
  /** Proxies move keys away from the target at this moment. */
  readonly isTargetGiving: boolean;
  /** Ends the check at once. */
  readonly signal: AbortSignal;
}

/** Servers that were found well, still connected to. */
export interface PairLook {
  /** How keys of the slots will be reached. */
  readonly method: ForwardMethod;
  /** Whether both still are the processes that were looked at. */
  isCurrent(): boolean;
  close(): void;
}

/** What is known of one pair, for these runs of its servers. */
interface Known {
  readonly sourceRunId: string;
  readonly targetRunId: string;
  /** Ways in which keys can go, best first. */
  readonly methods: readonly ForwardMethod[];
  /** The target is known to know the source's payloads. */
  readonly isPayloadKnown: boolean;
  /** Slots for which the target was searched. */
  readonly searched: Set<number>;
}

/** Proxies that have something else to take in take it in in this time, milliseconds. */
const SYNC_TIMEOUT_MS = 2_000;

/** See the file head. */
export class Preflight {
  readonly #options: PreflightOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: PreflightOptions) {
    this.#options = options;
  }

  /** Rejects with STATE_CONFLICT, and the names of the proxies that can't take part now. */
  async checkProxies(): Promise<void> {
    const { topology, proxyFigures, whenSynced } = this.#options;
    const now = topology();
    const figures = proxyFigures();
    for (const proxy of now.proxies.values()) {
      const look = figures.get(proxy.token);
      if (look?.table === "unreachable" && look.isFenced !== true) {
        throw notAll(`${nameOf(proxy)} doesn't answer`);
      }
    }
    const { failed } = await whenSynced(now.revision, SYNC_TIMEOUT_MS);
    if (failed.length > 0) {
      throw notAll(failed.map(({ reason }) => reason).join("; "));
    }
  }

  /** Throws STATE_CONFLICT when a proxy doesn't know how keys move. Once a slot is `preparing`, none such comes. */
  checkMethods(method: ForwardMethod): void {
    for (const proxy of this.#options.topology().proxies.values()) {
      if (!knowsMethod(proxy, method)) {
        const what =
          method === FORWARD_METHOD.migrate
            ? "can move keys with MIGRATE"
            : `knows forward_method ${method} (${METHOD_NAMES[method]})`;
        throw new CodisError(
          "STATE_CONFLICT",
          `${nameOf(proxy)} doesn't say that it ${what}; replace it by one of this program`,
          { context: asTrouble("proxy") },
        );
      }
    }
  }

  /** The best of the ways that all proxies know. Throws as `checkMethods` when there is none. */
  #chooseMethod(methods: readonly ForwardMethod[]): ForwardMethod {
    const [best] = methods;
    if (best === undefined) {
      throw new CodisError("INTERNAL", "servers that were found well know no way to move keys");
    }
    const method = commonMethod(this.#options.topology().proxies.values(), methods);
    this.checkMethods(method ?? best);
    return method ?? best;
  }

  /** Makes sure that the slots can be handed over; the caller closes the look. Rejects with the reason why not. */
  async checkPair(check: PairCheck): Promise<PairLook> {
    const { epoch, olderMovers } = this.#options;
    const { pair, signal } = check;
    if (pair.target.addr === "") {
      throw new CodisError(
        "STATE_CONFLICT",
        say("move.no-server", { group: pair.target.groupId }),
        { context: asTrouble("no_server") },
      );
    }
    await olderMovers.cut(pair);
    const clients: RedisClient[] = [];
    const look = {
      // A process that ends closes its connections.
      isCurrent: () => clients.every(({ isOpen }) => isOpen),
      close: () => {
        for (const client of clients) {
          client.close();
        }
      },
    };
    try {
      const target = await connectTo(pair.target, epoch, signal);
      clients.push(target);
      let source: RedisClient | undefined;
      if (pair.source.addr !== "") {
        source = await connectTo(pair.source, epoch, signal);
        clients.push(source);
      }
      const known = await this.#checkServers(check, source, target);
      const method = this.#chooseMethod(known.methods);
      await this.#search(check, known, target);
      return { ...look, method };
    } catch (thrown) {
      look.close();
      throw thrown;
    }
  }

  /** Makes sure that half-moved slots of the pair can go back to its source. Rejects with the reason why not. */
  async checkReturn(pair: Pair): Promise<void> {
    const { epoch, olderMovers } = this.#options;
    await olderMovers.cut(pair);
    const [source, target] = await Promise.all([
      connectTo(pair.source, epoch),
      connectTo(pair.target, epoch),
    ]);
    try {
      const method = pair.method ?? FORWARD_METHOD.migrate;
      const sourceLook = await lookAtServer(source);
      const targetLook = await lookAtServer(target);
      const ways = methodsBetween(targetLook, sourceLook, wantedFor(method));
      if (!ways.includes(method)) {
        throw new CodisError(
          "STATE_CONFLICT",
          `keys can't go back from server ${target.addr} to ${source.addr}: ` +
            `they move with ${METHOD_NAMES[method]}, which not both of them know any more`,
        );
      }
      await (method === FORWARD_METHOD.migrate ? checkMigrate(target) : checkSlotMove(target));
      await probePayload(target, targetLook.keyspace, source);
    } finally {
      source.close();
      target.close();
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

  async #checkServers(
    { pair, isTargetGiving }: PairCheck,
    source: RedisClient | undefined,
    target: RedisClient,
  ): Promise<Known> {
    const key = placeOf(pair);
    const targetLook = await lookAtServer(target);
    const sourceLook = source === undefined ? undefined : await lookAtServer(source);
    const methods = this.#methodsFor(sourceLook, targetLook, pair);
    const runs = { sourceRunId: sourceLook?.runId ?? "", targetRunId: targetLook.runId };
    const before = this.#known.get(key);
    const isSame =
      before?.sourceRunId === runs.sourceRunId &&
      before.targetRunId === runs.targetRunId &&
      before.methods[0] === methods[0];
    if (isSame && before.isPayloadKnown) {
      return before;
    }
    if (runs.sourceRunId === runs.targetRunId) {
      throw new CodisError(
        "STATE_CONFLICT",
        `servers ${pair.source.addr} and ${pair.target.addr} are one and the same process`,
      );
    }
    const isPayloadKnown =
      source === undefined || (await probePayload(source, sourceLook?.keyspace ?? [], target));
    if (!isSame) {
      if (source !== undefined) {
        const isMigrate = methods[0] === FORWARD_METHOD.migrate;
        await (isMigrate ? checkMigrate(source) : checkSlotMove(source));
      }
      const { topology, password } = this.#options;
      const { addr, groupId } = pair.target;
      await copyFunctions({ addr, groupId, topology: topology(), password });
      if (!isTargetGiving) {
        // Else proxies move keys away from it at this moment, and would only be disturbed.
        await cutProxyMovers(target);
      }
    }
    const searched = isSame ? before.searched : new Set<number>();
    const known = { ...runs, methods, isPayloadKnown, searched };
    this.#known.set(key, known);
    return known;
  }

  /** Throws SERVER_VERSION_UNSUPPORTED when there is no way. A slot that comes from nowhere may go in any. */
  #methodsFor(
    sourceLook: ServerLook | undefined,
    targetLook: ServerLook,
    pair: Pair,
  ): readonly ForwardMethod[] {
    const { migrationMethod } = this.#options;
    const methods = methodsBetween(sourceLook ?? targetLook, targetLook, migrationMethod);
    if (methods.length === 0) {
      throw new CodisError(
        "SERVER_VERSION_UNSUPPORTED",
        `servers ${pair.source.addr} and ${pair.target.addr} know no common way to move keys; ` +
          "expected two of Redis 7.0 or later, or two with the slot commands of codis-server",
      );
    }
    return methods;
  }

  async #search(
    { pair, slotIds, soon, signal }: PairCheck,
    known: Known,
    target: RedisClient,
  ): Promise<void> {
    if (slotIds.every((id) => known.searched.has(id))) {
      return;
    }
    const { left, staleKeys, onStaleKeys, log } = this.#options;
    const wanted = new Set([...slotIds, ...soon].filter((id) => !known.searched.has(id)));
    const leftIds = await left.of(pair.target.groupId);
    if ([...wanted].some((id) => leftIds.has(id))) {
      // They have left it once: a MIGRATE of then, still on its way, would take away what comes now.
      await cutProxyMovers(target);
    }
    const { unlinked, runId } = await staleKeys.clear(pair.target, wanted, leftIds, signal);
    if (runId !== known.targetRunId) {
      this.#known.delete(placeOf(pair));
      throw new CodisError(
        "STATE_CONFLICT",
        `server ${pair.target.addr} was restarted meanwhile; it is looked at again`,
        { context: asTrouble("unreachable") },
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
}

function notAll(reasons: string): CodisError {
  return new CodisError(
    "STATE_CONFLICT",
    `${reasons}; no slot changes its owner without all proxies: start them, or remove them`,
    { context: asTrouble("proxy") },
  );
}

/** Under which wish `methodsBetween` gives the method, if the servers can. */
function wantedFor(method: ForwardMethod): "sync" | "semi-async" {
  return method === FORWARD_METHOD.sync ? "sync" : "semi-async";
}

function nameOf({ token, adminAddr }: ProxyRecord): string {
  return `proxy-[${token}] at ${adminAddr}`;
}
