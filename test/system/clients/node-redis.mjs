/**
 * node-redis with its default settings against the proxy: an ordinary mixed workload that asserts its own
 * results. Started by clients.test.ts as: PROGRAM node-redis.mjs PORT PASSWORD (empty: none).
 * Runs under Node and under Bun.
 */
import assert from "node:assert/strict";
import { createClient, defineScript } from "redis";
import { finish, keysNamed, restartProxy } from "./workload.mjs";

const [port, password] = [Number(process.argv[2]), process.argv[3] ?? ""];
const options = { socket: { port, host: "127.0.0.1" }, ...(password === "" ? {} : { password }) };
const scripts = {
  sumWith: defineScript({
    NUMBER_OF_KEYS: 1,
    SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
    parseCommand(parser, key, by) {
      parser.pushKey(key);
      parser.push(`${by}`);
    },
    transformReply: undefined,
  }),
};
const redis = createClient({ ...options, scripts });
const reconnects = [];
redis.on("reconnecting", () => reconnects.push(1));
redis.on("error", (error) => process.stdout.write(`connection: ${error.message}\n`));

async function checkValues() {
  await redis.connect();
  assert.equal(await redis.flushAll(), "OK");
  assert.equal(await redis.set("s", "héllo"), "OK");
  assert.equal(await redis.get("s"), "héllo");
  assert.equal(await redis.get("none"), null);
  assert.equal(await redis.set("s", "x", { EX: 100, NX: true }), null);
  assert.equal(await redis.append("s", "!"), 7);
  assert.equal(await redis.incrBy("n", 5), 5);
  assert.equal(await redis.setEx("t", 100, "v"), "OK");
  const ttl = await redis.pTTL("t");
  assert.ok(ttl > 0 && ttl <= 100_000, `${ttl}`);
  assert.equal(await redis.expire("none", 5), 0);
  assert.equal(await redis.hSet("h", { a: "1", b: "two" }), 2);
  assert.deepEqual({ ...(await redis.hGetAll("h")) }, { a: "1", b: "two" });
  assert.deepEqual(await redis.hmGet("h", ["a", "zz"]), ["1", null]);
  assert.equal(await redis.rPush("l", ["1", "2", "3"]), 3);
  assert.deepEqual(await redis.lRange("l", 0, -1), ["1", "2", "3"]);
  assert.equal(await redis.lPop("l"), "1");
  assert.equal(await redis.sAdd("set", ["a", "b"]), 2);
  assert.deepEqual([...(await redis.sMembers("set"))].sort(), ["a", "b"]);
  assert.equal(await redis.sIsMember("set", "a"), 1);
  const scores = [
    { score: 1, value: "a" },
    { score: 2.5, value: "b" },
  ];
  assert.equal(await redis.zAdd("z", scores), 2);
  const ranged = await redis.zRangeWithScores("z", 0, -1);
  assert.deepEqual(
    ranged.map((member) => ({ ...member })).sort((a, b) => a.score - b.score),
    [
      { value: "a", score: 1 },
      { value: "b", score: 2.5 },
    ],
  );
  assert.equal(await redis.zScore("z", "b"), 2.5);
  assert.equal(await redis.type("z"), "zset");
  assert.equal(await redis.objectEncoding("n"), "int");
}

async function checkStreams() {
  assert.equal(await redis.xAdd("stream", "1-1", { field: "value" }), "1-1");
  const [entry] = await redis.xRange("stream", "-", "+");
  assert.equal(entry.id, "1-1");
  assert.deepEqual({ ...entry.message }, { field: "value" });
  assert.equal(await redis.xGroupCreate("stream", "readers", "0"), "OK");
  const from = { key: "stream", id: ">" };
  const [read] = await redis.xReadGroup("readers", "me", from);
  assert.equal(read.name, "stream");
  assert.equal(read.messages[0].id, "1-1");
  assert.equal(await redis.xAck("stream", "readers", "1-1"), 1);
}

async function checkManyKeys() {
  const names = keysNamed("many", 300);
  assert.equal(await redis.mSet(names.map((name) => [name, `v-${name}`])), "OK");
  assert.deepEqual(
    await redis.mGet(names),
    names.map((name) => `v-${name}`),
  );
  assert.equal(await redis.exists(names), 300);
  const found = [];
  for await (const batch of redis.scanIterator({ MATCH: "many:*", COUNT: 50 })) {
    found.push(...batch);
  }
  assert.deepEqual([...new Set(found)].sort(), [...names].sort());
  assert.equal((await redis.keys("many:*")).length, 300);
  assert.equal(await redis.del(names.slice(0, 100)), 100);
  assert.equal(await redis.unlink(names), 200);
}

/** node-redis pipelines by itself what is asked in one turn; a batch by `execAsPipeline`. */
async function checkPipelines() {
  const names = keysNamed("pipe", 500);
  const set = await Promise.all(names.map((name, number) => redis.set(name, `${number}`)));
  assert.ok(set.every((reply) => reply === "OK"));
  const got = await Promise.all(names.map((name) => redis.get(name)));
  assert.deepEqual(got, [...Array(500).keys()].map(String));
  const batch = redis.multi();
  for (const name of names) {
    batch.incr(name);
  }
  assert.deepEqual(
    await batch.execAsPipeline(),
    names.map((_, number) => number + 1),
  );
}

async function checkScripts() {
  for (let number = 0; number < 50; number += 1) {
    assert.equal(await redis.sumWith(`script:${number}`, 7), 7);
    assert.equal(await redis.sumWith(`script:${number}`, 1), 8);
  }
  const given = { keys: ["k"], arguments: ["a"] };
  assert.deepEqual(await redis.eval("return {KEYS[1], ARGV[1]}", given), ["k", "a"]);
  const sha = await redis.scriptLoad("return 42");
  assert.equal(await redis.evalSha(sha, { keys: ["any"] }), 42);
  assert.deepEqual(await redis.scriptExists([sha, "0".repeat(40)]), [1, 0]);
  await assert.rejects(redis.evalSha("1".repeat(40), { keys: ["k"] }), /NOSCRIPT/);
}

async function checkServer() {
  assert.match(await redis.info(), /redis_version:\d/);
  assert.ok((await redis.dbSize()) > 500);
  assert.equal(await redis.ping("hi"), "hi");
  assert.equal(await redis.clientSetName("node-redis-test"), "OK");
  assert.equal(await redis.clientGetName(), "node-redis-test");
  const other = createClient({ ...options, database: 3 });
  await other.connect();
  assert.equal(await other.set("only-3", "v"), "OK");
  assert.equal(await redis.exists("only-3"), 0);
  assert.equal(await other.flushDb(), "OK");
  assert.equal(await other.dbSize(), 0);
  await other.close();
  assert.ok((await redis.dbSize()) > 500);
}

async function checkErrors() {
  await assert.rejects(redis.lPush("s", "x"), /WRONGTYPE/);
  await assert.rejects(redis.incr("s"), /not an integer/);
  await assert.rejects(redis.sUnion(["set", "set2", "set3", "set4"]), /CROSSSLOT/);
  await assert.rejects(redis.sendCommand(["SHUTDOWN"]), /not allowed/);
  await assert.rejects(redis.sendCommand(["NOSUCHCOMMAND", "a"]), /unknown command/);
  await assert.rejects(redis.sendCommand(["MULTI"]), /not supported yet/);
  assert.equal(await redis.ping(), "PONG");
  if (password !== "") {
    const socket = { ...options.socket, reconnectStrategy: false };
    const wrong = createClient({ ...options, socket, password: "wrong" });
    wrong.on("error", () => process.stdout.write("a wrong password was refused\n"));
    await assert.rejects(wrong.connect(), /WRONGPASS|invalid password/);
  }
}

async function checkReconnect() {
  assert.equal(await redis.set("before", "restart"), "OK");
  await restartProxy();
  assert.equal(await redis.get("before"), "restart");
  assert.equal(await redis.sumWith("after", 3), 3);
  assert.ok(reconnects.length > 0);
}

await finish("node-redis", async (run) => {
  await run(checkValues);
  await run(checkStreams);
  await run(checkManyKeys);
  await run(checkPipelines);
  await run(checkScripts);
  await run(checkServer);
  await run(checkErrors);
  await run(checkReconnect);
  await redis.close();
});
