/**
 * `codis up`, `codis down` and `codis status`: a whole cluster on one machine, with real redis-servers.
 * Each function takes the arguments after the command's name and resolves with an exit code, or throws
 * a `CodisError`.
 *
 * Crash-only: nothing but `cluster.json` and the data has to survive. Whatever an ended or killed
 * `codis up` has left running is found by command line and ended before the cluster starts again.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { CodisError, isCodisError, messageOf } from "../base/error.ts";
import { IS_SINGLE_FILE, placeOf } from "../base/program-place.ts";
import { Cluster, endLeftovers } from "./cluster.ts";
import { checkCoordinatorProgram } from "./coordinator-member.ts";
import { type DirectoryLock, lockDirectory } from "./directory-lock.ts";
import { parseDownFlags, parseStatusFlags, parseUpFlags, type UpFlags } from "./flags.ts";
import { describeGroups } from "./group-line.ts";
import { type ClusterLayout, readLayout, resolveDir, writeLayout } from "./layout.ts";
import { DASHBOARD_PORT, planLayout } from "./plan.ts";
import { endProcesses } from "./process-table.ts";
import { buildProduct } from "./product.ts";
import { waitForReplicas } from "./replica-wait.ts";
import { findSetupLink } from "./setup-link.ts";
import { findSlotsModule } from "./slots-module.ts";
import { collectStatus, formatStatus } from "./status.ts";
import { findSupervisor, removeSupervisor, writeSupervisor } from "./supervisor-file.ts";

/** A start that lost a race for a port is made again with other ports. */
const START_TRIES = 3;
/** Longer than `codis up` itself takes in the worst case: three kinds of processes, twice each. */
const DOWN_GRACE_MS = 100_000;
const DETACH_POLL_MS = 50;
const LOCK_TRIES = 40;
const LOCK_POLL_MS = 50;
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** By this path, members of a cluster are of the version that is installed when they start. */
const LAUNCHER = IS_SINGLE_FILE ? process.execPath : placeOf("bin/codis");

/** `codis up`. */
export async function runUp(argv: readonly string[]): Promise<number> {
  const flags = parseUpFlags(argv);
  if (flags === undefined) {
    return 0;
  }
  const dir = resolveDir(flags.dir);
  checkMachine();
  readLayout(dir);
  createDir(dir);
  return flags.detach === true ? await detach(dir, argv) : await runForeground(dir, flags);
}

/** `codis down`. */
export async function runDown(argv: readonly string[]): Promise<number> {
  const flags = parseDownFlags(argv);
  if (flags === undefined) {
    return 0;
  }
  const dir = resolveDir(flags.dir);
  const layout = requireLayout(dir);
  const supervisor = findSupervisor(dir);
  if (supervisor !== undefined) {
    await endProcesses([supervisor], DOWN_GRACE_MS);
  }
  const lock = await takeLock(dir, LOCK_TRIES);
  const count = await endLeftovers(dir, layout, LAUNCHER);
  removeSupervisor(dir);
  await lock.release();
  const wasRunning = supervisor !== undefined || count > 0;
  say(wasRunning ? `ended; the data stays in ${dir}` : `nothing runs for ${dir}`, "down");
  return 0;
}

/** `codis status`. */
export async function runStatus(argv: readonly string[]): Promise<number> {
  const flags = parseStatusFlags(argv);
  if (flags === undefined) {
    return 0;
  }
  const dir = resolveDir(flags.dir);
  const status = await collectStatus(dir, requireLayout(dir), LAUNCHER);
  process.stdout.write(flags.json === true ? `${JSON.stringify(status)}\n` : formatStatus(status));
  return status.state === "online" ? 0 : 1;
}

async function runForeground(dir: string, flags: UpFlags): Promise<number> {
  const lock = await takeLock(dir, 1);
  const stopped = onEndSignal();
  // A closed terminal or pipe must not end the cluster in a disorderly way.
  process.stdout.on("error", () => undefined);
  writeSupervisor(dir, "starting");
  try {
    await runCluster(dir, flags, stopped);
    return 0;
  } finally {
    removeSupervisor(dir);
    await lock.release();
  }
}

/** Resolves when the cluster was ended as asked for. Nothing is left running in any case. */
async function runCluster(dir: string, flags: UpFlags, stopped: Promise<string>): Promise<void> {
  const { cluster, isStopped } = await startCluster(dir, flags, stopped);
  try {
    const reason = isStopped ? await stopped : await Promise.race([stopped, cluster.failed]);
    if (isCodisError(reason)) {
      throw reason;
    }
    say(`${reason}: ending the proxies, the dashboard, then the servers`);
  } finally {
    writeSupervisor(dir, "ending");
    await cluster.close();
    say(`ended; the data stays in ${dir}`);
  }
}

async function startCluster(
  dir: string,
  flags: UpFlags,
  stopped: Promise<string>,
): Promise<{ readonly cluster: Cluster; readonly isStopped: boolean }> {
  for (let tries = 1; ; tries += 1) {
    const existing = readLayout(dir);
    if (existing !== undefined && tries === 1) {
      const count = await endLeftovers(dir, existing, LAUNCHER);
      if (count > 0) {
        say(`ended ${count} processes that an earlier codis up had left`);
      }
    }
    const layout = await planLayout(existing, flags, dir);
    checkCoordinatorProgram(layout.coordinator.kind);
    if (layout.hasSlotCommands === true) {
      findSlotsModule();
    }
    writeLayout(dir, layout);
    const proxyFlags = flags.ncpu === undefined ? [] : [`--ncpu=${flags.ncpu}`];
    const cluster = new Cluster({
      dir,
      layout,
      launcher: LAUNCHER,
      proxyFlags,
      build: async () => {
        await buildProduct(layout, (changed) => writeLayout(dir, changed));
        await waitForReplicas(layout, say);
      },
      report: say,
    });
    try {
      const isStopped = await Promise.race([cluster.start(), stopped.then(() => true)]);
      if (isStopped !== true) {
        await describeReady(dir, layout);
        writeSupervisor(dir, "ready");
      }
      return { cluster, isStopped: isStopped === true };
    } catch (thrown) {
      await cluster.close();
      const hasLostRace =
        isCodisError(thrown, "SERVER_START_FAILED") && thrown.context["isPortTaken"] === true;
      if (!hasLostRace || tries === START_TRIES) {
        throw thrown;
      }
    }
  }
}

async function describeReady(dir: string, layout: ClusterLayout): Promise<void> {
  say(`dashboard: http://127.0.0.1:${layout.dashboard.port}`);
  say(`console, for a browser: http://127.0.0.1:${layout.dashboard.port}/`);
  const setupLink = await findSetupLink(layout);
  if (setupLink !== undefined) {
    say(`to make a first user for the console: ${setupLink}`);
  }
  if (layout.coordinator.kind !== "filesystem") {
    say(`${layout.coordinator.kind}: 127.0.0.1:${layout.coordinator.port}`);
  }
  for (const line of await describeGroups(layout)) {
    say(line);
  }
  for (const [index, { port }] of (layout.sentinels ?? []).entries()) {
    say(`sentinel ${index + 1}: 127.0.0.1:${port}`);
  }
  for (const [index, proxy] of layout.proxies.entries()) {
    say(`proxy ${index + 1}: 127.0.0.1:${proxy.port}, admin 127.0.0.1:${proxy.adminPort}`);
  }
  say(`data: ${dir}`);
  if (layout.dashboard.port !== DASHBOARD_PORT) {
    say(`for codis slot, group, …: export CODIS_DASHBOARD=127.0.0.1:${layout.dashboard.port}`);
  }
  say(`ready, try: redis-cli -p ${layout.proxies[0]?.port}`);
}

/** Starts `codis up` as a daemon and waits until it is ready, or has failed. */
async function detach(dir: string, argv: readonly string[]): Promise<number> {
  const running = findSupervisor(dir);
  if (running !== undefined) {
    throw inUse(dir);
  }
  const logPath = join(dir, "up.log");
  const log = openSync(logPath, "a", 0o600);
  truncateSync(logPath);
  const args = ["up", ...argv.filter((arg) => arg !== "--detach")];
  const child = spawn(LAUNCHER, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  let isGone = false;
  exited.then(() => {
    isGone = true;
  });
  for (;;) {
    if (isGone) {
      process.stderr.write(readFileSync(logPath, "utf8"));
      return child.exitCode ?? 1;
    }
    if (findSupervisor(dir)?.phase === "ready") {
      break;
    }
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, DETACH_POLL_MS))]);
  }
  child.unref();
  process.stdout.write(readFileSync(logPath, "utf8"));
  say(`it runs on as pid ${child.pid}; codis down --dir ${dir} ends it`);
  return 0;
}

/** Resolves with the signal's name at the first of them; later ones change nothing. */
function onEndSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of END_SIGNALS) {
      process.on(signal, () => resolve(signal));
    }
  });
}

async function takeLock(dir: string, tries: number): Promise<DirectoryLock> {
  for (let count = 1; ; count += 1) {
    const lock = await lockDirectory(dir);
    if (lock !== undefined) {
      return lock;
    }
    if (count >= tries) {
      throw inUse(dir);
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

function inUse(dir: string): CodisError {
  const supervisor = findSupervisor(dir);
  const who = supervisor === undefined ? "" : ` (pid ${supervisor.pid})`;
  return new CodisError(
    "CLUSTER_DIR_INVALID",
    `another codis up${who} has ${dir}; end it with: codis down --dir ${dir}`,
  );
}

function requireLayout(dir: string): ClusterLayout {
  const layout = readLayout(dir);
  if (layout === undefined) {
    throw new CodisError(
      "CLUSTER_DIR_INVALID",
      `${dir} holds no cluster; name its folder with --dir, or start one with: codis up --dir ${dir}`,
    );
  }
  return layout;
}

function createDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CodisError(
      "CLUSTER_DIR_INVALID",
      `${dir} can't be created (${messageOf(cause)}); choose another folder with --dir`,
      { cause },
    );
  }
}

/** Throws when this machine can't run a cluster at all. */
function checkMachine(): void {
  if (!existsSync("/proc/self/stat")) {
    throw new CodisError("NOT_SUPPORTED", "codis up needs Linux: it looks at processes in /proc");
  }
  const version = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  if (version.error !== undefined) {
    throw new CodisError(
      "SERVER_START_FAILED",
      "redis-server isn't installed or not in PATH; on Debian run: apt-get install redis-server",
      { cause: version.error },
    );
  }
  const found = /v=(\d+)\.(\d+)/.exec(version.stdout ?? "");
  const [major, minor] = [Number(found?.[1]), Number(found?.[2])];
  if (major < 6 || (major === 6 && minor < 2)) {
    throw new CodisError(
      "SERVER_START_FAILED",
      `redis-server ${major}.${minor} is too old; 6.2 or later is needed`,
    );
  }
}

/** For people: progress goes to stdout, failures to stderr (by the caller). */
function say(line: string, command = "up"): void {
  process.stdout.write(`codis ${command}: ${line}\n`);
}
