/**
 * Scripts and libraries of functions for the differential test. None asks for a time, a random number or
 * the order of a hash table, so two servers with the same data answer alike.
 */

/** For EVAL and its family; each takes any number of keys and arguments. */
export const SCRIPTS: readonly string[] = [
  "return 1",
  "return {KEYS, ARGV}",
  "return redis.call('GET', KEYS[1])",
  "return redis.call('SET', KEYS[1], ARGV[1])",
  "return redis.call('INCRBY', KEYS[1], 2)",
  "return {redis.call('TYPE', KEYS[1]), redis.call('EXISTS', unpack(KEYS))}",
  "return redis.pcall('LPUSH', KEYS[1], unpack(ARGV))",
  "return redis.error_reply('MY own error')",
  "return redis.status_reply('FINE')",
  "return {1, 2.7, 'three', false, true, {4, {5}}}",
  "redis.setresp(3); return {redis.call('HLEN', KEYS[1]), {double=1.5}, {map={a=1}}, true, false}",
  "return nosuch.field",
  "return redis.call('NOSUCH')",
  "this is no lua",
  "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])",
  "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], 'v')",
  "#!lua flags=allow-cross-slot-keys\nreturn #KEYS",
];

/** For FUNCTION LOAD. The first two have the same name. */
export const LIBRARIES: readonly string[] = [
  "#!lua name=lib1\nredis.register_function('get1', function(k, a) return redis.call('GET', k[1]) end)",
  "#!lua name=lib1\nredis.register_function('count1', function(k, a) return {#k, #a} end)",
  "#!lua name=lib2\nredis.register_function{function_name='ro2', flags={'no-writes'}, " +
    "callback=function(k, a) return redis.call('STRLEN', k[1]) end}",
  "#!lua name=lib2\nredis.register_function('set2', function(k, a) return redis.call('SET', k[1], a[1]) end)",
  "#!lua name=lib3\nredis.register_function('get1', function() return 1 end)",
  "#!lua name=lib4\nno lua at all",
  "no shebang",
];
/** Names of libraries; the last is of none. */
export const LIBRARY_NAMES: readonly string[] = ["lib1", "lib2", "lib3", "nosuch"];
/** Names of functions; the last is of none. */
export const FUNCTION_NAMES: readonly string[] = ["get1", "count1", "ro2", "set2", "nosuch"];
