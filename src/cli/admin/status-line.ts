/**
 * The lines of `--proxy-status` and `--group-status`: a mark in brackets, then what it is about.
 *
 *   [ ] fine   [E] error   [T] timeout   [?] no data yet   [X] not as it should be
 */
import type { TopomStatsJson } from "../../api/topom-json.ts";
import { judgeServer } from "../../model/server-status.ts";

/** One line for each proxy. */
export function describeProxies(proxy: TopomStatsJson["proxy"]): string {
  return proxy.models
    .map((model) => {
      const look = proxy.stats[model.token];
      const facts = `[T] ${model.token} [A] ${model.admin_addr} [P] ${model.proxy_addr}`;
      return `${markOf(look)} proxy-${model.id} ${facts}\n`;
    })
    .join("");
}

function markOf(look: TopomStatsJson["proxy"]["stats"][string] | undefined): string {
  if (look === undefined) {
    return "[?]";
  }
  if (look.error !== undefined && look.error !== null) {
    return "[E]";
  }
  if (look.timeout === true || look.stats === undefined) {
    return "[T]";
  }
  return look.stats.online && !look.stats.closed ? "[ ]" : "[X]";
}

/** One line for each server, with the master that it follows. */
export function describeGroups(group: TopomStatsJson["group"]): string {
  return group.models
    .flatMap((model) =>
      model.servers.map(({ server }, index) => {
        const master = index === 0 ? undefined : model.servers[0]?.server;
        const { mark, master: follows } = judgeServer(group.stats[server], master);
        const arrow = follows === undefined ? "" : `      ==> ${follows}`;
        return `${mark} group-${model.id} [${index}] ${server}${arrow}\n`;
      }),
    )
    .join("");
}
