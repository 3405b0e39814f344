/**
 * Two real servers with the slot commands and a `codis` mover between them; see `mover-pair.ts`.
 */
import { createCodisMover } from "../../src/dashboard/migration/mover/codis-mover.ts";
import { ServerTurns } from "../../src/dashboard/migration/mover/server-turns.ts";
import type { ForwardMethod } from "../../src/model/slot.ts";
import { type MoverPair, startPair } from "./mover-pair.ts";
import { startSlotsServer } from "./slots-module.ts";

/** As the configuration has them. */
const SETTINGS = {
  asyncMaxBulks: 200,
  asyncMaxBytes: 32 * 1024 * 1024,
  asyncNumKeys: 500,
  timeoutMs: 30_000,
};

/** Starts both servers; the target with these arguments as well. */
export function startCodisPair(
  method: ForwardMethod,
  targetArgs: readonly string[] = [],
): Promise<MoverPair> {
  const turns = new ServerTurns();
  return startPair({
    start: startSlotsServer,
    sourceArgs: ["--appendonly", "yes", "--appendfsync", "always"],
    targetArgs,
    create: (options) => createCodisMover({ ...options, method, settings: SETTINGS, turns }),
  });
}
