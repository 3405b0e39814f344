/**
 * The groups of a local cluster as lines for people, when it is ready: slots, masters and replicas as the dashboard
 * has them now, with groups that an operator has added from servers of his own.
 */
import type { ClusterLayout } from "./layout.ts";
import { findSlotOwners, formatRanges } from "./slot-owner.ts";
import { findStoredGroups } from "./stored-group.ts";

/** In order of group ids. A group that owns nothing is followed by what to do about it. */
export async function describeGroups(layout: ClusterLayout): Promise<readonly string[]> {
  const owners = await findSlotOwners(layout);
  const stored = await findStoredGroups(layout);
  const made = new Map(
    layout.groups.map(({ id, master, replicas }) => [
      id,
      [master, ...replicas].map(({ port }) => `127.0.0.1:${port}`),
    ]),
  );
  const ids = [...new Set([...made.keys(), ...(stored?.keys() ?? [])])].sort((a, b) => a - b);
  const lines = ids.map((id) => {
    const slots = formatRanges(owners === undefined ? undefined : (owners.get(id) ?? []));
    const [master = "none", ...replicas] = stored?.get(id) ?? made.get(id) ?? [];
    const followers = replicas.map((addr) => `, replica ${addr}`);
    const others = made.has(id) ? "" : " (not of codis up: start and end its servers yourself)";
    return `group ${id}: slots ${slots}, master ${master}${followers.join("")}${others}`;
  });
  const empty = ids.filter((id) => owners !== undefined && !owners.has(id));
  return empty.length === 0
    ? lines
    : [...lines, "groups without slots get their share of slots and keys with: codis rebalance"];
}
