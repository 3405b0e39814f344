/**
 * Answers the paths of the console: its files, and for every other path that a browser opens the one page, which finds
 * out by itself what the path means. While the console isn't built, a short page says how that is done.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { placeOf } from "../base/program-place.ts";
import { lacksSlash, pathOf } from "./base-path.ts";
import { setSecurityHeaders } from "./security-header.ts";
import { type Coding, PAGE_PATH, type WebFile, WebFiles } from "./web-file.ts";

/** Where the build of this program is. */
const WEB_FOLDER = placeOf("web/dist");

const IMMUTABLE = "public, max-age=31536000, immutable";
const HTML_TYPE = "text/html; charset=utf-8";
/** Paths that are never the console's, whatever a browser says that it accepts. */
const OTHERS = /^\/(api|topom|proxy|metrics|livez|readyz|healthz|version|list|debug)(\/|$)/;

/** What is served. */
export interface ConsoleOptions {
  /** With `/` at both ends. */
  readonly basePath: string;
  /** Folder of the built console; `WEB_FOLDER` unless it is told. */
  readonly folder?: string | undefined;
}

/** The pages of one port. */
export class ConsolePages {
  readonly #basePath: string;
  readonly #files: WebFiles;

  constructor({ basePath, folder = WEB_FOLDER }: ConsoleOptions) {
    this.#basePath = basePath;
    this.#files = new WebFiles(folder, basePath);
  }

  /**
   * Answers a request for a path that isn't anybody else's. False, and nothing is sent, when it isn't the console's
   * either.
   */
  async answer(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const path = pathOf(request.url);
    if ((request.method !== "GET" && request.method !== "HEAD") || OTHERS.test(path)) {
      return false;
    }
    if (lacksSlash(request.originalUrl, this.#basePath)) {
      await reply.redirect(this.#basePath, 302);
      return true;
    }
    const file = path === `/${PAGE_PATH}` ? undefined : await this.#files.find(path.slice(1));
    if (file !== undefined) {
      await this.#send(request, reply, file);
      return true;
    }
    if (!acceptsHtml(request)) {
      return false;
    }
    await this.sendPage(request, reply);
    return true;
  }

  /** Sends the page itself, or the one that says how the console is built. */
  async sendPage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const page = await this.#files.page();
    return page === undefined ? sendUnbuilt(reply) : this.#send(request, reply, page);
  }

  #send(request: FastifyRequest, reply: FastifyReply, file: WebFile): FastifyReply {
    const coding = codingFor(request.headers["accept-encoding"], file);
    const tag = `"${file.tag}-${coding}"`;
    setSecurityHeaders(reply);
    reply
      .header("cache-control", file.isHashed ? IMMUTABLE : "no-cache")
      .header("vary", "Accept-Encoding")
      .header("etag", tag);
    if (request.headers["if-none-match"] === tag) {
      return reply.code(304).send();
    }
    if (coding !== "identity") {
      reply.header("content-encoding", coding);
    }
    return reply.type(file.type).send(file.bytes[coding]);
  }
}

/** Whether the request is for something that people look at. */
export function acceptsHtml(request: FastifyRequest): boolean {
  return (request.headers.accept ?? "").includes("text/html");
}

/** Sends a page of a few words. `body` is HTML of ours; nothing in it may come from a caller. */
export function sendShortPage(
  reply: FastifyReply,
  status: number,
  title: string,
  body: string,
): FastifyReply {
  setSecurityHeaders(reply);
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
  return reply.code(status).type(HTML_TYPE).header("cache-control", "no-store").send(html);
}

function sendUnbuilt(reply: FastifyReply): FastifyReply {
  return sendShortPage(
    reply,
    503,
    "The console isn't built",
    `<p>This is a source tree without the built console. <code>npm start</code> builds it, and so does
<code>bun scripts/build-web.ts</code>; then load this page again. The command line
(<code>codis --help</code>) and <a href="api/v1/openapi.json">the HTTP API</a> work without it.</p>`,
  );
}

function codingFor(header: string | string[] | undefined, file: WebFile): Coding {
  const offers = [header ?? []].flat().join(",").toLowerCase();
  const isOffered = (coding: string) =>
    offers.split(",").some((offer) => {
      const [name = "", ...parameters] = offer.split(";").map((part) => part.trim());
      return name === coding && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
    });
  const { identity } = file.bytes;
  return (
    (["br", "gzip"] as const).find(
      (coding) => isOffered(coding) && file.bytes[coding].length < identity.length,
    ) ?? "identity"
  );
}
