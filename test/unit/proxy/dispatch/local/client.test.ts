/**
 * CLIENT over several sessions, and the subcommands that Redis 7.0 doesn't have or that a proxy answers
 * otherwise. What is equal to Redis is in `same-as-redis.test.ts`.
 */
import { expect, test } from "bun:test";
import { FakeSession, fakeEnv, runLine } from "./fake-session.ts";

function three(): readonly [FakeSession, FakeSession, FakeSession] {
  return [new FakeSession(3), new FakeSession(1), new FakeSession(2)];
}

test("CLIENT LIST shows the sessions of all workers, the oldest first", async () => {
  const sessions = three();
  const env = fakeEnv({ sessions });
  const reply = await runLine(sessions[0], env, "CLIENT LIST");
  expect([...reply.matchAll(/^id=(\d+)/gm)].map(([, id]) => id)).toEqual(["1", "2", "3"]);
  expect(await runLine(sessions[0], env, "CLIENT LIST ID 2 9 2 1")).toMatch(
    /id=2 [^\n]*\nid=2 [^\n]*\nid=1 [^\n]*\n\r\n$/,
  );
  expect(await runLine(sessions[0], env, "CLIENT LIST TYPE replica")).toBe("$0\r\n\r\n");
});

test("CLIENT KILL by id ends another session and spares the asking one", async () => {
  const sessions = three();
  const env = fakeEnv({ sessions });
  expect(await runLine(sessions[0], env, "CLIENT KILL ID 2")).toBe(":1\r\n");
  expect(sessions.map((session) => session.closeReason)).toEqual([undefined, undefined, "killed"]);
  expect(await runLine(sessions[0], env, "CLIENT KILL ID 3")).toBe(":0\r\n");
  expect(sessions[0].isClosing).toBe(false);
});

test("CLIENT KILL of oneself closes behind the reply", async () => {
  const sessions = three();
  const env = fakeEnv({ sessions });
  expect(await runLine(sessions[0], env, "CLIENT KILL ID 3 SKIPME no")).toBe(":1\r\n");
  expect(sessions[0]).toMatchObject({ isClosing: true, closeReason: undefined });
});

test("the old form of CLIENT KILL can end oneself and says when nobody is there", async () => {
  const sessions = three();
  const env = fakeEnv({ sessions });
  expect(await runLine(sessions[0], env, `CLIENT KILL ${sessions[1].addr}`)).toBe("+OK\r\n");
  expect(sessions[1].closeReason).toBe("killed");
  expect(await runLine(sessions[0], env, `CLIENT KILL ${sessions[1].addr}`)).toBe(
    "-ERR No such client\r\n",
  );
  expect(await runLine(sessions[0], env, `CLIENT KILL ${sessions[0].addr}`)).toBe("+OK\r\n");
  expect(sessions[0].isClosing).toBe(true);
});

test("filters of CLIENT KILL must all match", async () => {
  const sessions = three();
  const env = fakeEnv({ sessions });
  const addr = sessions[1].addr;
  for (const line of [
    `CLIENT KILL ADDR ${addr} ID 2`,
    `CLIENT KILL ADDR ${addr} TYPE pubsub`,
    `CLIENT KILL ADDR ${addr} LADDR 127.0.0.1:1`,
    `CLIENT KILL ADDR ${addr} MAXAGE 1000`,
  ]) {
    expect([line, await runLine(sessions[0], env, line)]).toEqual([line, ":0\r\n"]);
  }
  const all = `CLIENT KILL ADDR ${addr} ID 1 TYPE normal LADDR 127.0.0.1:19000 USER default`;
  expect(await runLine(sessions[0], env, all)).toBe(":1\r\n");
});

test("CLIENT KILL SKIPME yes alone ends all others", async () => {
  const sessions = three();
  const env = fakeEnv({ sessions });
  expect(await runLine(sessions[2], env, "CLIENT KILL SKIPME yes")).toBe(":2\r\n");
  expect(sessions[2]).toMatchObject({ isClosing: false, closeReason: undefined });
});

test("CLIENT KILL MAXAGE takes positive numbers only", async () => {
  const session = new FakeSession();
  const env = fakeEnv({ sessions: [session] });
  expect(await runLine(session, env, "CLIENT KILL MAXAGE x")).toBe(
    "-ERR maxage is not an integer or out of range\r\n",
  );
  expect(await runLine(session, env, "CLIENT KILL MAXAGE 0")).toBe(
    "-ERR maxage should be greater than 0\r\n",
  );
});

test("CLIENT SETINFO keeps the library's name and version", async () => {
  const session = new FakeSession();
  const env = fakeEnv({ sessions: [session] });
  expect(await runLine(session, env, "CLIENT SETINFO LIB-NAME go-redis(,go1.24)")).toBe("+OK\r\n");
  expect(await runLine(session, env, "client setinfo lib-ver 9.7.0")).toBe("+OK\r\n");
  expect(await runLine(session, env, "CLIENT INFO")).toContain(
    " lib-name=go-redis(,go1.24) lib-ver=9.7.0\n",
  );
  expect(await runLine(session, env, "CLIENT SETINFO lib-color red")).toBe(
    "-ERR Unrecognized option 'lib-color'\r\n",
  );
  expect(await runLine(session, env, "CLIENT SETINFO Lib-Name a\tb")).toBe(
    "-ERR Lib-Name cannot contain spaces, newlines or special characters.\r\n",
  );
});

test("what a proxy can't do is refused, and what is so anyway is OK", async () => {
  const session = new FakeSession();
  const env = fakeEnv();
  expect(await runLine(session, env, "CLIENT PAUSE 100 ALL")).toBe(
    "-ERR handle request, command 'CLIENT PAUSE' is not allowed\r\n",
  );
  expect(await runLine(session, env, "CLIENT NO-TOUCH ON")).toStartWith("-ERR CLIENT NO-TOUCH ON");
  expect(await runLine(session, env, "CLIENT NO-TOUCH OFF")).toBe("+OK\r\n");
  expect(await runLine(session, env, "CLIENT CAPA redirect")).toBe("+OK\r\n");
});

test("CLIENT REPLY OFF and SKIP answer nothing and ON answers again", async () => {
  const session = new FakeSession();
  const env = fakeEnv();
  expect(await runLine(session, env, "CLIENT REPLY SKIP")).toBe("");
  expect(session.replyMode).toBe("skip");
  expect(await runLine(session, env, "CLIENT REPLY OFF")).toBe("");
  expect(await runLine(session, env, "CLIENT REPLY SKIP")).toBe("");
  expect(session.replyMode).toBe("off");
  expect(await runLine(session, env, "CLIENT REPLY ON")).toBe("+OK\r\n");
  expect(session.replyMode).toBe("on");
});
