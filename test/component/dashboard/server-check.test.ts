/**
 * The checks before a server joins a group: real redis-servers for all that Redis can be made to do, fakes for
 * codis-server, for one that loads, and for what is no Redis at all.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { slotOf } from "../../../src/command/hash.ts";
import { checkServer, type ServerCheck } from "../../../src/dashboard/group/check-server.ts";
import { RedisClient } from "../../../src/redis/client.ts";
import { catchRejection } from "../../support/caught-error.ts";
import { waitFor } from "../../support/deadline.ts";
import { startFakeCodis } from "../../support/fake-codis-server.ts";
import { freePort } from "../../support/free-port.ts";
import { PATIENT } from "../../support/patience.ts";
import { keepSilent, startRawServer } from "../../support/raw-server.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { serverTopology } from "../../support/server-topology.ts";

/** The server that is checked, and one that is the master of group 1. */
let server: RedisServer;
let master: RedisServer;

beforeAll(async () => {
  // Copies begin at once.
  const args = ["--repl-diskless-sync-delay", "0"];
  [server, master] = await Promise.all([startRedis({ args }), startRedis({ args })]);
});

afterAll(async () => {
  await Promise.all([server.stop(), master.stop()]);
});

/** Sends commands to a server on a connection of their own; the first words may be `SELECT n`. */
async function tell(addr: string, ...commands: readonly (readonly string[])[]): Promise<void> {
  const client = await RedisClient.connect({ ...PATIENT, addr });
  try {
    for (const command of commands) {
      await client.call(command);
    }
  } finally {
    client.close();
  }
}

function slot(key: string, slotCount = 1024): number {
  const bytes = Buffer.from(key);
  return slotOf(bytes, 0, bytes.length, slotCount - 1);
}

/** A check as the first server of group 2 of an empty product, but for what is given. */
function check(changes: Partial<ServerCheck> = {}): ReturnType<typeof checkServer> {
  return checkServer({
    addr: server.addr,
    groupId: 2,
    role: "master",
    topology: serverTopology({ groups: { 1: [master.addr], 2: [] }, owners: [[0, 1023, 1]] }),
    password: "",
    timeouts: { connectMs: 20_000, callMs: 20_000 },
    ...changes,
  });
}

describe("a server that is fine", () => {
  test("says what it is", async () => {
    const found = await check();
    expect(found).toMatchObject({
      addr: server.addr,
      kind: "redis",
      keyCount: 0,
      functions: {},
      hasFunctions: true,
    });
    expect(found.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(found.runId).toMatch(/^[0-9a-f]{40}$/);
    expect(found.replication.role).toBe("master");
  });

  test("its libraries are listed with digests", async () => {
    const code = "#!lua name=demo\nredis.register_function('f', function() return 1 end)";
    await tell(server.addr, ["FUNCTION", "LOAD", code]);
    const { functions } = await check();
    expect(Object.keys(functions ?? {})).toEqual(["demo"]);
    await tell(server.addr, ["FUNCTION", "FLUSH"]);
  });
});

describe("reach and login", () => {
  test("nobody listens", async () => {
    const addr = `127.0.0.1:${await freePort()}`;
    const error = await catchRejection(check({ addr }));
    expect(error.code).toBe("SERVER_UNREACHABLE");
    expect(error.message).toContain("connection refused");
  });

  test("it hangs, or is another program", async () => {
    const silent = await startRawServer(keepSilent);
    const hung = await catchRejection(check({ addr: silent.addr, timeouts: { connectMs: 100 } }));
    expect(hung.code).toBe("SERVER_UNREACHABLE");
    await silent.close();
    const web = await startRawServer((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const other = await catchRejection(check({ addr: web.addr }));
    expect(other.message).toContain("doesn't speak RESP");
    await web.close();
  });

  test("the password is wrong, missing, or not needed", async () => {
    expect((await catchRejection(check({ password: "x" }))).message).toMatch(
      /has no password, but product/,
    );
    await tell(server.addr, ["CONFIG", "SET", "requirepass", "right"]);
    expect((await catchRejection(check())).message).toMatch(/needs a password/);
    const wrong = await catchRejection(check({ password: "wrong" }));
    expect(wrong.code).toBe("SERVER_AUTH_FAILED");
    expect(wrong.message).toMatch(/another password/);
    const client = await RedisClient.connect({
      ...PATIENT,
      addr: server.addr,
      password: "right",
    });
    await client.call(["CONFIG", "SET", "requirepass", ""]);
    client.close();
  });
});

describe("what it is", () => {
  test("a server in cluster mode", async () => {
    const cluster = await startRedis({ args: ["--cluster-enabled", "yes"] });
    const error = await catchRejection(check({ addr: cluster.addr }));
    expect(error.code).toBe("SERVER_VERSION_UNSUPPORTED");
    expect(error.message).toContain("cluster mode");
    await cluster.stop();
  });

  test("a server that loads, and one that is too old", async () => {
    const loading = await startFakeCodis({ info: { loading: "1", loading_eta_seconds: "7" } });
    const error = await catchRejection(check({ addr: loading.addr }));
    expect(error.code).toBe("SERVER_LOADING");
    expect(error.message).toContain("about 7 s");
    await loading.close();
    const old = await startFakeCodis({ info: { redis_version: "2.8.21" } });
    expect((await catchRejection(check({ addr: old.addr }))).code).toBe(
      "SERVER_VERSION_UNSUPPORTED",
    );
    await old.close();
  });

  test("a replica can't be the first server of a group", async () => {
    await tell(server.addr, ["REPLICAOF", "127.0.0.1", `${master.port}`]);
    const error = await catchRejection(check());
    expect(error.code).toBe("SERVER_ROLE_WRONG");
    expect(error.message).toContain(`is a replica of 127.0.0.1:${master.port}`);
    await tell(server.addr, ["REPLICAOF", "NO", "ONE"]);
  });
});

describe("one server in one group", () => {
  test("by address: the text of Codis", async () => {
    const error = await catchRejection(check({ addr: master.addr }));
    expect(error.code).toBe("SERVER_IN_OTHER_GROUP");
    expect(error.message).toBe(`server-[${master.addr}] already exists in group-[1]`);
  });

  test("by its run, under another name", async () => {
    const addr = `localhost:${master.port}`;
    const error = await catchRejection(check({ addr }));
    expect(error.code).toBe("SERVER_IN_OTHER_GROUP");
    expect(error.message).toContain(
      `server-[${addr}] already exists in group-[1], as ${master.addr}`,
    );
  });

  test("servers that hang are asked together, and those that polling calls broken not at all", async () => {
    const silent = await startRawServer(keepSilent);
    const topology = serverTopology({ groups: { 1: [silent.addr], 2: [] } });
    const figures = new Map([
      [
        silent.addr,
        { addr: silent.addr, info: undefined, error: "hangs", isTimedOut: true, atMs: 0 },
      ],
    ]);
    await check({ topology, figures });
    expect(silent.connectionCount()).toBe(0);
    await check({ topology });
    expect(silent.connectionCount()).toBe(1);
    await silent.close();
  });
});

describe("keys of a master", () => {
  const FOREIGN = "foreign\n\x01";

  test("one key in any database is too many, and is named", async () => {
    await tell(server.addr, ["SELECT", "9"], ["SET", FOREIGN, "v"]);
    const error = await catchRejection(check());
    expect(error.code).toBe("SERVER_HOLDS_FOREIGN_KEYS");
    expect(error.message).toContain('the key "foreign\\x0a\\x01" in database 9');
    expect(error.message).toContain(`of slot ${slot(FOREIGN)}, which group 1 owns`);
    expect(error.message).toContain("Empty the server (FLUSHALL) first");
    await tell(server.addr, ["FLUSHALL"]);
  });

  test("keys of the group's own slots are fine; the one that isn't is found among them", async () => {
    const own = slot("a{own}");
    const topology = serverTopology({ groups: { 2: [] }, owners: [[own, own, 2]] });
    for (let i = 0; i < 30; i += 1) {
      const pairs = Array.from({ length: 100 }, (_, n) => [`${i * 100 + n}{own}`, "v"]).flat();
      await tell(server.addr, ["MSET", ...pairs]);
    }
    const steps: number[] = [];
    const found = await check({ topology, onProgress: ({ checked }) => steps.push(checked) });
    expect(found.keyCount).toBe(3_000);
    expect(steps.length).toBeGreaterThanOrEqual(3);
    expect(steps.at(-1)).toBeGreaterThanOrEqual(3_000);
    await tell(server.addr, ["SET", "other", "v"]);
    const error = await catchRejection(check({ topology }));
    expect(error.message).toContain(
      `"other" in database 0, of slot ${slot("other")}, which no group`,
    );
    await tell(server.addr, ["DEL", "other"]);
    const late = await catchRejection(
      check({ topology, timeouts: { connectMs: 20_000, searchMs: -1 } }),
    );
    expect(late.code).toBe("SERVER_HOLDS_FOREIGN_KEYS");
    expect(late.message).toMatch(/of about 3000 keys were checked/);
    await tell(server.addr, ["FLUSHALL"]);
  });

  test("a product with more slots counts them by its own number", async () => {
    const key = "key:18";
    const id = slot(key, 4096);
    const topology = serverTopology({ slotCount: 4096, groups: { 2: [] }, owners: [[id, id, 2]] });
    await tell(server.addr, ["SET", key, "v"]);
    expect((await check({ topology })).keyCount).toBe(1);
    await tell(server.addr, ["FLUSHALL"]);
  });

  test("data are adopted only while all slots are offline, and only when that is said", async () => {
    await tell(server.addr, ["SET", "existing", "v"]);
    const offline = serverTopology({ groups: { 2: [] } });
    expect((await catchRejection(check({ topology: offline }))).message).toContain(
      "codis server add --adopt",
    );
    const found = await check({ topology: offline, allowForeignKeys: true });
    expect(found.keyCount).toBe(1);
    const error = await catchRejection(check({ allowForeignKeys: true }));
    expect(error.message).toContain("(--adopt) only while all slots are offline");
    await tell(server.addr, ["FLUSHALL"]);
  });
});

describe("codis-server", () => {
  test("an empty one passes", async () => {
    const codis = await startFakeCodis();
    expect(await check({ addr: codis.addr })).toMatchObject({
      kind: "codis-server",
      version: "3.2.11",
      functions: undefined,
    });
    await codis.close();
  });

  test("its counts find a foreign key in the second database without a scan", async () => {
    const codis = await startFakeCodis({
      keys: { 0: { 5: ["a"] }, 2: { 5: ["b"], 900: ["bad"] } },
    });
    const topology = serverTopology({ groups: { 2: [] }, owners: [[0, 100, 2]] });
    const error = await catchRejection(check({ addr: codis.addr, topology }));
    expect(error.message).toContain('"bad" in database 2, of slot 900');
    expect(codis.requests("SCAN")).toEqual([]);
    await codis.close();
  });
});

describe("a new replica", () => {
  const replica = (changes: Partial<ServerCheck> = {}) =>
    check({ role: "replica", groupId: 1, ...changes });

  test("an empty server passes; one with keys only when its data may go", async () => {
    expect((await replica()).keyCount).toBe(0);
    await tell(server.addr, ["SET", "precious", "v"]);
    const error = await catchRejection(replica());
    expect(error.code).toBe("SERVER_HOLDS_FOREIGN_KEYS");
    expect(error.message).toMatch(/is a master of its own and holds 1 keys, which it would lose/);
    expect((await replica({ allowDataLoss: true })).keyCount).toBe(1);
    await tell(server.addr, ["FLUSHALL"]);
  });

  test("one that has its keys from this group's master passes, under any name of the master", async () => {
    await tell(master.addr, ["SET", "k", "v"]);
    for (const host of ["127.0.0.1", "localhost"]) {
      await tell(server.addr, ["REPLICAOF", host, `${master.port}`]);
      await waitFor("a key that arrived, and the link", 30_000, async () => {
        const found = await replica({ allowDataLoss: true });
        return found.replication.isLinkUp && found.keyCount === 1 ? true : undefined;
      });
      expect((await replica()).replication.masterAddr).toBe(`${host}:${master.port}`);
    }
    const other = serverTopology({ groups: { 1: ["127.0.0.1:1"] } });
    const error = await catchRejection(replica({ topology: other }));
    expect(error.message).toContain(`follows localhost:${master.port}, not 127.0.0.1:1`);
    await tell(server.addr, ["REPLICAOF", "NO", "ONE"], ["FLUSHALL"]);
    await tell(master.addr, ["FLUSHALL"]);
  });
});
