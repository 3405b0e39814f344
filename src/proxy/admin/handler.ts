/**
 * What each path of the admin port does: one function for each route of `api/proxy-route.ts`, over the
 * `ProxyControl` of the data plane. Whether the caller may is decided before (`admin-server.ts`); a
 * `CodisError` thrown here becomes a failure in Codis's form.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import {
  type ProxyRouteName,
  STATS_FLAG,
  STATS_HEADER,
  TABLE_CONFIRM_HEADER,
  TABLE_HEADER,
  TABLE_QUESTION_HEADER,
  TABLE_UNKNOWN,
} from "../../api/proxy-route.ts";
import type { ProxyOverviewJson, ServerSightJson } from "../../api/proxy-stats.ts";
import type { Clock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { LOG_LEVELS, parseLogLevel } from "../../base/log-level.ts";
import { RUNTIME, VERSION } from "../../base/version.ts";
import { sendJson } from "../../http/answer.ts";
import { parseJsonBody } from "../../http/failure.ts";
import { METRICS_CONTENT_TYPE } from "../../http/metric-text.ts";
import { RecordReader } from "../../model/json-record.ts";
import { type ProxyModel, proxyModelToJson } from "../../model/proxy-model.ts";
import { decodeSentinel, NO_SENTINELS, type SentinelRecord } from "../../model/sentinel.ts";
import { type SlotJson, slotToJson } from "../../model/slot.ts";
import { decodeSlotTable } from "../../model/slot-table.ts";
import { configToJson, type ProxyConfig } from "../config.ts";
import type { ProxyControl, PushVersion, SentinelPort } from "../control.ts";
import { statsToJson } from "../stats/codis-json.ts";
import { renderMetrics } from "../stats/exposition.ts";
import { UsageMeter } from "../stats/usage.ts";
import { PushGuard } from "./push-guard.ts";

/** What the paths work on. */
export interface AdminContext {
  readonly control: ProxyControl;
  readonly config: ProxyConfig;
  readonly model: () => ProxyModel;
  readonly log: Log;
  readonly guard: PushGuard;
  readonly usage: UsageMeter;
  /** What is seen of masters, by address; undefined: they aren't watched. */
  readonly servers: (() => Readonly<Record<string, ServerSightJson>>) | undefined;
  /** What listens to the sentinels; undefined: nothing does. */
  readonly sentinelPort: SentinelPort | undefined;
  /** The sentinels that a dashboard told last. */
  sentinels: SentinelRecord;
}

/** One call: the parameters of its path, its body as text, and its version. */
export interface AdminCall {
  readonly params: Readonly<Record<string, string>>;
  readonly body: string;
  readonly version: PushVersion | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type Handler = (context: AdminContext, call: AdminCall) => unknown;

const CONFIRMATION = /^(\d{1,15})\/(\d{1,15})\.(\d{1,15})$/;
const ALL_FLAGS = STATS_FLAG.commands | STATS_FLAG.slots | STATS_FLAG.runtime;

/** A context with nothing heard yet. */
export function createAdminContext(
  parts: Pick<AdminContext, "control" | "config" | "model" | "log" | "servers" | "sentinelPort"> & {
    readonly clock: Clock;
  },
): AdminContext {
  return {
    control: parts.control,
    config: parts.config,
    model: parts.model,
    log: parts.log,
    guard: new PushGuard(parts.clock),
    usage: new UsageMeter(parts.clock),
    servers: parts.servers,
    sentinelPort: parts.sentinelPort,
    sentinels: NO_SENTINELS,
  };
}

/** The function of each path. */
export const HANDLERS: Readonly<Record<ProxyRouteName, Handler>> = {
  root: (_context, { reply }) => reply.redirect("/proxy", 302),
  overview: async (context, { reply }) => {
    const overview: ProxyOverviewJson = {
      ...(await describeProxy(context, ALL_FLAGS)),
      slots: describeSlots(context),
    };
    return sendJson(reply, overview);
  },
  overviewModel: (context, { reply }) => sendJson(reply, proxyModelToJson(context.model())),
  overviewStats: (context, call) => sendStats(context, call, ALL_FLAGS),
  overviewSlots: (context, { reply }) => sendJson(reply, describeSlots(context)),
  model: (context, { reply }) => sendJson(reply, proxyModelToJson(context.model())),
  xping: (_context, { reply }) => sendOk(reply),
  stats: (context, call) => {
    readConfirmation(context, call);
    return sendStats(context, call, readStatsHeader(call));
  },
  statsWithFlags: (context, call) => sendStats(context, call, parseFlags(call.params["flags"])),
  slots: (context, { reply }) => sendJson(reply, describeSlots(context)),
  start: async (context, { reply }) => {
    await context.control.start();
    return sendOk(reply);
  },
  fillSlots: async (context, call) => {
    const slots = decodeSlotTable(parseJsonBody(call.body, "body of fillslots"), {
      source: "body of fillslots",
      slotCount: context.config.slotCount,
      unknownFields: "ignore",
    });
    await context.control.fillSlots(slots, call.version);
    tellTable(context, call.reply);
    return sendOk(call.reply);
  },
  login: async (context, call) => {
    const source = "body of login";
    const fields = new RecordReader(parseJsonBody(call.body, source), source);
    if (call.version === undefined) {
      throw new CodisError("BODY_INVALID", "a login is taken with a version only (codis-epoch)");
    }
    await context.control.setLogin(fields.text("user"), fields.text("password"));
    return sendOk(call.reply);
  },
  resetStats: async (context, { reply }) => {
    await context.control.resetStats();
    return sendOk(reply);
  },
  forceGc: async (context, { reply }) => {
    await context.control.forceGc();
    return sendOk(reply);
  },
  logLevel: async (context, call) => {
    const text = call.params["value"] ?? "";
    const level = parseLogLevel(text);
    if (level === undefined) {
      throw new CodisError(
        "BODY_INVALID",
        `invalid loglevel = ${text}: expected one of ${LOG_LEVELS.join(", ").toUpperCase()}`,
      );
    }
    context.log.setLevel(level);
    await context.control.setLogLevel(level);
    return sendOk(call.reply);
  },
  shutdown: async (context, { reply }) => {
    await context.control.shutdown();
    return sendOk(reply);
  },
  sentinels: (context, call) => {
    const source = "body of sentinels";
    context.sentinels = decodeSentinel(parseJsonBody(call.body, source), source);
    context.sentinelPort?.setServers(context.sentinels.servers);
    return sendOk(call.reply);
  },
  rewatchSentinels: (context, { reply }) => {
    context.sentinelPort?.rewatch();
    return sendOk(reply);
  },
  metrics: async (context, { reply }) => {
    const text = await describeMetrics(context);
    return reply.type(METRICS_CONTENT_TYPE).send(text);
  },
  live: (_context, { reply }) => reply.type("text/plain; charset=utf-8").send("ok\n"),
  health: (_context, { reply }) => reply.type("text/plain; charset=utf-8").send("ok\n"),
  ready: (context, { reply }) => {
    const checks = {
      online: context.control.state() === "online",
      slots: context.control.slots().some((slot) => slot.backendAddr !== ""),
    };
    const isReady = checks.online && checks.slots;
    return sendJson(reply, { ready: isReady, checks }, isReady ? 200 : 503);
  },
  version: (_context, { reply }) => sendJson(reply, { version: VERSION, runtime: RUNTIME }),
};

/** Parts that a dashboard wants; one that says nothing that is understood gets those of Codis. */
function readStatsHeader({ request }: AdminCall): number {
  const text = request.headers[STATS_HEADER];
  return typeof text === "string" && /^\d{1,4}$/.test(text) ? Number(text) : 0;
}

/** Puts the version of the table into the answer's header, and what the proxy wants to know of it. */
export function tellTable(context: AdminContext, reply: FastifyReply): void {
  const version = context.control.tableVersion();
  reply.header(
    TABLE_HEADER,
    version === undefined ? TABLE_UNKNOWN : `${version.epoch}.${version.revision}`,
  );
  const question = context.control.tableQuestion();
  if (question !== undefined) {
    reply.header(TABLE_QUESTION_HEADER, String(question));
  }
}

/** What a dashboard says of the table, and `tellTable` asked for. Anything else is no answer. */
function readConfirmation({ control }: AdminContext, { request, version }: AdminCall): void {
  const text = request.headers[TABLE_CONFIRM_HEADER];
  const [, question, epoch, revision] =
    CONFIRMATION.exec(typeof text === "string" ? text : "") ?? [];
  if (version !== undefined && question !== undefined) {
    const table = { epoch: Number(epoch), revision: Number(revision) };
    control.confirmTable(Number(question), table);
  }
}

function sendOk(reply: FastifyReply): FastifyReply {
  return sendJson(reply, "OK");
}

async function sendStats(
  context: AdminContext,
  { reply }: AdminCall,
  flags: number,
): Promise<FastifyReply> {
  return sendJson(reply, await describeStats(context, flags));
}

async function describeStats(context: AdminContext, flags: number) {
  return statsToJson(await context.control.collect(), {
    usage: context.usage,
    sentinels: context.sentinels,
    sentinelPort: context.sentinelPort,
    primaryOnly: context.config.backendPrimaryOnly,
    flags,
    servers: context.servers?.(),
  });
}

/** Everything about the proxy but its slots; the statistics with the parts that `flags` ask for. */
export async function describeProxy(
  context: AdminContext,
  flags: number,
): Promise<Omit<ProxyOverviewJson, "slots">> {
  return {
    version: VERSION,
    compile: RUNTIME,
    config: configToJson(context.config),
    model: proxyModelToJson(context.model()),
    stats: await describeStats(context, flags),
  };
}

function describeSlots(context: AdminContext): SlotJson[] {
  return context.control.slots().map(slotToJson);
}

async function describeMetrics(context: AdminContext): Promise<string> {
  const model = context.model();
  return renderMetrics(await context.control.collect(), {
    state: context.control.state(),
    version: VERSION,
    runtime: RUNTIME,
    product: model.productName,
    token: model.token,
    proxyAddr: model.proxyAddr,
    adminAddr: model.adminAddr,
    datacenter: model.datacenter,
    sessionsMax: context.config.proxyMaxClients,
    bufferedBytesMax: context.config.proxyMaxMemoryBytes,
    slots: context.control.slots(),
    servers: context.servers?.() ?? {},
    pushVersion: context.guard.newest(),
  });
}

function parseFlags(text: string | undefined): number {
  if (text === undefined || !/^\d{1,4}$/.test(text)) {
    throw new CodisError(
      "BODY_INVALID",
      `invalid flags = ${text}: expected a whole number, the sum of 1 (commands), 4 (runtime), 8 (latencies)`,
    );
  }
  return Number(text);
}
