/**
 * Starts real redis-server processes for tests: on a free port of 127.0.0.1, without persistence unless
 * the arguments ask for it. Resolves only when the server answers PING.
 *
 * Invariant: every process started here is ended by its pid, by `stop()`, by `kill()`, or when the test
 * process exits, whichever comes first.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { waitFor, withDeadline } from "./deadline.ts";
import { freePort } from "./free-port.ts";
import { stopChild } from "./stopped-process.ts";
import { memoryFolder } from "./temporary-folder.ts";

/** How to start a server. */
export interface RedisServerOptions {
  /** More arguments as on the command line: `["--appendonly", "yes"]`. */
  readonly args?: readonly string[];
  /** Working folder (RDB, AOF); default is a temporary one that goes with the server. */
  readonly dir?: string;
  /** Default is a free one. */
  readonly port?: number;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running server. */
export interface RedisServer {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly addr: string;
  readonly pid: number;
  readonly dir: string;
  /** What the server has written so far. */
  log(): string;
  /** SIGTERM, then SIGKILL after 5 seconds; resolves when the process is gone. A paused one as well. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

const START_MS = 60_000;
/** From SIGTERM to SIGKILL, and from that to the end. */
const STOP_MS = 5_000;
const KILL_MS = 10_000;
const PORT_TRIES = 5;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** Starts a redis-server and waits until it answers PING. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, options.port ?? (await freePort()));
    } catch (thrown) {
      const isTaken = thrown instanceof Error && thrown.message.includes("Address already in use");
      if (!isTaken || options.port !== undefined || attempt === PORT_TRIES) {
        throw thrown;
      }
    }
  }
}

async function startOnce(options: RedisServerOptions, port: number): Promise<RedisServer> {
  const ownFolder = options.dir === undefined ? memoryFolder() : undefined;
  const dir = options.dir ?? ownFolder?.path ?? "";
  const fixed = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", dir, "--save", ""];
  const args = [...fixed, "--appendonly", "no", ...(options.args ?? [])];
  const env = { ...process.env, ...options.env };
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "pipe"], env });
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
      ownFolder?.remove();
      resolve();
    };
    child.once("exit", end);
    child.once("error", (error) => {
      output += `${error.message}\n`;
      end();
    });
  });

  const died = gone.then(() => {
    throw new Error(`redis-server on port ${port} ended at start:\n${output}`);
  });
  const ready = waitFor(`PONG of redis-server on port ${port}`, START_MS, () => answersPing(port));
  try {
    await Promise.race([ready, died]);
  } catch (thrown) {
    child.kill("SIGKILL");
    ready.catch(() => undefined);
    throw thrown;
  }
  died.catch(() => undefined);

  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await withDeadline(`end of redis-server ${child.pid} after SIGKILL`, KILL_MS, gone);
  };
  return {
    port,
    addr: `127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    dir,
    log: () => output,
    async stop() {
      child.kill("SIGTERM");
      child.kill("SIGCONT");
      await withDeadline("end of redis-server", STOP_MS, gone).catch(kill);
    },
    kill,
    pause: () => stopChild(child),
    resume: () => child.kill("SIGCONT"),
  };
}

/** True when PING is answered with PONG; undefined for anything else, a refused connection included. */
async function answersPing(port: number): Promise<true | undefined> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    const answer = await withDeadline(
      "PONG",
      1_000,
      new Promise<string>((resolve, reject) => {
        socket.once("error", reject);
        socket.once("close", () => reject(new Error("the connection was closed")));
        socket.once("data", (chunk) => resolve(chunk.toString()));
        socket.write("PING\r\n");
      }),
    );
    return answer.startsWith("+PONG") ? true : undefined;
  } finally {
    socket.destroy();
  }
}
