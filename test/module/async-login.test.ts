/**
 * What a source of the asynchronous migration sends before keys, against a real redis-server with the module:
 * passwords and users, databases, forms; frames and answers that were recorded between original servers; and the
 * commands as the server knows them: flags, rights, transactions, scripts, RESP3, memory.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { RedisServer } from "../support/redis-server.ts";
import { RespConnection } from "../support/resp-connection.ts";
import { readAck, restoreFrame } from "../support/restore-frame.ts";
import { startSlotsServer } from "../support/slots-module.ts";

let server: RedisServer;
let at: RespConnection;

beforeAll(async () => {
  server = await startSlotsServer();
  at = await RespConnection.open(server.port);
}, 120_000);

afterAll(async () => {
  at.destroy();
  await server.stop();
});

beforeEach(() => at.call("FLUSHALL"));

async function ask(line: string, connection = at): Promise<string> {
  return (await connection.call(...line.split(" "))).toString("latin1");
}

async function ackOf(line: string, source: RespConnection): Promise<string> {
  return readAck(await source.call(...line.split(" ")));
}

/** The acknowledgement of one command on a connection of its own; an error closes it. */
async function once(line: string): Promise<string> {
  const source = await RespConnection.open(server.port);
  const ack = await ackOf(line, source);
  if (ack.startsWith("-1 ") || ack.includes("permission denied")) {
    await source.closed;
  }
  source.destroy();
  return ack;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

describe("frames recorded between original servers", () => {
  test("one small key", async () => {
    const source = await RespConnection.open(server.port);
    source.write(
      bytesOf(
        "*2\r\n$25\r\nSLOTSRESTORE-ASYNC-SELECT\r\n$1\r\n0\r\n" +
          "*3\r\n$18\r\nSLOTSRESTORE-ASYNC\r\n$6\r\ndelete\r\n$1\r\na\r\n" +
          "*5\r\n$18\r\nSLOTSRESTORE-ASYNC\r\n$6\r\nstring\r\n$1\r\na\r\n$1\r\n0\r\n$1\r\n2\r\n",
      ),
    );
    const answers = [await source.next(), await source.next(), await source.next()];
    expect(Buffer.concat(answers).toString()).toBe(
      "*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$2\r\nOK\r\n" +
        "*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$1\r\n0\r\n" +
        "*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$1\r\n1\r\n",
    );
    expect(await ask("GET a")).toBe("$1\r\n2\r\n");
    source.destroy();
  });

  test("a payload of RDB version 7", async () => {
    const source = await RespConnection.open(server.port);
    source.write(
      bytesOf(
        "*5\r\n$18\r\nSLOTSRESTORE-ASYNC\r\n$6\r\nobject\r\n$6\r\n{tag}s\r\n$1\r\n0\r\n" +
          "$18\r\n\u0002\u0003\u0001a\u0001c\u0001b\u0007\u0000\u00f2L_\u00f2D4\u00e7v\r\n",
      ),
    );
    expect(readAck(await source.next())).toBe("0 1");
    expect(await ask("SCARD {tag}s")).toBe(":3\r\n");
    source.destroy();
  });
});

describe("before keys", () => {
  test("the database stays selected", async () => {
    const source = await RespConnection.open(server.port);
    expect(await ackOf("SLOTSRESTORE-ASYNC-SELECT 3", source)).toBe("0 OK");
    expect(await restoreFrame(source, "string", "a", "0", "1")).toBe("0 1");
    expect(await ask("SLOTSINFO", source)).toBe("*1\r\n*2\r\n:579\r\n:1\r\n");
    expect(await ask("DBSIZE")).toBe(":0\r\n");
    source.destroy();
    for (const db of ["16", "-1", "x", "9223372036854775807"]) {
      expect(await once(`SLOTSRESTORE-ASYNC-SELECT ${db}`)).toBe(`-1 invalid DB index (${db})`);
    }
    expect(await once("SLOTSRESTORE-ASYNC-SELECT")).toContain("wrong number of arguments");
  });

  test("without a password none is taken", async () => {
    expect(await once("SLOTSRESTORE-ASYNC-AUTH secret")).toBe(
      "-1 Client sent AUTH, but no password is set",
    );
    expect(await once("SLOTSRESTORE-ASYNC-AUTH")).toContain("wrong number of arguments");
    expect(await once("SLOTSRESTORE-ASYNC-AUTH2 default")).toContain("wrong number of arguments");
  });

  test("passwords and users", async () => {
    await ask("CONFIG SET requirepass secret");
    await ask("ACL SETUSER mover on >other ~* &* +@all");
    await ask("ACL SETUSER off off >other ~* +@all");
    try {
      expect(await once("SLOTSRESTORE-ASYNC delete a")).toStartWith("-NOAUTH");
      expect(await once("SLOTSRESTORE-ASYNC-SELECT 0")).toStartWith("-NOAUTH");
      expect(await once("SLOTSRESTORE-ASYNC-AUTH wrong")).toBe("-1 invalid password");
      expect(await once("SLOTSRESTORE-ASYNC-AUTH2 mover secret")).toBe("-1 invalid password");
      expect(await once("SLOTSRESTORE-ASYNC-AUTH2 nobody other")).toBe("-1 invalid password");
      expect(await once("SLOTSRESTORE-ASYNC-AUTH2 off other")).toBe("-1 invalid password");
      const source = await RespConnection.open(server.port);
      expect(await ackOf("SLOTSRESTORE-ASYNC-AUTH secret", source)).toBe("0 OK");
      expect(await ask("ACL WHOAMI", source)).toBe("$7\r\ndefault\r\n");
      expect(await ackOf("SLOTSRESTORE-ASYNC-AUTH2 mover other", source)).toBe("0 OK");
      expect(await ask("ACL WHOAMI", source)).toBe("$5\r\nmover\r\n");
      expect(await restoreFrame(source, "string", "a", "0", "1")).toBe("0 1");
      source.destroy();
    } finally {
      await ask("CONFIG SET requirepass ");
      await at.call("CONFIG", "SET", "requirepass", "");
      await ask("ACL DELUSER mover off");
    }
  });

  test("the forms that are known", async () => {
    expect(await once("SLOTSRESTORE-ASYNC-FORMS")).toBe("0 auth2 list hash dict zset stream");
    expect(await once("SLOTSRESTORE-ASYNC-FORMS x")).toContain("wrong number of arguments");
  });

  test("an acknowledgement that nobody asked for", async () => {
    expect(await once("SLOTSRESTORE-ASYNC-ACK 0 OK")).toBe(
      "-ERR invalid client, permission denied\r\n",
    );
    expect(await once("SLOTSRESTORE-ASYNC-ACK")).toContain("wrong number of arguments");
  });
});

describe("as commands of the server", () => {
  test("flags and positions of keys", async () => {
    const facts = async (name: string): Promise<string> => {
      const reply = await ask(`COMMAND INFO ${name}`);
      const flags = /\*\d+\r\n((?:\+\w+\r\n)+)/.exec(reply)?.[1]?.match(/\w+/g) ?? [];
      const keys = [...reply.matchAll(/:(-?\d+)\r\n/g)].slice(1, 4).map((match) => match[1]);
      return `${flags.filter((flag) => flag !== "module").join(" ")} ${keys.join(" ")}`;
    };
    expect(await facts("slotsrestore-async")).toBe("write denyoom 2 2 1");
    expect(await facts("slotsrestore-async-select")).toBe("loading stale fast 0 0 0");
    expect(await facts("slotsrestore-async-ack")).toBe("write 0 0 0");
    for (const name of ["slotsrestore-async-auth", "slotsrestore-async-auth2"]) {
      expect(await facts(name)).toBe(
        "noscript loading stale skip_monitor skip_slowlog fast no_auth 0 0 0",
      );
    }
  });

  test("rights: the command and the key", async () => {
    await ask("ACL SETUSER part on >x ~mine* resetchannels -@all +slotsrestore-async +ping");
    const source = await RespConnection.open(server.port);
    await ask("AUTH part x", source);
    expect(await restoreFrame(source, "string", "mine", "0", "1")).toBe("0 1");
    expect(await restoreFrame(source, "string", "other", "0", "1")).toStartWith("-NOPERM");
    expect(await restoreFrame(source, "delete")).toStartWith("-1 wrong number");
    await source.closed;
    await ask("ACL DELUSER part");
    expect(await ask("EXISTS other")).toBe(":0\r\n");
  });

  test("RESP3, transactions, scripts", async () => {
    const source = await RespConnection.open(server.port);
    await ask("HELLO 3", source);
    expect(await restoreFrame(source, "list", "l", "0", "2", "a")).toBe("0 1");
    await ask("MULTI", source);
    await source.call("SLOTSRESTORE-ASYNC", "list", "l", "0", "2", "b");
    await source.call("SLOTSRESTORE-ASYNC", "expire", "l", "0");
    expect(await ask("EXEC", source)).toBe(
      "*2\r\n*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$1\r\n2\r\n" +
        "*3\r\n$22\r\nSLOTSRESTORE-ASYNC-ACK\r\n$1\r\n0\r\n$1\r\n1\r\n",
    );
    const many = "local a = {} for i = 1, 7000 do a[i] = i end";
    const script = `${many} return redis.call('slotsrestore-async', 'dict', 's', '0', '9', unpack(a))`;
    expect(readAck(await source.call("EVAL", script, "0"))).toBe("0 7000");
    const wrong = "return redis.call('slotsrestore-async', 'list', 'l', 'x')";
    expect(readAck(await source.call("EVAL", wrong, "0"))).toBe("-1 invalid TTL value (TTL=x)");
    expect(await ask("LRANGE l 0 -1", source)).toBe("*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    source.destroy();
  });

  test("out of memory it is refused, and the connection stays", async () => {
    await ask("CONFIG SET maxmemory 1");
    const source = await RespConnection.open(server.port);
    expect(await restoreFrame(source, "string", "a", "0", "1")).toStartWith("-OOM");
    await ask("CONFIG SET maxmemory 0");
    expect(await restoreFrame(source, "string", "a", "0", "1")).toBe("0 1");
    source.destroy();
  });

  test("an evicted half of a key isn't taken for the whole", async () => {
    const source = await RespConnection.open(server.port);
    expect(await restoreFrame(source, "list", "l", "30000", "9", "x".repeat(100_000))).toBe("0 1");
    await ask("CONFIG SET maxmemory-policy volatile-ttl");
    const used = /used_memory:(\d+)/.exec(await ask("INFO memory"))?.[1];
    await ask(`CONFIG SET maxmemory ${Number(used) - 50_000}`);
    expect(await ask("PING")).toBe("+PONG\r\n");
    await ask("SET x 1");
    expect(await ask("EXISTS l")).toBe(":0\r\n");
    await ask("CONFIG SET maxmemory 0");
    await ask("CONFIG SET maxmemory-policy noeviction");
    expect(await restoreFrame(source, "list", "l", "30000", "9", "y")).toBe(
      "-1 the specified key doesn't exist (l)",
    );
    await source.closed;
    expect(await ask("SLOTSCHECK")).toBe("+OK\r\n");
  });
});
