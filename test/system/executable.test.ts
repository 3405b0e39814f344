/**
 * The single executable (`npm run build`), run as on a machine that has a redis-server and nothing else of ours: from
 * an empty folder, by an environment without anything but the folder of redis-server.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { type FoundProcess, listProcesses } from "../../src/up/process-table.ts";
import type { ClusterStatus } from "../../src/up/status.ts";
import {
  type CodisExit,
  type CodisProgram,
  runCodis,
  startCodis,
} from "../support/codis-program.ts";
import { waitFor } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { holdDefaultPort } from "../support/local-cluster.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { ask } from "../support/running-proxy.ts";
import { ROOT } from "../support/source-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { workerOf } from "../support/worker-process.ts";

/** Of the build; alone on a machine it takes 5 s. */
const BUILD_MS = 120_000;
const TEST_MS = 180_000;
const END_MS = 40_000;

const folder = temporaryFolder();
const codis = folder.join("program", "codis");
const cwd = folder.join("empty");
const redisServer = Bun.which("redis-server") ?? "";
const env = { PATH: folder.join("tools"), HOME: folder.join("home") };

function run(args: readonly string[], launcher = codis): Promise<CodisExit> {
  return runCodis(args, { launcher, cwd, env });
}

function start(args: readonly string[], launcher = codis): CodisProgram {
  return startCodis(args, { launcher, cwd, env });
}

beforeAll(async () => {
  for (const name of ["program", "empty", "tools", "home"]) {
    mkdirSync(folder.join(name));
  }
  symlinkSync(redisServer, folder.join("tools", "redis-server"));
  const script = ["--no-env-file", "scripts/build-executable.ts", codis];
  const built = await runCodis(script, { launcher: process.execPath, cwd: ROOT }, BUILD_MS);
  expect([built.code, built.stderr]).toEqual([0, ""]);
  expect(readdirSync(folder.join("program")).sort()).toEqual(["codis", "codis.licenses.txt"]);
}, BUILD_MS);

afterAll(() => {
  folder.remove();
});

describe("without any other program", () => {
  const alone = { cwd, env: { PATH: cwd } };

  test.each([
    ["version"],
    ["--help"],
    ["help group create"],
    ["completion bash"],
    ["admin --help"],
    ["config --help"],
    ["fe --help"],
    ["ha --help"],
    ["dashboard --default-config"],
    ["proxy --default-config"],
    ["stauts"],
  ])(
    "codis %s prints what the source tree prints",
    async (line) => {
      const args = line.split(" ");
      const [made, source] = await Promise.all([
        runCodis(args, { launcher: codis, ...alone }),
        runCodis(args),
      ]);
      expect(made).toEqual(source);
    },
    TEST_MS,
  );

  test("codis up says what is missing", async () => {
    const { code, stderr } = await runCodis(["up", "--dir", folder.join("none")], {
      launcher: codis,
      ...alone,
    });
    expect(stderr).toContain("redis-server isn't installed or not in PATH; on Debian run: apt-get");
    expect(code).not.toBe(0);
  });

  test("a file of settings in the current folder changes nothing", async () => {
    const other = temporaryFolder();
    await Bun.write(other.join(".env"), "XDG_DATA_HOME=/from-the-file\n");
    await Bun.write(other.join("bunfig.toml"), 'preload = ["./missing.ts"]\n');
    // Its help names the folder for data.
    const args = ["up", "--help"];
    const options = { launcher: codis, cwd: other.path, env: alone.env };
    const { code, stdout, stderr } = await runCodis(args, options);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("/.local/share/codis/up");
    expect(stdout).not.toContain("from-the-file");
    other.remove();
  });
});

test("by the names of the old programs it is these programs", async () => {
  for (const name of ["proxy", "dashboard", "admin", "config", "ha", "fe"]) {
    const launcher = folder.join(`codis-${name}`);
    symlinkSync(codis, launcher);
    expect(await run(["--help"], launcher)).toEqual(await run([name, "--help"]));
  }
  const launcher = folder.join("codis-server");
  symlinkSync(codis, launcher);
  expect((await run(["--version"], launcher)).stdout).toStartWith("Redis server v=");
});

test(
  "a cluster serves, shows its console, and brings a killed worker back although the file was deleted",
  async () => {
    // A name of its own for the same file, as after an upgrade in place.
    const installed = folder.join("installed");
    linkSync(codis, installed);
    holdDefaultPort();
    const dir = folder.join("cluster");
    const flags = ["--dir", dir, "--port", `${await freePort()}`, "--ncpu", "2", "--codis-server"];
    const up = start(["up", ...flags], installed);
    try {
      const port = Number((await up.sees(/ready, try: redis-cli -p (\d+)/))[1]);
      expect(await ask(port, "SET", "greeting", "hello")).toBe("+OK\r\n");
      expect(await ask(port, "GET", "greeting")).toBe("$5\r\nhello\r\n");
      const status: ClusterStatus = JSON.parse(
        (await run(["status", "--dir", dir, "--json"])).stdout,
      );
      expect(status.state).toBe("online");
      await expectConsole(`http://${status.dashboard.addr}`);
      const group = await run(["group", "list", "--dashboard", status.dashboard.addr]);
      expect([group.code, group.stderr]).toEqual([0, ""]);
      // The module was written out for the servers, once.
      const data = folder.join("home", ".local", "share", "codis");
      expect(readdirSync(data)).toEqual([expect.stringMatching(/^module-[0-9a-f]{16}$/)]);

      const proxy = status.proxies[0]?.pid ?? 0;
      expect(workersOf(proxy).map(({ args }) => args.slice(0, 3))).toEqual([
        ["codis", "proxy-worker", "0"],
        ["codis", "proxy-worker", "1"],
      ]);
      rmSync(installed);
      process.kill(workersOf(proxy)[1]?.pid ?? 0, "SIGKILL");
      const answer = await waitFor("an answer of the new worker", END_MS, () => askWorker(port, 1));
      expect(answer).toBe("$5\r\nhello\r\n");
      expect(readFileSync(`/proc/${workersOf(proxy)[1]?.pid}/comm`, "utf8")).toBe("codis\n");
    } finally {
      await run(["down", "--dir", dir]);
      await up.ended(END_MS);
    }
  },
  TEST_MS,
);

test(
  "codis fe shows the console",
  async () => {
    const list = folder.join("products.json");
    await Bun.write(list, "[]");
    const addr = `127.0.0.1:${await freePort()}`;
    const fe = start(["fe", "--listen", addr, "--dashboard-list", list]);
    await waitFor("the console", END_MS, async () =>
      (await fetch(`http://${addr}/livez`)).ok ? true : undefined,
    );
    await expectConsole(`http://${addr}`);
    fe.signal("SIGTERM");
    expect((await fe.ended(END_MS)).code).toBe(0);
  },
  TEST_MS,
);

/** Worker processes of the proxy, by their index. */
function workersOf(proxy: number): readonly FoundProcess[] {
  const children = readFileSync(`/proc/${proxy}/task/${proxy}/children`, "utf8").split(" ");
  return listProcesses()
    .filter(({ pid, args }) => children.includes(`${pid}`) && args[1] === "proxy-worker")
    .toSorted((left, right) => Number(left.args[2]) - Number(right.args[2]));
}

/** The greeting, when the system gives the connection to that worker. */
async function askWorker(port: number, index: number): Promise<string | undefined> {
  const connection = await RespConnection.open(port);
  try {
    const isIts = (await workerOf(connection)) === index;
    return isIts ? (await connection.call("GET", "greeting")).toString() : undefined;
  } finally {
    connection.destroy();
  }
}

/** The page, and one of its files as it is and as the build has packed it. */
async function expectConsole(origin: string): Promise<void> {
  const html = await (await fetch(`${origin}/`, { headers: { accept: "text/html" } })).text();
  const path = /assets\/[\w-]+-[\w-]{8}\.js/.exec(html)?.[0] ?? "none";
  expect(html).toContain('<base href="/"');
  const source = await Bun.file(`${ROOT}/web/dist/${path}`).bytes();
  const plain = await fetch(`${origin}/${path}`, { headers: { "accept-encoding": "identity" } });
  expect(plain.headers.get("cache-control")).toContain("immutable");
  expect(await plain.bytes()).toEqual(source);
  for (const [coding, ending] of [
    ["br", "br"],
    ["gzip", "gz"],
  ] as const) {
    const { headers, body } = await fetchPacked(`${origin}/${path}`, coding);
    expect(headers.get("content-encoding")).toBe(coding);
    expect(body).toEqual(await Bun.file(`${ROOT}/web/dist/${path}.${ending}`).bytes());
  }
}

async function fetchPacked(
  address: string,
  coding: string,
): Promise<{ headers: Headers; body: Uint8Array }> {
  const answer = await fetch(address, {
    headers: { "accept-encoding": coding },
    decompress: false,
  });
  return { headers: answer.headers, body: await answer.bytes() };
}
