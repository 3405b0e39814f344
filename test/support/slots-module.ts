/**
 * The slots commands as a module: built once for each test process by `make` (which does nothing when it is
 * up to date), and real redis-servers that have loaded it. Warnings of the compiler fail the build.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis-server.ts";
import { ROOT } from "./source-tree.ts";

const BUILD_MS = 60_000;
const FOLDER = join(ROOT, "module");

let built: string | undefined;

/** Runs `make` in `module/` with these targets; throws with what it printed when it fails. */
export function makeModule(...targets: readonly string[]): string {
  const result = spawnSync("make", ["-C", FOLDER, "WERROR=1", ...targets], {
    encoding: "utf8",
    timeout: BUILD_MS,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`;
  if (result.error !== undefined || result.status !== 0) {
    throw new Error(`make in module/ failed:\n${output}`, { cause: result.error });
  }
  return output;
}

/** Path of the module, built. */
export function slotsModule(): string {
  if (built === undefined) {
    makeModule();
    built = join(FOLDER, "build", "codis_slots.so");
  }
  return built;
}

/** A redis-server with the module. */
export function startSlotsServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const args = ["--loadmodule", slotsModule(), ...(options.args ?? [])];
  return startRedis({ ...options, args });
}
