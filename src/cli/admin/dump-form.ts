/**
 * A product in a file, as `--config-dump` writes it and `--config-restore` reads it: the JSON of Codis 3.2,
 * `{slots, group, proxy}`, with empty lists left out. Sentinels aren't in it.
 */
import { readFileSync } from "node:fs";
import { encodeJson } from "../../api/error-form.ts";
import { CodisError, messageOf } from "../../base/error.ts";
import { decodeGroup, type GroupRecord, groupToJson } from "../../model/group.ts";
import { parseJsonNode, RecordReader } from "../../model/json-record.ts";
import {
  decodeProxyRecord,
  type ProxyRecord,
  proxyRecordToJson,
} from "../../model/proxy-record.ts";
import {
  decodeSlotMapping,
  type SlotMapping,
  slotMappingToJson,
} from "../../model/slot-mapping.ts";

/** What is in a dump. */
export interface Dump {
  /** Those that aren't here are offline. */
  readonly slots: readonly SlotMapping[];
  readonly groups: readonly GroupRecord[];
  readonly proxies: readonly ProxyRecord[];
}

/** The text of a dump. */
export function encodeDump({ slots, groups, proxies }: Dump): string {
  const lists = {
    slots: slots.map(slotMappingToJson),
    group: groups.map(groupToJson),
    proxy: proxies.map(proxyRecordToJson),
  };
  const filled = Object.entries(lists).filter(([, list]) => list.length > 0);
  return `${encodeJson(Object.fromEntries(filled))}\n`;
}

/** Reads the text of a dump; `source` begins error lines. Throws MODEL_INVALID. */
export function decodeDump(text: string, source: string): Dump {
  const value = parseJsonNode(text, source);
  const fields = new RecordReader(value, source);
  if (fields.has("servers")) {
    throw fields.error(
      "this is a dump of Codis 1.x or 2.x; make it one of 3.x with --config-convert",
    );
  }
  const names = ["slots", "group", "proxy"];
  if (!names.some((name) => fields.has(name))) {
    throw fields.error(`expected ${names.join(", ")}, as --config-dump writes them`);
  }
  const read = <T>(name: string, decode: (entry: unknown, source: string) => T): readonly T[] => {
    const list = fields.any(name) ?? [];
    if (!Array.isArray(list)) {
      throw fields.error(`${name}: expected a list`);
    }
    return list.map((entry: unknown, index) => decode(entry, `${source}: ${name}[${index}]`));
  };
  return {
    slots: read("slots", (entry, at) => decodeSlotMapping(entry, at)),
    groups: read("group", (entry, at) => decodeGroup(entry, at)),
    proxies: read("proxy", (entry, at) => decodeProxyRecord(entry, at)),
  };
}

/** The text of a file of the command line. Throws CONFIG_UNREADABLE. */
export function readDumpFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CodisError("CONFIG_UNREADABLE", `can't read ${file}: ${messageOf(cause)}`, { cause });
  }
}
