/**
 * ioredis with its default settings against the proxy: an ordinary mixed workload that asserts its own
 * results. Started by clients.test.ts as: PROGRAM ioredis.mjs PORT PASSWORD (empty: none).
 * Runs under Node and under Bun.
 */
import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { finish, keysNamed, restartProxy } from "./workload.mjs";

const [port, password] = [Number(process.argv[2]), process.argv[3] ?? ""];
const options = password === "" ? { port } : { port, password };
const redis = new Redis(options);
const reconnects = [];
redis.on("reconnecting", () => reconnects.push(1));
redis.on("error", (error) => process.stdout.write(`connection: ${error.message}\n`));

async function checkValues() {
  assert.equal(await redis.flushall(), "OK");
  assert.equal(await redis.set("s", "héllo"), "OK");
  assert.equal(await redis.get("s"), "héllo");
  assert.equal(await redis.get("none"), null);
  assert.deepEqual(await redis.getBuffer("s"), Buffer.from("héllo"));
  assert.equal(await redis.set("s", "x", "EX", 100, "NX"), null);
  assert.equal(await redis.append("s", "!"), 7);
  assert.equal(await redis.incrby("n", 5), 5);
  assert.equal(await redis.incrbyfloat("f", 1.5), "1.5");
  assert.equal(await redis.setex("t", 100, "v"), "OK");
  const ttl = await redis.pttl("t");
  assert.ok(ttl > 0 && ttl <= 100_000, `${ttl}`);
  assert.equal(await redis.expire("none", 5), 0);
  assert.equal(await redis.hset("h", { a: 1, b: "two" }), 2);
  assert.deepEqual(await redis.hgetall("h"), { a: "1", b: "two" });
  assert.deepEqual(await redis.hmget("h", "a", "zz"), ["1", null]);
  assert.equal(await redis.rpush("l", 1, 2, 3), 3);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["1", "2", "3"]);
  assert.equal(await redis.lpop("l"), "1");
  assert.equal(await redis.sadd("set", "a", "b"), 2);
  assert.deepEqual((await redis.smembers("set")).sort(), ["a", "b"]);
  assert.equal(await redis.sismember("set", "a"), 1);
  assert.equal(await redis.zadd("z", 1, "a", 2.5, "b"), 2);
  assert.deepEqual(await redis.zrange("z", 0, -1, "WITHSCORES"), ["a", "1", "b", "2.5"]);
  assert.equal(await redis.zscore("z", "b"), "2.5");
  assert.equal(await redis.pfadd("p", "a", "b"), 1);
  assert.equal(await redis.geoadd("g", 13.361389, 38.115556, "Palermo"), 1);
  assert.equal(await redis.setbit("bits", 7, 1), 0);
  assert.equal(await redis.type("z"), "zset");
  assert.equal(await redis.object("ENCODING", "n"), "int");
}

async function checkStreams() {
  assert.equal(await redis.xadd("stream", "1-1", "field", "value"), "1-1");
  assert.deepEqual(await redis.xrange("stream", "-", "+"), [["1-1", ["field", "value"]]]);
  assert.equal(await redis.xgroup("CREATE", "stream", "readers", "0"), "OK");
  const read = await redis.xreadgroup("GROUP", "readers", "me", "STREAMS", "stream", ">");
  assert.deepEqual(read, [["stream", [["1-1", ["field", "value"]]]]]);
  assert.equal(await redis.xack("stream", "readers", "1-1"), 1);
}

async function checkManyKeys() {
  const names = keysNamed("many", 300);
  assert.equal(await redis.mset(names.flatMap((name) => [name, `v-${name}`])), "OK");
  assert.deepEqual(
    await redis.mget(names),
    names.map((name) => `v-${name}`),
  );
  assert.equal(await redis.exists(names), 300);
  const found = [];
  for await (const batch of redis.scanStream({ match: "many:*", count: 50 })) {
    found.push(...batch);
  }
  assert.deepEqual([...new Set(found)].sort(), [...names].sort());
  assert.equal((await redis.keys("many:*")).length, 300);
  assert.equal(await redis.del(names.slice(0, 100)), 100);
  assert.equal(await redis.unlink(names), 200);
}

async function checkPipelines() {
  const pipeline = redis.pipeline();
  for (let number = 0; number < 500; number += 1) {
    pipeline.set(`pipe:${number}`, number).get(`pipe:${number}`);
  }
  const results = await pipeline.exec();
  assert.equal(results.length, 1000);
  results.forEach(([error, value], index) => {
    assert.equal(error, null);
    assert.equal(value, index % 2 === 0 ? "OK" : `${(index - 1) / 2}`);
  });
  const together = await Promise.all(keysNamed("pipe", 500).map((name) => redis.get(name)));
  assert.deepEqual(together, [...Array(500).keys()].map(String));
}

async function checkScripts() {
  redis.defineCommand("sumWith", {
    numberOfKeys: 1,
    lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
  });
  for (let number = 0; number < 50; number += 1) {
    assert.equal(await redis.sumWith(`script:${number}`, 7), 7);
    assert.equal(await redis.sumWith(`script:${number}`, 1), 8);
  }
  assert.deepEqual(await redis.eval("return {KEYS[1], ARGV[1]}", 1, "k", "a"), ["k", "a"]);
  const sha = await redis.script("LOAD", "return 42");
  assert.equal(await redis.evalsha(sha, 1, "any"), 42);
  assert.deepEqual(await redis.script("EXISTS", sha, "0".repeat(40)), [1, 0]);
  await assert.rejects(redis.evalsha("1".repeat(40), 1, "k"), /^ReplyError: NOSCRIPT/);
}

async function checkServer() {
  const info = await redis.info();
  assert.match(info, /redis_version:\d/);
  assert.match(info, /role:master/);
  assert.ok((await redis.dbsize()) > 500);
  assert.equal(await redis.ping("hi"), "hi");
  assert.equal(await redis.client("SETNAME", "ioredis-test"), "OK");
  assert.equal(await redis.client("GETNAME"), "ioredis-test");
  const other = new Redis({ ...options, db: 3 });
  assert.equal(await other.set("only-3", "v"), "OK");
  assert.equal(await redis.exists("only-3"), 0);
  assert.equal(await other.flushdb(), "OK");
  assert.equal(await other.dbsize(), 0);
  await other.quit();
  assert.ok((await redis.dbsize()) > 500);
}

async function checkErrors() {
  await assert.rejects(redis.lpush("s", "x"), /WRONGTYPE/);
  await assert.rejects(redis.incr("s"), /not an integer/);
  await assert.rejects(redis.sunion("set", "set2", "set3", "set4"), /CROSSSLOT/);
  await assert.rejects(redis.call("SHUTDOWN"), /not allowed/);
  await assert.rejects(redis.call("NOSUCHCOMMAND", "a"), /unknown command/);
  await assert.rejects(redis.multi().set("a", 1).exec(), /not supported yet/);
  assert.equal(await redis.ping(), "PONG");
  if (password !== "") {
    const wrong = new Redis({ port, password: "wrong", lazyConnect: true, retryStrategy: null });
    const refused = new Promise((resolve) => {
      wrong.on("error", (error) => resolve(error.message));
    });
    await assert.rejects(wrong.connect());
    assert.match(await refused, /WRONGPASS|invalid password/);
    wrong.disconnect();
  }
}

async function checkReconnect() {
  assert.equal(await redis.set("before", "restart"), "OK");
  await restartProxy();
  assert.equal(await redis.get("before"), "restart");
  assert.equal(await redis.sumWith("after", 3), 3);
  assert.ok(reconnects.length > 0);
}

await finish("ioredis", async (run) => {
  await run(checkValues);
  await run(checkStreams);
  await run(checkManyKeys);
  await run(checkPipelines);
  await run(checkScripts);
  await run(checkServer);
  await run(checkErrors);
  await run(checkReconnect);
  await redis.quit();
});
