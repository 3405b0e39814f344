/**
 * The servers of the differential test: three redis-servers with the same settings, one of them bare, two
 * behind a proxy as a group each.
 */

import { COMMANDS } from "../../../src/command/table.ts";
import { decodeReply } from "../../../src/resp/value.ts";
import { wasFrozen } from "../../support/held-proxy.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import { type RunningProxy, startProxy } from "../../support/running-proxy.ts";
import type { PairPorts } from "./session-pair.ts";

/** See the file head. */
export interface Stage {
  readonly ports: PairPorts;
  /** A connection to the master of group 1 and of group 2. */
  groups(): Promise<readonly RespConnection[]>;
  /** The machine has stood still for more than two seconds at some time, as the proxy tells. */
  hasStoodStill(): boolean;
  stop(): Promise<void>;
}

/** Starts everything; `config` is more for proxy.toml. */
export async function startStage(
  config: Readonly<Record<string, string | number | boolean>> = {},
): Promise<Stage> {
  const servers: readonly RedisServer[] = await Promise.all([
    startRedis(),
    startRedis(),
    startRedis(),
  ]);
  const [bare, ...masters] = servers as [RedisServer, RedisServer, RedisServer];
  const proxy: RunningProxy = await startProxy({
    servers: masters.map((master) => master.addr),
    config,
  });
  return {
    ports: { proxy: proxy.port, bare: bare.port },
    groups: () => Promise.all(masters.map((master) => RespConnection.open(master.port))),
    hasStoodStill: () => wasFrozen(proxy),
    async stop() {
      await proxy.stop();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Commands of the table that the proxy serves and this bare server has: the ones to be compared. */
export async function findComparable(barePort: number): Promise<readonly string[]> {
  const bare = await RespConnection.open(barePort);
  const value = decodeReply(await bare.call("COMMAND", "LIST"));
  const known = new Set(
    value?.type === "array"
      ? value.items.map((item) => ("bytes" in item ? item.bytes.toString().toLowerCase() : ""))
      : [],
  );
  for (const entry of COMMANDS) {
    const at = entry.name.indexOf("|");
    if (at === -1) continue;
    const reply = decodeReply(await bare.call("COMMAND", "INFO", entry.name));
    if (reply?.type === "array" && reply.items[0]?.type === "array") known.add(entry.name);
  }
  bare.destroy();
  return COMMANDS.filter(
    ({ name, route }) => known.has(name) && route !== "refused" && route !== "not-yet",
  ).map((entry) => entry.name);
}
