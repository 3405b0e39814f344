"""Debian's python3-redis with its default settings against the proxy: an ordinary mixed workload.

Started by clients.test.ts as: python3 redis_py.py PORT PASSWORD (empty: none). Ends with 0 when every
result was as a Redis would give it.
"""
import sys

import redis
from redis.exceptions import AuthenticationError, NoScriptError, ResponseError

port, password = int(sys.argv[1]), sys.argv[2] or None
client = redis.Redis(port=port, password=password, decode_responses=True)


def same(got, wanted):
    assert got == wanted, f"got {got!r} instead of {wanted!r}"


def fails(call, text, kind=ResponseError):
    try:
        reply = call()
    except kind as error:
        assert text in str(error), f"another error: {error}"
        return
    raise AssertionError(f"no error but {reply!r}")


def check_values():
    same(client.flushall(), True)
    same(client.set("s", "héllo"), True)
    same(client.get("s"), "héllo")
    same(client.get("none"), None)
    same(client.set("s", "x", ex=100, nx=True), None)
    same(client.append("s", "!"), 7)
    same(client.incrby("n", 5), 5)
    same(client.incrbyfloat("f", 1.5), 1.5)
    same(client.setex("t", 100, "v"), True)
    assert 0 < client.pttl("t") <= 100_000
    same(client.expire("none", 5), False)
    same(client.hset("h", mapping={"a": 1, "b": "two"}), 2)
    same(client.hgetall("h"), {"a": "1", "b": "two"})
    same(client.hmget("h", "a", "zz"), ["1", None])
    same(client.rpush("l", 1, 2, 3), 3)
    same(client.lrange("l", 0, -1), ["1", "2", "3"])
    same(client.lpop("l"), "1")
    same(client.sadd("set", "a", "b"), 2)
    same(client.smembers("set"), {"a", "b"})
    same(client.zadd("z", {"a": 1, "b": 2.5}), 2)
    same(client.zrange("z", 0, -1, withscores=True), [("a", 1.0), ("b", 2.5)])
    same(client.geoadd("g", (13.361389, 38.115556, "Palermo")), 1)
    same(client.type("z"), "zset")
    same(client.object("ENCODING", "n"), "int")
    same(client.sort("l", desc=True), ["3", "2"])


def check_streams():
    same(client.xadd("stream", {"field": "value"}, id="1-1"), "1-1")
    same(client.xrange("stream"), [("1-1", {"field": "value"})])
    same(client.xgroup_create("stream", "readers", "0"), True)
    read = client.xreadgroup("readers", "me", {"stream": ">"})
    same(read, [["stream", [("1-1", {"field": "value"})]]])
    same(client.xack("stream", "readers", "1-1"), 1)


def check_many_keys():
    names = [f"many:{number}" for number in range(300)]
    same(client.mset({name: f"v-{name}" for name in names}), True)
    same(client.mget(names), [f"v-{name}" for name in names])
    same(client.exists(*names), 300)
    same(set(client.scan_iter(match="many:*", count=50)), set(names))
    same(len(client.keys("many:*")), 300)
    same(client.delete(*names[:100]), 100)
    same(client.unlink(*names), 200)
    client.hset("big", mapping={f"f{number}": number for number in range(1000)})
    same(len(dict(client.hscan_iter("big", count=100))), 1000)


def check_pipelines():
    pipeline = client.pipeline(transaction=False)
    for number in range(500):
        pipeline.set(f"pipe:{number}", number).get(f"pipe:{number}")
    results = pipeline.execute()
    same(results[0::2], [True] * 500)
    same(results[1::2], [str(number) for number in range(500)])


def check_scripts():
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    for number in range(50):
        same(add(keys=[f"script:{number}"], args=[7]), 7)
        same(add(keys=[f"script:{number}"], args=[1]), 8)
    pipeline = client.pipeline(transaction=False)
    for number in range(50):
        add(keys=[f"script:{number}"], args=[2], client=pipeline)
    same(pipeline.execute(), [10] * 50)
    same(client.eval("return {KEYS[1], ARGV[1]}", 1, "k", "a"), ["k", "a"])
    sha = client.script_load("return 42")
    same(client.evalsha(sha, 1, "any"), 42)
    same(client.script_exists(sha, "0" * 40), [True, False])
    fails(lambda: client.evalsha("1" * 40, 1, "k"), "No matching script", NoScriptError)


def check_server():
    assert client.info()["redis_version"][0].isdigit()
    assert client.dbsize() > 500
    same(client.ping(), True)
    same(client.echo("hi"), "hi")
    same(client.client_setname("redis-py-test"), True)
    other = redis.Redis(port=port, password=password, db=3, decode_responses=True)
    same(other.set("only-3", "v"), True)
    same(client.exists("only-3"), 0)
    same(other.flushdb(), True)
    same(other.dbsize(), 0)
    assert client.dbsize() > 500


def check_errors():
    fails(lambda: client.lpush("s", "x"), "WRONGTYPE")
    fails(lambda: client.incr("s"), "not an integer")
    fails(lambda: client.sunion("set", "set2", "set3", "set4"), "CROSSSLOT")
    fails(lambda: client.execute_command("SLAVEOF", "127.0.0.1", "1"), "not allowed")
    fails(lambda: client.execute_command("NOSUCHCOMMAND", "a"), "unknown command")
    fails(lambda: client.pipeline().set("a", 1).execute(), "not supported yet")
    same(client.ping(), True)
    if password is not None:
        wrong = redis.Redis(port=port, password="wrong")
        fails(wrong.ping, "invalid password", (ResponseError, AuthenticationError))
        open_client = redis.Redis(port=port)
        fails(open_client.ping, "Authentication required", AuthenticationError)


def check_reconnect():
    same(client.set("before", "restart"), True)
    print("please restart the proxy", flush=True)
    sys.stdin.readline()
    same(client.get("before"), "restart")
    same(client.register_script("return ARGV[1]")(keys=["k"], args=["v"]), "v")


for part in [
    check_values,
    check_streams,
    check_many_keys,
    check_pipelines,
    check_scripts,
    check_server,
    check_errors,
    check_reconnect,
]:
    part()
    print("ok", part.__name__, flush=True)
print(f"all of redis-py {redis.__version__} went well")
