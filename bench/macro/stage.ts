/**
 * Sets the stage for a benchmark: a temporary folder, two redis-servers without persistence and the
 * wanted targets in front of them; and takes everything down again, whatever happened.
 */
import { type RedisServer, startRedis } from "../../test/support/redis-server.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import {
  bareRedis,
  startCodis,
  startCommand,
  startNutcracker,
  type Target,
  type TargetSetting,
} from "./target.ts";

/** Where a benchmark runs. */
export interface Stage {
  /** Process ids of the servers by port. */
  readonly serverPids: ReadonlyMap<number, number>;
  /** Starts a target by name; a prototype by the command that was given for its name. */
  start(name: string, workers?: number): Promise<Target>;
}

/** Runs `play` with two servers; ends all targets and servers afterwards, in that order. */
export async function onStage<Result>(
  commands: ReadonlyMap<string, string>,
  play: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const folder = temporaryFolder();
  const servers: RedisServer[] = [];
  const targets: Target[] = [];
  try {
    const first = await startRedis();
    servers.push(first);
    const second = await startRedis();
    servers.push(second);
    const setting = { servers: [first, second], dir: folder.path } as const;
    return await play({
      serverPids: new Map(servers.map((server) => [server.port, server.pid])),
      async start(name, workers = 1) {
        const target = await startTarget(name, commands, { ...setting, workers });
        targets.push(target);
        return target;
      },
    });
  } finally {
    await Promise.allSettled(targets.map((target) => target.stop()));
    await Promise.allSettled(servers.map((server) => server.stop()));
    folder.remove();
  }
}

/** Targets that need no command. */
export const KNOWN_TARGETS = ["nutcracker", "codis", "redis"] as const;

async function startTarget(
  name: string,
  commands: ReadonlyMap<string, string>,
  setting: TargetSetting,
): Promise<Target> {
  const command = commands.get(name);
  if (command !== undefined) {
    return await startCommand(name, command, setting);
  }
  switch (name) {
    case "nutcracker":
      return await startNutcracker(setting);
    case "codis":
      return await startCodis(setting);
    case "redis":
      return bareRedis(setting);
    default:
      throw new Error(`no target ${name}; known are ${KNOWN_TARGETS.join(", ")}`);
  }
}
