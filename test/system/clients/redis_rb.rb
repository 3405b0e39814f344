# Debian's ruby-redis with its default settings against the proxy: an ordinary mixed workload.
#
# Started by clients.test.ts as: ruby redis_rb.rb PORT PASSWORD (empty: none). Ends with 0 when every
# result was as a Redis would give it.

require "digest"
require "redis"

PORT = Integer(ARGV[0])
PASSWORD = ARGV[1].to_s.empty? ? nil : ARGV[1]
REDIS = Redis.new(port: PORT, password: PASSWORD)
$stdout.sync = true

def same(got, wanted)
  raise "got #{got.inspect} instead of #{wanted.inspect}" unless got == wanted
end

def fails(text)
  reply = yield
rescue Redis::BaseError => error
  raise "another error than #{text}: #{error.message}" unless error.message.include?(text)
else
  raise "no error but #{reply.inspect}"
end

def check_values
  same(REDIS.flushall, "OK")
  same(REDIS.set("s", "héllo"), "OK")
  same(REDIS.get("s"), "héllo")
  same(REDIS.get("none"), nil)
  same(REDIS.set("s", "x", ex: 100, nx: true), false)
  same(REDIS.append("s", "!"), 7)
  same(REDIS.incrby("n", 5), 5)
  same(REDIS.incrbyfloat("f", 1.5), 1.5)
  same(REDIS.setex("t", 100, "v"), "OK")
  same((1..100_000).cover?(REDIS.pttl("t")), true)
  same(REDIS.expire("none", 5), false)
  same(REDIS.hset("h", { "a" => 1, "b" => "two" }), 2)
  same(REDIS.hgetall("h"), { "a" => "1", "b" => "two" })
  same(REDIS.hmget("h", "a", "zz"), ["1", nil])
  same(REDIS.rpush("l", [1, 2, 3]), 3)
  same(REDIS.lrange("l", 0, -1), %w[1 2 3])
  same(REDIS.lpop("l"), "1")
  same(REDIS.sadd("set", %w[a b]), 2)
  same(REDIS.smembers("set").sort, %w[a b])
  same(REDIS.zadd("z", [[1, "a"], [2.5, "b"]]), 2)
  same(REDIS.zrange("z", 0, -1, with_scores: true), [["a", 1.0], ["b", 2.5]])
  same(REDIS.type("z"), "zset")
  same(REDIS.object("ENCODING", "n"), "int")
end

def check_streams
  same(REDIS.xadd("stream", { "field" => "value" }, id: "1-1"), "1-1")
  same(REDIS.xrange("stream"), [["1-1", { "field" => "value" }]])
  same(REDIS.xgroup(:create, "stream", "readers", "0"), "OK")
  read = REDIS.xreadgroup("readers", "me", "stream", ">")
  same(read, { "stream" => [["1-1", { "field" => "value" }]] })
  same(REDIS.xack("stream", "readers", "1-1"), 1)
end

def check_many_keys
  names = (0...300).map { |number| "many:#{number}" }
  same(REDIS.mset(*names.flat_map { |name| [name, "v-#{name}"] }), "OK")
  same(REDIS.mget(*names), names.map { |name| "v-#{name}" })
  same(REDIS.exists(*names), 300)
  same(REDIS.scan_each(match: "many:*", count: 50).to_a.uniq.sort, names.sort)
  same(REDIS.keys("many:*").length, 300)
  same(REDIS.del(*names.first(100)), 100)
  same(REDIS.unlink(*names), 200)
end

def check_pipelines
  results = REDIS.pipelined do |pipeline|
    500.times do |number|
      pipeline.set("pipe:#{number}", number)
      pipeline.get("pipe:#{number}")
    end
  end
  same(results, (0...500).flat_map { |number| ["OK", number.to_s] })
end

def check_scripts
  add = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
  same(REDIS.eval(add, keys: ["script:first"], argv: [7]), 7)
  50.times do |number|
    same(REDIS.evalsha(Digest::SHA1.hexdigest(add), keys: ["script:#{number}"], argv: [7]), 7)
  end
  sha = REDIS.script(:load, "return 42")
  same(REDIS.evalsha(sha, keys: ["any"]), 42)
  same(REDIS.script(:exists, [sha, "0" * 40]), [true, false])
  fails("NOSCRIPT") { REDIS.evalsha("1" * 40, keys: ["k"]) }
end

def check_server
  same(REDIS.info["redis_version"].match?(/\A\d/), true)
  same(REDIS.dbsize > 500, true)
  same(REDIS.ping, "PONG")
  same(REDIS.echo("hi"), "hi")
  other = Redis.new(port: PORT, password: PASSWORD, db: 3)
  same(other.set("only-3", "v"), "OK")
  same(REDIS.exists("only-3"), 0)
  same(other.flushdb, "OK")
  same(other.dbsize, 0)
  other.close
  same(REDIS.dbsize > 500, true)
end

def check_errors
  fails("WRONGTYPE") { REDIS.lpush("s", "x") }
  fails("not an integer") { REDIS.incr("s") }
  fails("CROSSSLOT") { REDIS.sunion("set", "set2", "set3", "set4") }
  fails("not allowed") { REDIS.call(["SLAVEOF", "127.0.0.1", "1"]) }
  fails("unknown command") { REDIS.call(%w[NOSUCHCOMMAND a]) }
  fails("not supported yet") { REDIS.call(["MULTI"]) }
  same(REDIS.ping, "PONG")
  return if PASSWORD.nil?

  fails("invalid password") { Redis.new(port: PORT, password: "wrong").ping }
  fails("Authentication required") { Redis.new(port: PORT).ping }
end

def check_reconnect
  same(REDIS.set("before", "restart"), "OK")
  puts "please restart the proxy"
  $stdin.gets
  same(REDIS.get("before"), "restart")
end

%i[
  check_values check_streams check_many_keys check_pipelines check_scripts check_server check_errors
  check_reconnect
].each do |part|
  send(part)
  puts "ok #{part}"
end
puts "all of redis-rb #{Redis::VERSION} went well"
