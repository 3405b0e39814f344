/**
 * Looks at the two servers of a promotion before it is ordered: what would make it fail or cost more than an operator
 * expects. Asks both servers now, as what was polled a second ago may be wrong. Changes nothing.
 */
import { CodisError, messageOf } from "../../../base/error.ts";
import type { PromotionPlan } from "../../../model/availability/promotion.ts";
import type { GroupRecord } from "../../../model/group.ts";
import { getGroup, getServerIndex } from "../../../model/topology/guard.ts";
import { serverKey, type Topology } from "../../../model/topology/topology.ts";
import { RedisClient } from "../../../redis/client.ts";
import { infoKeys, infoNumber, type ServerInfo } from "../../../redis/info.ts";
import { type ReplicationFacts, replicationOf } from "../../../redis/replication.ts";
import { itemsOf, textOf } from "../../../redis/reply.ts";
import { readInfo } from "../../../redis/server-command.ts";
import type { PromotionParts } from "./parts.ts";
import { rdbFormatOf } from "./rdb-version.ts";

/** Longest wait for each server, milliseconds. */
const LOOK_TIMEOUT_MS = 1_000;
/** What a replica takes over at least, bytes in a millisecond; a slow one, so that the estimate isn't too good. */
const CATCH_UP_BYTES_PER_MS = 10_000;
/** Estimate of everything else while writes wait, milliseconds. */
const PAUSE_BASE_MS = 20;
/** Of the hold, the part that may be spent on catching up. */
const CATCH_UP_SHARE = 0.5;
/** Keys may differ by so much: expired ones are counted until they are found. */
const KEYS_DIFFER_SHARE = 0.01;
const KEYS_DIFFER_MIN = 100;

/** What was seen of one server; undefined parts weren't told. */
interface Sight {
  readonly addr: string;
  readonly info: ServerInfo | undefined;
  readonly facts: ReplicationFacts | undefined;
  /** Lines of ACL LIST. */
  readonly users: ReadonlySet<string> | undefined;
  /** Why there is no INFO, one line. */
  readonly problem: string | undefined;
}

/** See the file head. */
export class PromotionLook {
  readonly #parts: PromotionParts;

  constructor(parts: PromotionParts) {
    this.#parts = parts;
  }

  /** See `AvailabilityControl.planPromotion`. */
  async plan(groupId: number, addr: string): Promise<PromotionPlan> {
    const { topology, sentinels, config } = this.#parts;
    const now = topology.snapshot();
    const group = getGroup(now, groupId);
    const index = getServerIndex(group, addr);
    const from = group.servers[0]?.addr ?? "";
    const to = group.servers[index]?.addr ?? addr;
    const [old, next] = await Promise.all([this.#see(from), this.#see(to)]);
    const lagBytes = lagOf(old, next);
    const lagMs = lagBytes === undefined ? undefined : lagBytes / CATCH_UP_BYTES_PER_MS;
    const problems = [...problemsOfGroup(group, index), ...this.#problemsOfProxies(now)];
    if (index !== 0) {
      problems.push(...problemsOfServers(old, next));
      const maxMs = config.promotionTimeoutMs * CATCH_UP_SHARE;
      if (lagMs !== undefined && lagMs > maxMs) {
        problems.push(
          `${to} lacks ${lagBytes} bytes, more than it may catch up within promotion_timeout; ` +
            "try again when it has less to do, or with a longer promotion_timeout",
        );
      }
    }
    return {
      groupId,
      from,
      to,
      lagBytes,
      fromVersion: old.info?.["redis_version"] ?? "",
      toVersion: next.info?.["redis_version"] ?? "",
      fromKeys: infoKeys(old.info),
      toKeys: infoKeys(next.info),
      pauseMs: lagMs === undefined ? undefined : Math.ceil(PAUSE_BASE_MS + lagMs),
      others: group.servers.map((each) => each.addr).filter((each) => each !== to && each !== from),
      isWatched: sentinels.isWatched(groupId),
      movingSlots: now.slots.filter(
        ({ groupId: owner, action }) =>
          action.state !== "" && (owner === groupId || action.targetId === groupId),
      ).length,
      problems,
      warnings: index === 0 ? [] : [...warningsOf(old, next), ...this.#functionWarnings(from, to)],
    };
  }

  #problemsOfProxies({ proxies }: Topology): readonly string[] {
    const figures = this.#parts.proxyFigures();
    return [...proxies.values()]
      .filter(({ token }) => {
        const look = figures.get(token);
        return look?.table === "unreachable" && look.isFenced !== true;
      })
      .map(
        ({ token, adminAddr }) =>
          `proxy-[${token}] at ${adminAddr} doesn't answer, so nobody knows what it writes; start it, or remove it`,
      );
  }

  #functionWarnings(from: string, to: string): readonly string[] {
    const figures = this.#parts.serverFigures();
    const [old, next] = [from, to].map((addr) => figures.get(addr)?.functions);
    if (old === undefined || next === undefined) {
      return [];
    }
    const differing = [...new Set([...Object.keys(old), ...Object.keys(next)])].filter(
      (name) => old[name] !== next[name],
    );
    return differing.map((name) => `FUNCTION library ${name} isn't the same on ${from} and ${to}`);
  }

  async #see(addr: string): Promise<Sight> {
    const none = { addr, info: undefined, facts: undefined, users: undefined };
    try {
      const client = await RedisClient.connect({
        addr,
        password: this.#parts.config.productAuth,
        connectTimeoutMs: LOOK_TIMEOUT_MS,
        callTimeoutMs: LOOK_TIMEOUT_MS,
      });
      try {
        const info = await readInfo(client);
        const facts = replicationOf(info);
        return { addr, info, facts, users: await readUsers(client), problem: undefined };
      } finally {
        client.close();
      }
    } catch (thrown) {
      return { ...none, problem: messageOf(thrown) };
    }
  }
}

/** Users with their rights; undefined when the server has none, or doesn't tell. */
async function readUsers(client: RedisClient): Promise<ReadonlySet<string> | undefined> {
  try {
    const lines = itemsOf(await client.call(["ACL", "LIST"]))?.map(textOf);
    return lines && new Set(lines.filter((line) => line !== undefined));
  } catch (thrown) {
    if (thrown instanceof CodisError && thrown.code === "SERVER_REFUSED") {
      return undefined;
    }
    throw thrown;
  }
}

/** Bytes that the replica lacks; the smaller of two guesses is 0. */
function lagOf(old: Sight, next: Sight): number | undefined {
  const [end, at] = [old.facts?.offset, next.facts?.offset];
  const isComparable =
    next.facts?.role === "replica" && old.facts?.streamId === next.facts.streamId;
  return isComparable && end !== undefined && at !== undefined ? Math.max(0, end - at) : undefined;
}

function problemsOfGroup(group: GroupRecord, index: number): string[] {
  const problems: string[] = [];
  const server = group.servers[index];
  if (index === 0) {
    problems.push(`group-[${group.id}] can't promote master`);
  }
  if (group.promoting.state !== "") {
    problems.push(`group-[${group.id}] is promoting`);
  }
  if (server?.action.state === "pending" || server?.action.state === "syncing") {
    problems.push(`${server.addr} is being made a replica; wait until that is done`);
  }
  return problems;
}

function problemsOfServers(old: Sight, next: Sight): readonly string[] {
  const unseen = [old, next].flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (unseen.length > 0) {
    return unseen;
  }
  const problems = [...loadingProblems(old), ...loadingProblems(next)];
  if (old.facts?.role !== "master") {
    problems.push(
      `${old.addr} is stored as the master, but it is a replica; repair the group first`,
    );
  }
  problems.push(...linkProblems(old, next));
  const [oldFormat, newFormat] = [old, next].map(({ info }) =>
    rdbFormatOf(info?.["redis_version"]),
  );
  if (oldFormat !== undefined && newFormat !== undefined && newFormat < oldFormat) {
    problems.push(
      `${next.addr} is Redis ${next.info?.["redis_version"]} and doesn't know all of the data of ` +
        `Redis ${old.info?.["redis_version"]} at ${old.addr}; promote one that is as new`,
    );
  }
  return problems;
}

function loadingProblems({ addr, info }: Sight): string[] {
  return info?.["loading"] === "1" ? [`${addr} still reads its data from disk`] : [];
}

function linkProblems(old: Sight, next: Sight): readonly string[] {
  const facts = next.facts;
  if (facts?.role !== "replica") {
    return [`${next.addr} isn't a replica; make it one of ${old.addr} first`];
  }
  if (!isFollowing(old, next)) {
    return [`${next.addr} follows ${facts.masterAddr ?? "nobody"}, not ${old.addr}`];
  }
  if (facts.isSyncing) {
    return [`${next.addr} is still copying the data of ${old.addr}`];
  }
  if (!facts.isLinkUp) {
    return [`${next.addr} isn't connected to ${old.addr} (its link is down)`];
  }
  return facts.streamId === old.facts?.streamId
    ? []
    : [`${next.addr} follows another stream than that of ${old.addr}`];
}

/** The replica names its master as we do, or the master knows it: the same server may have several names. */
function isFollowing(old: Sight, next: Sight): boolean {
  const port = next.addr.slice(next.addr.lastIndexOf(":"));
  const isNamed = serverKey(next.facts?.masterAddr ?? "") === serverKey(old.addr);
  const isKnown =
    old.facts?.replicas.some(({ addr, state }) => addr.endsWith(port) && state === "online") ===
    true;
  return isNamed || (isKnown && next.facts?.streamId === old.facts?.streamId);
}

function warningsOf(old: Sight, next: Sight): readonly string[] {
  if (old.info === undefined || next.info === undefined) {
    return [];
  }
  return [...dataWarnings(old, next), ...settingWarnings(old.info, next.info, next.addr)];
}

function dataWarnings(old: Sight, next: Sight): readonly string[] {
  const warnings: string[] = [];
  const [fromKeys, toKeys] = [infoKeys(old.info) ?? 0, infoKeys(next.info) ?? 0];
  const mayDiffer = Math.max(KEYS_DIFFER_MIN, fromKeys * KEYS_DIFFER_SHARE);
  if (Math.abs(fromKeys - toKeys) > mayDiffer) {
    warnings.push(`${old.addr} has ${fromKeys} keys, ${next.addr} has ${toKeys}`);
  }
  const [oldFormat, newFormat] = [old, next].map(({ info }) =>
    rdbFormatOf(info?.["redis_version"]),
  );
  if (oldFormat !== undefined && newFormat !== undefined && newFormat > oldFormat) {
    warnings.push(
      `${old.addr} is older than ${next.addr} and can't copy its data should it have to; upgrade it next`,
    );
  }
  if (old.facts?.streamId === undefined) {
    warnings.push(`${old.addr} is so old that it copies all data anew when it is a replica`);
  }
  const users = [...(old.users ?? [])].filter((line) => next.users?.has(line) === false);
  for (const line of users) {
    // Never the line: it has digests of passwords.
    const name = line.split(" ")[1] ?? "";
    warnings.push(`user ${name} isn't the same on ${next.addr}: ACLs aren't replicated`);
  }
  return warnings;
}

function settingWarnings(old: ServerInfo, next: ServerInfo, to: string): readonly string[] {
  const warnings: string[] = [];
  if (next["slave_priority"] === "0") {
    warnings.push(`${to} has replica-priority 0: it wasn't meant to become a master`);
  }
  const [oldMax, newMax] = [infoNumber(old, "maxmemory"), infoNumber(next, "maxmemory")];
  if (newMax !== undefined && newMax !== 0 && (oldMax === 0 || newMax < (oldMax ?? 0))) {
    warnings.push(`${to} has a smaller maxmemory (${newMax}) than its master (${oldMax ?? 0})`);
  }
  if (old["maxmemory_policy"] !== next["maxmemory_policy"]) {
    warnings.push(`${to} has another maxmemory-policy than its master`);
  }
  if (old["aof_enabled"] === "1" && next["aof_enabled"] === "0") {
    warnings.push(`${to} keeps no append-only file, its master does`);
  }
  return warnings;
}
