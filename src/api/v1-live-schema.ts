/**
 * Schemas of `/api/v1` for what changes all the time: the live document of a product, and the figures of the last
 * days (`performance`). The document is a flat map from keys to values; the types of its values are below, after
 * the schemas. Loaded by the servers only; the console takes the types.
 */
import { z } from "zod";
import { FAILOVER_OUTCOMES } from "../model/availability/failover.ts";
import type { V1Availability, V1FailoverSummary } from "./v1-availability-schema.ts";
import { operationSummarySchema, type V1OperationSummary } from "./v1-operation-schema.ts";
import { countSchema, groupIdSchema, numberText, timeSchema } from "./v1-scalar.ts";
import type { V1Health, V1Stats } from "./v1-state-schema.ts";
import type {
  V1Group,
  V1Product,
  V1Proxy,
  V1SentinelList,
  V1Server,
} from "./v1-topology-schema.ts";

/** Query of `live`: the epoch and the number of what the caller has, as in `id:` of the stream. */
export const liveQuerySchema = z.strictObject({
  since: z
    .string()
    .regex(/^\d{1,15}(\.\d{1,15})?$/, "expected EPOCH.SEQ, as the message before had them")
    .optional(),
});

/** A message of the live document; also the data of the events `snapshot` and `patch`. */
export const liveMessageSchema = z
  .strictObject({
    kind: z.enum(["snapshot", "patch"]),
    /** Of the leader that counts. Numbers of different leaders say nothing of each other. */
    epoch: countSchema,
    /** Number of the document after this message. */
    seq: countSchema,
    /** Of a patch: the number of the document that it changes. */
    since: countSchema.optional(),
    at: timeSchema,
    /** By key: all of them, or those that changed; null: the key is gone. */
    values: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "LiveMessage" });
/** See `liveMessageSchema`. */
export type V1LiveMessage = z.infer<typeof liveMessageSchema>;

/** Value of `product`. */
export interface V1LiveProduct extends V1Product {
  /** Whether replicas of all servers may be read from. */
  readonly replica_reads: boolean;
}

/** What went through the proxies in the last few seconds. Times are milliseconds. */
export interface V1Recent {
  /** Seconds that this stands for. */
  readonly window_seconds: number;
  /** Proxies, how many of them were counted, and how many told their latencies. */
  readonly proxies: { readonly total: number; readonly counted: number; readonly timed: number };
  /** Null while nobody is counted. */
  readonly ops_per_second: number | null;
  readonly failures_per_second: number | null;
  readonly reply_errors_per_second: number | null;
  readonly bytes_in_per_second: number | null;
  readonly bytes_out_per_second: number | null;
  /** Null without requests. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly p999_ms: number | null;
  readonly max_ms: number | null;
  /** Of the masters and replicas together, 0 to 1; null without lookups. */
  readonly hit_ratio: number | null;
}

/** Value of `stats`; sums of groups are those of `server:ADDR`. `at` is the moment of the last change of it. */
export interface V1LiveStats extends Omit<V1Stats, "groups"> {
  readonly recent: V1Recent;
}

/** Value of `slots`, one entry for each slot; see `LIVE_SLOT_STATES`. */
export interface V1LiveSlots {
  /** Base64 of little-endian 16-bit numbers: ids of groups, 0 for none. */
  readonly owners: string;
  /** As `owners`. */
  readonly targets: string;
  /** Base64 of bytes, indexes of `LIVE_SLOT_STATES`. */
  readonly states: string;
}

/** Value of `group:ID`: without the figures of its servers, which are values of their own. */
export interface V1LiveGroup extends Omit<V1Group, "servers"> {
  readonly servers: readonly Pick<
    V1Server,
    "addr" | "group_id" | "role" | "datacenter" | "replica_reads" | "sync"
  >[];
}

/** Value of `server:ADDR`. `observed_at` is null while its looks are fresh, else when the last good one was. */
export type V1LiveServer = V1Server;

/** Value of `proxy:TOKEN`. `observed_at` as in `V1LiveServer`; the times are of the last seconds. */
export interface V1LiveProxy extends V1Proxy {
  readonly failures_per_second: number | null;
  readonly reply_errors_per_second: number | null;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly p999_ms: number | null;
}

/** Value of `sentinel:ADDR`; `observed_at` as in `V1LiveServer`. */
export type V1LiveSentinel = V1SentinelList["looks"][number];

/** Value of `sentinels`: what they say together. */
export type V1LiveSentinels = Pick<V1SentinelList, "items" | "out_of_sync" | "masters">;

/** Value of `operation:ID`; its `progress` is a few seconds old, `progress:ID` isn't. */
export type V1LiveOperation = V1OperationSummary;

/** Value of `progress:ID`, of operations that haven't ended. */
export type V1LiveProgress = V1OperationSummary["progress"];

/** Values by key, or by the part of the key before the colon. */
export interface V1LiveValues {
  readonly product: V1LiveProduct;
  readonly health: V1Health;
  readonly stats: V1LiveStats;
  readonly slots: V1LiveSlots;
  readonly sentinels: V1LiveSentinels;
  readonly availability: Omit<V1Availability, "epoch" | "revision">;
  readonly group: V1LiveGroup;
  readonly server: V1LiveServer;
  readonly proxy: V1LiveProxy;
  readonly sentinel: V1LiveSentinel;
  readonly operation: V1LiveOperation;
  readonly progress: V1LiveProgress;
  readonly failover: V1FailoverSummary;
}

/** Ranges of `performance`, and the seconds of each. */
export const PERFORMANCE_RANGES = {
  "5m": 300,
  "1h": 3_600,
  "6h": 21_600,
  "24h": 86_400,
  "7d": 604_800,
} as const;
/** One of `PERFORMANCE_RANGES`. */
export type PerformanceRange = keyof typeof PERFORMANCE_RANGES;

/** What series are split by. */
export const PERFORMANCE_SPLITS = ["total", "proxy", "command", "server", "group"] as const;
/** One of `PERFORMANCE_SPLITS`. */
export type PerformanceSplit = (typeof PERFORMANCE_SPLITS)[number];

/**
 * What can be asked for, with the splits that have it. Rates are of a second, latencies (`p50` to `max`) in
 * milliseconds, `memory` in bytes, `hit_ratio` from 0 to 1, `cpu` in processors, `time` in seconds of requests that
 * were under way in a second. `proxies` and `servers` tell how many a total stands for.
 */
export const PERFORMANCE_METRICS = {
  ops: ["total", "proxy", "command", "server", "group"],
  failures: ["total", "proxy", "command"],
  reply_errors: ["total", "proxy", "command"],
  sessions: ["total", "proxy"],
  bytes_in: ["total", "proxy"],
  bytes_out: ["total", "proxy"],
  p50: ["total", "proxy", "command"],
  p99: ["total", "proxy", "command"],
  p999: ["total", "proxy", "command"],
  max: ["total", "proxy", "command"],
  time: ["command"],
  cpu: ["proxy"],
  proxies: ["total"],
  servers: ["total", "group"],
  memory: ["total", "proxy", "server", "group"],
  keys: ["total", "server", "group"],
  clients: ["total", "server", "group"],
  hit_ratio: ["total", "server", "group"],
} as const satisfies Readonly<Record<string, readonly PerformanceSplit[]>>;
/** One of `PERFORMANCE_METRICS`. */
export type PerformanceMetric = keyof typeof PERFORMANCE_METRICS;

/** Seconds between two points. */
export const PERFORMANCE_STEPS = [1, 10, 60, 600] as const;
/** One of `PERFORMANCE_STEPS`. */
export type PerformanceStep = (typeof PERFORMANCE_STEPS)[number];

/** Metrics in one question. */
const METRICS_MAX = 8;
/** Longest name of one proxy, command, server or group. */
const OF_CHARS_MAX = 300;
/** Proxies, commands, servers or groups in one answer. */
export const PERFORMANCE_SUBJECTS_MAX = 100;

const METRIC_NAMES = Object.keys(PERFORMANCE_METRICS) as [
  PerformanceMetric,
  ...PerformanceMetric[],
];
const metricSchema = z.enum(METRIC_NAMES);
const METRIC_LIST = new RegExp(
  `^(?:${METRIC_NAMES.join("|")})(?:,(?:${METRIC_NAMES.join("|")})){0,${METRICS_MAX - 1}}$`,
);

/** Query of `performance`. */
export const performanceQuerySchema = z.strictObject({
  range: z
    .enum(Object.keys(PERFORMANCE_RANGES) as [PerformanceRange, ...PerformanceRange[]])
    .optional(),
  /** Up to 8, with commas. */
  metric: z
    .string()
    .regex(METRIC_LIST, `expected 1 to ${METRICS_MAX} of ${METRIC_NAMES.join(", ")}, with commas`)
    .optional(),
  by: z.enum(PERFORMANCE_SPLITS).optional(),
  /** Only this one of the split: a token, a command, an address, or the id of a group. */
  of: z.string().min(1).max(OF_CHARS_MAX).optional(),
  /** Seconds between two points; without it the finest that the range still has. */
  step: z
    .enum(["1", "10", "60", "600"])
    .transform((text) => Number(text) as PerformanceStep)
    .meta({ type: "integer", enum: [...PERFORMANCE_STEPS] })
    .optional(),
  /** End of the range, seconds since 1970; without it now. */
  until: numberText(0, 9_999_999_999).optional(),
  /** The largest so many of the split, by the newest value of the first metric. */
  limit: numberText(1, PERFORMANCE_SUBJECTS_MAX).optional(),
});
/** See `performanceQuerySchema`. */
export type PerformanceQuery = z.output<typeof performanceQuerySchema>;

/** Something that a chart marks. */
const chartEventSchema = z.strictObject({
  kind: z.enum(["failover", "operation"]),
  id: z.string(),
  at: timeSchema,
  /** Null: it is under way. */
  until: z.nullable(timeSchema),
  text: z.string(),
  /** What `text` says of a failover, for those who say it in other words. */
  failover: z
    .strictObject({
      group_id: groupIdSchema,
      from: z.string(),
      /** Null: nobody was chosen. */
      to: z.nullable(z.string()),
      outcome: z.enum(FAILOVER_OUTCOMES),
    })
    .optional(),
  /** The same of an operation. */
  operation: operationSummarySchema
    .pick({ origin: true, strategy: true, state: true, self_paused: true, rollback: true })
    .extend({ slots: countSchema })
    .optional(),
});
/** See `chartEventSchema`. */
export type V1ChartEvent = z.infer<typeof chartEventSchema>;

/** Series of figures. */
export const performanceSchema = z
  .strictObject({
    epoch: countSchema,
    range: z.enum(Object.keys(PERFORMANCE_RANGES) as [PerformanceRange, ...PerformanceRange[]]),
    by: z.enum(PERFORMANCE_SPLITS),
    /** Seconds that one point stands for. */
    step: z.literal([...PERFORMANCE_STEPS]),
    /** Beginning of the first point, seconds since 1970; point n is `step * n` later. */
    from: countSchema,
    /** Points of each series. */
    points: countSchema,
    /** When this leader began to count; there is nothing from before. */
    since: timeSchema,
    /** Now: how many proxies there are, how many are counted, how many tell their latencies. */
    proxies: z.strictObject({ total: countSchema, counted: countSchema, timed: countSchema }),
    /** Now: how many servers there are, and how many answer. */
    servers: z.strictObject({ total: countSchema, counted: countSchema }),
    series: z.array(
      z.strictObject({
        metric: metricSchema,
        /** Null: all together. Otherwise a token, a command (or `other`), an address, or the id of a group. */
        of: z.nullable(z.string()),
        /** Null: not known. */
        values: z.array(z.nullable(z.number())),
      }),
    ),
    /** Proxies, commands, servers or groups that aren't shown, because of `limit`. */
    left_out: countSchema,
    /** What happened in the range, the oldest first. */
    events: z.array(chartEventSchema),
  })
  .meta({ id: "Performance" });
/** See `performanceSchema`. */
export type V1Performance = z.infer<typeof performanceSchema>;
