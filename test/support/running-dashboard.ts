/**
 * Real dashboard processes for system tests, on free ports of loopback, with their files
 * in a temporary folder. Ended when the test process ends at the latest.
 */
import { writeFileSync } from "node:fs";
import { TopomClient } from "../../src/api/topom-client.ts";
import { V1Client } from "../../src/api/v1-client.ts";
import { CODIS, type CodisExit, type CodisProgram, startCodis } from "./codis-program.ts";
import { freePort } from "./free-port.ts";
import { tomlOf } from "./running-proxy.ts";
import { memoryFolder } from "./temporary-folder.ts";

/** Longest wait for a dashboard to lead: more than a lease. */
const LEAD_MS = 45_000;
/** Outlives a machine that stands still for some seconds. On files the lock of a dead one is free at once. */
export const LEASE_MS = 10_000;

/** What a dashboard is started with. */
export interface RunningDashboardOptions {
  readonly coordinator: {
    readonly name: "filesystem" | "zookeeper" | "etcd";
    readonly addr: string;
  };
  readonly product?: string;
  /** More keys of dashboard.toml. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  readonly args?: readonly string[];
  /** Default is a free one. */
  readonly port?: number;
  /** What to wait for; default is that it leads. */
  readonly until?: "leader" | "standby" | "started";
  /** Longest wait for that, milliseconds; default is more than a lease. */
  readonly startMs?: number;
  /** A program that starts the dashboard, with its first arguments; has to end in an exec of the rest. */
  readonly launcher?: readonly string[];
}

/** A dashboard that runs. */
export interface RunningDashboard {
  readonly addr: string;
  readonly pid: number;
  readonly program: CodisProgram;
  readonly v1: V1Client;
  readonly topom: TopomClient;
  /** SIGTERM, and how it ended. */
  stop(): Promise<CodisExit>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a dashboard and waits until it is as far as asked for. */
export async function startDashboard(options: RunningDashboardOptions): Promise<RunningDashboard> {
  const folder = memoryFolder();
  const port = options.port ?? (await freePort());
  const addr = `127.0.0.1:${port}`;
  const configFile = folder.join("dashboard.toml");
  const config = {
    product_name: options.product ?? "demo",
    coordinator_name: options.coordinator.name,
    coordinator_addr: options.coordinator.addr,
    admin_addr: addr,
    leader_lease: `${LEASE_MS}ms`,
    ...options.config,
  };
  writeFileSync(configFile, tomlOf(config));
  const args = ["dashboard", "-c", configFile, ...(options.args ?? [])];
  const [launcher, ...before] = options.launcher ?? [];
  const program =
    launcher === undefined
      ? startCodis(args)
      : startCodis([...before, CODIS, ...args], { launcher });
  const events = {
    leader: /"event":"leader.elected"/,
    standby: /"event":"leader.standby"/,
    started: /"event":"dashboard.started"/,
  };
  await program.sees(events[options.until ?? "leader"], options.startMs ?? LEAD_MS);
  return {
    addr,
    pid: program.pid,
    program,
    v1: new V1Client({ addr, timeoutMs: LEAD_MS }),
    topom: new TopomClient({ addr, timeoutMs: LEAD_MS }),
    async stop() {
      program.signal("SIGTERM");
      const exit = await program.ended();
      folder.remove();
      return exit;
    },
    async kill() {
      program.signal("SIGKILL");
      await program.ended();
    },
  };
}
