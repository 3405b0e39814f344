/**
 * Starts real redis-sentinel processes for tests: on a free port of 127.0.0.1, each with a configuration file of its
 * own that it may write. They watch nothing until they are told to. Resolves only when the sentinel answers PING.
 *
 * Invariant: every process started here is ended by its pid, by `stop()`, by `kill()`, or when the test process exits,
 * whichever comes first.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { RedisClient } from "../../src/redis/client.ts";
import { SentinelClient } from "../../src/sentinel/sentinel-client.ts";
import { waitFor, withDeadline } from "./deadline.ts";
import { freePort } from "./free-port.ts";
import { stopChild } from "./stopped-process.ts";
import { memoryFolder } from "./temporary-folder.ts";

/** How to start a sentinel. */
export interface SentinelServerOptions {
  /** More lines of the configuration file. */
  readonly lines?: readonly string[];
  /** Default is a free one. */
  readonly port?: number;
}

/** A running sentinel. */
export interface SentinelServer {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly addr: string;
  readonly pid: number;
  /** What it has written so far. */
  log(): string;
  /** SIGKILL; resolves when the process is gone. A paused one as well. */
  kill(): Promise<void>;
  /** SIGKILL if it runs, then the same one again: same port, same file, so it knows what it knew. */
  restart(): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Connects, works, closes. */
  ask<Result>(work: (sentinel: SentinelClient) => Promise<Result>): Promise<Result>;
}

const START_MS = 20_000;
const STOP_MS = 10_000;
const CALL_MS = 5_000;
/**
 * A sentinel that stood still for two seconds does nothing but look for a while (TILT), so as not to take its own
 * pause for the silence of others. By default that is half a minute, and each pause begins it anew.
 */
const TILT_MS = 3_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** Starts one and waits until it answers. */
export async function startSentinel(options: SentinelServerOptions = {}): Promise<SentinelServer> {
  const port = options.port ?? (await freePort());
  const folder = memoryFolder();
  const file = folder.join("sentinel.conf");
  const lines = [`port ${port}`, "bind 127.0.0.1", `dir ${folder.path}`, ...(options.lines ?? [])];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const addr = `127.0.0.1:${port}`;
  const password = /^requirepass (\S+)$/m.exec(lines.join("\n"))?.[1] ?? "";
  const ask = async <Result>(work: (one: SentinelClient) => Promise<Result>): Promise<Result> => {
    const sentinel = await SentinelClient.connect({ addr, password, timeoutMs: CALL_MS });
    try {
      return await work(sentinel);
    } finally {
      sentinel.close();
    }
  };
  const greet = async (): Promise<void> => {
    const client = await RedisClient.connect({ addr, password, callTimeoutMs: CALL_MS });
    try {
      await client.call(["SENTINEL", "DEBUG", "tilt-period", `${TILT_MS}`]);
    } finally {
      client.close();
    }
  };
  let process = await spawnSentinel(file, addr, greet);
  return {
    port,
    addr,
    get pid() {
      return process.child.pid ?? 0;
    },
    log: () => process.output(),
    kill: () => process.kill(),
    async restart() {
      await process.kill();
      process = await spawnSentinel(file, addr, greet);
    },
    pause: () => stopChild(process.child),
    resume: () => process.child.kill("SIGCONT"),
    ask,
  };
}

interface SentinelProcess {
  readonly child: ChildProcess;
  output(): string;
  kill(): Promise<void>;
}

async function spawnSentinel(
  file: string,
  addr: string,
  greet: () => Promise<void>,
): Promise<SentinelProcess> {
  const child = spawn("redis-sentinel", [file], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-65_536);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      running.delete(child);
      resolve();
    };
    child.once("exit", end);
    child.once("error", (error) => {
      output += `${error.message}\n`;
      end();
    });
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await withDeadline(`end of redis-sentinel ${child.pid}`, STOP_MS, gone);
  };
  const died = gone.then(() => {
    throw new Error(`redis-sentinel at ${addr} ended at start:\n${output}`);
  });
  const ready = waitFor(`answer of redis-sentinel at ${addr}`, START_MS, async () => {
    await greet();
    return true;
  });
  try {
    await Promise.race([ready, died]);
  } catch (thrown) {
    ready.catch(() => undefined);
    await kill();
    throw thrown;
  }
  died.catch(() => undefined);
  return { child, output: () => output, kill };
}
