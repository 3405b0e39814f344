/**
 * The HTTP port of a dashboard on a leader in memory, for component tests: starts it on a free port of
 * loopback, calls it over real HTTP, and keeps what it logged. The answers recorded from Codis 3.2.2 have
 * this product, configuration and model.
 */
import { dashboardXauth } from "../../src/api/xauth.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { createLog } from "../../src/base/log.ts";
import {
  type AdminServer,
  type AdminServerOptions,
  startAdminServer,
} from "../../src/dashboard/admin/admin-server.ts";
import type { DashboardModel } from "../../src/model/dashboard-model.ts";
import { type Answer, callAddr, type Headers } from "./admin-port.ts";
import { FakeDashboardControl, FakeLeader } from "./fake-dashboard-control.ts";

/** The model recorded from Codis. */
const RECORDED_MODEL: DashboardModel = {
  token: "bb8505b89ee9ec8283a4fb17c473c797",
  startTime: "2026-11-21 07:01:13.083640638 +0000 UTC m=+0.033565304",
  adminAddr: "127.0.0.1:28080",
  productName: "demo",
  pid: 3600,
  pwd: "/opt/codis",
  sys: "Linux host1 5.10.0 x86_64 GNU/Linux",
};

/** The configuration recorded from Codis. */
const RECORDED_CONFIG = {
  coordinator_name: "filesystem",
  coordinator_addr: "/var/lib/codis",
  coordinator_auth: "",
  admin_addr: "127.0.0.1:28080",
  product_name: "demo",
  migration_method: "semi-async",
  migration_parallel_slots: 100,
  migration_async_maxbulks: 200,
  migration_async_maxbytes: "32mb",
  migration_async_numkeys: 500,
  migration_timeout: "30s",
  sentinel_client_timeout: "10s",
  sentinel_quorum: 2,
  sentinel_parallel_syncs: 1,
  sentinel_down_after: "30s",
  sentinel_failover_timeout: "5m",
  sentinel_notification_script: "",
  sentinel_client_reconfig_script: "",
} as const;

/** Headers that make a caller look like one from elsewhere. */
export const FROM_ELSEWHERE: Headers = { "X-Forwarded-For": "192.0.2.7" };

/** A running port. */
export class DashboardPort {
  readonly leader: FakeLeader;
  readonly control: FakeDashboardControl;
  readonly logLines: string[] = [];
  readonly xauth = dashboardXauth("demo");
  readonly #options: Partial<AdminServerOptions>;
  readonly clock: Clock;
  #server: AdminServer | undefined;

  constructor(options: Partial<AdminServerOptions> & { readonly leader?: FakeLeader } = {}) {
    const { leader = new FakeLeader(), ...rest } = options;
    this.leader = leader;
    this.control = new FakeDashboardControl(RECORDED_MODEL, leader);
    this.#options = rest;
    this.clock = rest.clock ?? systemClock;
  }

  /** `host:port` that it listens on. */
  get addr(): string {
    return this.#server?.addr ?? "";
  }

  /** Lines of the log, parsed. */
  get logged(): readonly Readonly<Record<string, unknown>>[] {
    return this.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async start(): Promise<this> {
    const sink = {
      write: (line: string) => void this.logLines.push(line),
      close: () => Promise.resolve(),
    };
    this.#server = await startAdminServer({
      control: this.control,
      productName: "demo",
      adminAddr: "127.0.0.1:0",
      config: RECORDED_CONFIG,
      legacyApi: "auto",
      log: await createLog({ component: "dashboard", level: "info", sink }),
      ...this.#options,
    });
    return this;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  call(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    return callAddr(this.addr, method, path, text, headers);
  }

  get(path: string, headers?: Headers): Promise<Answer> {
    return this.call("GET", path, undefined, headers);
  }

  put(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.call("PUT", path, body, headers);
  }

  /** A PUT of the old API; `:xauth` in the path is filled in. */
  change(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.put(`/api/topom/${path.replace(":xauth", this.xauth)}`, body, headers);
  }

  /** Makes a user from loopback and gives the secret of the first token. */
  async createUser(name: string, role: string, headers: Headers = {}): Promise<string> {
    const answer = await this.call("POST", "/api/v1/users", { name, role }, headers);
    if (answer.status !== 201) {
      throw new Error(`no user ${name}: ${answer.text}`);
    }
    return (answer.json() as { secret: string | null }).secret ?? "";
  }
}

/** Headers of a caller with this secret. */
export function bearer(secret: string): Headers {
  return { Authorization: `Bearer ${secret}` };
}

/** `code` of a problem. */
export function codeOf(answer: Answer): string {
  return (answer.json() as { code: string }).code;
}
