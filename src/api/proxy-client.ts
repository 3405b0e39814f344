/**
 * Typed client for a proxy's admin port, ours or the original's: for the dashboard, the command line,
 * the local cluster and tests. Reads the proxy's token before the first call that needs the xauth, and
 * again when the proxy was replaced by another on the same address; unless it was told the token, for then
 * another proxy must not be called.
 */
import type { Agent } from "node:http";
import { CodisError, isCodisError } from "../base/error.ts";
import type { ProxyModelJson } from "../model/proxy-model.ts";
import { type SentinelRecord, sentinelToJson } from "../model/sentinel.ts";
import { type SlotJson, type SlotRecord, slotToJson } from "../model/slot.ts";
import { exchangeHttp, type HttpAnswer, type HttpCall, parseAnswer } from "./http-call.ts";
import {
  EPOCH_HEADER,
  PROXY_ROUTES,
  type ProxyRoute,
  type ProxyRouteName,
  REVISION_HEADER,
  SLOT_COUNT_HEADER,
  STATS_FLAG,
  STATS_HEADER,
  TABLE_CONFIRM_HEADER,
  TABLE_HEADER,
} from "./proxy-route.ts";
import type { ProxyOverviewJson, ProxyStatsJson } from "./proxy-stats.ts";
import { proxyXauth } from "./xauth.ts";

/** Whom to call. */
export interface ProxyClientOptions {
  /** Admin address, `host:port`. */
  readonly addr: string;
  readonly productName: string;
  readonly productAuth: string;
  /** For each call; 60 s as the original. */
  readonly timeoutMs?: number;
  /** The only proxy to call: another one at this address refuses the xauth that is made of it. */
  readonly token?: string;
  /** Slots of the product; a proxy with another number isn't called: `SLOT_COUNT_DIFFERS`. */
  readonly slotCount?: number | undefined;
  /** See `HttpCall`; the owner ends it. */
  readonly agent?: Agent;
  /** Gives up all calls that are under way. */
  readonly signal?: AbortSignal;
  /** Longest answer that is read. */
  readonly answerBytesMax?: number;
}

/** Epoch and revision that a dashboard of ours sends along. */
export interface CallVersion {
  readonly epoch: number;
  readonly revision: number;
  /** See `TABLE_CONFIRM_HEADER`. */
  readonly confirms?: string | undefined;
}

/** What goes with one call. */
export interface ProxyCallParts {
  /** Parameters of the path, but for the xauth. */
  readonly params?: Readonly<Record<string, string | number>>;
  /** See `HttpCall`. */
  readonly body?: unknown;
  readonly version?: CallVersion | undefined;
  /** See `STATS_HEADER`. */
  readonly statsFlags?: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** Slots of every proxy that knows neither `TABLE_HEADER` nor `SLOT_COUNT_HEADER`: those of Codis. */
const ORIGINAL_SLOT_COUNT = 1024;

/** Calls one proxy. Methods reject with the codes of `callHttp`. */
export class ProxyClient {
  readonly #options: ProxyClientOptions;
  #token: string | undefined;

  constructor(options: ProxyClientOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  /** Any call, for those who need more of the answer than its value. The xauth is added if it needs one. */
  exchange(name: ProxyRouteName, parts: ProxyCallParts = {}): Promise<HttpAnswer> {
    return PROXY_ROUTES[name].auth === "xauth"
      ? this.#callWithXauth(name, parts)
      : this.#call(name, parts);
  }

  /** The value of an answer. Throws `REMOTE_REFUSED` when it isn't JSON. */
  parse<T>({ text }: HttpAnswer): T {
    return parseAnswer(this.#options.addr, text);
  }

  /** Everything; needs no xauth. */
  overview(): Promise<ProxyOverviewJson> {
    return this.#read("overview");
  }

  /** The model; needs no xauth. */
  async model(): Promise<ProxyModelJson> {
    const model = await this.#read<ProxyModelJson>("model");
    this.#token = this.#options.token ?? model.token;
    return model;
  }

  /** Checks product name and `product_auth` against the proxy's. */
  async ping(): Promise<void> {
    await this.#callWithXauth("xping");
  }

  /** Statistics, with the parts asked for by `STATS_FLAG` bits. */
  async stats(flags = 0, version?: CallVersion): Promise<ProxyStatsJson> {
    const answer =
      flags === 0
        ? await this.#callWithXauth("stats", { version })
        : await this.#callWithXauth("statsWithFlags", { version, params: { flags } });
    return this.parse(answer);
  }

  /** Statistics with everything. */
  fullStats(): Promise<ProxyStatsJson> {
    return this.stats(STATS_FLAG.commands | STATS_FLAG.slots | STATS_FLAG.runtime);
  }

  async slots(): Promise<readonly SlotJson[]> {
    return this.parse(await this.#callWithXauth("slots"));
  }

  async fillSlots(slots: readonly SlotRecord[], version?: CallVersion): Promise<void> {
    await this.#callWithXauth("fillSlots", { body: slots.map(slotToJson), version });
  }

  async start(version?: CallVersion): Promise<void> {
    await this.#callWithXauth("start", { version });
  }

  async setSentinels(sentinels: SentinelRecord, version?: CallVersion): Promise<void> {
    await this.#callWithXauth("sentinels", { body: sentinelToJson(sentinels), version });
  }

  async rewatchSentinels(version?: CallVersion): Promise<void> {
    await this.#callWithXauth("rewatchSentinels", { version });
  }

  async resetStats(): Promise<void> {
    await this.#callWithXauth("resetStats");
  }

  async forceGc(): Promise<void> {
    await this.#callWithXauth("forceGc");
  }

  async setLogLevel(level: string): Promise<void> {
    await this.#callWithXauth("logLevel", { params: { value: level } });
  }

  async shutdown(): Promise<void> {
    await this.#callWithXauth("shutdown");
  }

  async #read<T>(name: ProxyRouteName): Promise<T> {
    return this.parse<T>(await this.#call(name, {}));
  }

  async #callWithXauth(name: ProxyRouteName, parts: ProxyCallParts = {}): Promise<HttpAnswer> {
    const isTokenFresh = this.#token === undefined;
    const token = this.#token ?? (await this.model()).token;
    try {
      return await this.#call(name, this.#withXauth(parts, token));
    } catch (thrown) {
      const isTokenFixed = isTokenFresh || this.#options.token !== undefined;
      if (isTokenFixed || !isCodisError(thrown, "XAUTH_INVALID", "REMOTE_REFUSED")) {
        throw thrown;
      }
      const newToken = (await this.model()).token;
      if (newToken === token) {
        throw thrown;
      }
      return this.#call(name, this.#withXauth(parts, newToken));
    }
  }

  #withXauth(parts: ProxyCallParts, token: string): ProxyCallParts {
    const xauth = proxyXauth(this.#options.productName, this.#options.productAuth, token);
    return { ...parts, params: { ...parts.params, xauth } };
  }

  async #call(name: ProxyRouteName, parts: ProxyCallParts): Promise<HttpAnswer> {
    const { method, path, tellsTable }: ProxyRoute = PROXY_ROUTES[name];
    const { addr, slotCount, timeoutMs, agent, signal, answerBytesMax } = this.#options;
    const call: HttpCall = {
      addr,
      method,
      path: path.replace(/:(\w+)/g, (_match, param: string) =>
        encodeURIComponent(parts.params?.[param] ?? ""),
      ),
      shownPath: path,
      timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
      agent,
      signal,
      answerBytesMax,
      ...(parts.body === undefined ? {} : { body: parts.body }),
      headers: {
        ...(slotCount === undefined ? {} : { [SLOT_COUNT_HEADER]: String(slotCount) }),
        ...(parts.statsFlags === undefined ? {} : { [STATS_HEADER]: String(parts.statsFlags) }),
        ...(parts.version === undefined
          ? {}
          : {
              [EPOCH_HEADER]: String(parts.version.epoch),
              [REVISION_HEADER]: String(parts.version.revision),
            }),
        ...(parts.version?.confirms === undefined
          ? {}
          : { [TABLE_CONFIRM_HEADER]: parts.version.confirms }),
      },
    };
    const answer = await exchangeHttp(call);
    const isOriginal = tellsTable === true && answer.headers[TABLE_HEADER] === undefined;
    if (isOriginal && slotCount !== undefined && slotCount !== ORIGINAL_SLOT_COUNT) {
      throw new CodisError(
        "SLOT_COUNT_DIFFERS",
        `${addr} is a proxy of Codis 3.2, which has ${ORIGINAL_SLOT_COUNT} slots, but its product has ` +
          `${slotCount}; such a product needs proxies of this program`,
      );
    }
    return answer;
  }
}
