/**
 * Brings one sentinel to watch what it should, and changes only what differs: a watch that is torn down forgets its
 * replicas and the other sentinels for some seconds, and nobody would replace a master that dies just then.
 *
 *     a name of the product that stands for no group       REMOVE
 *     no watch of a group                                  MONITOR, SET of everything
 *     a watch of another master                            REMOVE, MONITOR, SET; unless it knows of a newer failover
 *     other settings                                       SET of those
 *     remembered replicas or sentinels that are gone       RESET, on one sentinel at a time
 *
 * A master that the sentinel is replacing right now is left alone, and counts as not done.
 */
import { CodisError } from "../../../base/error.ts";
import { formatHostPort } from "../../../model/address.ts";
import { groupIdOf } from "../../../sentinel/master-name.ts";
import { resolveAddr } from "../../../sentinel/same-server.ts";
import type {
  SentinelClient,
  SentinelFields,
  WatchedMaster,
} from "../../../sentinel/sentinel-client.ts";
import { differingSettings, type WatchOrder, type WatchSetting } from "./watch-order.ts";

/** What is wanted of a sentinel. */
export interface SetUpOptions {
  readonly product: string;
  readonly orders: readonly WatchOrder[];
  /** Groups of the product whose names are left as they are. */
  readonly isLeftAlone: (groupId: number) => boolean;
  /** Whether a watch of another master is wrong, rather than ahead of what is stored. */
  readonly mayOverrule: (order: WatchOrder, watched: WatchedMaster) => boolean;
  /** Passwords are told also where a watch exists. */
  readonly withSecrets: boolean;
  /** IPs of the product's sentinels; undefined when a name among them can't be resolved now. */
  readonly sentinelIps: ReadonlySet<string> | undefined;
  /** Whether a server says that it follows this master; no, when it doesn't answer. */
  readonly isReplicaOf: (addr: string, masterAddr: string) => Promise<boolean>;
  /** Runs RESETs one after the other. */
  readonly reset: (work: () => Promise<void>) => Promise<void>;
}

/** What was done with one sentinel. */
export interface SetUpReport {
  /** One line for each change. */
  readonly changes: readonly string[];
  /** What couldn't be done, one line each. */
  readonly problems: readonly string[];
  /** It knows replicas that aren't stored and follow all the same: they have to be looked at again soon. */
  readonly hasStrangers: boolean;
}

/** A sentinel says hello every 2 seconds; one that was silent for so long on a master's channel is gone from it. */
const HELLO_SILENT_MS = 10_000;
/** Longest wait for a sentinel to find the others again after a RESET, and how often it is asked. */
const REDISCOVERY_MS = 4_000;
const REDISCOVERY_LOOK_MS = 500;

/** See the file head. Rejects only when the sentinel itself can't be asked. */
export async function setUpSentinel(
  sentinel: SentinelClient,
  options: SetUpOptions,
): Promise<SetUpReport> {
  const changes: string[] = [];
  const problems: string[] = [];
  let hasStrangers = false;
  const watchedByName = new Map((await sentinel.masters()).map((one) => [one.name, one]));
  const wanted = new Set(options.orders.map(({ name }) => name));
  for (const name of watchedByName.keys()) {
    const groupId = groupIdOf(options.product, name);
    if (groupId !== undefined && !wanted.has(name) && !options.isLeftAlone(groupId)) {
      await sentinel.remove(name);
      changes.push(`no longer watches ${name}`);
    }
  }
  for (const order of options.orders) {
    try {
      const report = await setUpGroup(sentinel, order, watchedByName.get(order.name), options);
      changes.push(...report.changes);
      hasStrangers ||= report.hasStrangers;
    } catch (thrown) {
      if (!sentinel.isOpen || !(thrown instanceof CodisError)) {
        throw thrown;
      }
      problems.push(`${order.name}: ${thrown.message}`);
    }
  }
  return { changes, problems, hasStrangers };
}

async function setUpGroup(
  sentinel: SentinelClient,
  order: WatchOrder,
  watched: WatchedMaster | undefined,
  options: SetUpOptions,
): Promise<Omit<SetUpReport, "problems">> {
  const { name, masterIps, masterAddr } = order;
  if (watched === undefined) {
    await beginWatch(sentinel, order);
    return { changes: [`watches ${name} at ${masterAddr}`], hasStrangers: false };
  }
  if (watched.flags.has("failover_in_progress")) {
    throw new CodisError("STATE_CONFLICT", "a failover is under way; it is looked at again later");
  }
  if (!masterIps.includes(watched.addr) && !(await resolvesTo(watched.addr, masterIps))) {
    if (!options.mayOverrule(order, watched)) {
      throw new CodisError(
        "STATE_CONFLICT",
        `it watches ${watched.addr} (config epoch ${watched.epoch}) instead of ${masterAddr}`,
      );
    }
    await sentinel.remove(name);
    await beginWatch(sentinel, order);
    const change = `watches ${name} at ${masterAddr}, no longer at ${watched.addr}`;
    return { changes: [change], hasStrangers: false };
  }
  const differing = [
    ...order.settings.filter(({ isSecret }) => isSecret && options.withSecrets),
    ...differingSettings(order, watched),
  ];
  await tell(sentinel, name, differing);
  const changes = differing
    .filter(({ isSecret }) => !isSecret)
    .map(({ option, value }) => `${name}: ${option} is ${value}`);
  const strangers = await strangersOf(sentinel, order, watched, options);
  if (strangers.gone > 0 || (await hasGoneSentinels(sentinel, order, watched, options))) {
    await options.reset(() => resetWatch(sentinel, watched));
    changes.push(`${name}: forgot servers and sentinels that are gone`);
  }
  return { changes, hasStrangers: strangers.following > 0 };
}

async function beginWatch(sentinel: SentinelClient, order: WatchOrder): Promise<void> {
  const [ip = order.masterAddr] = order.masterIps;
  await sentinel.monitor(order.name, ip, order.quorum);
  // What is empty is so after MONITOR; a sentinel may refuse scripts even when they are.
  await tell(
    sentinel,
    order.name,
    order.settings.filter(({ value }) => value !== ""),
  );
}

/** All are tried; the first failure is thrown. */
async function tell(
  sentinel: SentinelClient,
  name: string,
  settings: readonly WatchSetting[],
): Promise<void> {
  let failure: unknown;
  for (const { option, value } of settings) {
    try {
      await sentinel.set(name, option, value);
    } catch (thrown) {
      failure ??= thrown;
    }
  }
  if (failure !== undefined) {
    throw failure;
  }
}

/**
 * Replicas that it knows and that aren't stored. Those that are gone from the master have to be forgotten: sentinels
 * would make them replicas again as soon as they see them, whatever they are by then.
 */
async function strangersOf(
  sentinel: SentinelClient,
  order: WatchOrder,
  watched: WatchedMaster,
  { isReplicaOf }: SetUpOptions,
): Promise<{ readonly gone: number; readonly following: number }> {
  const { serverIps } = order;
  if (serverIps === undefined || Number(watched.fields["num-slaves"]) < serverIps.size) {
    return { gone: 0, following: 0 };
  }
  const known = await sentinel.replicas(order.name);
  const strangers = known.map(addrOf).filter((addr) => !serverIps.has(addr));
  const answers = await Promise.all(strangers.map((addr) => isReplicaOf(addr, order.masterAddr)));
  const following = answers.filter((isReplica) => isReplica).length;
  return { gone: strangers.length - following, following };
}

/** One that was taken away would be counted among those of whom a majority is needed. */
async function hasGoneSentinels(
  sentinel: SentinelClient,
  order: WatchOrder,
  watched: WatchedMaster,
  { sentinelIps }: SetUpOptions,
): Promise<boolean> {
  if (sentinelIps === undefined || watched.otherSentinels < sentinelIps.size) {
    return false;
  }
  const known = await sentinel.sentinels(order.name);
  return known.some((one) => !sentinelIps.has(addrOf(one)) && isSilent(one));
}

/** Ends when the sentinel knows as many others as a majority needs, or after a while. */
async function resetWatch(sentinel: SentinelClient, watched: WatchedMaster): Promise<void> {
  await sentinel.reset(watched.name);
  for (let waitedMs = 0; waitedMs < REDISCOVERY_MS; waitedMs += REDISCOVERY_LOOK_MS) {
    const now = await sentinel.master(watched.name);
    if (
      now === undefined ||
      now.otherSentinels >= Math.min(watched.quorum, watched.otherSentinels)
    ) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, REDISCOVERY_LOOK_MS));
  }
}

function addrOf(fields: SentinelFields): string {
  return formatHostPort({ host: fields["ip"] ?? "", port: Number(fields["port"]) });
}

function isDown(fields: SentinelFields): boolean {
  return /(^|,)(s_down|disconnected)(,|$)/.test(fields["flags"] ?? "");
}

function isSilent(fields: SentinelFields): boolean {
  return isDown(fields) || Number(fields["last-hello-message"] ?? 0) > HELLO_SILENT_MS;
}

/** A sentinel that announces host names gives the master's name. */
async function resolvesTo(addr: string, ips: readonly string[]): Promise<boolean> {
  const own = await resolveAddr(addr).catch((): readonly string[] => []);
  return own.some((ip) => ips.includes(ip));
}
