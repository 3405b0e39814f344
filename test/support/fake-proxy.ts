/**
 * A proxy's admin port in memory, ours or an original's, over real HTTP: keeps the slots it is given and the
 * calls it got, can be started again with nothing in it, and answers as badly as a test wants.
 *
 * It checks less than a real one (any body that is an array is a slot table), but the xauth and, as one of
 * ours, the version of every call.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PROXY_ROUTES, type ProxyRouteName } from "../../src/api/proxy-route.ts";
import type { ProxyStatsJson } from "../../src/api/proxy-stats.ts";
import { proxyXauth, XAUTH_INVALID } from "../../src/api/xauth.ts";
import { type ProxyModel, proxyModelToJson } from "../../src/model/proxy-model.ts";
import type { SlotJson } from "../../src/model/slot.ts";

/** What a fake is. */
export interface FakeProxyOptions {
  readonly token?: string;
  readonly productName?: string;
  readonly productAuth?: string;
  /** Speaks as Codis's own: no version of the table, and none is checked. */
  readonly isOriginal?: boolean;
  /** The port that it had before; default is a free one. */
  readonly port?: number;
}

/** What a call is answered with instead of the right answer; undefined: the right one. */
export type FakeFault =
  /** Never. */
  | { readonly kind: "hang" }
  /** Status 800 with this text. */
  | { readonly kind: "refuse"; readonly cause: string }
  /** The right answer, so late. */
  | { readonly kind: "late"; readonly ms: number }
  /** This text with status 200. */
  | { readonly kind: "text"; readonly text: string };

interface Version {
  readonly epoch: number;
  readonly revision: number;
}

const ROUTES = (["model", "xping", "stats", "slots", "start"] as ProxyRouteName[]).concat([
  "fillSlots",
  "sentinels",
  "shutdown",
]);

/** See the file head. */
export class FakeProxy {
  readonly model: ProxyModel;
  /** `model`, `xping`, `fillSlots 1024`, … in the order in which they came; looks at `stats` are counted. */
  readonly calls: string[] = [];
  /** Versions of all calls but `model`. */
  readonly versions: (Version | undefined)[] = [];
  statsCount = 0;
  connectionCount = 0;
  slots: SlotJson[];
  table = "none";
  isOnline = false;
  sentinels: readonly string[] = [];
  isSwitched = false;
  isPrimaryOnly = false;
  /** Asked for each call, by the name of its path. */
  fault: (name: ProxyRouteName) => FakeFault | undefined = () => undefined;
  readonly #options: FakeProxyOptions;
  readonly #server: Server;
  readonly #xauth: string;
  #newest: Version | undefined;

  /** Starts one. */
  static async start(options: FakeProxyOptions = {}): Promise<FakeProxy> {
    const server = createServer();
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject);
    server.listen(options.port ?? 0, "127.0.0.1", () => listening.resolve());
    await listening.promise;
    return new FakeProxy(options, server, (server.address() as AddressInfo).port);
  }

  private constructor(options: FakeProxyOptions, server: Server, port: number) {
    const { token = port.toString(16).padStart(32, "0"), productName = "demo" } = options;
    this.#options = { ...options, token, port };
    this.#server = server;
    this.#xauth = proxyXauth(productName, options.productAuth ?? "", token);
    this.slots = emptySlots();
    startCount += 1;
    this.model = {
      token,
      startTime: `2026-11-21 07:01:13.${startCount} +0000 UTC m=+0.05`,
      adminAddr: `127.0.0.1:${port}`,
      protoType: "tcp4",
      proxyAddr: "127.0.0.1:19000",
      jodisPath: "",
      productName,
      pid: 10_000 + startCount,
      pwd: "/",
      sys: "Linux",
      hostname: "host1",
      datacenter: "",
      forwardMethods: [2],
    };
    server.on("connection", () => {
      this.connectionCount += 1;
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => this.#take(request, Buffer.concat(chunks).toString(), response));
    });
  }

  get addr(): string {
    return this.model.adminAddr;
  }

  get token(): string {
    return this.model.token;
  }

  /** Ends it: connections break, the port is free. */
  async stop(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  /** Ends it, and starts one in its place, with the same identity unless `changes` say otherwise. */
  async restart(changes: FakeProxyOptions = {}): Promise<FakeProxy> {
    await this.stop();
    return FakeProxy.start({ ...this.#options, ...changes });
  }

  #take(request: IncomingMessage, body: string, response: ServerResponse): void {
    const [, , , word = "", xauth = ""] = (request.url ?? "").split("/");
    const name = ROUTES.find((each) => PROXY_ROUTES[each].path.split("/")[3] === word);
    if (name === undefined) {
      send(response, 404, "no such path");
      return;
    }
    const fault = this.fault(name);
    this.#note(name, body);
    const answer = () => this.#answer(name, xauth, versionOf(request), body, response);
    if (fault?.kind === "refuse") {
      send(response, 800, { Cause: fault.cause, Stack: null });
    } else if (fault?.kind === "text") {
      response.end(fault.text);
    } else if (fault?.kind === "late") {
      setTimeout(answer, fault.ms);
    } else if (fault === undefined) {
      answer();
    }
  }

  #note(name: ProxyRouteName, body: string): void {
    if (name === "stats") {
      this.statsCount += 1;
    } else {
      const count = name === "fillSlots" ? ` ${(JSON.parse(body) as SlotJson[]).length}` : "";
      this.calls.push(`${name}${count}`);
    }
  }

  #answer(
    name: ProxyRouteName,
    xauth: string,
    version: Version | undefined,
    body: string,
    response: ServerResponse,
  ): void {
    if (name === "model") {
      send(response, 200, proxyModelToJson(this.model));
      return;
    }
    if (xauth !== this.#xauth) {
      send(response, 800, { Cause: XAUTH_INVALID, Stack: null });
      return;
    }
    this.versions.push(version);
    if (this.#options.isOriginal !== true) {
      if (version !== undefined && this.#isOutdated(version)) {
        response.setHeader("codis-error-code", "PUSH_OUTDATED");
        send(response, 800, { Cause: "outdated", Stack: null });
        return;
      }
      this.#newest = version ?? this.#newest;
    }
    const value = this.#carryOut(name, version, body);
    if (this.#options.isOriginal !== true) {
      response.setHeader("codis-table", this.table);
    }
    send(response, 200, value);
  }

  #isOutdated({ epoch, revision }: Version): boolean {
    const newest = this.#newest ?? { epoch: 0, revision: 0 };
    return epoch < newest.epoch || (epoch === newest.epoch && revision < newest.revision);
  }

  #carryOut(name: ProxyRouteName, version: Version | undefined, body: string): unknown {
    switch (name) {
      case "stats":
        return this.#stats();
      case "slots":
        return this.slots;
      case "fillSlots":
        for (const slot of JSON.parse(body) as SlotJson[]) {
          this.slots[slot.id] = slot;
        }
        this.table = version === undefined ? "none" : `${version.epoch}.${version.revision}`;
        return "OK";
      case "start":
        this.isOnline = true;
        return "OK";
      case "sentinels":
        this.sentinels = (JSON.parse(body) as { servers?: readonly string[] }).servers ?? [];
        return "OK";
      default:
        return "OK";
    }
  }

  #stats(): ProxyStatsJson {
    return {
      online: this.isOnline,
      closed: false,
      sentinels: {
        ...(this.sentinels.length === 0 ? {} : { servers: this.sentinels }),
        ...(this.isSwitched ? { switched: true } : {}),
      },
      ops: { total: 1021, fails: 0, redis: { errors: 2 }, qps: 0 },
      sessions: { total: 89, alive: 0 },
      rusage: {
        now: "2026-11-21 07:03:50.213912931 +0000 UTC m=+157.156849177",
        cpu: 0.02,
        mem: 229_838_848,
        raw: {
          utime: 880_000_000,
          stime: 700_000_000,
          cutime: 0,
          cstime: 0,
          num_threads: 7,
          vm_size: 1_722_134_528,
          vm_rss: 229_838_848,
        },
      },
      backend: { primary_only: this.isPrimaryOnly },
    };
  }
}

/** Makes every start of every fake another process. */
let startCount = 0;

function emptySlots(): SlotJson[] {
  return Array.from({ length: 1024 }, (_, id) => ({ id }));
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(value, undefined, 4));
}

function versionOf({ headers }: IncomingMessage): Version | undefined {
  const [epoch, revision] = [headers["codis-epoch"], headers["codis-revision"]];
  return epoch === undefined ? undefined : { epoch: Number(epoch), revision: Number(revision) };
}
