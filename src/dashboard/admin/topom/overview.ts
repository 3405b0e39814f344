/**
 * The product in the JSON of Codis 3.2, as `/topom` and its parts answer it: from the topology of the leader
 * and the last looks at servers and proxies. Fields and their order are those of the recorded answers.
 */
import type { CodisErrorBody } from "../../../api/error-form.ts";
import type {
  ProxyLookJson,
  SentinelLookJson,
  ServerLookJson,
  TopomOverviewJson,
  TopomStatsJson,
} from "../../../api/topom-json.ts";
import { RUNTIME, VERSION } from "../../../base/version.ts";
import { type DashboardModel, dashboardModelToJson } from "../../../model/dashboard-model.ts";
import { groupToJson } from "../../../model/group.ts";
import { proxyRecordToJson } from "../../../model/proxy-record.ts";
import { sentinelToJson } from "../../../model/sentinel.ts";
import { slotMappingToJson } from "../../../model/slot-mapping.ts";
import type { LeaderControl, ProxyFigures, SentinelFigures, ServerFigures } from "../../control.ts";
import type { ConfigJson } from "../gate/context.ts";

/** `GET /topom`. */
export function describeOverview(
  leader: LeaderControl,
  model: DashboardModel,
  config: ConfigJson,
): TopomOverviewJson {
  return {
    version: VERSION,
    compile: RUNTIME,
    config,
    model: dashboardModelToJson(model),
    stats: describeStats(leader),
  };
}

/** `stats` of the overview. */
export function describeStats(leader: LeaderControl): TopomStatsJson {
  const topology = leader.topology();
  const servers = leader.serverFigures();
  const proxies = leader.proxyFigures();
  const addrs = [...topology.groups.values()].flatMap((group) =>
    group.servers.map((server) => server.addr),
  );
  return {
    closed: false,
    slots: topology.slots.map(slotMappingToJson),
    group: {
      models: [...topology.groups.values()].map(groupToJson),
      stats: Object.fromEntries(
        addrs.flatMap((addr) => {
          const figures = servers.get(addr);
          return figures === undefined ? [] : [[addr, serverLookToJson(figures)]];
        }),
      ),
    },
    proxy: {
      models: [...topology.proxies.values()].map(proxyRecordToJson),
      stats: Object.fromEntries(
        [...topology.proxies.keys()].flatMap((token) => {
          const figures = proxies.get(token);
          return figures === undefined ? [] : [[token, proxyLookToJson(figures)]];
        }),
      ),
    },
    slot_action: describeSlotAction(leader),
    sentinels: describeSentinels(leader),
  };
}

function describeSentinels(leader: LeaderControl): TopomStatsJson["sentinels"] {
  const { sentinel } = leader.topology();
  const figures = leader.sentinelFigures();
  return {
    model: sentinelToJson(sentinel),
    stats: Object.fromEntries(
      sentinel.servers.flatMap((addr) => {
        const look = figures.get(addr);
        return look === undefined ? [] : [[addr, sentinelLookToJson(look)]];
      }),
    ),
    masters: Object.fromEntries(leader.sentinelMasters()),
  };
}

function describeSlotAction({ migration }: LeaderControl): TopomStatsJson["slot_action"] {
  const { intervalUs, isDisabled, progress, executor } = migration.switches();
  return {
    interval: intervalUs,
    disabled: isDisabled,
    progress: { status: progress },
    executor,
  };
}

function serverLookToJson(figures: ServerFigures): ServerLookJson {
  return {
    ...(figures.info === undefined ? {} : { stats: figures.info }),
    ...errorField(figures),
    unixtime: Math.floor(figures.atMs / 1000),
    ...(figures.isTimedOut ? { timeout: true } : {}),
  };
}

function sentinelLookToJson(figures: SentinelFigures): SentinelLookJson {
  return {
    ...(figures.info === undefined ? {} : { stats: figures.info }),
    ...errorField(figures),
    ...(figures.groups === undefined ? {} : { sentinel: figures.groups }),
    unixtime: Math.floor(figures.atMs / 1000),
    ...(figures.isTimedOut ? { timeout: true } : {}),
  };
}

function proxyLookToJson(figures: ProxyFigures): ProxyLookJson {
  return {
    ...(figures.stats === undefined ? {} : { stats: figures.stats }),
    ...errorField(figures),
    unixtime: Math.floor(figures.atMs / 1000),
    ...(figures.isTimedOut ? { timeout: true } : {}),
  };
}

/** The original shows a look that took too long as `timeout` alone, any other failure as `error`. */
function errorField(look: { readonly error: string | undefined; readonly isTimedOut: boolean }): {
  error?: CodisErrorBody;
} {
  return look.error === undefined || look.isTimedOut
    ? {}
    : { error: { Cause: look.error, Stack: null } };
}
