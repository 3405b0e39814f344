/**
 * The JSON of a dashboard's own paths of Codis 3.2, as its programs read it, field by field in the order
 * of the recorded answers. Types only; the dashboard fills them (`dashboard/admin/topom/overview.ts`).
 *
 * Optional fields are those that Go leaves out when they are empty.
 */
import type { DashboardModelJson } from "../model/dashboard-model.ts";
import type { GroupJson } from "../model/group.ts";
import type { ProxyModelJson } from "../model/proxy-model.ts";
import type { SentinelJson } from "../model/sentinel.ts";
import type { SlotMappingJson } from "../model/slot-mapping.ts";
import type { CodisErrorBody } from "./error-form.ts";
import type { ProxyStatsJson } from "./proxy-stats.ts";

/** The last look at a server. */
export interface ServerLookJson {
  /** INFO and `maxmemory`; every value is a text. */
  stats?: Readonly<Record<string, string>>;
  error?: CodisErrorBody;
  /** Seconds since 1970. */
  unixtime: number;
  timeout?: true;
}

/** The last look at a proxy. */
export interface ProxyLookJson {
  stats?: ProxyStatsJson;
  error?: CodisErrorBody;
  /** Seconds since 1970. */
  unixtime: number;
  timeout?: true;
}

/** A master that a sentinel watches, and its replicas: fields as the sentinel names them. */
export interface SentinelGroupJson {
  master: Readonly<Record<string, string>>;
  slaves: readonly Readonly<Record<string, string>>[];
}

/** The last look at a sentinel. */
export interface SentinelLookJson extends ServerLookJson {
  /** By master name. */
  sentinel?: Readonly<Record<string, SentinelGroupJson>>;
}

/** `stats` of the overview. */
export interface TopomStatsJson {
  closed: boolean;
  slots: readonly SlotMappingJson[];
  group: {
    models: readonly GroupJson[];
    /** By address. */
    stats: Readonly<Record<string, ServerLookJson>>;
  };
  proxy: {
    models: readonly ProxyModelJson[];
    /** By token. */
    stats: Readonly<Record<string, ProxyLookJson>>;
  };
  slot_action: {
    /** Microseconds. */
    interval: number;
    disabled: boolean;
    progress: { status: string };
    executor: number;
  };
  sentinels: {
    model: SentinelJson;
    /** By address. */
    stats: Readonly<Record<string, SentinelLookJson>>;
    /** Address of the master by group id. */
    masters: Readonly<Record<string, string>>;
  };
}

/** Answer of `GET /topom`. */
export interface TopomOverviewJson {
  version: string;
  compile: string;
  config: Readonly<Record<string, string | number | boolean>>;
  model: DashboardModelJson;
  stats: TopomStatsJson;
}

/** One entry of the body of `slots/assign`. */
export interface SlotAssignJson {
  id: number;
  group_id?: number;
  /** As the original's command line sends it; ignored. */
  action?: Readonly<Record<string, unknown>>;
}

/** Answer of `slots/rebalance`: target group by slot. */
export type RebalancePlanJson = Readonly<Record<string, number>>;
