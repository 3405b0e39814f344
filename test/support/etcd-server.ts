/**
 * Starts real etcd servers for tests: one, or a cluster of three, on free ports of 127.0.0.1, with their data
 * in a temporary folder. A server that was killed can be started again on its data.
 *
 * Invariant: every process started here is ended by its pid, by `stop()`, by `kill()`, or when the test
 * process exits, whichever comes first.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { waitFor, withDeadline } from "./deadline.ts";
import { freePort } from "./free-port.ts";
import { stopChild } from "./stopped-process.ts";
import { memoryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** How to start servers. */
export interface EtcdOptions {
  /** More arguments as on the command line: `["--quota-backend-bytes", "1000000"]`. */
  readonly args?: readonly string[];
}

/** One server. */
export interface EtcdServer {
  /** `127.0.0.1:port`. */
  readonly addr: string;
  readonly port: number;
  /** What it has written since its last start. */
  log(): string;
  /** SIGKILL; resolves when the process is gone. Killing a dead one does nothing. */
  kill(): Promise<void>;
  /** Starts it again on its data, unless it runs; resolves when it answers and knows a leader. */
  start(): Promise<void>;
  /** As `start`, but doesn't wait for a leader. */
  launch(): void;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Asks the gateway, without a login unless one is given; gives the parsed answer, errors as well. */
  ask(path: string, body: object, token?: string): Promise<EtcdAnswer>;
  /** SIGKILL; removes the data. */
  stop(): Promise<void>;
}

/** Parts of the answers that tests look at. */
export interface EtcdAnswer {
  readonly header?: { readonly revision?: string; readonly member_id?: string };
  readonly leader?: string;
  readonly token?: string;
  readonly error?: string;
  readonly kvs?: readonly object[];
  readonly leases?: readonly object[];
}

/** Three servers. */
export interface EtcdCluster {
  readonly servers: readonly EtcdServer[];
  /** All addresses with commas. */
  readonly addr: string;
  /** The one that leads the cluster at the moment. */
  leader(): Promise<EtcdServer>;
  stop(): Promise<void>;
}

const START_MS = 60_000;
const STOP_MS = 30_000;
const ASK_MS = 30_000;
const PORT_TRIES = 5;
const CLUSTER_SIZE = 3;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

interface Ports {
  readonly client: number;
  readonly peer: number;
}

/** Starts one server and waits until it answers. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdServer> {
  const [server] = await startMembers(1, options);
  if (server === undefined) {
    throw new Error("no etcd was started");
  }
  return server;
}

/** Starts three servers and waits until all of them answer and know a leader. */
export async function startEtcdCluster(options: EtcdOptions = {}): Promise<EtcdCluster> {
  const servers = await startMembers(CLUSTER_SIZE, options);
  return {
    servers,
    addr: servers.map((server) => server.addr).join(","),
    leader: () =>
      waitFor("leader of the etcd cluster", START_MS, async () => {
        for (const server of servers) {
          const status = await server.ask("/v3/maintenance/status", {}).catch(() => undefined);
          if (status?.leader !== undefined && status.leader === status.header?.member_id) {
            return server;
          }
        }
        return undefined;
      }),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Adds a user for everything and `root`, and switches the login on. */
export async function enableEtcdAuth(
  server: EtcdServer,
  user: string,
  password: string,
): Promise<void> {
  const everything = { permType: 2, key: "AA==", range_end: "AA==" };
  const steps: readonly (readonly [string, object])[] = [
    ["user/add", { name: "root", password: "root-password" }],
    ["role/add", { name: "root" }],
    ["user/grant", { user: "root", role: "root" }],
    ["user/add", { name: user, password }],
    ["role/add", { name: "product" }],
    ["role/grant", { name: "product", perm: everything }],
    ["user/grant", { user, role: "product" }],
    ["enable", {}],
  ];
  for (const [path, body] of steps) {
    const answer = await server.ask(`/v3/auth/${path}`, body);
    if (answer.error !== undefined) {
      throw new Error(`/v3/auth/${path} of etcd: ${answer.error}`);
    }
  }
}

/** A token of `root`, for `ask`. */
export async function etcdRootToken(server: EtcdServer): Promise<string> {
  const login = { name: "root", password: "root-password" };
  return (await server.ask("/v3/auth/authenticate", login)).token ?? "";
}

async function startMembers(count: number, options: EtcdOptions): Promise<readonly EtcdServer[]> {
  for (let attempt = 1; ; attempt += 1) {
    const ports: Ports[] = [];
    for (let index = 0; index < count; index += 1) {
      ports.push({ client: await freePort(), peer: await freePort() });
    }
    const members = ports.map((_, index) => new Member(ports, index, options));
    try {
      await Promise.all(members.map((member) => member.start()));
      return members;
    } catch (thrown) {
      await Promise.all(members.map((member) => member.stop()));
      const isTaken = thrown instanceof Error && thrown.message.includes("address already in use");
      if (!isTaken || attempt === PORT_TRIES) {
        throw thrown;
      }
    }
  }
}

class Member implements EtcdServer {
  readonly addr: string;
  readonly port: number;
  readonly #args: readonly string[];
  readonly #folder: TemporaryFolder;
  #child: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #output = "";

  constructor(ports: readonly Ports[], index: number, options: EtcdOptions) {
    const { client, peer } = ports[index] ?? { client: 0, peer: 0 };
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    this.port = client;
    this.addr = `127.0.0.1:${client}`;
    this.#folder = memoryFolder();
    this.#args = [
      ...["--name", `m${index}`, "--data-dir", this.#folder.join("data")],
      ...["--listen-client-urls", url(client), "--advertise-client-urls", url(client)],
      ...["--listen-peer-urls", url(peer), "--initial-advertise-peer-urls", url(peer)],
      "--initial-cluster",
      ports.map((one, member) => `m${member}=${url(one.peer)}`).join(","),
      ...(options.args ?? []),
    ];
  }

  log(): string {
    return this.#output;
  }

  launch(): void {
    if (this.#child !== undefined) {
      return;
    }
    this.#output = "";
    const child = spawn("etcd", this.#args, { stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    this.#child = child;
    const collect = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-65_536);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    this.#gone = new Promise((resolve) => {
      const end = (): void => {
        running.delete(child);
        this.#child = undefined;
        resolve();
      };
      child.once("exit", end);
      child.once("error", (error) => {
        this.#output += `${error.message}\n`;
        end();
      });
    });
  }

  async start(): Promise<void> {
    this.launch();
    const died = this.#gone.then(() => {
      throw new Error(`etcd on port ${this.port} ended at start:\n${this.#output}`);
    });
    const ready = waitFor(`answer of etcd on port ${this.port}`, START_MS, async () => {
      const { leader } = await this.ask("/v3/maintenance/status", {});
      return leader === undefined || leader === "0" ? undefined : true;
    });
    died.catch(() => undefined);
    ready.catch(() => undefined);
    await Promise.race([ready, died]);
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await withDeadline(`end of etcd on port ${this.port}`, STOP_MS, this.#gone);
  }

  pause(): void {
    stopChild(this.#child);
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async ask(path: string, body: object, token?: string): Promise<EtcdAnswer> {
    const response = await fetch(`http://${this.addr}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { connection: "close", ...(token === undefined ? {} : { authorization: token }) },
      signal: AbortSignal.timeout(ASK_MS),
    });
    return (await response.json()) as EtcdAnswer;
  }

  async stop(): Promise<void> {
    await this.kill();
    this.#folder.remove();
  }
}
