/**
 * Tells the dashboard of a local cluster what is in it: groups, servers, slots, proxies, sentinels, and what no
 * longer is. Only what wasn't told before: what the operator changes later with the dashboard stays as it is.
 *
 * Safe to repeat: each part that the dashboard has taken is marked in the layout; one that was taken right
 * before a crash is found to be there already.
 */
import { V1Client } from "../api/v1-client.ts";
import { CodisError, isCodisError } from "../base/error.ts";
import {
  type ClusterLayout,
  type FormerPart,
  type GroupLayout,
  type ProxyLayout,
  type ServerLayout,
  slotRangeOf,
} from "./layout.ts";

/** For each call: adding a server looks at all of its keys. */
const CALL_MS = 120_000;

/** How long a dashboard that went away is waited for; more than a lease and a restart. */
const BUILD_MS = 30_000;
const RETRY_MS = 250;
/** The dashboard, its leadership or its coordinator is away for now. */
const AWAY_CODES = [
  "REMOTE_UNREACHABLE",
  "NOT_ONLINE",
  "NOT_LEADER",
  "LEADERSHIP_LOST",
  "COORDINATOR_UNREACHABLE",
  "DASHBOARD_CLOSED",
] as const;

/** Saves a layout in which more is marked as added. */
export type SaveLayout = (layout: ClusterLayout) => void;

/**
 * Adds everything that isn't added yet. A dashboard that dies or loses its coordinator meanwhile is waited for
 * and told again, within a bound. Rejects with what the dashboard says.
 */
export async function buildProduct(layout: ClusterLayout, save: SaveLayout): Promise<void> {
  const endsAt = performance.now() + BUILD_MS;
  let latest = layout;
  const keep: SaveLayout = (changed) => {
    latest = changed;
    save(changed);
  };
  for (;;) {
    try {
      await buildOnce(latest, keep);
      return;
    } catch (thrown) {
      if (isCodisError(thrown, "UNAUTHENTICATED", "FORBIDDEN")) {
        const hint = "codis up needs the token of an operator in the environment: CODIS_TOKEN";
        throw new CodisError(thrown.code, `${thrown.message}; ${hint}`, { cause: thrown });
      }
      if (!isCodisError(thrown, ...AWAY_CODES) || performance.now() >= endsAt) {
        throw thrown;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function buildOnce(layout: ClusterLayout, save: SaveLayout): Promise<void> {
  const client = new V1Client({
    addr: `127.0.0.1:${layout.dashboard.port}`,
    timeoutMs: CALL_MS,
    token: process.env["CODIS_TOKEN"],
  });
  let current = await forgetFormer(client, layout, save);
  // Groups are added in order: as long as the last one isn't, nobody has got as far as the slots.
  const isNew = current.groups.at(-1)?.master.isAdded !== true;
  for (const group of layout.groups) {
    current = withGroup(current, await addServers(client, group));
    // The slots of a new product come before the mark of its last group, so that a crash between the two
    // is made good by the next start.
    if (isNew && group.id === layout.groups.length) {
      await assignSlots(client, layout);
    }
    save(current);
  }
  for (const proxy of layout.proxies) {
    if (proxy.isAdded !== true) {
      await client.addProxy({ admin_addr: `127.0.0.1:${proxy.adminPort}`, update: true });
      current = withProxy(current, { ...proxy, isAdded: true });
      save(current);
    }
  }
  await addSentinels(client, current, save);
}

/** Adds those that aren't added yet, and has all told what to watch, unless that is so already. */
async function addSentinels(
  client: V1Client,
  layout: ClusterLayout,
  save: SaveLayout,
): Promise<void> {
  const { sentinels = [] } = layout;
  for (const { port, isAdded } of sentinels) {
    if (isAdded !== true) {
      await ignoreExisting(client.addSentinel(`127.0.0.1:${port}`));
    }
  }
  if (sentinels.length > 0 && (await client.sentinels()).out_of_sync) {
    await client.resyncSentinels();
  }
  if (sentinels.some(({ isAdded }) => isAdded !== true)) {
    save({ ...layout, sentinels: sentinels.map((sentinel) => ({ ...sentinel, isAdded: true })) });
  }
}

/** Before anything is added: another part may have the port of a former one. */
async function forgetFormer(
  client: V1Client,
  layout: ClusterLayout,
  save: SaveLayout,
): Promise<ClusterLayout> {
  const { former, ...current } = layout;
  if (former === undefined) {
    return layout;
  }
  const kept: FormerPart[] = [];
  for (const part of former) {
    if (!(await forget(client, part))) {
      kept.push(part);
    }
  }
  const next = kept.length === 0 ? current : { ...current, former: kept };
  save(next);
  return next;
}

/** False when it has become more than a replica; the next start tries again. */
async function forget(client: V1Client, { kind, groupId, port }: FormerPart): Promise<boolean> {
  const addr = `127.0.0.1:${port}`;
  try {
    if (kind === "replica") {
      await client.removeServer(groupId, addr);
    } else if (kind === "sentinel") {
      await client.removeSentinel(addr, { force: true });
    } else {
      const proxy = (await client.proxies()).find((one) => one.admin_addr === addr);
      if (proxy !== undefined) {
        await client.removeProxy(proxy.token, { force: true });
      }
    }
    return true;
  } catch (thrown) {
    if (isCodisError(thrown, "NOT_FOUND")) {
      return true;
    }
    if (isCodisError(thrown, "STATE_CONFLICT")) {
      return false;
    }
    throw thrown;
  }
}

/** The group with all of its servers marked. */
async function addServers(client: V1Client, group: GroupLayout): Promise<GroupLayout> {
  const isNew = group.master.isAdded !== true;
  if (isNew) {
    await createGroup(client, group);
  }
  const add = async (server: ServerLayout, isReplica: boolean): Promise<ServerLayout> => {
    if (server.isAdded !== true) {
      const addr = `127.0.0.1:${server.port}`;
      // Replicas of a new group follow their master by their configuration file; one that comes later is told
      // whom to follow, for another server may be the master by now. A master may have keys: a cluster that an
      // older release has made had no dashboard.
      const body = { addr, as_replica: isReplica && !isNew, adopt: !isReplica };
      await ignoreExisting(client.addServer(group.id, body));
    }
    return { ...server, isAdded: true };
  };
  const master = await add(group.master, false);
  const replicas: ServerLayout[] = [];
  for (const replica of group.replicas) {
    replicas.push(await add(replica, true));
  }
  return { ...group, master, replicas };
}

/** Throws STATE_CONFLICT when the product has such a group already, of servers that aren't ours. */
async function createGroup(client: V1Client, group: GroupLayout): Promise<void> {
  try {
    await client.createGroup(group.id);
  } catch (thrown) {
    if (!isCodisError(thrown, "ALREADY_EXISTS")) {
      throw thrown;
    }
    const ours = [group.master, ...group.replicas].map(({ port }) => `127.0.0.1:${port}`);
    const { servers } = await client.group(group.id);
    const other = servers.find(({ addr }) => !ours.includes(addr));
    if (other !== undefined) {
      throw new CodisError(
        "STATE_CONFLICT",
        `the product has a group ${group.id} already, with the server ${other.addr}, which codis up hasn't made; ` +
          `start it again with --groups ${group.id - 1}`,
      );
    }
  }
}

/** Evenly, unless somebody has begun to assign slots. */
async function assignSlots(client: V1Client, layout: ClusterLayout): Promise<void> {
  const product = await client.product();
  if (product.slots.online > 0) {
    return;
  }
  await client.assignSlots({
    assignments: layout.groups.map((group) => {
      const { first, last } = slotRangeOf(group.id, layout.groups.length);
      return { from: first, to: last, group_id: group.id };
    }),
  });
}

async function ignoreExisting(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (thrown) {
    if (!isCodisError(thrown, "ALREADY_EXISTS", "SERVER_IN_OTHER_GROUP")) {
      throw thrown;
    }
  }
}

function withGroup(layout: ClusterLayout, group: GroupLayout): ClusterLayout {
  const groups = layout.groups.map((other) => (other.id === group.id ? group : other));
  return { ...layout, groups };
}

function withProxy(layout: ClusterLayout, proxy: ProxyLayout): ClusterLayout {
  const proxies = layout.proxies.map((other) => (other.port === proxy.port ? proxy : other));
  return { ...layout, proxies };
}
