/**
 * A dashboard for proxies that register at their start: it only knows its model and `proxy/online`, over real
 * HTTP, and can be a standby, refuse, or belong to another product.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeError } from "../../src/api/error-form.ts";
import { LEADER_HEADER } from "../../src/api/topom-route.ts";
import { dashboardModelToJson } from "../../src/model/dashboard-model.ts";

/** See the file head. */
export class FakeDashboard {
  readonly calls: string[] = [];
  product = "demo";
  /** Set: a standby. */
  leaderAddr: string | undefined;
  /** Answers of `proxy/online` that fail before one works. */
  failures = 0;
  /** Called with the admin address of a proxy before it is told that it was taken. */
  onTaken: (adminAddr: string) => Promise<void> = () => Promise.resolve();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  get addr(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  model(): string {
    return JSON.stringify(
      dashboardModelToJson({
        token: "t",
        startTime: "now",
        adminAddr: this.addr,
        productName: this.product,
        pid: 1,
        pwd: "/",
        sys: "",
      }),
    );
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.calls.push(`${request.method} ${request.url}`);
    if (this.leaderAddr !== undefined) {
      response.setHeader(LEADER_HEADER, this.leaderAddr);
    }
    if (request.url === "/api/topom/model") {
      response.end(this.model());
      return;
    }
    if (this.failures > 0) {
      this.failures -= 1;
      response.writeHead(800).end(encodeError("topom is not online"));
      return;
    }
    const adminAddr = decodeURIComponent(request.url?.split("/").at(-1) ?? "");
    this.onTaken(adminAddr).then(
      () => response.end('"OK"'),
      (error: unknown) => response.writeHead(800).end(encodeError(String(error))),
    );
  }
}
