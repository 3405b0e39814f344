/**
 * INFO over all masters: their texts, field by field, become one (rules: `info-field.ts`,
 * `info-list.ts`), with a section about the proxy at the end.
 *
 * A master that can't be reached must not make INFO fail, because clients take that for "nothing
 * works" when they connect. Then everything that would be a sum over some masters is left out, and
 * the Proxy section names the master. Only when no master answers the error goes out.
 */
import { textReply } from "../../../resp/encode.ts";
import { decodeReply } from "../../../resp/value.ts";
import type { Argv, CommandHandler, HandlerEnv, ProxyFigures } from "../context.ts";
import { REPLY_SLOT_OFFLINE } from "../reply-text.ts";
import { askShards, type Part } from "./ask.ts";
import { equalValue, type Fields, type ProxyFacts, ruleOf } from "./info-field.ts";
import { LISTS } from "./info-list.ts";
import { shardsWithKeys } from "./ownership.ts";

/** INFO answers in time for a monitor even when a master hangs. */
const INFO_TIMEOUT_MS = 5_000;
/** Section names that also mean the Proxy section. */
const COLLECTIONS = new Set(["default", "all", "everything"]);
const PROXY_SECTION = "proxy";

/** A section of a text: its name as written, and its lines. */
interface Section {
  readonly title: string;
  readonly fields: Map<string, string>;
}

type Sections = ReadonlyMap<string, Section>;

/** INFO [section …]. */
export const info: CommandHandler = async (client, argv, env) => {
  const names = argv.slice(1).map((name) => name.toString("latin1", 0, 64).toLowerCase());
  const isProxyShown =
    names.length === 0 || names.some((name) => COLLECTIONS.has(name) || name === PROXY_SECTION);
  const command: Argv = argv.filter((_, i) => names[i - 1] !== PROXY_SECTION);
  const facts = { figures: await env.figures(), settings: env.settings, nowMs: Date.now() };
  if (names.length > 0 && command.length === 1) {
    const parts = shardsWithKeys(env.shards).map((shard) => ({ shard, reply: undefined }));
    return textReply(formatSections([proxySection(facts, env, parts)]), client.proto);
  }

  const parts = await askShards(client, env, shardsWithKeys(env.shards), command, {
    timeoutMs: INFO_TIMEOUT_MS,
  });
  const texts = parts.map(({ reply }) => textOf(reply)).filter((text) => text !== undefined);
  if (texts.length === 0) return parts[0]?.reply ?? REPLY_SLOT_OFFLINE;
  const sections = mergeSections(texts.map(parseSections), texts.length === parts.length, facts);
  if (isProxyShown) sections.push(proxySection(facts, env, parts));
  return textReply(formatSections(sections), client.proto);
};

/** The text of an INFO reply, undefined for anything else. */
function textOf(reply: Buffer): string | undefined {
  const value = decodeReply(reply);
  return value?.type === "bulk" || value?.type === "verbatim"
    ? value.bytes.toString("latin1")
    : undefined;
}

/**
 * Takes an INFO text apart, by section names in lower case. Of lines with one name the last counts.
 */
export function parseSections(text: string): Sections {
  const sections = new Map<string, Section>();
  let section: Section | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("# ")) {
      section = { title: line.slice(2), fields: new Map() };
      sections.set(section.title.toLowerCase(), section);
      continue;
    }
    const colon = line.indexOf(":");
    if (colon > 0) section?.fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return sections;
}

/** One set of sections out of those of several masters; `isWhole`: all masters are among them. */
export function mergeSections(
  masters: readonly Sections[],
  isWhole: boolean,
  facts: ProxyFacts,
): Section[] {
  const names = new Set(masters.flatMap((sections) => [...sections.keys()]));
  const merged: Section[] = [];
  for (const name of names) {
    const all = masters.flatMap((sections) => sections.get(name) ?? []);
    const title = all[0]?.title ?? name;
    const fields = all.map((section) => section.fields);
    const list = Object.hasOwn(LISTS, name) ? LISTS[name] : undefined;
    if (list !== undefined) {
      merged.push({ title, fields: isWhole ? list(fields) : new Map() });
    } else {
      merged.push({ title, fields: mergeFields(fields, masters.length, isWhole, facts) });
    }
  }
  return merged;
}

function mergeFields(
  masters: readonly Fields[],
  masterCount: number,
  isWhole: boolean,
  facts: ProxyFacts,
): Map<string, string> {
  const merged = new Map<string, string>();
  const names = new Set(masters.flatMap((fields) => [...fields.keys()]));
  const derived: string[] = [];
  for (const name of names) {
    const values = masters.flatMap((fields) => fields.get(name) ?? []);
    const rule = ruleOf(name);
    let value: string | undefined;
    if (rule === undefined) value = equalValue(values, masterCount);
    else if (rule.kind === "proxy") value = rule.value(facts);
    else if (rule.kind === "always") value = rule.value(values);
    else if (rule.kind === "merge") value = isWhole ? rule.value(values) : undefined;
    else derived.push(name);
    // Derived fields keep their place; their value needs all others.
    if (value !== undefined || rule?.kind === "derive") merged.set(name, value ?? "");
  }
  for (const name of derived) {
    const rule = ruleOf(name);
    const value = rule?.kind === "derive" ? rule.value(merged) : undefined;
    if (value === undefined) merged.delete(name);
    else merged.set(name, value);
  }
  return merged;
}

function proxySection(
  {
    figures,
    settings,
  }: { readonly figures: ProxyFigures; readonly settings: HandlerEnv["settings"] },
  env: HandlerEnv,
  parts: readonly (Omit<Part, "reply"> & { readonly reply: Buffer | undefined })[],
): Section {
  const fields = new Map<string, string>([
    ["product_name", settings.productName],
    ["proxy_version", settings.version],
    ["proxy_addr", settings.proxyAddr],
    ["proxy_uptime_in_seconds", `${Math.floor(figures.uptimeSeconds)}`],
    ["workers", `${figures.workerCount}`],
    ["sessions_alive", `${figures.sessionsAlive}`],
    ["sessions_total", `${figures.sessionsTotal}`],
    ["sessions_rejected", `${figures.sessionsRejected}`],
    ["ops_total", `${figures.opsTotal}`],
    ["ops_fails", `${figures.opsFails}`],
    ["ops_redis_errors", `${figures.opsRedisErrors}`],
    ["ops_per_sec", `${Math.round(figures.opsPerSecond)}`],
    ["proxy_used_memory_rss", `${figures.residentBytes}`],
    ["proxy_used_cpu_user", figures.cpuUserSeconds.toFixed(6)],
    ["proxy_used_cpu_sys", figures.cpuSystemSeconds.toFixed(6)],
    ["slots_total", `${env.shards.slotCount}`],
    ["slots_offline", `${figures.slotsOffline}`],
    ["slots_locked", `${figures.slotsLocked}`],
    ["slots_revision", `${env.shards.revision}`],
    ["masters", `${parts.length}`],
  ]);
  const asked = parts.filter((part) => part.reply !== undefined);
  if (asked.length > 0) {
    const silent = asked.filter(({ reply }) => textOf(reply as Buffer) === undefined);
    fields.set("masters_unreachable", `${silent.length}`);
  }
  for (const [i, { shard, reply }] of parts.entries()) {
    const state =
      reply === undefined ? "" : `,state=${textOf(reply) === undefined ? "unreachable" : "ok"}`;
    fields.set(`master${i}`, `group=${shard.groupId},addr=${shard.addr}${state}`);
  }
  return { title: "Proxy", fields };
}

/** The text as Redis writes it: a blank line between sections. */
function formatSections(sections: readonly Section[]): string {
  return sections
    .map(({ title, fields }) => {
      const lines = [...fields].map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${title}\r\n${lines.join("")}`;
    })
    .join("\r\n");
}
