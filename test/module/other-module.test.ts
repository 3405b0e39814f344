/**
 * Another module deletes keys in the way of which Redis 7.0 tells nobody: the counts are right again when they are
 * asked for, whatever came in between.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { makeModule, startSlotsServer } from "../support/slots-module.ts";
import { ROOT } from "../support/source-tree.ts";

let server: RedisServer;
let at: RespConnection;

beforeAll(async () => {
  makeModule("test-module");
  const other = join(ROOT, "module", "build", "silent_delete.so");
  server = await startSlotsServer({ args: ["--loadmodule", other] });
  at = await RespConnection.open(server.port);
}, 60_000);

afterAll(async () => {
  at.destroy();
  await server.stop();
});

beforeEach(() => ask("FLUSHALL"));

async function ask(line: string): Promise<string> {
  return (await at.call(...line.split(" "))).toString("latin1");
}

test("a key deleted without a word", async () => {
  await ask("MSET a 1 {a}2 2 b 3");
  expect(await ask("SILENT.DELETE b")).toBe(":1\r\n");
  expect(await ask("SLOTSINFO")).toBe("*1\r\n*2\r\n:579\r\n:2\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
});

test("and then another key is made, so that the sum is right again", async () => {
  await ask("MSET a 1 b 3");
  await ask("SILENT.DELETE b");
  await ask("SET c 1");
  expect(await ask("SLOTSINFO")).toBe("*2\r\n*2\r\n:579\r\n:1\r\n*2\r\n:879\r\n:1\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
});

test("and a key gets another name: only SLOTSCHECK can tell, and mends it", async () => {
  await ask("MSET a 1 b 3");
  await ask("MULTI");
  await ask("SILENT.DELETE b");
  await ask("RENAME a c");
  await ask("EXEC");
  expect(await ask("SLOTSCHECK")).toBe("-ERR step 1, slot 879: counted 0 keys, found 1\r\n");
  expect(await ask("SLOTSINFO")).toBe("*1\r\n*2\r\n:879\r\n:1\r\n");
  expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
});

test("a value replaced by a module's own way", async () => {
  await ask("MSET a 1 b 3");
  await ask("SILENT.SET a 2");
  await ask("SILENT.SET c 2");
  expect(await ask("SLOTSINFO")).toBe(
    "*3\r\n*2\r\n:579\r\n:1\r\n*2\r\n:879\r\n:1\r\n*2\r\n:1017\r\n:1\r\n",
  );
});

test("a slot is moved or deleted although its keys went without a word", async () => {
  await ask("MSET a 1 {a}2 2 {a}3 2");
  const move = `SLOTSMGRTSLOT 127.0.0.1 ${server.port} 100 579`;
  // To itself: refused, but by then the names are known.
  expect(await ask(move)).toContain("this server itself");
  for (const key of ["a", "{a}2", "{a}3"]) {
    await ask(`SILENT.DELETE ${key}`);
  }
  expect(await ask(move)).toBe("*2\r\n:0\r\n:0\r\n");
  expect(await ask("SLOTSDEL 579")).toBe("*1\r\n*2\r\n:579\r\n:0\r\n");
});
