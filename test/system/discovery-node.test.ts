/**
 * The discovery client as it is built for Node, in an application under the real `node`, with both Redis
 * libraries: over two real proxies that register in a real etcd under the path of Codis 2, one of which is
 * killed, so that its registration lapses, and started again.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { buildClient } from "../../scripts/build-client.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { type EtcdServer, startEtcd } from "../support/etcd-server.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RunningProxy, startProxy } from "../support/running-proxy.ts";
import { ROOT } from "../support/source-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FOLDER = "/zk/codis/db_demo/proxy";
const APPLICATION = join(import.meta.dirname, "discovery-node/application.mjs");
const WAIT_MS = 40_000;
const TEST_MS = 180_000;

/** A line of the application. */
type Line = Readonly<Record<string, unknown>> & { readonly kind: string };

const folder = temporaryFolder();
let etcd: EtcdServer;
let server: RedisServer;
let proxies: RunningProxy[];

beforeAll(async () => {
  buildClient(folder.join("client"));
  etcd = await startEtcd();
  server = await startRedis();
  proxies = [await start(await freePort()), await start(await freePort())];
}, TEST_MS);

afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.kill()));
  await server.stop();
  await etcd.stop();
  folder.remove();
});

function start(port: number): Promise<RunningProxy> {
  return startProxy({
    servers: [server.addr],
    port,
    config: {
      product_name: "demo",
      jodis_name: "etcd",
      jodis_addr: etcd.addr,
      // Longer than a shared machine stands still: only the proxy that is killed lapses.
      jodis_timeout: "8s",
      jodis_compatible: true,
    },
  });
}

/** The application, and its lines so far. */
function startApplication(library: "ioredis" | "redis"): {
  readonly child: ChildProcess;
  readonly lines: Line[];
  readonly ended: Promise<number | null>;
  readonly errors: () => string;
} {
  const file = createRequire(join(ROOT, "package.json")).resolve(library);
  const args = [folder.join("client/discovery.js"), library, file, "etcd", etcd.addr, FOLDER];
  const child = spawn("node", [APPLICATION, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const lines: Line[] = [];
  let rest = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, lines, ended, errors: () => errors };
}

test.each(["ioredis", "redis"] as const)(
  "%s under node: a killed proxy costs no read, lapses, and is used again when it is back",
  async (library) => {
    const [first] = proxies;
    if (first === undefined) throw new Error("there is a proxy");
    const addr = `127.0.0.1:${first.port}`;
    const application = startApplication(library);
    const { lines } = application;
    const sees = (kind: string, count: number, from = 0) =>
      waitFor(`${count} ${kind} of ${library}: ${application.errors()}`, WAIT_MS, () =>
        lines.slice(from).filter((line) => line.kind === kind).length >= count ? true : undefined,
      );
    await sees("connected", 2);
    await sees("progress", 1);

    let from = lines.length;
    await first.kill();
    await sees("lost", 1, from);
    await sees("unregistered", 1, from);
    await sees("progress", 1, from);

    from = lines.length;
    proxies[0] = await start(first.port);
    await sees("connected", 1, from);
    await sees("progress", 2, from);

    application.child.stdin?.end();
    expect(await withDeadline("end of the application", WAIT_MS, application.ended)).toBe(0);
    expect(application.errors()).toBe("");
    const end = lines.at(-1);
    expect(end).toMatchObject({ kind: "end", node: nodeVersion() });
    // Only the INCR that was in flight on the killed proxy may be lost; a failed GET would have ended it all.
    expect(end?.["lost"]).toBeLessThanOrEqual(1);
    for (const event of lines.filter(({ kind }) => kind === "lost" || kind === "unregistered")) {
      expect(event["addr"]).toBe(addr);
    }
  },
  TEST_MS,
);

test(
  "the example of the documentation runs as it says, installed as a package",
  async () => {
    installPackages();
    copyFileSync(
      join(ROOT, "deploy/discovery/example.mjs"),
      folder.join("application/example.mjs"),
    );
    const child = spawn("node", ["example.mjs", "etcd", etcd.addr, "demo"], {
      cwd: folder.join("application"),
      stdio: ["ignore", "pipe", "pipe"],
    });
    process.once("exit", () => child.kill("SIGKILL"));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    // It looks where proxies register that aren't compatible with Codis 2.
    const proxy = await startProxy({
      servers: [server.addr],
      config: { product_name: "demo", jodis_name: "etcd", jodis_addr: etcd.addr },
    });
    await waitFor("visits", WAIT_MS, () => (output.includes("of nobody\n") ? true : undefined));
    child.kill("SIGTERM");
    expect(await withDeadline("end of the example", WAIT_MS, ended)).toBe(0);
    await proxy.stop();
  },
  TEST_MS,
);

test(
  "the declarations fit an application in TypeScript, with both libraries",
  () => {
    installPackages();
    const source = folder.join("application/application.ts");
    writeFileSync(
      source,
      `import { createDiscovery, ioredisAdapter, nodeRedisAdapter } from "codis-discovery";
import { Redis } from "ioredis";
import { createClient } from "redis";
const options = { coordinator: { kind: "etcd", addr: "127.0.0.1:2379" }, product: "demo" } as const;
const one = await createDiscovery({
  ...options,
  adapter: ioredisAdapter((given) => new Redis({ ...given, password: "p" })),
});
export const text: string | null = await one.run((client) => client.get("key"));
const two = await createDiscovery({
  ...options,
  adapter: nodeRedisAdapter((given) => createClient({ ...given, password: "p" })),
});
export const other: string | null = await two.run((client) => client.get("key"));
// @ts-expect-error: the answer may be null
export const wrong: string = text;
`,
    );
    const { stdout, status } = spawnSync(
      join(ROOT, "node_modules/.bin/tsc"),
      [
        ...["--noEmit", "--strict", "--target", "esnext", "--module", "preserve", "--types", ""],
        ...["--moduleResolution", "bundler", "--skipLibCheck", "--ignoreConfig"],
        source,
      ],
      { cwd: folder.path, encoding: "utf8" },
    );
    expect([stdout, status]).toEqual(["", 0]);
  },
  TEST_MS,
);

/** What `npm install` of the built client and of the Redis libraries gives. */
function installPackages(): void {
  const modules = folder.join("application/node_modules");
  if (existsSync(modules)) return;
  mkdirSync(modules, { recursive: true });
  symlinkSync(folder.join("client"), join(modules, "codis-discovery"));
  for (const name of ["ioredis", "redis"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
}

function nodeVersion(): string {
  return spawnSync("node", ["--version"], { encoding: "utf8" }).stdout.trim();
}
