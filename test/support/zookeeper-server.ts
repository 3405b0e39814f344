/**
 * Starts real ZooKeeper servers for tests: one, or an ensemble of three, on free ports of 127.0.0.1, with
 * small heaps and a temporary folder that goes with them. Resolves when every server answers "ruok" and has
 * found its place (leader, follower or alone).
 *
 * Ticks are short, so that sessions may be: from 500 ms on. Servers don't wait for their disk (`forceSync=no`):
 * kill -9 loses nothing that the system has got.
 *
 * Invariant: every process started here is ended by its pid, by `stop()`, by `kill()`, or when the test
 * process exits, whichever comes first.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { waitFor, withDeadline } from "./deadline.ts";
import { freePort } from "./free-port.ts";
import { stopChild } from "./stopped-process.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** How to start servers. */
export interface ZookeeperOptions {
  /** Default 1; an ensemble has 3. */
  readonly servers?: 1 | 3;
  /** Lines for zoo.cfg that replace or follow the usual ones: `{ tickTime: "2000" }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** System properties of Java: `{ "zookeeper.enforceQuota": "true" }`. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** One server; what it stores outlives its process until `stop` of the whole. */
export interface ZookeeperServer {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly addr: string;
  isRunning(): boolean;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves when it serves. Nothing if it runs. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** `leader`, `follower`, `standalone`; undefined when it doesn't serve. */
  mode(): Promise<string | undefined>;
  log(): string;
}

/** Servers that belong together. */
export interface ZookeeperCluster {
  readonly servers: readonly ZookeeperServer[];
  /** `127.0.0.1:port,…` of all servers. */
  readonly addr: string;
  /** The server that leads the ensemble, or the only one. */
  leader(): Promise<ZookeeperServer>;
  /** SIGKILL for all, paused ones as well, and removes what they stored. */
  stop(): Promise<void>;
}

const START_MS = 90_000;
const STOP_MS = 30_000;
const PROBE_MS = 5_000;

const JAR_DIR = "/usr/share/java";
const JARS = [
  "zookeeper",
  "zookeeper-jute",
  "slf4j-api",
  "slf4j-simple",
  "netty-all",
  "snappy-java",
  "metrics-core",
  "commons-cli",
];

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** Arguments of `java` for one of ZooKeeper's programs. */
export function javaArgs(
  program: string,
  properties: Readonly<Record<string, string>>,
  args: readonly string[],
): readonly string[] {
  return [
    "-Xms24m",
    "-Xmx96m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    "-cp",
    JARS.map((name) => join(JAR_DIR, `${name}.jar`)).join(":"),
    program,
    ...args,
  ];
}

/** Starts one server or three. */
export async function startZookeeper(options: ZookeeperOptions = {}): Promise<ZookeeperCluster> {
  const folder = memoryFolder();
  const places: ServerPlace[] = [];
  for (let id = 1; id <= (options.servers ?? 1); id += 1) {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    places.push({ id, ports, dir: folder.join(`server-${id}`) });
  }
  const servers = places.map((place) => new ServerProcess(place, places, options));
  const cluster = toCluster(folder, servers);
  try {
    await Promise.all(servers.map((server) => server.start()));
  } catch (thrown) {
    await cluster.stop();
    throw thrown;
  }
  return cluster;
}

function toCluster(folder: TemporaryFolder, servers: readonly ServerProcess[]): ZookeeperCluster {
  return {
    servers,
    addr: servers.map((server) => server.addr).join(","),
    leader: () =>
      waitFor("leader of the ensemble", START_MS, async () => {
        for (const server of servers) {
          const mode = await server.mode();
          if (mode === "leader" || mode === "standalone") {
            return server;
          }
        }
        return undefined;
      }),
    async stop() {
      await Promise.all(servers.map((server) => server.kill()));
      folder.remove();
    },
  };
}

interface ServerPlace {
  readonly id: number;
  /** For clients, for followers, for elections. */
  readonly ports: readonly [number, number, number];
  readonly dir: string;
}

class ServerProcess implements ZookeeperServer {
  readonly port: number;
  readonly addr: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #output = "";

  constructor(place: ServerPlace, places: readonly ServerPlace[], options: ZookeeperOptions) {
    this.port = Number(options.config?.["clientPort"] ?? place.ports[0]);
    this.addr = `127.0.0.1:${this.port}`;
    mkdirSync(place.dir);
    writeFileSync(join(place.dir, "myid"), `${place.id}\n`);
    const file = join(place.dir, "zoo.cfg");
    writeFileSync(file, configOf(place, places, options.config ?? {}));
    const properties = { "zookeeper.forceSync": "no", ...options.properties };
    this.#args = javaArgs("org.apache.zookeeper.server.quorum.QuorumPeerMain", properties, [file]);
  }

  isRunning(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) {
      return;
    }
    const child = spawn("java", this.#args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    const collect = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-65_536);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const gone = Promise.withResolvers<void>();
    this.#gone = gone.promise;
    const end = (): void => {
      running.delete(child);
      if (this.#child === child) {
        this.#child = undefined;
      }
      gone.resolve();
    };
    child.once("exit", end);
    child.once("error", (error) => {
      this.#output += `${error.message}\n`;
      end();
    });
    try {
      await waitFor(`ZooKeeper at ${this.addr}`, START_MS, async () => {
        if (this.#child === undefined) {
          return "ended";
        }
        return this.mode();
      });
    } catch (thrown) {
      throw new Error(`ZooKeeper at ${this.addr} doesn't serve:\n${this.#output}`, {
        cause: thrown,
      });
    }
    if (this.#child === undefined) {
      throw new Error(`ZooKeeper at ${this.addr} ended at start:\n${this.#output}`);
    }
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await withDeadline(`end of ZooKeeper at ${this.addr}`, STOP_MS, this.#gone);
  }

  pause(): void {
    stopChild(this.#child);
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async mode(): Promise<string | undefined> {
    const answer = await fourLetters(this.port, "srvr").catch(() => "");
    return /^Mode: (\w+)$/m.exec(answer)?.[1];
  }

  log(): string {
    return this.#output;
  }
}

function configOf(
  place: ServerPlace,
  places: readonly ServerPlace[],
  more: Readonly<Record<string, string>>,
): string {
  const config: Record<string, string> = {
    tickTime: "250",
    initLimit: "40",
    syncLimit: "12",
    minSessionTimeout: "500",
    maxSessionTimeout: "60000",
    dataDir: place.dir,
    clientPort: String(place.ports[0]),
    clientPortAddress: "127.0.0.1",
    maxClientCnxns: "0",
    "admin.enableServer": "false",
    "4lw.commands.whitelist": "*",
    ...more,
  };
  if (places.length > 1) {
    for (const { id, ports } of places) {
      config[`server.${id}`] = `127.0.0.1:${ports[1]}:${ports[2]}`;
    }
  }
  return Object.entries(config)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** Answer to one of ZooKeeper's four-letter words. */
function fourLetters(port: number, word: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  let answer = "";
  const whole = new Promise<string>((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
    socket.write(word);
  });
  return withDeadline(`answer to ${word}`, PROBE_MS, whole).finally(() => socket.destroy());
}
