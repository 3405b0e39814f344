/**
 * `--config-convert`: makes a dump of Codis 3.x of one of 1.x or 2.x (`--config-dump -1`). Slots that are
 * online keep their group, the others are left out and so are offline. Proxies aren't taken over: those of
 * 1.x and 2.x can't be driven by a dashboard of 3.x, and have to be added anew.
 *
 * Whatever would lose or guess something is refused: a slot that moves, a group with no master or with two.
 */

import { parseServerAddr } from "../../model/address.ts";
import { emptyGroup, GROUP_ID_MAX, GROUP_ID_MIN, type GroupServer } from "../../model/group.ts";
import { parseJsonNode, RecordReader } from "../../model/json-record.ts";
import { NO_SLOT_ACTION, type SlotMapping } from "../../model/slot-mapping.ts";
import type { Dump } from "./dump-form.ts";

/** Slots of Codis 1.x and 2.x. */
const OLD_SLOT_COUNT = 1024;

/** The dump in the form of 3.x; `source` begins error lines. Throws MODEL_INVALID. */
export function convertOldDump(text: string, source: string): Dump {
  const fields = new RecordReader(parseJsonNode(text, source), source);
  if (fields.has("group") || Array.isArray(fields.any("slots"))) {
    throw fields.error("this is a dump of Codis 3.x already; restore it with --config-restore");
  }
  if (!fields.has("slots") && !fields.has("servers")) {
    throw fields.error("expected slots and servers, as --config-dump -1 writes them");
  }
  const slots = new Map<number, SlotMapping>();
  for (const [name, slot] of entriesOf(fields, "slots", source)) {
    const at = `${source}: slots.${name}`;
    const mapping = convertSlot(slot, at);
    if (mapping !== undefined) {
      if (slots.has(mapping.id)) {
        throw new RecordReader({}, at).error(`id: slot ${mapping.id} is there twice`);
      }
      slots.set(mapping.id, mapping);
    }
  }
  const groups = entriesOf(fields, "servers", source).map(([name, servers]) =>
    convertGroup(name, servers, `${source}: servers.${name}`),
  );
  return {
    slots: [...slots.values()].sort((one, other) => one.id - other.id),
    groups: groups.sort((one, other) => one.id - other.id),
    proxies: [],
  };
}

/** Names and values of an object that may be missing or null. */
function entriesOf(
  fields: RecordReader,
  name: string,
  source: string,
): readonly (readonly [string, unknown])[] {
  const value = fields.any(name);
  if (value === undefined) {
    return [];
  }
  // Throws for anything but an object.
  new RecordReader(value, `${source}: ${name}`);
  return Object.entries(value as object);
}

/** undefined for a slot that is offline. */
function convertSlot(value: unknown, at: string): SlotMapping | undefined {
  const fields = new RecordReader(value, at);
  const id = fields.has("id") ? fields.int("id", 0, OLD_SLOT_COUNT - 1) : undefined;
  if (id === undefined) {
    throw fields.error(`id: expected 0 to ${OLD_SLOT_COUNT - 1}`);
  }
  const status = fields.nested("state").text("status");
  if (status === "offline") {
    return undefined;
  }
  if (status !== "online") {
    throw fields.error(
      `state.status: expected online or offline, not ${JSON.stringify(status)}; a slot that moves must have ` +
        "arrived before the dump",
    );
  }
  const groupId = fields.int("group_id", GROUP_ID_MIN, GROUP_ID_MAX);
  if (groupId === 0) {
    throw fields.error("group_id: expected the group of a slot that is online");
  }
  return { id, groupId, action: NO_SLOT_ACTION };
}

function convertGroup(name: string, value: unknown, at: string): ReturnType<typeof emptyGroup> {
  const nameId = /^group_(\d{1,4})$/.exec(name)?.[1];
  const id = Number(nameId ?? 0);
  if (id < GROUP_ID_MIN || id > GROUP_ID_MAX) {
    throw new RecordReader({}, at).error("the name must be group_1 to group_9999");
  }
  const group = emptyGroup(id);
  if (value === null) {
    return group;
  }
  const whole = new RecordReader(value, at);
  const masters: GroupServer[] = [];
  const others: GroupServer[] = [];
  for (const [key, entry] of Object.entries(value as object)) {
    const fields = new RecordReader(entry, `${at}.${key}`);
    const addr = fields.textLike(
      "addr",
      (text) => parseServerAddr(text) !== undefined,
      'host:port like "127.0.0.1:6379"',
    );
    if (fields.int("group_id", GROUP_ID_MIN, GROUP_ID_MAX) !== id) {
      throw fields.error(`group_id: expected ${id}, as the name of the group says`);
    }
    const type = fields.text("type");
    const server = { addr, datacenter: "", action: { index: 0, state: "" as const } };
    (type === "master" ? masters : others).push({ ...server, isReplicaGroup: false });
  }
  if (masters.length > 1 || (masters.length === 0 && others.length > 0)) {
    throw whole.error(`expected one server of type master, not ${masters.length}`);
  }
  return { ...group, servers: [...masters, ...others] };
}
