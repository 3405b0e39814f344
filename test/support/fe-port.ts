/**
 * The HTTP port of `codis fe` over dashboards in memory, for component tests: its list of products is an array that
 * the test can change, and a jar keeps the cookies as a browser would.
 */
import { systemClock } from "../../src/base/clock.ts";
import { createLog } from "../../src/base/log.ts";
import type { DashboardPlace } from "../../src/console/dashboard-list.ts";
import { TrustedProxies } from "../../src/console/trusted-proxy.ts";
import { type FeServer, startFeServer } from "../../src/fe/fe-server.ts";
import { ProductBook } from "../../src/fe/product-book.ts";
import { type Answer, callAddr, type Headers } from "./admin-port.ts";

/** A running port. */
export class FePort {
  readonly logLines: string[] = [];
  places: readonly DashboardPlace[];
  /** Set to make the source unreadable. */
  failure: Error | undefined;
  readonly #options: { readonly basePath?: string; readonly webFolder?: string };
  #book: ProductBook | undefined;
  #server: FeServer | undefined;

  constructor(
    places: readonly DashboardPlace[],
    options: { readonly basePath?: string; readonly webFolder?: string } = {},
  ) {
    this.places = places;
    this.#options = options;
  }

  get addr(): string {
    return this.#server?.addr ?? "";
  }

  async start(): Promise<this> {
    const sink = {
      write: (line: string) => void this.logLines.push(line),
      close: () => Promise.resolve(),
    };
    const log = await createLog({ component: "fe", level: "info", sink });
    const source = {
      label: "a list in memory",
      read: async () => {
        if (this.failure !== undefined) {
          throw this.failure;
        }
        return this.places;
      },
      close: () => Promise.resolve(),
    };
    this.#book = new ProductBook(source, systemClock, log);
    await this.#book.start();
    this.#server = await startFeServer({
      book: this.#book,
      listen: "127.0.0.1:0",
      basePath: this.#options.basePath ?? "/",
      trustedProxies: new TrustedProxies(),
      webFolder: this.#options.webFolder,
      log,
    });
    return this;
  }

  async close(): Promise<void> {
    this.#book?.close();
    await this.#server?.close();
  }

  call(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    return callAddr(this.addr, method, path, text, headers);
  }

  get(path: string, headers?: Headers): Promise<Answer> {
    return this.call("GET", path, undefined, headers);
  }

  /** Looks at the products now. */
  look(): Promise<void> {
    return this.#book?.start() ?? Promise.resolve();
  }
}

/** Cookies as a browser keeps them. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** Takes what the answer sets. */
  take(answer: Answer): void {
    for (const line of [answer.headers["set-cookie"] ?? []].flat()) {
      const [pair = "", ...attributes] = line.split("; ");
      const [name = "", value = ""] = pair.split("=");
      if (attributes.includes("Max-Age=0")) {
        this.#cookies.delete(name);
      } else {
        this.#cookies.set(name, value);
      }
    }
  }

  names(): readonly string[] {
    return [...this.#cookies.keys()].sort();
  }

  header(): Record<string, string> {
    return { Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
  }
}
