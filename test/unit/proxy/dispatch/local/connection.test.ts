/**
 * The small local commands where they differ from Redis, and Codis's own two.
 */
import { expect, test } from "bun:test";
import { FakeSession, fakeEnv, run, runLine } from "./fake-session.ts";

const env = fakeEnv();

test("SELECT takes the databases of the settings and errors in the words of Codis", async () => {
  const session = new FakeSession();
  expect(await runLine(session, env, "SELECT 15")).toBe("+OK\r\n");
  expect(session.db).toBe(15);
  for (const bad of ["16", "-1", "99999999999"]) {
    expect(await runLine(session, env, `SELECT ${bad}`)).toBe(
      "-ERR invalid DB index, only accept DB [0,16)\r\n",
    );
  }
  for (const bad of ["a", "1.0", "+1", "01", "", "99999999999999999999"]) {
    expect(await runLine(session, env, `SELECT ${bad}`)).toBe("-ERR invalid DB index\r\n");
  }
  expect(session.db).toBe(15);
});

test("READONLY and READWRITE are OK, since clients send them on connect", async () => {
  expect(await runLine(new FakeSession(), env, "READONLY")).toBe("+OK\r\n");
  expect(await runLine(new FakeSession(), env, "READWRITE")).toBe("+OK\r\n");
});

test("texts of a client can't end the frame of an error early", async () => {
  const session = new FakeSession();
  const bytes = Buffer.from("a\r\n+OK\r\n\xff", "latin1");
  for (const argv of [
    ["HELLO", "2", bytes],
    ["CLIENT", "LIST", "TYPE", bytes],
    ["CLIENT", "KILL", "USER", bytes, "ID", "1"],
    ["CLIENT", "SETINFO", bytes, "x"],
    ["ACL", "CAT", bytes],
    ["SLOTSMAPPING", bytes],
  ]) {
    const reply = await run(session, env, argv);
    expect(reply.toString("latin1")).toMatch(/^-ERR [^\r\n]*a {2}\+OK {2}\xff[^\r\n]*\r\n$/);
  }
});

test("TIME is the proxy's clock in seconds and microseconds", async () => {
  const before = Date.now();
  const reply = await runLine(new FakeSession(), env, "TIME");
  const [, seconds, micros] = reply.match(/^\*2\r\n\$10\r\n(\d+)\r\n\$\d\r\n(\d+)\r\n$/) ?? [];
  const ms = Number(seconds) * 1000 + Number(micros) / 1000;
  expect(Number(micros)).toBeLessThan(1_000_000);
  expect(ms).toBeGreaterThanOrEqual(before - 1);
  expect(ms).toBeLessThanOrEqual(Date.now() + 1);
});

test("SLOTSHASHKEY computes slots by Codis's rule", async () => {
  expect(await runLine(new FakeSession(), env, "SLOTSHASHKEY a b {tag}x {}y")).toBe(
    "*4\r\n:579\r\n:1017\r\n:899\r\n:0\r\n",
  );
  expect(await runLine(new FakeSession(), env, "SLOTSHASHKEY")).toBe("*0\r\n");
});

test("SLOTSMAPPING shows owner and source of a slot, or of all", async () => {
  const session = new FakeSession();
  expect(await runLine(session, env, "SLOTSMAPPING 600")).toBe(
    "*4\r\n+600\r\n+127.0.0.1:7002\r\n+\r\n*0\r\n",
  );
  expect(await runLine(session, env, "SLOTSMAPPING 7")).toBe(
    "*4\r\n+7\r\n+127.0.0.1:7001\r\n+127.0.0.1:7002\r\n*0\r\n",
  );
  expect(await runLine(session, env, "SLOTSMAPPING 9")).toBe("*4\r\n+9\r\n+\r\n+\r\n*0\r\n");
  expect(await runLine(session, env, "SLOTSMAPPING")).toStartWith("*1024\r\n*4\r\n+0\r\n");
  expect(await runLine(session, env, "SLOTSMAPPING 1024")).toBe(
    "-ERR parse slotnum '1024' failed, out of range\r\n",
  );
  expect(await runLine(session, env, "SLOTSMAPPING x")).toBe(
    "-ERR parse slotnum 'x' failed, strconv.ParseInt: parsing \"x\": invalid syntax\r\n",
  );
  expect(await runLine(session, env, "SLOTSMAPPING 1 2")).toBe(
    "-ERR wrong number of arguments for 'slotsmapping' command\r\n",
  );
});

test("ACL GENPASS gives new random digits of the asked length", async () => {
  const session = new FakeSession();
  const first = await runLine(session, env, "ACL GENPASS");
  expect(first).toMatch(/^\$64\r\n[0-9a-f]{64}\r\n$/);
  expect(await runLine(session, env, "ACL GENPASS")).not.toBe(first);
  expect(await runLine(session, env, "ACL GENPASS 9")).toMatch(/^\$3\r\n[0-9a-f]{3}\r\n$/);
});
