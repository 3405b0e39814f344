/**
 * The calls that the fleet makes to one proxy, over connections that are kept: one for looks at its
 * statistics and one for everything that changes it, so that neither waits for the other. Only the proxy
 * with the known token is called; another one on the same address refuses.
 *
 * Answers are bounded and checked before anybody uses them.
 */
import { Agent } from "node:http";
import { type CallVersion, ProxyClient } from "../../api/proxy-client.ts";
import { STATS_FLAG, TABLE_HEADER, TABLE_QUESTION_HEADER } from "../../api/proxy-route.ts";
import type { ProxyStatsJson } from "../../api/proxy-stats.ts";
import { CodisError } from "../../base/error.ts";
import { decodeProxyModel, type ProxyModel } from "../../model/proxy-model.ts";
import { type SentinelRecord, sentinelToJson } from "../../model/sentinel.ts";
import type { ProxyCounts } from "../control.ts";
import { ANSWER_BYTES_MAX, type FleetTiming, SLOTS_ANSWER_BYTES_MAX } from "./timing.ts";

/** What a look asks for beside what Codis tells: the rates and latencies of the console are made of it. */
const POLLED_PARTS = STATS_FLAG.commands | STATS_FLAG.latencies;

/** A look at a proxy. */
export interface StatsAnswer {
  readonly stats: ProxyStatsJson;
  readonly counts?: ProxyCounts | undefined;
  /** `EPOCH.REVISION` of its table, `TABLE_UNKNOWN`, or undefined: an original, which doesn't tell. */
  readonly table: string | undefined;
  /** It wants to know whether that table is the newest one (`TABLE_QUESTION_HEADER`). */
  readonly question: string | undefined;
}

/** Calls to one proxy. They reject with `REMOTE_UNREACHABLE`, `REMOTE_REFUSED` or the proxy's code. */
export interface ProxyLink {
  readonly addr: string;
  stats(version: CallVersion): Promise<StatsAnswer>;
  /**
   * Connections that were opened for the calls below, all of them. As long as it stays the same, one and
   * the same process has answered them.
   */
  connectionCount(): number;
  /** Also rejects with `MODEL_INVALID`. */
  model(version: CallVersion): Promise<ProxyModel>;
  ping(version: CallVersion): Promise<void>;
  /** `body`: JSON of slots. Resolves with the table that the proxy has then, as in `StatsAnswer`. */
  fillSlots(body: Uint8Array, version: CallVersion): Promise<string | undefined>;
  start(version: CallVersion): Promise<void>;
  /** An empty user is the product's password. Rejects with `STATE_CONFLICT` when it has served without a user. */
  login(user: string, password: string, version: CallVersion): Promise<void>;
  setSentinels(sentinels: SentinelRecord, version: CallVersion): Promise<void>;
  /** The parsed answer, unchecked. */
  slots(version: CallVersion): Promise<unknown>;
  /** On a connection of its own. */
  shutdown(version: CallVersion): Promise<void>;
  /** Gives up what is under way and closes the connections. */
  close(): void;
}

/** Whom to call. */
export interface ProxyLinkOptions {
  /** Admin address. */
  readonly addr: string;
  readonly token: string;
  readonly productName: string;
  readonly productAuth: string;
  readonly slotCount: number | undefined;
  readonly timing: FleetTiming;
}

/** Opens nothing yet: connections are made by the first calls. */
export function createProxyLink(options: ProxyLinkOptions): ProxyLink {
  return new HttpProxyLink(options);
}

class HttpProxyLink implements ProxyLink {
  readonly addr: string;
  readonly #closing = new AbortController();
  readonly #agents: readonly Agent[];
  readonly #polls: ProxyClient;
  readonly #pushes: ProxyClient;
  readonly #reads: ProxyClient;
  readonly #last: ProxyClient;
  #connectionCount = 0;

  constructor({ timing, ...target }: ProxyLinkOptions) {
    this.addr = target.addr;
    const pollAgent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    const pushAgent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#agents = [pollAgent, pushAgent];
    const base = { ...target, signal: this.#closing.signal, answerBytesMax: ANSWER_BYTES_MAX };
    const push = { ...base, timeoutMs: timing.pushTimeoutMs };
    this.#polls = new ProxyClient({ ...base, timeoutMs: timing.pollTimeoutMs, agent: pollAgent });
    this.#pushes = new ProxyClient({ ...push, agent: pushAgent });
    this.#reads = new ProxyClient({
      ...push,
      agent: pushAgent,
      answerBytesMax: SLOTS_ANSWER_BYTES_MAX,
    });
    // Also one with another number of slots can be told to end.
    const last = { ...base, slotCount: undefined, timeoutMs: timing.shutdownTimeoutMs };
    this.#last = new ProxyClient(last);
  }

  async stats(version: CallVersion): Promise<StatsAnswer> {
    const answer = await this.#polls.exchange("stats", { version, statsFlags: POLLED_PARTS });
    return {
      ...splitStats(checkStats(this.#polls.parse(answer), this.addr)),
      table: textOf(answer.headers[TABLE_HEADER]),
      question: textOf(answer.headers[TABLE_QUESTION_HEADER]),
    };
  }

  connectionCount(): number {
    return this.#connectionCount;
  }

  async model(version: CallVersion): Promise<ProxyModel> {
    const answer = await this.#push(this.#pushes, "model", { version });
    return decodeProxyModel(this.#pushes.parse(answer), `model of ${this.addr}`);
  }

  async ping(version: CallVersion): Promise<void> {
    await this.#push(this.#pushes, "xping", { version });
  }

  async fillSlots(body: Uint8Array, version: CallVersion): Promise<string | undefined> {
    const answer = await this.#push(this.#pushes, "fillSlots", { body, version });
    return textOf(answer.headers[TABLE_HEADER]);
  }

  async start(version: CallVersion): Promise<void> {
    await this.#push(this.#pushes, "start", { version });
  }

  async login(user: string, password: string, version: CallVersion): Promise<void> {
    await this.#push(this.#pushes, "login", { body: { user, password }, version });
  }

  async setSentinels(sentinels: SentinelRecord, version: CallVersion): Promise<void> {
    await this.#push(this.#pushes, "sentinels", { body: sentinelToJson(sentinels), version });
  }

  async slots(version: CallVersion): Promise<unknown> {
    return this.#reads.parse<unknown>(await this.#push(this.#reads, "slots", { version }));
  }

  async shutdown(version: CallVersion): Promise<void> {
    await this.#last.exchange("shutdown", { version });
  }

  close(): void {
    this.#closing.abort();
    for (const agent of this.#agents) {
      agent.destroy();
    }
  }

  async #push(client: ProxyClient, ...call: Parameters<ProxyClient["exchange"]>) {
    const answer = await client.exchange(...call);
    if (answer.isNewConnection) {
      this.#connectionCount += 1;
    }
    return answer;
  }
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}

/** What everybody reads of statistics must be there; the rest is passed on as it is. */
function checkStats(value: unknown, addr: string): ProxyStatsJson {
  const stats = value as Partial<ProxyStatsJson> | null;
  const isGood =
    typeof stats === "object" &&
    stats !== null &&
    typeof stats.online === "boolean" &&
    typeof stats.closed === "boolean" &&
    typeof stats.ops?.total === "number" &&
    typeof stats.ops.redis?.errors === "number" &&
    typeof stats.sessions?.total === "number" &&
    typeof stats.rusage?.mem === "number" &&
    typeof stats.backend?.primary_only === "boolean" &&
    isSentinels(stats.sentinels);
  if (!isGood) {
    throw new CodisError("REMOTE_REFUSED", `${addr} answered something else than statistics`);
  }
  return stats as ProxyStatsJson;
}

/** What Codis has, and what was asked for beside that: the old API shows the first only. */
function splitStats(all: ProxyStatsJson): Pick<StatsAnswer, "stats" | "counts"> {
  const { bytes, moved_keys: moved, ...stats } = all;
  const { cmd, layout, ...ops } = all.ops;
  const isGood =
    Array.isArray(cmd) && cmd.every(({ opstr, calls }) => typeof opstr === "string" && calls >= 0);
  const movedKeys = Number.isSafeInteger(moved) && Number(moved) >= 0 ? moved : undefined;
  const counts = isGood
    ? { commands: cmd, layout, bytes: checkBytes(bytes), movedKeys }
    : undefined;
  return { stats: { ...stats, ops }, counts };
}

function checkBytes(bytes: ProxyStatsJson["bytes"]): ProxyCounts["bytes"] {
  return bytes !== undefined && bytes.in >= 0 && bytes.out >= 0 ? bytes : undefined;
}

function isSentinels(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const { servers }: { readonly servers?: unknown } = value;
  return servers === undefined || Array.isArray(servers);
}
