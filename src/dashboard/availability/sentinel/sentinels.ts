/**
 * The sentinels of a product, as its leader works with them: they are told what to watch, and kept told; what they
 * decide is stored; planned promotions take a group out of their hands and give it back.
 *
 *     out of sync, quiet for a moment  \
 *     every `CHECK_PERIOD_MS`           > all sentinels are compared with what is stored, and differences mended
 *     an operator's resync             /
 *     promoting, or in a turn           the group is left alone
 *
 * The mark "out of sync" goes when every sentinel watches what it should and the proxies were told the list. The
 * original needs an operator for that; here it is done by itself, and the order is there for who wants it at once.
 */
import { Backoff } from "../../../base/backoff.ts";
import type { ClockTimer } from "../../../base/clock.ts";
import { CodisError, messageOf } from "../../../base/error.ts";
import {
  addSentinel,
  markSentinelsSynced,
  removeSentinel,
} from "../../../model/change/sentinel.ts";
import { masterAddrOf } from "../../../model/group.ts";
import type { SentinelRecord } from "../../../model/sentinel.ts";
import type { Topology } from "../../../model/topology/topology.ts";
import type { ServerInfo } from "../../../redis/info.ts";
import { isUnknownCommand } from "../../../redis/server-error.ts";
import { majorityOf, type SentinelView } from "../../../sentinel/agreement.ts";
import { type FollowerTiming, SentinelFollower } from "../../../sentinel/follower.ts";
import { groupIdOf, masterName } from "../../../sentinel/master-name.ts";
import { MasterWords } from "../../../sentinel/master-words.ts";
import { type SentinelClient, withSentinel } from "../../../sentinel/sentinel-client.ts";
import type { PushReport, SentinelFigures, SentinelGroup } from "../../control.ts";
import type { AvailabilityParts, FailoverBook, ReplicaFollow, SentinelWatch } from "../contract.ts";
import { groupsOf, SentinelLooks } from "./sentinel-looks.ts";
import { isLeadLost, SwitchFollow } from "./switch-follow.ts";
import { WatchKeeper } from "./watch-keeper.ts";

/** What this room needs beside the rest. */
export interface SentinelsParts extends AvailabilityParts {
  readonly book: FailoverBook;
  readonly follow: ReplicaFollow;
  /** `Fleet.setSentinels`. */
  readonly pushSentinels: (sentinels: SentinelRecord, timeoutMs: number) => Promise<PushReport>;
  /** Replaces single times of the follower (tests). */
  readonly timing?: Partial<FollowerTiming> | undefined;
}

/** Nothing may change for so long before the sentinels are told what has changed. */
const QUIET_MS = 1_500;
/** Between two comparisons while all is well. */
const CHECK_PERIOD_MS = 15_000;
/** The same while a server that was taken from its group still follows: it must be forgotten once it doesn't. */
const STRANGER_PERIOD_MS = 3_000;
/** After one that failed. */
const RETRY = { minMs: 2_000, maxMs: 30_000 };

/** See the file head. Does nothing before `start`. */
export class Sentinels implements SentinelWatch {
  readonly #parts: SentinelsParts;
  readonly #words = new MasterWords();
  readonly #looks: SentinelLooks;
  readonly #switches: SwitchFollow;
  readonly #keeper: WatchKeeper;
  readonly #backoff = new Backoff(RETRY);
  #follower: SentinelFollower | undefined;
  /** What a majority said last. */
  #view: SentinelView | undefined;
  /** Groups that a planned change has taken from the sentinels. */
  readonly #released = new Set<number>();
  /** Runs of the keeper, releases and watches, one after the other. */
  #last: Promise<void> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #problem = "";
  #forgetTopology: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: SentinelsParts) {
    this.#parts = parts;
    const { clock, config } = parts;
    const { productName: product, productAuth: password } = config;
    this.#looks = new SentinelLooks({ product, password, clock });
    this.#switches = new SwitchFollow({
      ...parts,
      words: this.#words,
      onUnsettled: () => this.#follower?.settle(),
    });
    this.#keeper = new WatchKeeper({
      config,
      log: parts.log,
      words: this.#words,
      view: () => this.#view,
      isRefuted: (groupId) => this.#switches.isRefuted(groupId),
      isHeld: (groupId) => this.#isHeld(groupId),
    });
  }

  /** Begins to follow the sentinels of the topology and to keep them told. */
  start(): void {
    this.#forgetTopology = this.#parts.topology.onChange((topology) => this.#onTopology(topology));
    this.#onTopology(this.#parts.topology.snapshot());
    this.#arm(QUIET_MS);
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#forgetTopology();
    this.#timer?.cancel();
    await Promise.all([this.#follower?.close(), this.#looks.close(), this.#switches.close()]);
    await this.#last;
  }

  /** See `SentinelWatch`. While it isn't known it is yes: two must never replace one master. */
  isWatched(groupId: number): boolean {
    const { servers } = this.#parts.topology.snapshot().sentinel;
    if (servers.length === 0 || this.#released.has(groupId)) {
      return false;
    }
    return this.#view?.hasMajority !== true || this.#view.watched.has(groupId);
  }

  /** See `SentinelWatch`. */
  masterOf(groupId: number): string | undefined {
    return this.#released.has(groupId) ? undefined : this.#view?.masters.get(groupId)?.addr;
  }

  /**
   * See `SentinelWatch`. Throws STATE_CONFLICT while they replace the group's master, and SERVER_UNREACHABLE when a
   * majority can't be told; then it is theirs again.
   */
  release(groupId: number): Promise<void> {
    return this.#inTurn(async () => {
      const { topology, config, confirm } = this.#parts;
      const { servers } = topology.snapshot().sentinel;
      await confirm();
      const name = masterName(config.productName, groupId);
      const looks = await this.#askAll(servers, (sentinel) => sentinel.master(name));
      if (looks.some(({ value }) => value?.flags.has("failover_in_progress") === true)) {
        throw new CodisError(
          "STATE_CONFLICT",
          `group ${groupId}: the sentinels are replacing its master; try again later`,
        );
      }
      this.#released.add(groupId);
      this.#words.overrule(groupId);
      const removals = await this.#askAll(servers, (sentinel) => sentinel.remove(name));
      const failed = removals.filter(({ error }) => error !== undefined);
      if (failed.length < majorityOf(servers.length) || servers.length === 0) {
        return;
      }
      this.#released.delete(groupId);
      await this.#watchAgain(groupId);
      throw new CodisError(
        "SERVER_UNREACHABLE",
        `group ${groupId} can't be taken from the sentinels: ${failed.map(({ error }) => error).join("; ")}`,
      );
    });
  }

  /** See `SentinelWatch`. */
  watch(groupId: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#released.delete(groupId);
      await this.#watchAgain(groupId);
    });
  }

  /**
   * Tells all sentinels what to watch, also what can't be compared (passwords), and all proxies who they are; an
   * operator's order, so what the sentinels have decided otherwise is overruled. Throws SERVER_UNREACHABLE when fewer
   * than a majority took all of it; the rest is tried again by itself.
   */
  resync(): Promise<void> {
    return this.#inTurn(() => this.#keep(true));
  }

  /**
   * Adds a sentinel that answers; it is told what to watch soon after. Codis's texts, but for a server that is no
   * sentinel.
   */
  async add(addr: string): Promise<void> {
    const { topology } = this.#parts;
    addSentinel(topology.snapshot(), addr);
    try {
      await this.#ask(addr, (sentinel) => sentinel.flushConfig());
    } catch (thrown) {
      throw isUnknownCommand(thrown) ? notASentinel(addr, thrown) : thrown;
    }
    await topology.commit(`add sentinel ${addr}`, (now) => addSentinel(now, addr));
  }

  /**
   * Takes the product's masters from a sentinel and forgets it; `isForced`: also when it doesn't answer. The others
   * forget it by themselves some seconds later.
   */
  async remove(addr: string, isForced: boolean): Promise<void> {
    const { topology, config, log } = this.#parts;
    removeSentinel(topology.snapshot(), addr);
    try {
      await this.#ask(addr, async (sentinel) => {
        for (const { name } of await sentinel.masters()) {
          if (groupIdOf(config.productName, name) !== undefined) {
            await sentinel.remove(name);
          }
        }
      });
    } catch (error) {
      if (!isForced) {
        throw error;
      }
      log.warn(
        "sentinels.left",
        `${addr} is forgotten, and may still watch masters of the product`,
        {
          error,
        },
      );
    }
    await topology.commit(`remove sentinel ${addr}`, (now) => removeSentinel(now, addr));
  }

  /** INFO of a sentinel of the product, asked now. NOT_FOUND, SERVER_UNREACHABLE. */
  sentinelInfo(addr: string): Promise<ServerInfo> {
    return this.#askKnown(addr, (sentinel) => sentinel.info());
  }

  /** Groups of the product that a sentinel of it watches, by master name, asked now. As `sentinelInfo`. */
  monitoredBy(addr: string): Promise<Readonly<Record<string, SentinelGroup>>> {
    return this.#askKnown(addr, (sentinel) => groupsOf(sentinel, this.#parts.config.productName));
  }

  /** By address; from the last looks. */
  figures(): ReadonlyMap<string, SentinelFigures> {
    return this.#looks.figures();
  }

  /** Masters by group id, where a majority of the sentinels agree; empty without sentinels. */
  masters(): ReadonlyMap<number, string> {
    return new Map([...(this.#view?.masters ?? [])].map(([groupId, { addr }]) => [groupId, addr]));
  }

  /** What an operator should know: one line each. */
  problems(): readonly string[] {
    return [...this.#switches.strangers(), ...(this.#problem === "" ? [] : [this.#problem])];
  }

  #onTopology(topology: Topology): void {
    for (const group of topology.groups.values()) {
      if (group.servers.length > 0) {
        this.#words.named(group.id, masterAddrOf(group));
      }
    }
    const { servers, outOfSync } = topology.sentinel;
    this.#follow(servers);
    if (outOfSync) {
      this.#arm(QUIET_MS);
    }
  }

  #follow(servers: readonly string[]): void {
    const before = this.#follower?.servers ?? [];
    const isSame = before.length === servers.length && servers.every((one) => before.includes(one));
    if (isSame || this.#isClosed) {
      return;
    }
    const { config, log, clock, timing } = this.#parts;
    this.#follower?.close().catch((error: unknown) => {
      log.warn("sentinels.failed", messageOf(error), { error });
    });
    this.#follower = undefined;
    this.#view = undefined;
    this.#words.forgetEpochs(servers.length > 0);
    this.#looks.setServers(servers);
    if (servers.length === 0) {
      return;
    }
    this.#follower = new SentinelFollower({
      product: config.productName,
      servers,
      password: config.productAuth,
      log,
      clock,
      timing,
      onSwitch: (groupId, sentinel) => this.#switches.noteEvent(groupId, sentinel),
      onMasters: (view) => {
        this.#view = view;
        this.#switches.see(view);
      },
    });
  }

  #isHeld(groupId: number): boolean {
    const { topology, turns } = this.#parts;
    const group = topology.snapshot().groups.get(groupId);
    return (
      this.#released.has(groupId) ||
      (group !== undefined && group.promoting.state !== "") ||
      turns.busyWith(groupId) !== undefined
    );
  }

  async #watchAgain(groupId: number): Promise<void> {
    const { topology, log } = this.#parts;
    const now = topology.snapshot();
    const report = await this.#keeper.watch(now, groupId);
    if (this.#view !== undefined && report.answered >= majorityOf(now.sentinel.servers.length)) {
      // Known before the next answers tell it.
      this.#view = { ...this.#view, watched: new Set([...this.#view.watched, groupId]) };
    }
    this.#follower?.settle();
    if (report.problems.length > 0) {
      log.warn("sentinels.unwatched", `group ${groupId} isn't watched by all sentinels yet`, {
        problems: report.problems,
      });
      this.#arm(this.#backoff.nextMs());
    }
  }

  /** The next comparison is in `delayMs`; an earlier order of one is forgotten. */
  #arm(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isClosed) {
      return;
    }
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#inTurn(() => this.#keep(false)).catch((error: unknown) => {
        if (!isLeadLost(error)) {
          this.#parts.log.error("sentinels.keep_failed", messageOf(error), { error });
        }
        this.#arm(this.#backoff.nextMs());
      });
    });
  }

  async #keep(isOrder: boolean): Promise<void> {
    const { topology, confirm, config, log } = this.#parts;
    const used = topology.snapshot();
    if (used.sentinel.servers.length === 0 && !used.sentinel.outOfSync) {
      this.#problem = "";
      return; // The next change of the list arms it again.
    }
    await confirm();
    const report = await this.#keeper.run(used, isOrder);
    if (report.changes.length > 0) {
      log.info("sentinels.told", "sentinels were told what to watch", { changes: report.changes });
      this.#follower?.settle();
    }
    if (isOrder) {
      // Else the fleet tells them of each other list by itself.
      await this.#parts.pushSentinels(topology.snapshot().sentinel, config.proxyPushTimeoutMs);
    }
    this.#noteProblem(report.problems);
    if (report.problems.length > 0 || report.isPartial) {
      this.#arm(this.#backoff.nextMs());
    } else {
      this.#backoff.reset();
      await this.#markSynced(used);
      const periodMs = report.hasStrangers ? STRANGER_PERIOD_MS : CHECK_PERIOD_MS;
      this.#arm(topology.snapshot().sentinel.outOfSync ? QUIET_MS : periodMs);
    }
    const count = used.sentinel.servers.length;
    if (isOrder && count > 0 && report.answered < majorityOf(count)) {
      throw new CodisError(
        "SERVER_UNREACHABLE",
        `fewer than a majority of the sentinels took what they were told: ${report.problems.join("; ")}`,
      );
    }
  }

  /** One line in the log for each other problem, not for each try. */
  #noteProblem(problems: readonly string[]): void {
    const problem = problems.join("; ");
    if (problem === this.#problem) {
      return;
    }
    this.#problem = problem;
    const { log } = this.#parts;
    if (problem === "") {
      log.info("sentinels.in_step", "all sentinels watch what they should");
    } else {
      log.warn("sentinels.behind", `not all sentinels watch what they should: ${problem}`);
    }
  }

  /** What has changed since `used` hasn't been told to anybody yet. */
  async #markSynced(used: Topology): Promise<void> {
    const { topology } = this.#parts;
    const told = watchedPart(used);
    if (!topology.snapshot().sentinel.outOfSync) {
      return;
    }
    await topology.commit("sentinels are in sync", (now) =>
      watchedPart(now) === told ? markSentinelsSynced(now) : now,
    );
  }

  /** Not before those that were asked for earlier have ended. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #askKnown<Result>(
    addr: string,
    work: (sentinel: SentinelClient) => Promise<Result>,
  ): Promise<Result> {
    const { servers } = this.#parts.topology.snapshot().sentinel;
    return servers.includes(addr)
      ? this.#ask(addr, work)
      : Promise.reject(new CodisError("NOT_FOUND", `sentinel-[${addr}] not found`));
  }

  #ask<Result>(addr: string, work: (sentinel: SentinelClient) => Promise<Result>): Promise<Result> {
    const { productAuth: password, sentinelClientTimeoutMs: timeoutMs } = this.#parts.config;
    return withSentinel({ addr, password, timeoutMs }, work);
  }

  #askAll<Result>(
    servers: readonly string[],
    work: (sentinel: SentinelClient) => Promise<Result>,
  ): Promise<readonly { readonly value?: Result; readonly error?: string }[]> {
    return Promise.all(
      servers.map((addr) =>
        this.#keeper.ask(addr, work).then(
          (value) => ({ value }),
          (error: unknown) => ({ error: messageOf(error) }),
        ),
      ),
    );
  }
}

/** What sentinels and proxies are told of a topology, as one text. */
function watchedPart({ sentinel, groups }: Topology): string {
  const masters = [...groups.values()].map((group) => [
    group.id,
    group.servers.map(({ addr }) => addr),
  ]);
  return JSON.stringify([sentinel.servers, masters]);
}

function notASentinel(addr: string, cause: unknown): CodisError {
  return new CodisError(
    "SERVER_REFUSED",
    `${addr} isn't a sentinel: it doesn't know the command SENTINEL, as a plain Redis server; ` +
      "give the address of a process that runs as redis-sentinel, usually with port 26379",
    { cause, context: { addr } },
  );
}
