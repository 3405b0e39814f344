/**
 * The HTTP paths of a proxy's admin port: Codis 3.2's, and the health and metrics paths that all our
 * programs have. One table for the server (`proxy/admin`), the client (`proxy-client.ts`) and the
 * documentation (`docs/http-api.md`).
 */

/** One path. */
export interface ProxyRoute {
  readonly method: "GET" | "PUT";
  /** `:name` is a parameter. */
  readonly path: string;
  /** `xauth`: the parameter `:xauth` must be right. */
  readonly auth: "none" | "xauth";
  /**
   * A push changes what the proxy serves. It may carry a version in headers, and is refused when a newer
   * dashboard was heard.
   */
  readonly isPush?: true;
  /** The answer carries `TABLE_HEADER`. */
  readonly tellsTable?: true;
  /** What the body is. */
  readonly body?: string;
  /** What the answer is. */
  readonly answer: string;
  readonly summary: string;
}

/** All paths by name. */
export const PROXY_ROUTES = {
  root: {
    method: "GET",
    path: "/",
    auth: "none",
    answer: "redirect to /proxy",
    summary: "Leads a browser to the overview.",
  },
  overview: {
    method: "GET",
    path: "/proxy",
    auth: "none",
    tellsTable: true,
    answer: "object: version, compile, config, model, stats, slots",
    summary: "Everything about the proxy.",
  },
  overviewModel: {
    method: "GET",
    path: "/proxy/model",
    auth: "none",
    answer: "model",
    summary: "The model alone.",
  },
  overviewStats: {
    method: "GET",
    path: "/proxy/stats",
    auth: "none",
    tellsTable: true,
    answer: "stats with commands and runtime",
    summary: "The statistics alone.",
  },
  overviewSlots: {
    method: "GET",
    path: "/proxy/slots",
    auth: "none",
    tellsTable: true,
    answer: "array of slots",
    summary: "The slot table alone.",
  },
  model: {
    method: "GET",
    path: "/api/proxy/model",
    auth: "none",
    answer: "model",
    summary: "The model: a dashboard reads the token here, which it needs for every other call.",
  },
  xping: {
    method: "GET",
    path: "/api/proxy/xping/:xauth",
    auth: "xauth",
    tellsTable: true,
    answer: '"OK"',
    summary: "Tells whether the xauth is right.",
  },
  stats: {
    method: "GET",
    path: "/api/proxy/stats/:xauth",
    auth: "xauth",
    tellsTable: true,
    answer: "stats",
    summary:
      "Statistics without commands and runtime, unless the header `codis-stats` has flags as below; a dashboard " +
      "polls them every second.",
  },
  statsWithFlags: {
    method: "GET",
    path: "/api/proxy/stats/:xauth/:flags",
    auth: "xauth",
    tellsTable: true,
    answer: "stats",
    summary:
      "Statistics with parts by flags: 1 adds the commands, 4 the runtime, 8 the bytes of clients and, to the " +
      "commands, the counts by latency (2 adds nothing here).",
  },
  slots: {
    method: "GET",
    path: "/api/proxy/slots/:xauth",
    auth: "xauth",
    tellsTable: true,
    answer: "array of slots",
    summary: "The slot table.",
  },
  start: {
    method: "PUT",
    path: "/api/proxy/start/:xauth",
    auth: "xauth",
    isPush: true,
    answer: '"OK"',
    summary: "Brings a waiting proxy online.",
  },
  fillSlots: {
    method: "PUT",
    path: "/api/proxy/fillslots/:xauth",
    auth: "xauth",
    tellsTable: true,
    isPush: true,
    body: "array of slots",
    answer: '"OK"',
    summary:
      "Replaces the slots of the body; other slots stay. Answers when every worker has them.",
  },
  login: {
    method: "PUT",
    path: "/api/proxy/login/:xauth",
    auth: "xauth",
    isPush: true,
    body: "object: user, password",
    answer: '"OK"',
    summary:
      "Logs in to servers as this user from now on, which can be revoked there; an empty user is the product's " +
      "password again. Refused (STATE_CONFLICT) when the proxy has served without a user of its own. A proxy " +
      "that had another user drops its connections and holds all requests until it gets slots. Only with a version.",
  },
  resetStats: {
    method: "PUT",
    path: "/api/proxy/stats/reset/:xauth",
    auth: "xauth",
    answer: '"OK"',
    summary: "Sets the counters to zero.",
  },
  forceGc: {
    method: "PUT",
    path: "/api/proxy/forcegc/:xauth",
    auth: "xauth",
    answer: '"OK"',
    summary: "Runs the garbage collector of every process.",
  },
  logLevel: {
    method: "PUT",
    path: "/api/proxy/loglevel/:xauth/:value",
    auth: "xauth",
    answer: '"OK"',
    summary: "Sets the level of the log: DEBUG, INFO, WARN, ERROR or NONE.",
  },
  shutdown: {
    method: "PUT",
    path: "/api/proxy/shutdown/:xauth",
    auth: "xauth",
    answer: '"OK"',
    summary: "Ends the proxy: it accepts no more clients, finishes what is in flight and exits.",
  },
  sentinels: {
    method: "PUT",
    path: "/api/proxy/sentinels/:xauth",
    auth: "xauth",
    isPush: true,
    body: "sentinel object",
    answer: '"OK"',
    summary: "Tells the sentinels of the product. They are kept and shown, but not followed yet.",
  },
  rewatchSentinels: {
    method: "PUT",
    path: "/api/proxy/sentinels/:xauth/rewatch",
    auth: "xauth",
    isPush: true,
    answer: '"OK"',
    summary: "Asks to watch the sentinels anew. Accepted; there is nothing to do yet.",
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    auth: "none",
    answer: "Prometheus text",
    summary: "Metrics; see metrics.md.",
  },
  live: {
    method: "GET",
    path: "/livez",
    auth: "none",
    answer: "ok",
    summary: "200 while the process answers.",
  },
  health: {
    method: "GET",
    path: "/healthz",
    auth: "none",
    answer: "ok",
    summary: "The same.",
  },
  ready: {
    method: "GET",
    path: "/readyz",
    auth: "none",
    answer: "object: ready, checks",
    summary:
      "200 when clients are served: the proxy is online and at least one slot has a server. Else 503 " +
      "with the check that fails. One dead server doesn't make a proxy unready.",
  },
  version: {
    method: "GET",
    path: "/version",
    auth: "none",
    answer: "object: version, runtime",
    summary: "What runs here.",
  },
} as const satisfies Readonly<Record<string, ProxyRoute>>;

/** Name of a path. */
export type ProxyRouteName = keyof typeof PROXY_ROUTES;

/** Parts of the statistics, as bits of `:flags`. */
export const STATS_FLAG = { commands: 1, slots: 2, runtime: 4, latencies: 8 } as const;

/** Headers that carry the version of a push or a poll; both or none, whole numbers. */
export const EPOCH_HEADER = "codis-epoch";
/** See `EPOCH_HEADER`. */
export const REVISION_HEADER = "codis-revision";
/**
 * Header of an answer: which table the proxy has, `EPOCH.REVISION` of the last push of slots that every
 * worker has taken, or `TABLE_UNKNOWN`.
 */
export const TABLE_HEADER = "codis-table";
/**
 * Header of an answer: the number of a question of the proxy, which was frozen and has to know whether its table is
 * still the newest one. Absent: it has none.
 */
export const TABLE_QUESTION_HEADER = "codis-table-question";
/**
 * Header of a call: the answer to a question that was heard before, `NUMBER/EPOCH.REVISION`: this table is the newest
 * one. A proxy that has another one by now goes on waiting.
 */
export const TABLE_CONFIRM_HEADER = "codis-table-confirm";
/**
 * Header of a call: how many slots the product has, a whole number. A proxy with another `slot_count`
 * refuses the call (`SLOT_COUNT_DIFFERS`): it would look for a key in another slot than the rest of the
 * product.
 */
export const SLOT_COUNT_HEADER = "codis-slot-count";
/**
 * Header of a call for `stats`: parts that a dashboard wants, the sum of bits of `STATS_FLAG`. A header, so that the
 * path stays that of Codis: an original proxy, and a dashboard of it, don't mind it.
 */
export const STATS_HEADER = "codis-stats";
/** Value of `TABLE_HEADER` before the first push, and after a push without a version. */
export const TABLE_UNKNOWN = "none";

/** Largest body: a table of 4096 slots with many replicas is about a tenth of it. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;
