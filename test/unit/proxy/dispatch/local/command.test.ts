/**
 * COMMAND and ACL CAT against a real redis-server: for every command that both know, the whole entry of
 * COMMAND INFO must be equal (sets in any order), with these wanted differences: only commands that the
 * proxy serves, tips are the policies only, no notes in key specifications.
 *
 * And the handlers must be exactly those that the command table asks for.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { FLAG_CONTAINER } from "../../../../../src/command/route.ts";
import { COMMANDS, FLAGS } from "../../../../../src/command/table.ts";
import { localHandlers } from "../../../../../src/proxy/dispatch/local/local-handlers.ts";
import { ReplyScanner } from "../../../../../src/resp/reply-scanner.ts";
import { decodeReply, type RespValue } from "../../../../../src/resp/value.ts";
import { type RedisServer, startRedis } from "../../../../support/redis-server.ts";
import { RespConnection } from "../../../../support/resp-connection.ts";
import { FakeSession, fakeEnv, run, runLine } from "./fake-session.ts";

const env = fakeEnv();
const SERVED_ROUTES = new Set(["forward", "multi-shard", "shards", "local", "script"]);
const SERVED = COMMANDS.filter((entry) => SERVED_ROUTES.has(entry.route));

let redis: RedisServer;
let connection: RespConnection;

beforeAll(async () => {
  redis = await startRedis();
  connection = await RespConnection.open(redis.port);
  await connection.call("HELLO", "3");
});

afterAll(async () => {
  connection.destroy();
  await redis.stop();
});

/** A value as plain data; sets are sorted, a map becomes an object. */
function plain(value: RespValue | undefined): unknown {
  switch (value?.type) {
    case "simple":
      return value.text;
    case "bulk":
      return value.bytes.toString();
    case "integer":
      return Number(value.value);
    case "null":
      return null;
    case "array":
      return value.items.map(plain);
    case "set":
      return value.items
        .map(plain)
        .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    case "map":
      return Object.fromEntries(value.entries.map(([key, item]) => [plain(key), plain(item)]));
    default:
      throw new Error(`unexpected reply ${JSON.stringify(value?.type)}`);
  }
}

async function ours(...argv: readonly string[]): Promise<unknown> {
  const session = new FakeSession();
  session.proto = 3;
  return plain(decodeReply(await run(session, env, argv)));
}

async function theirs(...argv: readonly string[]): Promise<unknown> {
  return plain(decodeReply(await connection.call(...argv)));
}

type Info = [
  string,
  number,
  string[],
  number,
  number,
  number,
  string[],
  string[],
  object[],
  Info[],
];

function comparable(info: Info): unknown {
  const tips = info[7].filter((tip) => tip.includes("_policy:"));
  const specs = info[8].map((spec) => ({ ...spec, notes: undefined }));
  return [...info.slice(0, 7), tips, specs.map((spec) => JSON.stringify(spec)).sort()];
}

test("there is a handler for each local command and for no other", () => {
  const wanted = COMMANDS.filter((entry) => entry.route === "local")
    .filter(({ id, name }) => name === "command" || ((FLAGS[id] ?? 0) & FLAG_CONTAINER) === 0)
    .map(({ name }) => name);
  const names = new Set(wanted);
  expect(Object.keys(localHandlers).sort()).toEqual([...names].sort());
});

test("COMMAND INFO tells the same of every served command as Redis", async () => {
  const names = SERVED.map(({ name }) => name);
  const fromRedis = (await theirs("COMMAND", "INFO", ...names)) as (Info | null)[];
  const fromProxy = (await ours("COMMAND", "INFO", ...names)) as Info[];
  const known = names.flatMap((name, index) => (fromRedis[index] === null ? [] : [[name, index]]));
  expect(known.length).toBeGreaterThan(280);
  for (const [name, index] of known as [string, number][]) {
    expect([name, comparable(fromProxy[index] as Info)]).toEqual([
      name,
      comparable(fromRedis[index] as Info),
    ]);
  }
});

test("COMMAND lists no command that is refused or not there yet", async () => {
  const all = (await ours("COMMAND")) as Info[];
  const listed = all.flatMap((info) => [info[0], ...info[9].map((sub) => sub[0])]);
  expect(listed.sort()).toEqual(SERVED.map(({ name }) => name).sort());
  expect(await ours("COMMAND", "COUNT")).toBe(all.length);
  const infos = (await ours("COMMAND", "INFO", "shutdown", "multi", "GET")) as (Info | null)[];
  expect(infos.map((info) => info?.[0])).toEqual([undefined, undefined, "get"]);
  expect(await ours("COMMAND", "LIST")).toEqual(SERVED.map(({ name }) => name));
});

test("COMMAND LIST FILTERBY finds by pattern and by category", async () => {
  for (const filter of [
    ["PATTERN", "get*"],
    ["PATTERN", "client|[a-k]*"],
    ["ACLCAT", "connection"],
    ["ACLCAT", "Keyspace"],
  ]) {
    const served = new Set(SERVED.map(({ name }) => name));
    const wanted = (await theirs("COMMAND", "LIST", "FILTERBY", ...filter)) as string[];
    const found = (await ours("COMMAND", "LIST", "FILTERBY", ...filter)) as string[];
    const since = new Map(SERVED.map((entry) => [entry.name, entry.since]));
    const old = found.filter((name) => /^[1-6]\.|^7\.0/.test(since.get(name) ?? ""));
    expect([filter, old.sort()]).toEqual([
      filter,
      wanted.filter((name) => served.has(name)).sort(),
    ]);
  }
});

test("ACL CAT names the same commands for every category as Redis", async () => {
  const served = new Set(SERVED.map(({ name }) => name));
  const ofRedis = new Set((await theirs("COMMAND", "LIST")) as string[]);
  for (const category of (await theirs("ACL", "CAT")) as string[]) {
    const wanted = ((await theirs("ACL", "CAT", category)) as string[]).filter((name) =>
      served.has(name),
    );
    const found = ((await ours("ACL", "CAT", category)) as string[]).filter((name) =>
      ofRedis.has(name),
    );
    expect([category, found.sort()]).toEqual([category, wanted.sort()]);
  }
});

test("COMMAND DOCS has an entry with subcommands for everything that is served", async () => {
  const all = (await ours("COMMAND", "DOCS")) as Record<string, { subcommands?: object }>;
  expect(Object.keys(all).sort()).toEqual(
    SERVED.map(({ name }) => name)
      .filter((name) => !name.includes("|"))
      .sort(),
  );
  expect(Object.keys(all["client"]?.subcommands ?? {})).toContain("client|setinfo");
  expect(await ours("COMMAND", "DOCS", "GET", "nosuch", "client|id", "shutdown")).toEqual({
    get: { summary: "Runs on the server that owns the keys.", since: "1.0.0", group: "string" },
    "client|id": { summary: "Answered by the proxy.", since: "5.0.0", group: "connection" },
  });
  const resp2 = await runLine(new FakeSession(), env, "COMMAND DOCS get");
  expect(resp2).toStartWith("*2\r\n$3\r\nget\r\n*6\r\n$7\r\nsummary\r\n");
});

test("COMMAND GETKEYS knows commands that are newer than the server", async () => {
  expect(await ours("COMMAND", "GETKEYSANDFLAGS", "hexpire", "h", "1", "fields", "1", "f")).toEqual(
    [["h", ["RW", "access", "update"].sort()]],
  );
  expect(await ours("COMMAND", "GETKEYS", "msetex", "2", "a", "1", "b", "2")).toEqual(["a", "b"]);
});

for (const flag of ["-2", "-3"]) {
  test(`redis-cli ${flag} shows help from COMMAND DOCS`, async () => {
    const server = createServer((socket) => {
      const session = new FakeSession();
      let pending = Buffer.alloc(0);
      let turn = Promise.resolve();
      socket.on("data", (chunk: Buffer) => {
        pending = Buffer.concat([pending, chunk]);
        for (;;) {
          // A request has the form of a reply: an array of bulk strings.
          const end = new ReplyScanner().scan(pending, 0, pending.length);
          if (end <= 0) {
            return;
          }
          const argv = plain(decodeReply(pending.subarray(0, end))) as string[];
          pending = pending.subarray(end);
          turn = turn.then(async () => {
            socket.write(await run(session, env, argv));
          });
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const output = await new Promise<string>((resolve, reject) => {
      const args = ["-p", `${port}`, ...(flag === "-3" ? [flag] : []), "help", "client", "setinfo"];
      execFile("redis-cli", args, { timeout: 4_000 }, (error, stdout, stderr) =>
        error === null ? resolve(stdout + stderr) : reject(error),
      );
    });
    server.close();
    expect(output).toContain("CLIENT SETINFO");
    expect(output).toContain("Answered by the proxy.");
  });
}
