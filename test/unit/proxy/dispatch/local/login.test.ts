/**
 * HELLO, AUTH and RESET where a proxy differs from Redis, or where the order of checks matters. What is
 * equal to Redis is in `same-as-redis.test.ts`.
 */
import { expect, test } from "bun:test";
import { FakeSession, fakeEnv, runLine } from "./fake-session.ts";

const PASSWORD = "s3cret";
const locked = fakeEnv({ sessionAuth: PASSWORD });
const WRONGPASS = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

function stranger(): FakeSession {
  const session = new FakeSession();
  session.isAuthenticated = false;
  return session;
}

test("AUTH with one argument answers in the words of Codis", async () => {
  const session = stranger();
  expect(await runLine(session, locked, "AUTH wrong")).toBe("-ERR invalid password\r\n");
  expect(session.isAuthenticated).toBe(false);
  expect(await runLine(session, locked, `AUTH ${PASSWORD}`)).toBe("+OK\r\n");
  expect(session.isAuthenticated).toBe(true);
  const open = new FakeSession();
  expect(await runLine(open, fakeEnv(), "AUTH x")).toBe(
    "-ERR Client sent AUTH, but no password is set\r\n",
  );
  expect(open.isAuthenticated).toBe(true);
});

test("a wrong password takes the login away, by AUTH and by HELLO", async () => {
  for (const line of ["AUTH wrong", "AUTH default wrong", "HELLO 3 AUTH default wrong"]) {
    const session = new FakeSession();
    await runLine(session, locked, line);
    expect([line, session.isAuthenticated]).toEqual([line, false]);
    expect(session.proto).toBe(2);
  }
});

test("without a password a wrong user is refused and stays logged in", async () => {
  const session = new FakeSession();
  expect(await runLine(session, fakeEnv(), "AUTH nobody x")).toBe(WRONGPASS);
  expect(session.isAuthenticated).toBe(true);
  expect(await runLine(session, fakeEnv(), "AUTH default anything")).toBe("+OK\r\n");
});

test("only the user default can log in, and only with the whole password", async () => {
  for (const pair of [
    `nobody ${PASSWORD}`,
    `DEFAULT ${PASSWORD}`,
    `default ${PASSWORD}x`,
    `default ${PASSWORD.slice(0, -1)}`,
    `default ${PASSWORD.toUpperCase()}`,
  ]) {
    const session = stranger();
    expect(await runLine(session, locked, `AUTH ${pair}`)).toBe(WRONGPASS);
    expect(session.isAuthenticated).toBe(false);
  }
});

test("an empty password is no way in", async () => {
  const session = stranger();
  expect(await runLine(session, locked, "AUTH default ")).toBe(WRONGPASS);
  expect(await runLine(session, locked, "AUTH ")).toBe("-ERR invalid password\r\n");
  expect(session.isAuthenticated).toBe(false);
});

test("HELLO that fails changes neither protocol nor name", async () => {
  for (const line of [
    "HELLO 3 SETNAME job",
    "HELLO 3 AUTH default wrong SETNAME job",
    `HELLO 3 SETNAME job AUTH default ${PASSWORD} JUNK`,
    `HELLO 4 AUTH default ${PASSWORD} SETNAME job`,
  ]) {
    const session = stranger();
    expect(await runLine(session, locked, line)).toStartWith("-");
    expect([line, session.proto, session.name, session.isAuthenticated]).toEqual([
      line,
      2,
      "",
      false,
    ]);
  }
});

test("HELLO logs in, names the client and switches the protocol at once", async () => {
  const session = stranger();
  const line = `hello 3 auth default ${PASSWORD} setname job`;
  expect(await runLine(session, locked, line)).toStartWith("%7\r\n$6\r\nserver\r\n");
  expect(session).toMatchObject({ isAuthenticated: true, name: "job", proto: 3 });
});

test("HELLO 3 is not offered while a server can't speak it", async () => {
  const env = fakeEnv({ isResp3Available: false });
  const session = new FakeSession();
  expect(await runLine(session, env, "HELLO 3 AUTH default x")).toBe(
    "-NOPROTO unsupported protocol version\r\n",
  );
  expect(session.proto).toBe(2);
  expect(await runLine(session, env, "HELLO 2")).toStartWith("*14\r\n");
});

test("RESET goes back to the state after connecting, except for the library", async () => {
  const session = new FakeSession();
  for (const line of [
    "HELLO 3 AUTH default s3cret SETNAME job",
    "SELECT 5",
    "CLIENT SETINFO lib-name ioredis",
    "CLIENT REPLY OFF",
  ]) {
    await runLine(session, locked, line);
  }
  expect(await runLine(session, locked, "RESET")).toBe("+RESET\r\n");
  expect(session).toMatchObject({
    db: 0,
    proto: 2,
    name: "",
    replyMode: "on",
    libName: "ioredis",
    isAuthenticated: false,
  });
  await runLine(session, fakeEnv(), "RESET");
  expect(session.isAuthenticated).toBe(true);
});
