/**
 * The files of the built console (`web/dist`), in memory: read at the first request, and again when the page was built
 * anew. A file is kept as it is and compressed; what the build has packed itself (`.br`, `.gz`) isn't packed again.
 *
 * Only what was found in the folder is ever served: a path of a request is looked up, never opened.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { systemCodeOf } from "../base/error.ts";

/** How a file is sent. */
export type Coding = "identity" | "gzip" | "br";

/** One file. */
export interface WebFile {
  readonly type: string;
  /** Its name has a hash of its content: it never changes. */
  readonly isHashed: boolean;
  /** For `ETag`, without quotes. */
  readonly tag: string;
  readonly bytes: Readonly<Record<Coding, Buffer>>;
}

/** The page of the console. */
export const PAGE_PATH = "index.html";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};
const PACKED = new Set([".br", ".gz"]);
/** Pictures and fonts are small already. */
const PACKED_TYPES = /^text\/|json|svg/;
/** A larger folder isn't a built console. */
const FILES_MAX = 2_000;
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Smaller files aren't worth packing. */
const PACK_BYTES_MIN = 512;
const BROTLI_QUALITY = 9;
/** The page is looked at for a new build this often at most. */
const LOOK_MS = 1_000;

const packBrotli = promisify(brotliCompress);
const packGzip = promisify(gzip);

interface Build {
  readonly pageTimeMs: number;
  readonly files: ReadonlyMap<string, WebFile>;
}

/** The files of one folder. */
export class WebFiles {
  readonly #folder: string;
  readonly #basePath: string;
  #build: Build | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #look: Promise<Build | undefined> | undefined;

  /** `basePath` is written into the page, so that its relative addresses begin there. */
  constructor(folder: string, basePath: string) {
    this.#folder = folder;
    this.#basePath = basePath;
  }

  /** The file at a path like `assets/main-1a2b3c4d.js`; undefined when there is none. */
  async find(path: string): Promise<WebFile | undefined> {
    return (await this.#current())?.files.get(path);
  }

  /** The page; undefined while the console isn't built. */
  page(): Promise<WebFile | undefined> {
    return this.find(PAGE_PATH);
  }

  async #current(): Promise<Build | undefined> {
    const nowMs = performance.now();
    if (this.#look === undefined && nowMs - this.#lookedAtMs >= LOOK_MS) {
      this.#look = this.#read().finally(() => {
        this.#lookedAtMs = performance.now();
        this.#look = undefined;
      });
    }
    if (this.#look !== undefined) {
      this.#build = await this.#look;
    }
    return this.#build;
  }

  async #read(): Promise<Build | undefined> {
    const pageTimeMs = await timeOf(join(this.#folder, PAGE_PATH));
    if (pageTimeMs === undefined || pageTimeMs === this.#build?.pageTimeMs) {
      return pageTimeMs === undefined ? undefined : this.#build;
    }
    const files = new Map<string, WebFile>();
    for (const path of await this.#list()) {
      const file = await this.#readFile(path);
      if (file !== undefined) {
        files.set(path, file);
      }
    }
    return { pageTimeMs, files };
  }

  /** Paths relative to the folder, with `/`. */
  async #list(): Promise<readonly string[]> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.#folder, join(entry.parentPath, entry.name)))
      .map((path) => path.split(sep).join("/"))
      .slice(0, FILES_MAX);
  }

  async #readFile(path: string): Promise<WebFile | undefined> {
    const type = TYPES[extname(path)];
    if (type === undefined || PACKED.has(extname(path))) {
      return undefined;
    }
    const place = join(this.#folder, path);
    const raw = await readIfThere(place);
    if (raw === undefined || raw.length > FILE_BYTES_MAX) {
      return undefined;
    }
    const isPage = path === PAGE_PATH;
    const plain = isPage ? Buffer.from(withBase(raw.toString("utf8"), this.#basePath)) : raw;
    const isPacked = PACKED_TYPES.test(type) && plain.length >= PACK_BYTES_MIN;
    // The page differs from what the build has packed.
    const found = async (ending: string) =>
      isPage ? undefined : await readIfThere(place + ending);
    return {
      type,
      isHashed: /[.-][\w-]{8,}\.\w+$/.test(path) && path.startsWith("assets/"),
      tag: createHash("sha256").update(plain).digest("base64url").slice(0, 22),
      bytes: {
        identity: plain,
        gzip: isPacked ? ((await found(".gz")) ?? (await packGzip(plain))) : plain,
        br: isPacked ? ((await found(".br")) ?? (await packWithBrotli(plain))) : plain,
      },
    };
  }
}

/** The page with the base path in its `<base>`. */
export function withBase(html: string, basePath: string): string {
  const base = `<base href="${basePath}" />`;
  const known = /<base\s[^>]*>/i;
  return known.test(html)
    ? html.replace(known, base)
    : html.replace(/<head[^>]*>/i, (head) => head + base);
}

function packWithBrotli(plain: Buffer): Promise<Buffer> {
  return packBrotli(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}

async function timeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT" || systemCodeOf(thrown) === "ENOTDIR") {
      return undefined;
    }
    throw thrown;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") {
      return undefined;
    }
    throw thrown;
  }
}
