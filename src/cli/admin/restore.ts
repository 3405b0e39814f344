/**
 * `--config-restore`: writes a dump into a product that has no groups and no proxies yet. While it writes it
 * holds the product's lock, so no dashboard, ours or an original one, comes in between.
 *
 * All or nothing: the nodes are written under a journal, as every change of a dashboard is. A restore that
 * dies half-way is completed by the next dashboard of ours; until then a second restore is refused.
 */
import { randomBytes } from "node:crypto";
import { CodisError, isCodisError, messageOf } from "../../base/error.ts";
import { formatGoTime } from "../../base/go-time.ts";
import { ABSENT, ANY, type Coordinator, type Leadership } from "../../coordinator/coordinator.ts";
import { coordinatorPath } from "../../model/coordinator-path.ts";
import { dashboardModelToJson, readLockText } from "../../model/dashboard-model.ts";
import type { GroupRecord } from "../../model/group.ts";
import { systemName } from "../../model/local-system.ts";
import type { ProxyRecord } from "../../model/proxy-record.ts";
import { SLOT_COUNTS, type SlotCount } from "../../model/slot.ts";
import type { SlotMapping } from "../../model/slot-mapping.ts";
import { checkTopology } from "../../model/topology/check.ts";
import { diffTopology } from "../../model/topology/diff.ts";
import {
  ABSENT_VERSION,
  digestOfText,
  encodeJournal,
  JOURNAL_BYTES_MAX,
  type VersionedNode,
  type VersionedWrite,
} from "../../model/topology/journal.ts";
import { decodeTopology } from "../../model/topology/node.ts";
import {
  decodeSlotCount,
  encodeSettings,
  type ProductNodes,
  readProductNodes,
} from "../../model/topology/reader.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { Dump } from "./dump-form.ts";
import { describeHolder } from "./lock.ts";

/** The lock of a restore that dies is free after this. */
const LEASE_MS = 10_000;

/** A dump that fits a product, and what of it doesn't. */
export interface RestorePlan {
  readonly dump: Dump;
  /** Proxies that were started for another product: they can't serve this one, and are left out. */
  readonly strangers: readonly ProxyRecord[];
}

/**
 * Checks what can be checked without the coordinator. Throws MODEL_INVALID when parts of the dump don't fit
 * each other, STATE_CONFLICT when it was taken in the middle of a move or a promotion; `source` begins the
 * line.
 */
export function planRestore(dump: Dump, product: string, source: string): RestorePlan {
  refuseRepeated(dump, source);
  for (const slot of dump.slots) {
    if (slot.action.state !== "") {
      throw new CodisError(
        "STATE_CONFLICT",
        `${source}: slot ${slot.id} was moving (${slot.action.state}) when the dump was taken; set its ` +
          "action to {} and its group to the one that has its keys",
      );
    }
  }
  for (const group of dump.groups) {
    if (group.promoting.state !== "") {
      throw new CodisError(
        "STATE_CONFLICT",
        `${source}: group ${group.id} was promoting when the dump was taken; put its master first and set ` +
          "promoting to {}",
      );
    }
  }
  const isOwn = (proxy: ProxyRecord): boolean => proxy.productName === product;
  const fitting = { ...dump, proxies: dump.proxies.filter(isOwn) };
  const empty = decodeTopology(product, slotCountOf(dump), []);
  const problems = checkTopology(withDump(empty, fitting));
  const [problem, ...more] = problems;
  if (problem !== undefined) {
    const rest = more.length === 0 ? "" : `; and ${more.length} more`;
    throw new CodisError("MODEL_INVALID", `${source}: ${problem}${rest}`);
  }
  return { dump: fitting, strangers: dump.proxies.filter((proxy) => !isOwn(proxy)) };
}

/**
 * Writes it. Throws LEADER_EXISTS when a dashboard leads the product, STATE_CONFLICT when the product isn't
 * empty or has another number of slots, and the coordinator's codes.
 */
export async function restoreDump(
  coordinator: Coordinator,
  product: string,
  dump: Dump,
): Promise<void> {
  await raiseEpoch(coordinator, product);
  const leadership = await takeLock(coordinator, product);
  try {
    const reading = await readProductNodes(coordinator, product);
    const slotCount = slotCountOf(dump);
    refuseReading(reading, product, coordinator.label);
    refuseOtherSlotCount(reading, product, dump, slotCount);
    const before = decodeTopology(product, slotCount, reading.nodes.values());
    const after = withDump(before, dump);
    const writes = diffTopology(before, after).map(
      ({ path, data }): VersionedWrite => ({
        path,
        data,
        expected: reading.nodes.get(path)?.version ?? ABSENT_VERSION,
      }),
    );
    if (reading.settings === undefined && slotCount !== SLOT_COUNTS[0]) {
      const path = coordinatorPath.settings(product);
      await leadership.write([{ path, data: encodeSettings(slotCount), expected: ABSENT }]);
    }
    await writeJournaled(leadership, product, writes, reading.nodes);
  } finally {
    await leadership.release();
  }
}

/**
 * Proxies that serve on have heard the epoch of the coordinator that the product comes from, and refuse
 * everything older. A dump doesn't say it; the time in seconds is above any that was counted up from 1, and
 * above that of an earlier restore. A dashboard that leads is left in peace: `takeLock` names it.
 */
async function raiseEpoch(coordinator: Coordinator, product: string): Promise<void> {
  const path = coordinatorPath.epoch(product);
  const node = await coordinator.get(path);
  const seconds = Math.floor(Date.now() / 1000);
  const isLed = (await coordinator.get(coordinatorPath.lock(product))) !== undefined;
  if (!isLed && Number(node?.data ?? 0) < seconds) {
    await coordinator.write([{ path, data: `${seconds}`, expected: node?.version ?? ABSENT }]);
  }
}

async function takeLock(coordinator: Coordinator, product: string): Promise<Leadership> {
  const holder = {
    token: randomBytes(16).toString("hex"),
    startTime: formatGoTime(Date.now()),
    // Nobody listens: this is a command line.
    adminAddr: "",
    productName: product,
    pid: process.pid,
    pwd: process.cwd(),
    sys: systemName(),
  };
  try {
    return await coordinator.lead({
      lockPath: coordinatorPath.lock(product),
      data: JSON.stringify(dashboardModelToJson(holder), undefined, 4),
      epochPath: coordinatorPath.epoch(product),
      leaseMs: LEASE_MS,
    });
  } catch (thrown) {
    if (!isCodisError(thrown, "LEADER_EXISTS")) {
      throw thrown;
    }
    const { holder: text, isForeign } = thrown.context;
    const who = describeHolder(readLockText(text));
    const next =
      isForeign === true ? ", or take its lock away with --remove-lock if it is gone" : "";
    throw new CodisError(
      "LEADER_EXISTS",
      `product ${product} has a dashboard: ${who}; end it first${next}`,
      { cause: thrown },
    );
  }
}

function refuseReading(reading: ProductNodes, product: string, label: string): void {
  if (reading.journal !== undefined) {
    throw new CodisError(
      "STATE_CONFLICT",
      `a change of product ${product} stopped half-way; start its dashboard, which completes it`,
    );
  }
  const isContent = (path: string): boolean =>
    path.startsWith(`${coordinatorPath.groups(product)}/`) ||
    path.startsWith(`${coordinatorPath.proxies(product)}/`);
  if ([...reading.nodes.keys()].some(isContent)) {
    throw new CodisError(
      "STATE_CONFLICT",
      `product ${product} is not empty in ${label}: a dump is restored into a new product, or after its ` +
        "groups and proxies were removed",
    );
  }
}

/** Keys lie in other slots when their number is another. */
function refuseOtherSlotCount(
  reading: ProductNodes,
  product: string,
  dump: Dump,
  slotCount: SlotCount,
): void {
  const stored = decodeSlotCount(reading.settings);
  if (stored !== undefined && stored !== slotCount && dump.slots.length > 0) {
    throw new CodisError(
      "STATE_CONFLICT",
      `product ${product} was made with ${stored} slots, and the dump is of one with ${slotCount}`,
    );
  }
}

function slotCountOf({ slots }: Dump): SlotCount {
  const highest = slots.reduce((max, slot) => Math.max(max, slot.id), 0);
  return SLOT_COUNTS.find((count) => count > highest) ?? SLOT_COUNTS[0];
}

function withDump(topology: Topology, dump: Dump): Topology {
  const slots = new Map(dump.slots.map((slot): [number, SlotMapping] => [slot.id, slot]));
  const groups = dump.groups.toSorted((one, other) => one.id - other.id);
  const proxies = dump.proxies.toSorted((one, other) => one.id - other.id);
  const offline = decodeTopology(topology.product, topology.slotCount, []).slots;
  return {
    ...topology,
    slots: offline.map((slot) => slots.get(slot.id) ?? slot),
    groups: new Map(groups.map((group): [number, GroupRecord] => [group.id, group])),
    proxies: new Map(proxies.map((proxy): [string, ProxyRecord] => [proxy.token, proxy])),
    faults: [],
  };
}

function refuseRepeated(dump: Dump, source: string): void {
  const lists: readonly (readonly [string, readonly (number | string)[]])[] = [
    ["slot", dump.slots.map((slot) => slot.id)],
    ["group", dump.groups.map((group) => group.id)],
    ["proxy", dump.proxies.map((proxy) => proxy.token)],
  ];
  for (const [what, ids] of lists) {
    const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
    if (repeated !== undefined) {
      throw new CodisError("MODEL_INVALID", `${source}: ${what} ${repeated} is there twice`);
    }
  }
}

async function writeJournaled(
  leadership: Leadership,
  product: string,
  writes: readonly VersionedWrite[],
  nodes: ReadonlyMap<string, VersionedNode>,
): Promise<void> {
  const path = coordinatorPath.journal(product);
  const data = encodeJournal({
    id: randomBytes(16).toString("hex"),
    name: "restore a dump",
    epoch: leadership.epoch,
    writes: writes.map((write) => ({
      path: write.path,
      before: digestOfText(nodes.get(write.path)?.data),
      data: write.data,
    })),
  });
  if (Buffer.byteLength(data) > JOURNAL_BYTES_MAX) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      "the dump is too large to be written at once; take the proxies out of it (they are added again with " +
        "codis proxy add)",
    );
  }
  try {
    await leadership.write([{ path, data, expected: ABSENT }, ...writes]);
    await leadership.write([{ path, data: undefined, expected: ANY }]);
  } catch (thrown) {
    if (!isCodisError(thrown)) {
      throw thrown;
    }
    throw new CodisError(
      thrown.code,
      `${messageOf(thrown)}; if a part was written, the next dashboard of ${product} completes it`,
      { cause: thrown },
    );
  }
}
