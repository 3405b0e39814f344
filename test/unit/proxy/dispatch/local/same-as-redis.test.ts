/**
 * The same command lines to a real redis-server and to the handlers, in both protocols: the raw replies
 * must be equal, errors included. Each line runs on one connection and one session that live through the
 * whole list, so state that a command leaves behind (name, database, protocol) is compared too.
 *
 * Lines with a difference that is wanted are not here but in the tests of their file.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type RedisServer, startRedis } from "../../../../support/redis-server.ts";
import { RespConnection } from "../../../../support/resp-connection.ts";
import { FakeSession, fakeEnv, run } from "./fake-session.ts";

const LINES = `
  HELLO
  HELLO 1
  HELLO 4
  HELLO x
  HELLO +2
  HELLO 02
  HELLO 99999999999999999999
  HELLO 4 AUTH a b
  HELLO 2 AUTH
  HELLO 2 AUTH default
  HELLO 2 AUTH nobody x
  HELLO 2 AUTH default x
  HELLO 2 SETNAME
  HELLO 2 SETNAME "a b"
  HELLO 2 JUNK
  HELLO 2 setname xx auth default b
  CLIENT GETNAME
  HELLO 3
  HELLO
  HELLO 2 SETNAME ""
  CLIENT GETNAME
  AUTH default x
  AUTH nobody x
  AUTH a b c
  AUTH
  SELECT 3
  SELECT 0
  PING
  ping hi
  PING ""
  PING a b
  ECHO hi
  echo "two words"
  ECHO
  ECHO a b
  CLIENT
  CLIENT NOSUCH
  CLIENT NOSUCH|SUB
  client nosuch arg
  CLIENT SETNAME
  CLIENT SETNAME "a b"
  CLIENT SETNAME "tab\there"
  CLIENT SETNAME worker-7
  CLIENT GETNAME
  CLIENT SETNAME ""
  CLIENT GETNAME
  CLIENT GETNAME x
  CLIENT ID
  CLIENT LIST TYPE nosuch
  CLIENT LIST TYPE
  CLIENT LIST TYPE pubsub
  CLIENT LIST TYPE SLAVE
  CLIENT LIST TYPE replica
  CLIENT LIST TYPE master
  CLIENT LIST ID
  CLIENT LIST ID 1 x
  CLIENT LIST ID 5000 5001
  CLIENT LIST ID -1
  CLIENT LIST ID 0
  CLIENT LIST NOSUCH
  CLIENT LIST NOSUCH 1
  CLIENT LIST TYPE normal ID 3
  CLIENT KILL
  CLIENT KILL 1.2.3.4:5
  CLIENT KILL ID
  CLIENT KILL ID x
  CLIENT KILL ID 0
  CLIENT KILL ID -3
  CLIENT KILL ID 99999
  CLIENT KILL ID 99999999999999999999
  CLIENT KILL TYPE nosuch
  CLIENT KILL TYPE pubsub
  CLIENT KILL USER nobody
  CLIENT KILL USER default SKIPME maybe
  CLIENT KILL ADDR 1.2.3.4:5
  CLIENT KILL LADDR 1.2.3.4:5
  CLIENT KILL SKIPME yes NOSUCH
  CLIENT KILL NOSUCH x
  CLIENT KILL ID 99999 TYPE
  CLIENT KILL ID 99999 TYPE normal SKIPME no
  CLIENT NO-EVICT on
  CLIENT NO-EVICT OFF
  CLIENT NO-EVICT maybe
  CLIENT NO-EVICT
  CLIENT REPLY ON
  CLIENT REPLY maybe
  CLIENT REPLY
  CLIENT TRACKINGINFO
  CLIENT GETREDIR
  CLIENT UNBLOCK 3
  CLIENT UNBLOCK x
  CLIENT UNBLOCK 3 maybe
  CLIENT UNBLOCK x maybe
  CLIENT UNBLOCK 3 TIMEOUT
  CLIENT UNBLOCK 3 error
  CLIENT UNPAUSE
  CLIENT MAINT_NOTIFICATIONS ON
  client maint_notifications on moving-endpoint-type none
  ASKING
  CLUSTER
  CLUSTER INFO
  CLUSTER SLOTS
  CLUSTER NODES
  CLUSTER SHARDS
  CLUSTER NOSUCH
  ROLE
  ROLE x
  ACL
  ACL NOSUCH
  ACL WHOAMI
  ACL USERS
  ACL CAT
  ACL CAT nosuch
  ACL CAT a b
  ACL GENPASS x
  ACL GENPASS 0
  ACL GENPASS 4097
  ACL GENPASS 8 8
  COMMAND NOSUCH
  COMMAND COUNT x
  COMMAND INFO nosuch get client|nosuch
  COMMAND LIST NOSUCH
  COMMAND LIST FILTERBY
  COMMAND LIST FILTERBY PATTERN
  COMMAND LIST FILTERBY NOSUCH x
  COMMAND LIST FILTERBY MODULE nosuch
  COMMAND LIST FILTERBY ACLCAT nosuch
  COMMAND LIST FILTERBY ACLCAT @read
  COMMAND LIST FILTERBY PATTERN GET
  COMMAND LIST FILTERBY PATTERN nosuch*
  COMMAND DOCS nosuch client|nosuch
  COMMAND GETKEYS
  COMMAND GETKEYS get
  COMMAND GETKEYS get a
  COMMAND GETKEYS GET a
  COMMAND GETKEYS get a b
  COMMAND GETKEYS nosuch a
  COMMAND GETKEYS ping
  COMMAND GETKEYS ping x
  COMMAND GETKEYS mset a 1 b 2
  COMMAND GETKEYS eval script 0
  COMMAND GETKEYS eval script 1
  COMMAND GETKEYS eval script 2 a b c
  COMMAND GETKEYS config get
  COMMAND GETKEYS object encoding k
  COMMAND GETKEYS object nosuch k
  COMMAND GETKEYS object
  COMMAND GETKEYS memory usage k
  COMMAND GETKEYS xread count 3 streams a b 1 2
  COMMAND GETKEYS xread streams a b 1 2
  COMMAND GETKEYS xreadgroup group g c count 3 streams a b 1 2
  COMMAND GETKEYS sort a by nosort get # store b
  COMMAND GETKEYS zunionstore d 2 a b
  COMMAND GETKEYS zunionstore d 3 a b
  COMMAND GETKEYS zunion 3 a b
  COMMAND GETKEYS zunion 0 a b
  COMMAND GETKEYS georadius a 1 1 1 km store d
  COMMAND GETKEYS bitop and d a b
  COMMAND GETKEYS client id
  COMMAND GETKEYS lcs a b
  COMMAND GETKEYS smove a b m
  COMMAND GETKEYS xgroup create k g
  COMMAND GETKEYSANDFLAGS
  COMMAND GETKEYSANDFLAGS get a
  COMMAND GETKEYSANDFLAGS set a b
  COMMAND GETKEYSANDFLAGS set a b EX 5 get
  COMMAND GETKEYSANDFLAGS lmove a b left right
  COMMAND GETKEYSANDFLAGS zunionstore d 2 a b
  COMMAND GETKEYSANDFLAGS copy a b
  COMMAND GETKEYSANDFLAGS rename a b
  COMMAND GETKEYSANDFLAGS sort a store b
  COMMAND GETKEYSANDFLAGS eval script 2 a b
  COMMAND GETKEYSANDFLAGS bitfield k get u8 0
  COMMAND GETKEYSANDFLAGS bitfield k get u8 0 set u8 0 1
  COMMAND GETKEYSANDFLAGS bitfield k overflow sat get u8 0
  COMMAND GETKEYSANDFLAGS georadius a 1 1 1 km storedist d
  COMMAND GETKEYSANDFLAGS xread streams a b 1 2
  COMMAND GETKEYSANDFLAGS ping x
  COMMAND GETKEYSANDFLAGS nosuch x
  RESET
  QUIT now
`
  .trim()
  .split("\n");

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => {
  await redis.stop();
});

/** Words of a line; `"…"` holds blanks and `\t`. */
function words(line: string): readonly string[] {
  return [...line.trim().matchAll(/"([^"]*)"|\S+/g)].map((match) =>
    (match[1] ?? match[0]).replaceAll("\\t", "\t"),
  );
}

for (const proto of [2, 3] as const) {
  test(`answers as redis-server 7.0.15 in RESP${proto}`, async () => {
    const connection = await RespConnection.open(redis.port);
    await connection.call("HELLO", `${proto}`);
    const id = Number((await connection.call("CLIENT", "ID")).toString().slice(1));
    const session = new FakeSession(id, connection.localAddr, `127.0.0.1:${redis.port}`);
    session.proto = proto;
    const env = fakeEnv({ sessions: [session] });
    const expected: string[] = [];
    const actual: string[] = [];
    for (const line of LINES) {
      if (line.trim() === 'HELLO 2 SETNAME ""' && proto === 3) {
        // The list goes through both protocols; from here on it stays in the one under test.
        await connection.call("HELLO", "3");
        await run(session, env, ["HELLO", "3"]);
        continue;
      }
      expected.push(`${line} -> ${(await connection.call(...words(line))).toString("latin1")}`);
      actual.push(`${line} -> ${(await run(session, env, words(line))).toString("latin1")}`);
    }
    expect(actual).toEqual(expected);
    expect(session.isClosing).toBe(true);
    await connection.closed;
  });
}

test("one's own line in CLIENT LIST has the fields of Redis and its values where they are known", async () => {
  const connection = await RespConnection.open(redis.port);
  await connection.call("HELLO", "3", "SETNAME", "job");
  await connection.call("SELECT", "5");
  const id = Number((await connection.call("CLIENT", "ID")).toString().slice(1));
  const session = new FakeSession(id, connection.localAddr, `127.0.0.1:${redis.port}`);
  const env = fakeEnv({ sessions: [session] });
  await run(session, env, ["HELLO", "3", "SETNAME", "job"]);
  await run(session, env, ["SELECT", "5"]);
  for (const command of [
    ["CLIENT", "INFO"],
    ["CLIENT", "LIST", "ID", `${id}`],
  ]) {
    const theirs = fieldsOf(await connection.call(...command));
    const ours = fieldsOf(await run(session, env, command));
    expect([...ours.keys()]).toEqual([...theirs.keys(), "lib-name", "lib-ver"]);
    const sizes = /^(fd|age|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|tot-mem)$/;
    const known = [...theirs].filter(([field]) => !sizes.test(field));
    expect([...ours].filter(([field]) => theirs.has(field) && !sizes.test(field))).toEqual(known);
  }
  connection.destroy();
});

function fieldsOf(reply: Buffer): Map<string, string> {
  const line = reply.toString().match(/txt:(.*)\n\r\n$/)?.[1];
  if (line === undefined) {
    throw new Error(`not one verbatim line: ${reply.toString()}`);
  }
  return new Map(
    line.split(" ").map((field) => {
      const at = field.indexOf("=");
      return [field.slice(0, at), field.slice(at + 1)] as const;
    }),
  );
}

test("errors of a locked server are the same before and after a login", async () => {
  const password = "s3cret";
  const locked = await startRedis();
  const keeper = await RespConnection.open(locked.port);
  await keeper.call("CONFIG", "SET", "requirepass", password);
  const connection = await RespConnection.open(locked.port);
  const session = new FakeSession(0);
  session.isAuthenticated = false;
  const env = fakeEnv({ sessionAuth: password });
  const compare = async (...argv: readonly string[]): Promise<void> => {
    const theirs = (await connection.call(...argv)).toString();
    const ours = (await run(session, env, argv)).toString();
    expect([argv, ours.replace(/id\r\n:\d+/, "id")]).toEqual([
      argv,
      theirs.replace(/id\r\n:\d+/, "id"),
    ]);
  };
  await compare("HELLO");
  await compare("HELLO", "3");
  await compare("HELLO", "4");
  await compare("HELLO", "3", "SETNAME", "foo");
  await compare("HELLO", "3", "AUTH", "default", "wrong");
  await compare("HELLO", "3", "AUTH", "nobody", password);
  await compare("AUTH", "default", "wrong");
  await compare("AUTH", "nobody", "wrong");
  await compare("HELLO", "3", "AUTH", "default", password);
  await compare("AUTH", "default", "wrong");
  await compare("AUTH", password);
  await compare("HELLO", "2");
  connection.destroy();
  keeper.destroy();
  await locked.stop();
});
