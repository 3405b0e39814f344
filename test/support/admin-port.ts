/**
 * The admin port on a data plane in memory, with a clock that stands still, for component tests: starts
 * it on a free port of loopback, calls it over real HTTP, and keeps what it logged.
 */
import { request } from "node:http";
import { proxyXauth } from "../../src/api/xauth.ts";
import { createLog } from "../../src/base/log.ts";
import type { ProxyModel } from "../../src/model/proxy-model.ts";
import { type AdminServer, startAdminServer } from "../../src/proxy/admin/admin-server.ts";
import { defaultProxyConfig } from "../../src/proxy/config.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeProxyControl } from "./fake-proxy-control.ts";
import { proxyModel } from "./topology-sample.ts";

/** Token of the proxy; the one in the answers recorded from Codis. */
export const TOKEN = "b5084f4b6af9f62fc60ec891a9b187f5";

/** Longest wait for an answer. */
const ANSWER_MS_MAX = 15_000;

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: () => unknown;
}

/** Headers of a call. */
export type Headers = Readonly<Record<string, string>>;

/** Its configuration; the passwords begin with `s3cret`. */
export const ADMIN_CONFIG = defaultProxyConfig({
  adminAddr: "127.0.0.1:0",
  proxyAddr: "127.0.0.1:21900",
  productName: "demo",
  productAuth: "s3cret-of-servers",
  sessionAuth: "s3cret-of-clients",
});

/** The model recorded from Codis, with this admin address. */
export function recordedModel(adminAddr: string): ProxyModel {
  return proxyModel(1, {
    token: TOKEN,
    startTime: "2026-11-21 07:01:13.117 +0000 UTC m=+0.059995724",
    adminAddr,
    proxyAddr: "127.0.0.1:21900",
  });
}

/** A running admin port. */
export class AdminPort {
  readonly control = new FakeProxyControl();
  readonly clock = new FakeClock();
  readonly logLines: string[] = [];
  readonly xauth = proxyXauth("demo", ADMIN_CONFIG.productAuth, TOKEN);
  #server: AdminServer | undefined;

  /** `host:port` that it listens on. */
  get addr(): string {
    return this.#server?.addr ?? "";
  }

  /** Lines of the log, parsed. */
  get logged(): readonly Readonly<Record<string, unknown>>[] {
    return this.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async start(): Promise<void> {
    const sink = {
      write: (line: string) => void this.logLines.push(line),
      close: () => Promise.resolve(),
    };
    this.#server = await startAdminServer({
      control: this.control,
      config: ADMIN_CONFIG,
      log: await createLog({ component: "proxy", level: "info", sink }),
      clock: this.clock,
      describe: recordedModel,
    });
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  get(path: string, headers?: Headers): Promise<Answer> {
    return callAddr(this.addr, "GET", path, undefined, headers);
  }

  put(path: string, body?: string, headers?: Headers): Promise<Answer> {
    return callAddr(this.addr, "PUT", path, body, headers);
  }
}

/** One call to any address. */
export function callAddr(
  addr: string,
  method: string,
  path: string,
  body?: string,
  headers: Headers = {},
): Promise<Answer> {
  const [host = "", port] = addr.split(":");
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port: Number(port), method, path, headers, agent: false });
    outgoing.setTimeout(ANSWER_MS_MAX, () => {
      outgoing.destroy(new Error(`no answer to ${method} ${path} within ${ANSWER_MS_MAX} ms`));
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? "",
          headers: response.headers,
          text,
          json: () => JSON.parse(text),
        });
      });
    });
    outgoing.end(body);
  });
}

/** The message of a failure in Codis's form. */
export function causeOf(answer: Answer): string {
  const body = answer.json() as { Cause: string };
  return body.Cause;
}

/** Headers of a call by a dashboard of ours. */
export function versioned(epoch: number, revision: number): Headers {
  return { "Codis-Epoch": String(epoch), "Codis-Revision": String(revision) };
}
