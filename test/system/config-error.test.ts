/**
 * A proxy that can't be started says why in one line on stderr, naming the file, the key, the value and
 * what would be right, and ends with the documented exit code. Never a stack trace, and nobody else's
 * port, socket or pid file is touched.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { type CodisExit, runCodis, startCodis } from "../support/codis-program.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { freePort } from "../support/free-port.ts";
import { slotTableOf, tomlOf } from "../support/running-proxy.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const EXIT_USAGE = 64;
const EXIT_LIMITS = 71;
const EXIT_CONFIG = 78;

const folders: TemporaryFolder[] = [];
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const folder of folders.splice(0)) folder.remove();
});

function newFolder(): TemporaryFolder {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

/** Listens on a port or a path as a program of somebody else's. */
async function occupy(where: number | string): Promise<void> {
  const server = createServer();
  servers.push(server);
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (typeof where === "number") server.listen(where, "127.0.0.1", resolve);
    else server.listen(where, resolve);
  });
  await withDeadline(`listener at ${where}`, 30_000, listening);
}

interface Files {
  readonly folder: TemporaryFolder;
  readonly config: string;
  readonly slots: string;
}

async function writeFiles(
  keys: Readonly<Record<string, string | number | boolean>>,
): Promise<Files> {
  const folder = newFolder();
  const files = { folder, config: folder.join("proxy.toml"), slots: folder.join("slots.json") };
  const addrs = {
    proxy_addr: `127.0.0.1:${await freePort()}`,
    admin_addr: `127.0.0.1:${await freePort()}`,
  };
  writeFileSync(files.config, tomlOf({ ...addrs, ...keys }));
  writeFileSync(files.slots, slotTableOf([`127.0.0.1:${await freePort()}`]));
  return files;
}

function startOn({ config, slots }: Files, ...flags: readonly string[]): Promise<CodisExit> {
  return runCodis(["proxy", "-c", config, "--fillslots", slots, ...flags]);
}

function expectOneLine(exit: CodisExit, code: number, ...parts: readonly string[]): void {
  for (const part of parts) expect(exit.stderr).toContain(part);
  expect(exit.stderr).toMatch(/^codis proxy: [^\n]+\n$/);
  expect(exit.stderr + exit.stdout).not.toMatch(/\n\s+at |defect/);
  expect(exit.code).toBe(code);
}

describe("a configuration file", () => {
  test.each([
    ["a text for a number", 'workers = "two"', ["invalid workers", '"two"', "whole number from 1"]],
    ["a number for a text", "product_name = 7", ["invalid product_name", "7", "text"]],
    [
      "a text for a switch",
      'backend_primary_only = "yes"',
      ["backend_primary_only", "true or false"],
    ],
    ["too low a number", "proxy_max_clients = 0", ["proxy_max_clients = 0", "from 1 to 1000000"]],
    ["a bad size", 'session_max_output_size = "12xb"', ['"12xb"', 'a size like "256mb"']],
    [
      "a negative size",
      'proxy_max_memory = "-1gb"',
      ["invalid proxy_max_memory", '"-1gb"', "size"],
    ],
    ["a bad duration", 'session_recv_timeout = "2 weeks"', ['"2 weeks"', 'a duration like "30m"']],
    ["a bad address", 'proxy_addr = "nonsense"', ['proxy_addr = "nonsense"', "host:port"]],
    ["a bad port", 'proxy_addr = "127.0.0.1:99999"', ['"127.0.0.1:99999"', "host:port"]],
    ["another number of slots", "slot_count = 1000", ["slot_count = 1000", "1024, 2048 or 4096"]],
    ["an unknown choice", 'proto_type = "udp"', ["proto_type", '"udp"', '"tcp4"', '"unix"']],
    ["unixpacket", 'proto_type = "unixpacket"', ["proto_type", "unixpacket", "can't speak"]],
    ["a bad name", 'product_name = "a b"', ["product_name", '"a b"', "a name that begins"]],
    ["no TOML", "workers = = 2", ["this isn't TOML"]],
  ])("with %s is refused", async (_name, line, parts) => {
    const folder = newFolder();
    const config = folder.join("proxy.toml");
    writeFileSync(config, `# a comment\n${line}\n`);
    const exit = await runCodis(["proxy", "-c", config]);
    expectOneLine(exit, EXIT_CONFIG, `${config}:2`, ...parts);
  });

  test("with an unknown key is refused with --strict, with the nearest name", async () => {
    const files = await writeFiles({ session_recv_timeuot: "5s" });
    const exit = await startOn(files, "--strict");
    const hint = "unknown key session_recv_timeuot, did you mean session_recv_timeout?";
    expectOneLine(exit, EXIT_CONFIG, `${files.config}:3`, hint);
  });

  test("with an unknown key is a warning without --strict", async () => {
    const { config, slots } = await writeFiles({ session_recv_timeuot: "5s" });
    const program = startCodis(["proxy", "-c", config, "--fillslots", slots]);
    await program.sees(/"event":"proxy.online"/);
    expect(program.stdout()).toMatch(
      /"event":"config.warning".*session_recv_timeuot, did you mean session_recv_timeout\?/,
    );
    program.signal("SIGTERM");
    expect((await program.ended()).code).toBe(0);
  });

  test("that isn't there is named", async () => {
    const missing = newFolder().join("none.toml");
    const exit = await runCodis(["proxy", "-c", missing]);
    expectOneLine(exit, EXIT_CONFIG, missing, "there is no such file");
  });
});

describe("a command line", () => {
  test.each([
    ["an unknown flag", ["--bogus"], ["unknown option '--bogus'"]],
    ["a word that is no verb", ["more"], ['there is no verb "more"']],
    ["one argument too many", ["--ncpu=1", "more"], ["too many arguments"]],
    ["a bad number", ["--ncpu", "x"], ["invalid --ncpu=x", "whole number"]],
    ["a bad log level", ["--log-level", "loud"], ["--log-level=loud", "expected one of"]],
    ["two sources of slots", ["--fillslots", "a", "--etcd", "b"], ["exclude each other"]],
  ])("with %s is refused", async (_name, flags, parts) => {
    expectOneLine(await runCodis(["proxy", ...flags]), EXIT_USAGE, ...parts);
  });
});

describe("an address", () => {
  test.each(["proxy_addr", "admin_addr"])("of %s that is in use is named", async (key) => {
    const port = await freePort();
    await occupy(port);
    const files = await writeFiles({ [key]: `127.0.0.1:${port}` });
    const exit = await startOn(files);
    expectOneLine(exit, EXIT_LIMITS, key, `127.0.0.1:${port}`, "another pro");
  });

  test("of another machine is named", async () => {
    const files = await writeFiles({ proxy_addr: "203.0.113.9:19000" });
    expectOneLine(await startOn(files), EXIT_LIMITS, "proxy_addr", "203.0.113.9:19000");
  });

  test("in use leaves the pid file of the proxy that uses it", async () => {
    const files = await writeFiles({});
    const pidFile = files.folder.join("proxy.pid");
    const args = ["proxy", "-c", files.config, "--fillslots", files.slots, "--pidfile", pidFile];
    const first = startCodis(args);
    await first.sees(/"event":"proxy.online"/);
    expect(readFileSync(pidFile, "utf8")).toBe(`${first.pid}\n`);
    expectOneLine(await runCodis(args), EXIT_LIMITS, "another pro");
    expect(readFileSync(pidFile, "utf8")).toBe(`${first.pid}\n`);
    first.signal("SIGTERM");
    expect((await first.ended()).code).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });
});

describe("a unix socket", () => {
  /** One PING over a socket file. */
  function ping(path: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("data", (chunk) => {
      socket.destroy();
      resolve(chunk.toString());
    });
    socket.write("PING\r\n");
    return withDeadline(`PONG over ${path}`, 30_000, promise);
  }

  test("that is left from a crash is replaced, and gone after the end", async () => {
    const folder = newFolder();
    const path = folder.join("proxy.sock");
    const files = await writeFiles({ proto_type: "unix", proxy_addr: path });
    const args = ["proxy", "-c", files.config, "--fillslots", files.slots];
    const crashed = startCodis(args);
    await crashed.sees(/"event":"proxy.online"/);
    crashed.signal("SIGKILL");
    await crashed.ended();
    expect(statSync(path).isSocket()).toBe(true);

    const second = startCodis(args);
    await second.sees(/"event":"proxy.online"/);
    expect(await ping(path)).toBe("+PONG\r\n");
    second.signal("SIGTERM");
    expect((await second.ended()).code).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test("that is in use is refused, and its owner serves on", async () => {
    const folder = newFolder();
    const path = folder.join("proxy.sock");
    const files = await writeFiles({ proto_type: "unix", proxy_addr: path });
    const owner = startCodis(["proxy", "-c", files.config, "--fillslots", files.slots]);
    await owner.sees(/"event":"proxy.online"/);
    const others = await writeFiles({ proto_type: "unix", proxy_addr: path });
    expectOneLine(await startOn(others), EXIT_LIMITS, "proxy_addr", path, "in use");
    expect(await ping(path)).toBe("+PONG\r\n");
    owner.signal("SIGTERM");
    expect((await owner.ended()).code).toBe(0);
  });

  test("over a file that isn't a socket is refused, and the file stays", async () => {
    const folder = newFolder();
    const path = folder.join("letter.txt");
    writeFileSync(path, "dear");
    const files = await writeFiles({ proto_type: "unix", proxy_addr: path });
    expectOneLine(await startOn(files), EXIT_LIMITS, "proxy_addr", path);
    expect(readFileSync(path, "utf8")).toBe("dear");
  });
});

describe("files of a run", () => {
  test("a pid file or a log that can't be written is named", async () => {
    const files = await writeFiles({});
    const nowhere = files.folder.join("none", "file");
    expectOneLine(await startOn(files, "--pidfile", nowhere), EXIT_CONFIG, "--pidfile", nowhere);
    expectOneLine(await startOn(files, "--log", nowhere), EXIT_CONFIG, "log file", nowhere);
  });

  test("--log writes JSON lines to a file of the day and nothing to stdout", async () => {
    const files = await writeFiles({});
    const log = files.folder.join("proxy.log");
    const args = ["proxy", "-c", files.config, "--fillslots", files.slots, "--log", log];
    const program = startCodis(args);
    const today = new Date();
    const day = [today.getFullYear(), today.getMonth() + 1, today.getDate()]
      .map((part) => `${part}`.padStart(2, "0"))
      .join("-");
    const file = `${log}.${day}`;
    await waitFor(`proxy.online in ${file}`, 30_000, () =>
      readFileSync(file, "utf8").includes('"event":"proxy.online"') ? true : undefined,
    );
    program.signal("SIGTERM");
    const exit = await program.ended();
    expect(exit).toEqual({ code: 0, stdout: "", stderr: "" });
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).event)).toContain("proxy.stopped");
  });

  test("--ulimit refuses to start with fewer open files", async () => {
    const files = await writeFiles({});
    const exit = await startOn(files, "--ulimit", "999999999");
    expectOneLine(exit, EXIT_LIMITS, "--ulimit=999999999", "ulimit -n");
  });
});
