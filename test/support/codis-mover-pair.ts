/**
 * Two real servers with the slot commands and a `codis` mover between them; see `mover-pair.ts`.
 */
import { createCodisMover } from "../../src/dashboard/migration/mover/codis-mover.ts";
import { ServerTurns } from "../../src/dashboard/migration/mover/server-turns.ts";
import type { ForwardMethod } from "../../src/model/slot.ts";
import { type MoverPair, startPair } from "./mover-pair.ts";
import { slotsModule } from "./slots-module.ts";

/** As the configuration has them. */
const SETTINGS = {
  asyncMaxBulks: 200,
  asyncMaxBytes: 32 * 1024 * 1024,
  asyncNumKeys: 500,
  timeoutMs: 30_000,
};

/** Starts both servers. */
export function startCodisPair(method: ForwardMethod): Promise<MoverPair> {
  const args = ["--loadmodule", slotsModule()];
  const turns = new ServerTurns();
  return startPair({
    sourceArgs: [...args, "--appendonly", "yes", "--appendfsync", "always"],
    targetArgs: args,
    create: (options) => createCodisMover({ ...options, method, settings: SETTINGS, turns }),
  });
}
