/**
 * A server for browser tests without a cluster: the built files as the real server sends them, sessions, the
 * list of products, and for each product the live document as stream and as poll, and answers that a test
 * puts in. Every request is kept, so that tests can see what was asked and with which headers.
 *
 * Everything ends with `close`; it listens on loopback only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { V1ProductCard, V1Session } from "../../../src/api/v1-console-schema.ts";
import { CONTENT_SECURITY_POLICY } from "../../../src/console/security-header.ts";
import { WebFiles } from "../../../src/console/web-file.ts";
import { cardOf } from "./product-card.ts";
import type { FixtureReply, ProductFixture } from "./typical-product.ts";

const CSRF = "csrf-of-the-fixture";
const PASSWORD = "right-password";
const HEARTBEAT_MS = 1000;
const EPOCH = 3;

/** How to start one. */
export interface FixtureOptions {
  readonly products: readonly ProductFixture[];
  /** Folder of the built console. */
  readonly folder: string;
  /** With `/` at both ends; `/` unless told. */
  readonly basePath?: string;
  readonly session?: Partial<V1Session>;
  /** Cards that differ from what the product's document says. */
  readonly cards?: readonly V1ProductCard[];
  /** Cards of products besides, of which nothing else is known. */
  readonly moreCards?: readonly V1ProductCard[];
}

/** A request that came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

interface Live {
  readonly fixture: ProductFixture;
  seq: number;
  readonly streams: Set<ServerResponse>;
}

/** See the head of the file. */
export class FixtureServer {
  readonly requests: SeenRequest[] = [];
  /** Live data stands still: streams are silent, polls get no answer. */
  isFrozen = false;
  /** Streams are open but nothing comes through, as behind a proxy that buffers. */
  isBuffering = false;
  readonly #options: FixtureOptions;
  readonly #basePath: string;
  readonly #files: WebFiles;
  readonly #server: Server;
  readonly #lives = new Map<string, Live>();
  readonly #timer: ReturnType<typeof setInterval>;
  #session: V1Session;
  /** What every product answers unless it says otherwise. */
  readonly #standard: ProductFixture["answers"] = {
    "GET me": () => {
      const { user, role } = this.#session;
      return { status: 200, body: { auth: "session", user, role, token: null } };
    },
  };

  private constructor(options: FixtureOptions) {
    this.#options = options;
    this.#basePath = options.basePath ?? "/";
    this.#files = new WebFiles(options.folder, this.#basePath);
    this.#session = { ...SIGNED_IN, ...options.session };
    for (const fixture of options.products) {
      this.#lives.set(fixture.name, { fixture, seq: 1, streams: new Set() });
    }
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((thrown: unknown) => {
        response.writeHead(500).end(String(thrown));
      });
    });
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Listens when the promise is fulfilled. */
  static async start(options: FixtureOptions): Promise<FixtureServer> {
    const server = new FixtureServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject);
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  /** Address of a path of the console, without `/` at the start. */
  url(path = ""): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#basePath}${path}`;
  }

  /** Changes who is signed in; pages see it when they ask again. */
  setSession(change: Partial<V1Session>): void {
    this.#session = { ...this.#session, ...change };
  }

  /** Changes values of a product and tells all streams; null takes a key away. */
  publish(product: string, values: Readonly<Record<string, unknown>>): void {
    const live = this.#live(product);
    live.seq += 1;
    for (const [key, value] of Object.entries(values)) {
      if (value === null) {
        delete live.fixture.values[key];
      } else {
        live.fixture.values[key] = value;
      }
    }
    this.#send(live, "patch", { ...this.#head(live), kind: "patch", since: live.seq - 1, values });
  }

  /** Ends all streams, as a server does that restarts. */
  breakStreams(): void {
    for (const live of this.#lives.values()) {
      for (const stream of live.streams) {
        stream.destroy();
      }
      live.streams.clear();
    }
  }

  /** Ends everything. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const path = decodeURI(url.pathname);
    if (!path.startsWith(this.#basePath)) {
      response.writeHead(404).end();
      return;
    }
    const body = await readBody(request);
    const method = request.method ?? "GET";
    this.requests.push({ method, path, headers: request.headers, body });
    const own = path.slice(this.#basePath.length);
    if (own.startsWith("api/v1/")) {
      this.#answerCall(own.slice("api/v1/".length), { request, response, url, body });
      return;
    }
    const file = (await this.#files.find(own)) ?? (await this.#files.page());
    const isPacked = file !== undefined && file.bytes.br !== file.bytes.identity;
    response.writeHead(file === undefined ? 503 : 200, {
      "content-type": file?.type ?? "text/plain",
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "x-content-type-options": "nosniff",
      ...(isPacked ? { "content-encoding": "br" } : {}),
    });
    response.end(file?.bytes.br ?? "not built");
  }

  #answerCall(path: string, call: Call): void {
    const { request, response, url, body } = call;
    const method = request.method ?? "GET";
    if (path === "session") {
      this.#answerSession(method, body, response);
      return;
    }
    if (this.#session.state === "signed-out") {
      reply(response, problem(401, "UNAUTHENTICATED", "sign in first"));
      return;
    }
    if (method !== "GET" && request.headers["x-codis-csrf"] !== CSRF) {
      reply(
        response,
        problem(403, "CSRF_INVALID", "the header X-Codis-CSRF isn't that of the session"),
      );
      return;
    }
    if (path === "products") {
      reply(response, { status: 200, body: { items: this.#cards() } });
      return;
    }
    const [, name = "", rest = ""] = /^products\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const live = this.#lives.get(name);
    if (live === undefined) {
      reply(response, problem(404, "NOT_FOUND", `there is no product ${name}`));
    } else if (method === "GET" && rest === "stream") {
      this.#openStream(live, request, response);
    } else if (method === "GET" && rest === "live") {
      this.#answerPoll(live, response);
    } else {
      const answer =
        live.fixture.answers[`${method} ${rest}`] ?? this.#standard[`${method} ${rest}`];
      reply(response, answer?.(body, url) ?? problem(404, "NOT_FOUND", `nothing at ${rest}`));
    }
  }

  #answerSession(method: string, body: unknown, response: ServerResponse): void {
    if (method === "POST") {
      const { password, user, token } = (body ?? {}) as Readonly<Record<string, unknown>>;
      if (password !== PASSWORD && token !== PASSWORD) {
        reply(response, problem(401, "UNAUTHENTICATED", "user or password is wrong"));
        return;
      }
      this.#session = { ...SIGNED_IN, user: typeof user === "string" ? user : "robot" };
    } else if (method === "DELETE") {
      this.#session = SIGNED_OUT;
    }
    const answer = method === "DELETE" ? { status: "ok" } : this.#session;
    reply(response, { status: 200, body: answer });
  }

  #answerPoll(live: Live, response: ServerResponse): void {
    if (!this.isFrozen) {
      const body = { ...this.#head(live), kind: "snapshot", values: live.fixture.values };
      reply(response, { status: 200, body });
    }
  }

  #openStream(live: Live, request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write(": open\n\n");
    live.streams.add(response);
    response.on("close", () => live.streams.delete(response));
    const isCurrent = request.headers["last-event-id"] === `${EPOCH}.${live.seq}`;
    if (!isCurrent) {
      const message = { ...this.#head(live), kind: "snapshot", values: live.fixture.values };
      this.#send({ ...live, streams: new Set([response]) }, "snapshot", message);
    }
  }

  #send(live: Live, event: string, data: unknown): void {
    if (this.isFrozen || this.isBuffering) {
      return;
    }
    const text = `event: ${event}\nid: ${EPOCH}.${live.seq}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const stream of live.streams) {
      stream.write(text);
    }
  }

  #beat(): void {
    for (const live of this.#lives.values()) {
      this.#send(live, "hb", {});
    }
  }

  #head(live: Live) {
    return { epoch: EPOCH, seq: live.seq, at: new Date().toISOString() };
  }

  #live(product: string): Live {
    const live = this.#lives.get(product);
    if (live === undefined) {
      throw new Error(`the fixture has no product ${product}`);
    }
    return live;
  }

  #cards(): readonly V1ProductCard[] {
    const { cards, products, moreCards = [] } = this.#options;
    return cards ?? [...products.map(cardOf), ...moreCards];
  }
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: unknown;
}

const SIGNED_IN: V1Session = {
  state: "signed-in",
  user: "ann",
  role: "admin",
  csrf: CSRF,
  needs_setup: false,
  mode: "fe",
  version: "4.0.0",
  setup_link: null,
};
const SIGNED_OUT: V1Session = {
  ...SIGNED_IN,
  state: "signed-out",
  user: null,
  role: null,
  csrf: null,
};

/** Signing in with this password, or with it as a token, works. */
export const FIXTURE_PASSWORD = PASSWORD;
/** Session of somebody who isn't signed in, for `session` of the options. */
export const FIXTURE_SIGNED_OUT = SIGNED_OUT;

/** A problem document as the real server sends it. */
export function problem(status: number, code: string, detail: string): FixtureReply {
  const title = "Problem";
  return {
    status,
    body: { type: "about:blank", title, status, code, detail, instance: "", request_id: "req-42" },
  };
}

function reply(response: ServerResponse, { status, body }: FixtureReply): void {
  const type = status >= 400 ? "application/problem+json" : "application/json";
  const isText = typeof body === "string";
  response.writeHead(status, {
    "content-type": isText ? "text/html" : type,
    "x-request-id": "req-42",
  });
  response.end(isText ? body : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
  }
  return text === "" ? undefined : JSON.parse(text);
}
