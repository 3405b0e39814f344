/**
 * The rounds of `codis ha`: each reads the dashboard's statistics, logs a line for each proxy and server, and does at
 * most one thing. A master is replaced when it was bad in three rounds in a row, doesn't answer this daemon either,
 * and no replica has its link to it any more.
 *
 * Nothing is done when more than half of all servers are bad: then the dashboard, or this daemon, is cut off. A round
 * in which the dashboard doesn't answer begins the counting anew.
 */
import type { TopomClient } from "../../api/topom-client.ts";
import type { TopomOverviewJson, TopomStatsJson } from "../../api/topom-json.ts";
import type { Clock } from "../../base/clock.ts";
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { GroupJson } from "../../model/group.ts";
import { judgeServer, NO_MASTER, type ServerJudgement } from "../../model/server-status.ts";
import { describeGroups, describeProxies } from "../admin/status-line.ts";
import { chooseReplica, type ReplicaLook } from "./candidate.ts";
import type { HaOptions } from "./flags.ts";

/** Rounds in a row in which something has to be bad. */
export const BAD_ROUNDS = 3;
/** After a promotion of a group, done or not, the next one of it comes no sooner. */
export const PROMOTION_PAUSE_MS = 60_000;

/** What is asked of the dashboard. */
export type HaDashboard = Pick<
  TopomClient,
  "overview" | "serverInfo" | "promoteServer" | "createSyncAction" | "removeProxy" | "removeServer"
>;

/** What the rounds work with. */
export interface HaParts {
  readonly dashboard: HaDashboard;
  /** Whether the server answers anything at all to this machine. */
  readonly isAlive: (addr: string) => Promise<boolean>;
  readonly options: Pick<HaOptions, "isObserver" | "removesProxies" | "removesReplicas">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
}

/** Who replaces dead masters. */
type Replacer = "this" | "dashboard" | "nobody";

/** See the file head. */
export class HaWatch {
  readonly #parts: HaParts;
  /** Rounds in a row, by address of a server or token of a proxy. Only what was bad in the last round. */
  #badRounds = new Map<string, number>();
  /** When a group was tried last, monotonic, by id. */
  readonly #triedAtMs = new Map<number, number>();
  /** Masters that were replaced here and haven't come back, by address. Bounded by the servers of the product. */
  readonly #replaced = new Set<string>();
  #replacerTold: Replacer | undefined;

  constructor(parts: HaParts) {
    this.#parts = parts;
  }

  /** One round. Never rejects for what other programs do; that is logged. */
  async round(): Promise<void> {
    const { dashboard, log, options } = this.#parts;
    let overview: TopomOverviewJson;
    try {
      overview = await dashboard.overview();
    } catch (thrown) {
      this.#badRounds.clear();
      log.warn("ha.no_dashboard", `the dashboard tells nothing: ${messageOf(thrown)}`);
      return;
    }
    const { stats } = overview;
    this.#logLines(stats);
    this.#count(stats);
    const replacer = this.#findReplacer(overview);
    if (options.isObserver) {
      return;
    }
    try {
      await this.#doOneThing(stats, replacer);
    } catch (thrown) {
      if (!isCodisError(thrown)) {
        throw thrown;
      }
      log.error("ha.failed", thrown.message, { error: thrown });
    }
  }

  async #doOneThing(stats: TopomStatsJson, replacer: Replacer): Promise<void> {
    if (this.#isCutOff(stats)) {
      return;
    }
    const hasDone =
      (await this.#replaceMasters(stats, replacer)) || (await this.#returnMaster(stats));
    if (!hasDone && !(await this.#removeProxy(stats))) {
      await this.#removeReplica(stats);
    }
  }

  #logLines({ proxy, group }: TopomStatsJson): void {
    const { log } = this.#parts;
    for (const line of `${describeProxies(proxy)}${describeGroups(group)}`.trimEnd().split("\n")) {
      if (line.startsWith("[ ]")) {
        log.info("ha.state", line);
      } else if (line !== "") {
        log.warn("ha.state", line);
      }
    }
  }

  #count(stats: TopomStatsJson): void {
    const bad = [
      ...serversOf(stats)
        .filter(({ judgement }) => isBad(judgement))
        .map(({ addr }) => addr),
      ...stats.proxy.models.map(({ token }) => token).filter((token) => isProxyBad(stats, token)),
    ];
    this.#badRounds = new Map(bad.map((name) => [name, (this.#badRounds.get(name) ?? 0) + 1]));
  }

  #isDue(name: string): boolean {
    return (this.#badRounds.get(name) ?? 0) >= BAD_ROUNDS;
  }

  /** Tells it when it is another one than in the round before. */
  #findReplacer({ config }: TopomOverviewJson): Replacer {
    const own = config["ha_enabled"];
    const replacer = own === undefined ? "this" : own === true ? "dashboard" : "nobody";
    if (replacer !== this.#replacerTold) {
      this.#replacerTold = replacer;
      const texts: Readonly<Record<Replacer, string>> = {
        this: "dead masters are replaced by this daemon",
        dashboard:
          "dead masters are replaced by the dashboard (ha_enabled = true); this daemon only looks",
        nobody:
          "dead masters are replaced by nobody: set ha_enabled = true in the dashboard's configuration and " +
          "restart it, or add sentinels",
      };
      this.#parts.log.info("ha.replacer", texts[replacer]);
    }
    return replacer;
  }

  #isCutOff(stats: TopomStatsJson): boolean {
    const servers = serversOf(stats);
    const bad = servers.filter(({ judgement }) => isBad(judgement)).length;
    if (bad * 2 <= servers.length) {
      return false;
    }
    this.#parts.log.error(
      "ha.cut_off",
      `${bad} of ${servers.length} servers don't answer the dashboard: it seems cut off, nothing is done`,
    );
    return true;
  }

  /** True: a group was tried; no second one in this round. */
  async #replaceMasters(stats: TopomStatsJson, replacer: Replacer): Promise<boolean> {
    for (const group of stats.group.models) {
      const master = group.servers[0]?.server;
      if (master === undefined || !this.#isDue(master)) {
        continue;
      }
      if (replacer !== "this") {
        const who = replacer === "dashboard" ? "the dashboard replaces it" : "nobody replaces it";
        this.#parts.log.warn("ha.left", `master ${master} of group-${group.id} is dead; ${who}`);
      } else if (await this.#replace(stats, group, master)) {
        return true;
      }
    }
    return false;
  }

  async #replace(stats: TopomStatsJson, group: GroupJson, master: string): Promise<boolean> {
    const { log, dashboard, isAlive, clock } = this.#parts;
    const subject = `master ${master} of group-${group.id}`;
    const leave = (why: string): false => {
      log.warn("ha.left", `${subject} isn't replaced now: ${why}`);
      return false;
    };
    if (stats.sentinels.model.servers !== undefined && stats.sentinels.model.servers.length > 0) {
      return leave("sentinels watch the product");
    }
    if ((group.promoting.state ?? "") !== "") {
      return leave(`the group is promoting (${group.promoting.state}) already`);
    }
    const triedAtMs = this.#triedAtMs.get(group.id);
    if (triedAtMs !== undefined && clock.monotonicMs() - triedAtMs < PROMOTION_PAUSE_MS) {
      return leave(`the group was tried less than ${PROMOTION_PAUSE_MS / 1_000} s ago`);
    }
    if (await isAlive(master)) {
      return leave("it answers this machine, though not the dashboard");
    }
    const replicas = group.servers.slice(1).map(({ server }) => server);
    const choice = chooseReplica(
      master,
      await Promise.all(replicas.map((addr) => this.#ask(addr))),
    );
    if (choice.kind === "alive") {
      return leave(`${choice.by} still has its link to it`);
    }
    if (choice.kind === "none") {
      const why = choice.reasons.length === 0 ? "there is none" : choice.reasons.join("; ");
      log.error("ha.no_replica", `${subject} is dead, and no replica can take its place: ${why}`);
      return false;
    }
    this.#triedAtMs.set(group.id, clock.monotonicMs());
    log.warn(
      "ha.promote",
      `${subject} is dead: ${choice.addr} is promoted (offset ${choice.offset})`,
    );
    await dashboard.promoteServer(group.id, choice.addr);
    this.#replaced.add(master);
    log.warn("ha.promoted", `${choice.addr} is the master of group-${group.id}`);
    await this.#follow(replicas.filter((addr) => addr !== choice.addr));
    return true;
  }

  async #ask(addr: string): Promise<ReplicaLook> {
    try {
      return { addr, info: await this.#parts.dashboard.serverInfo(addr) };
    } catch (thrown) {
      this.#parts.log.warn("ha.no_info", `${addr}: ${messageOf(thrown)}`);
      return { addr, info: undefined };
    }
  }

  /** The original dashboard leaves the other replicas with the old master. */
  async #follow(addrs: readonly string[]): Promise<void> {
    const { dashboard, log } = this.#parts;
    for (const addr of addrs) {
      try {
        await dashboard.createSyncAction(addr);
        log.info("ha.follow", `${addr} is told to follow the new master`);
      } catch (thrown) {
        log.error(
          "ha.follow_failed",
          `${addr} doesn't follow the new master: ${messageOf(thrown)}`,
        );
      }
    }
  }

  /** A master that was replaced here and is back, as a second master, becomes a replica. */
  async #returnMaster(stats: TopomStatsJson): Promise<boolean> {
    for (const { addr, index, judgement } of serversOf(stats)) {
      if (!this.#replaced.has(addr)) {
        continue;
      }
      if (index === 0 || judgement.status === "ok") {
        this.#replaced.delete(addr);
      } else if (judgement.master === NO_MASTER) {
        this.#replaced.delete(addr);
        await this.#follow([addr]);
        return true;
      }
    }
    return false;
  }

  async #removeProxy(stats: TopomStatsJson): Promise<boolean> {
    const { options, dashboard, log } = this.#parts;
    const gone = options.removesProxies
      ? stats.proxy.models.find(({ token }) => this.#isDue(token))
      : undefined;
    if (gone === undefined) {
      return false;
    }
    log.warn(
      "ha.remove_proxy",
      `proxy-${gone.id} (${gone.admin_addr}) doesn't answer: it is removed`,
    );
    await dashboard.removeProxy(gone.token, true);
    return true;
  }

  /** Not while a master is bad: the replica may be needed. */
  async #removeReplica(stats: TopomStatsJson): Promise<void> {
    const { options, dashboard, log } = this.#parts;
    const servers = serversOf(stats);
    if (
      !options.removesReplicas ||
      servers.some(({ index, judgement }) => index === 0 && isBad(judgement))
    ) {
      return;
    }
    const gone = servers.find(({ index, addr }) => index > 0 && this.#isDue(addr));
    if (gone !== undefined) {
      log.warn(
        "ha.remove_replica",
        `replica ${gone.addr} doesn't answer: it leaves group-${gone.groupId}`,
      );
      await dashboard.removeServer(gone.groupId, gone.addr);
    }
  }
}

interface JudgedServer {
  readonly groupId: number;
  readonly addr: string;
  readonly index: number;
  readonly judgement: ServerJudgement;
}

function serversOf({ group }: TopomStatsJson): readonly JudgedServer[] {
  return group.models.flatMap((model) =>
    model.servers.map(({ server: addr }, index) => ({
      groupId: model.id,
      addr,
      index,
      judgement: judgeServer(group.stats[addr], index === 0 ? undefined : model.servers[0]?.server),
    })),
  );
}

/** It doesn't answer the dashboard. One that wasn't looked at yet isn't bad. */
function isBad({ status }: ServerJudgement): boolean {
  return status === "error" || status === "timeout";
}

function isProxyBad({ proxy }: TopomStatsJson, token: string): boolean {
  const look = proxy.stats[token];
  return (
    look !== undefined &&
    (look.timeout === true || look.stats === undefined || (look.error ?? undefined) !== undefined)
  );
}
