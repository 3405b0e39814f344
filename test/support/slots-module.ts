/**
 * The slots commands as a module: built once for each test process by `make` (which does nothing when it is
 * up to date), and real redis-servers that have loaded it. Warnings of the compiler fail the build, which is done when
 * this file is loaded: how long a compiler takes belongs to no test's time.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis-server.ts";
import { ROOT } from "./source-tree.ts";

const BUILD_MS = 120_000;
const FOLDER = join(ROOT, "module");

/** Whether all servers with the module have the one that is built with sanitizers. */
const IS_SANITIZED = process.env["CODIS_SLOTS_SANITIZE"] === "1";

let built: string | undefined;
let sanitized: string | undefined;

/**
 * Runs `make` in `module/` with these targets; throws with what it printed when it fails. Test files that run side by
 * side take turns.
 */
export function makeModule(...targets: readonly string[]): string {
  const result = spawnSync("flock", [FOLDER, "make", "-C", FOLDER, "WERROR=1", ...targets], {
    encoding: "utf8",
    timeout: BUILD_MS,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`;
  if (result.error !== undefined || result.status !== 0) {
    throw new Error(`make in module/ failed:\n${output}`, { cause: result.error });
  }
  return output;
}

/** Path of the module, built; CODIS_SLOTS_MODULE in the environment names one that is there already. */
export function slotsModule(): string {
  built ??= process.env["CODIS_SLOTS_MODULE"];
  if (built === undefined) {
    built = IS_SANITIZED ? buildSanitized() : buildPlain();
  }
  return built;
}

/** A redis-server with the module. */
export function startSlotsServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  return IS_SANITIZED
    ? startSanitizedServer(options)
    : startRedis({ ...options, args: withModule(slotsModule(), options) });
}

/** The same with a module whose wrong accesses to memory and undefined operations end the server. */
export function startSanitizedServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  sanitized ??= buildSanitized();
  const env = {
    // biome-ignore-start lint/style/useNamingConvention: names of variables of the environment
    LD_PRELOAD: makeModule("--silent", "--no-print-directory", "sanitizers").trim(),
    // What the server keeps to its end is no leak of the module's; a payload that claims to be larger than any
    // memory is for the server to refuse.
    ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
    UBSAN_OPTIONS: "print_stacktrace=1",
    // biome-ignore-end lint/style/useNamingConvention: names of variables of the environment
    ...options.env,
  };
  return startRedis({ ...options, args: withModule(sanitized, options), env });
}

function withModule(path: string, options: RedisServerOptions): readonly string[] {
  return ["--loadmodule", path, ...(options.args ?? [])];
}

function buildPlain(): string {
  makeModule();
  return join(FOLDER, "build", "codis_slots.so");
}

function buildSanitized(): string {
  makeModule("sanitize");
  return join(FOLDER, "build", "sanitize", "codis_slots.so");
}

slotsModule();
