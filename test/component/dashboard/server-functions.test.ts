/** FUNCTION libraries on real servers: a new master gets those of the others, and differences are told. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { compareFunctions, copyFunctions } from "../../../src/dashboard/group/function-copy.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { readFunctions } from "../../../src/redis/server-command.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { startFakeCodis } from "../../support/fake-codis-server.ts";
import { freePort } from "../../support/free-port.ts";
import { PATIENT } from "../../support/patience.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { serverTopology } from "../../support/server-topology.ts";

let source: RedisServer;
let target: RedisServer;

beforeAll(async () => {
  [source, target] = await Promise.all([startRedis(), startRedis()]);
});

afterEach(async () => {
  await Promise.all([source, target].map(({ addr }) => call(addr, ["FUNCTION", "FLUSH"])));
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

async function call(addr: string, args: readonly string[]): Promise<void> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  try {
    await client.call(args);
  } finally {
    client.close();
  }
}

/** Library whose one function has the library's name and gives `result`. */
function load(addr: string, name: string, result: number): Promise<void> {
  const code = `#!lua name=${name}\nredis.register_function('${name}', function() return ${result} end)`;
  return call(addr, ["FUNCTION", "LOAD", code]);
}

async function names(addr: string): Promise<readonly string[]> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  const libraries = await readFunctions(client);
  client.close();
  return libraries.map(({ name }) => name);
}

function copy(groups: Readonly<Record<number, readonly string[]>>) {
  const topology = serverTopology({ groups: { ...groups, 9: [target.addr] } });
  return copyFunctions({ addr: target.addr, groupId: 9, topology, password: "" });
}

describe("copyFunctions", () => {
  test("copies what is missing, leaves what is the same, and does nothing twice", async () => {
    await load(source.addr, "one", 1);
    await load(source.addr, "two", 2);
    await load(target.addr, "two", 2);
    await load(target.addr, "own", 3);
    const groups = { 3: [source.addr] };
    expect(await copy(groups)).toEqual({
      from: source.addr,
      loaded: ["one"],
      present: ["two"],
      skipped: [],
    });
    expect(await names(target.addr)).toEqual(["one", "own", "two"]);
    expect(await copy(groups)).toMatchObject({ loaded: [], present: ["one", "two"] });
  });

  test("takes the lowest group that has any; the others are named when they can't be asked", async () => {
    await load(source.addr, "one", 1);
    const gone = `127.0.0.1:${await freePort()}`;
    const codis = await startFakeCodis();
    const report = await copy({ 1: [gone], 2: [codis.addr], 3: [], 4: [source.addr] });
    expect(report).toMatchObject({ from: source.addr, loaded: ["one"] });
    expect(report.skipped).toHaveLength(2);
    expect(report.skipped[0]).toContain(`group 1 server ${gone} can't be reached`);
    expect(report.skipped[1]).toBe(`group 2 ${codis.addr}: no FUNCTION before Redis 7`);
    await codis.close();
  });

  test("nobody has any", async () => {
    expect(await copy({ 1: [source.addr] })).toEqual({
      from: undefined,
      loaded: [],
      present: [],
      skipped: [],
    });
  });

  test("another library of the same name stops it before anything is loaded", async () => {
    await load(source.addr, "a", 1);
    await load(source.addr, "b", 1);
    await load(target.addr, "b", 2);
    const error = await catchRejection(copy({ 1: [source.addr] }));
    expect(error.code).toBe("SERVER_FUNCTIONS_FAILED");
    expect(error.message).toContain(`library b with other code than ${source.addr}`);
    expect(await names(target.addr)).toEqual(["b"]);
  });

  test("a library that the target doesn't take is named with the reason", async () => {
    await load(source.addr, "lib", 1);
    const code = "#!lua name=other\nredis.register_function('lib', function() return 1 end)";
    await call(target.addr, ["FUNCTION", "LOAD", code]);
    const error = await catchRejection(copy({ 1: [source.addr] }));
    expect(error.code).toBe("SERVER_FUNCTIONS_FAILED");
    expect(error.message).toMatch(/doesn't take the library lib of .*already exists/);
  });

  test("a target without FUNCTION is passed over with a reason", async () => {
    await load(source.addr, "lib", 1);
    const codis = await startFakeCodis();
    const topology = serverTopology({ groups: { 1: [source.addr] } });
    const report = await copyFunctions({ addr: codis.addr, groupId: 2, topology, password: "" });
    expect(report.loaded).toEqual([]);
    expect(report.skipped).toEqual([
      `server ${codis.addr}: no FUNCTION before Redis 7, so it doesn't get lib`,
    ]);
    await codis.close();
  });
});

describe("compareFunctions", () => {
  const topology = serverTopology({ groups: { 1: ["a:1"], 2: ["b:1"], 3: ["c:1"], 4: [] } });
  const compare = (by: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>) =>
    compareFunctions(
      topology,
      new Map(
        Object.entries(by).map(([addr, functions]) => [
          addr,
          { addr, info: {}, error: undefined, isTimedOut: false, atMs: 0, functions },
        ]),
      ),
    );

  test("the same everywhere is no difference; servers that can't have any don't count", () => {
    expect(compare({ "a:1": { x: "1" }, "b:1": { x: "1" }, "c:1": undefined })).toEqual([]);
    expect(compare({})).toEqual([]);
  });

  test("what is missing, and what is other code, is told by library", () => {
    const found = compare({
      "a:1": { x: "11111111aa", y: "1" },
      "b:1": { x: "22222222bb", y: "1" },
      "c:1": { x: "11111111aa" },
    });
    expect(found.map(({ text }) => text)).toEqual([
      "FUNCTION library x: other code in group 1 11111111, group 2 22222222, group 3 11111111",
      "FUNCTION library y: missing in group 3",
    ]);
    expect(found[1]?.digests.get(3)).toBeUndefined();
  });
});
