/**
 * What the commands on data look like: one line for each form, the command of the table before
  the colon.
 * The language is that of `grammar.ts`, the placeholders are those of `vocabulary.ts`.
 * An indented line goes on with the one above.
 */

/** Strings, bits and HyperLogLogs. */
export const STRING_CORPUS = `
append: APPEND <str> <v>
decr: DECR <num>
decrby: DECRBY <num> <int>
get: GET <str>
getdel: GETDEL <str>
getex: GETEX <str> [EX <ttl>|PX <pttl>|EXAT <at>|PXAT <pat>|PERSIST]
getrange: GETRANGE <str> <idx> <idx>
getset: GETSET <str> <v>
incr: INCR <num>
incrby: INCRBY <num> <int>
incrbyfloat: INCRBYFLOAT <num> <float>
lcs: LCS <str> <str> [LEN|IDX [MINMATCHLEN <count>] [WITHMATCHLEN]]
mget: MGET {<str>} [<any>] [<num>]
mset: MSET {<str> <v>}
mset: MSET {<num> <int>} [<str> <v>]
msetnx: MSETNX {<str> <v>}
psetex: PSETEX <str> <pttl> <v>
set: SET <str> <v> [NX|XX] [GET] [EX <ttl>|PX <pttl>|EXAT <at>|PXAT <pat>|KEEPTTL]
set: SET <num> <int>
setex: SETEX <str> <ttl> <v>
setnx: SETNX <str> <v>
setrange: SETRANGE <str> <offset> <v>
strlen: STRLEN <str>
substr: SUBSTR <str> <idx> <idx>
bitcount: BITCOUNT <bit> [<idx> <idx> [BYTE|BIT]]
bitfield: BITFIELD <bit> {(GET <bitint> <bitfieldat>|SET <bitint> <bitfieldat> <int>|OVERFLOW
  (WRAP|SAT|FAIL) INCRBY <bitint> <bitfieldat> <int>)}
bitfield_ro: BITFIELD_RO <bit> {GET <bitint> <bitfieldat>}
bitop: BITOP (AND|OR|XOR) <bit> {<bit>}
bitop: BITOP NOT <bit> <bit>
bitpos: BITPOS <bit> <onoff> [<idx> [<idx> [BYTE|BIT]]]
bitpos: BITPOS <bit> (0|1) [<idx> [<idx> [BYTE|BIT]]]
getbit: GETBIT <bit> <bitpos>
setbit: SETBIT <bit> <bitpos> <onoff>
pfadd: PFADD <hll> {<m>}
pfadd: PFADD <hll>
pfcount: PFCOUNT {<hll>}
pfdebug: PFDEBUG (GETREG|DECODE|ENCODING|TODENSE) <hll>
pfmerge: PFMERGE <hll> {<hll>}
`;

/** Lists and hashes. */
export const LIST_AND_HASH_CORPUS = `
lindex: LINDEX <list> <idx>
linsert: LINSERT <list> (BEFORE|AFTER) <m> <v>
llen: LLEN <list>
lmove: LMOVE <list> <list> (LEFT|RIGHT) (LEFT|RIGHT)
lmpop: LMPOP <n:list> (LEFT|RIGHT) [COUNT <count>]
lpop: LPOP <list> [<count>]
lpos: LPOS <list> <m> [RANK <idx>] [COUNT <count>] [MAXLEN <count>]
lpush: LPUSH <list> {<m>}
lpushx: LPUSHX <list> {<v>}
lrange: LRANGE <list> <idx> <idx>
lrem: LREM <list> <idx> <m>
lset: LSET <list> <idx> <v>
ltrim: LTRIM <list> <idx> <idx>
rpop: RPOP <list> [<count>]
rpoplpush: RPOPLPUSH <list> <list>
rpush: RPUSH <list> {<m>}
rpush: RPUSH <list> {<int>}
rpushx: RPUSHX <list> {<v>}
hdel: HDEL <hash> {<f>}
hexists: HEXISTS <hash> <f>
hget: HGET <hash> <f>
hgetall: HGETALL <hash>
hincrby: HINCRBY <hash> <f> <int>
hincrbyfloat: HINCRBYFLOAT <hash> <f> <float>
hkeys: HKEYS <hash>
hlen: HLEN <hash>
hmget: HMGET <hash> {<f>}
hmset: HMSET <hash> {<f> <v>}
hrandfield: HRANDFIELD <hash> [<sample> [WITHVALUES]]
hscan: HSCAN <hash> 0 [MATCH <glob>] [COUNT <count>]
hset: HSET <hash> {<f> <v>}
hset: HSET <hash> {<f> <int>}
hset: HSET <hash> <f> <long>
hsetnx: HSETNX <hash> <f> <v>
hstrlen: HSTRLEN <hash> <f>
hvals: HVALS <hash>
`;

/** Sets, sorted sets and places. */
export const SET_CORPUS = `
sadd: SADD <set> {<m>}
sadd: SADD <set> <long>
scard: SCARD <set>
sdiff: SDIFF {<set>}
sdiffstore: SDIFFSTORE <set> {<set>}
sinter: SINTER {<set>}
sintercard: SINTERCARD <n:set> [LIMIT <count>]
sinterstore: SINTERSTORE <set> {<set>}
sismember: SISMEMBER <set> <m>
smembers: SMEMBERS <set>
smismember: SMISMEMBER <set> {<m>}
smove: SMOVE <set> <set> <m>
spop: SPOP <set> [<count>]
srandmember: SRANDMEMBER <set> [<sample>]
srem: SREM <set> {<m>}
sscan: SSCAN <set> 0 [MATCH <glob>] [COUNT <count>]
sunion: SUNION {<set>}
sunionstore: SUNIONSTORE <set> {<set>}
zadd: ZADD <zset> [NX|XX] [GT|LT] [CH] {<score> <m>}
zadd: ZADD <lex> {0 <m>}
zadd: ZADD <zset> INCR <score> <m>
zadd: ZADD <zset> {<score> <m>}
zcard: ZCARD <zset>
zcount: ZCOUNT <zset> <low> <high>
zdiff: ZDIFF <n:zset> [WITHSCORES]
zdiffstore: ZDIFFSTORE <zset> <n:zset>
zincrby: ZINCRBY <zset> <score> <m>
zinter: ZINTER <n:zset> [WEIGHTS {<float>}] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
zintercard: ZINTERCARD <n:zset> [LIMIT <count>]
zinterstore: ZINTERSTORE <zset> <n:zset> [WEIGHTS {<float>}] [AGGREGATE (SUM|MIN|MAX)]
zlexcount: ZLEXCOUNT <lex> <lexmin> <lexmax>
zmpop: ZMPOP <n:zset> (MIN|MAX) [COUNT <count>]
zmscore: ZMSCORE <zset> {<m>}
zpopmax: ZPOPMAX <zset> [<count>]
zpopmin: ZPOPMIN <zset> [<count>]
zrandmember: ZRANDMEMBER <zset> [<sample> [WITHSCORES]]
zrange: ZRANGE <zset> <idx> <idx> [REV] [WITHSCORES]
zrange: ZRANGE <zset> <low> <high> BYSCORE [REV] [LIMIT <count> <sample>] [WITHSCORES]
zrange: ZRANGE <lex> <lexmin> <lexmax> BYLEX [LIMIT <count> <sample>] [WITHSCORES]
zrangebylex: ZRANGEBYLEX <lex> <lexmin> <lexmax> [LIMIT <count> <sample>]
zrangebyscore: ZRANGEBYSCORE <zset> <low> <high> [WITHSCORES] [LIMIT <count> <sample>]
zrangestore: ZRANGESTORE <zset> <zset> <idx> <idx> [REV]
zrangestore: ZRANGESTORE <zset> <zset> <low> <high> BYSCORE [LIMIT <count> <sample>]
zrank: ZRANK <zset> <m>
zrem: ZREM <zset> {<m>}
zrem: ZREM <lex> <m>
zremrangebylex: ZREMRANGEBYLEX <lex> <lexmin> <lexmax>
zremrangebyrank: ZREMRANGEBYRANK <zset> <idx> <idx>
zremrangebyscore: ZREMRANGEBYSCORE <zset> <low> <high>
zrevrange: ZREVRANGE <zset> <idx> <idx> [WITHSCORES]
zrevrangebylex: ZREVRANGEBYLEX <lex> <lexmax> <lexmin> [LIMIT <count> <sample>]
zrevrangebyscore: ZREVRANGEBYSCORE <zset> <high> <low> [WITHSCORES] [LIMIT <count> <sample>]
zrevrank: ZREVRANK <zset> <m>
zscan: ZSCAN <zset> 0 [MATCH <glob>] [COUNT <count>]
zscore: ZSCORE <zset> <m>
zunion: ZUNION <n:zset> [WEIGHTS {<float>}] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
zunionstore: ZUNIONSTORE <zset> <n:zset> [WEIGHTS {<float>}] [AGGREGATE (SUM|MIN|MAX)]
geoadd: GEOADD <geo> [NX|XX] [CH] {<lon> <lat> <m>}
geodist: GEODIST <geo> <m> <m> [<unit>]
geohash: GEOHASH <geo> {<m>}
geopos: GEOPOS <geo> {<m>}
georadius: GEORADIUS <geo> <lon> <lat> <radius> <unit> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT
  <count> [ANY]] [ASC|DESC]
georadius: GEORADIUS <geo> <lon> <lat> <radius> <unit> (STORE|STOREDIST) <geo>
georadius_ro: GEORADIUS_RO <geo> <lon> <lat> <radius> <unit> [WITHCOORD] [WITHDIST] [COUNT
  <count>] [ASC|DESC]
georadiusbymember: GEORADIUSBYMEMBER <geo> <m> <radius> <unit> [WITHCOORD] [WITHDIST] [WITHHASH]
  [COUNT <count>] [ASC|DESC]
georadiusbymember: GEORADIUSBYMEMBER <geo> <m> <radius> <unit> (STORE|STOREDIST) <geo>
georadiusbymember_ro: GEORADIUSBYMEMBER_RO <geo> <m> <radius> <unit> [WITHDIST] [COUNT <count>]
  [ASC|DESC]
geosearch: GEOSEARCH <geo> (FROMMEMBER <m>|FROMLONLAT <lon> <lat>) (BYRADIUS <radius>
  <unit>|BYBOX <radius> <radius> <unit>) [ASC|DESC] [COUNT <count>] [WITHCOORD] [WITHDIST]
  [WITHHASH]
geosearchstore: GEOSEARCHSTORE <geo> <geo> (FROMMEMBER <m>|FROMLONLAT <lon> <lat>) BYRADIUS
  <radius> <unit> [ASC|DESC] [COUNT <count>] [STOREDIST]
`;

/** Streams. */
export const STREAM_CORPUS = `
xack: XACK <stream> <group> {<id>}
xadd: XADD <stream> [NOMKSTREAM] [(MAXLEN|MINID) [~] <count>] <newid> {<f> <v>}
xadd: XADD <stream> <newid> {<f> <v>}
xadd: XADD <auto> [NOMKSTREAM] [MAXLEN <count>] * {<f> <v>}
xautoclaim: XAUTOCLAIM <stream> <group> <consumer> (0|99999999999) <id> [COUNT <count>] [JUSTID]
xclaim: XCLAIM <stream> <group> <consumer> (0|99999999999) {<id>} [IDLE <count>|TIME 0]
  [RETRYCOUNT <count>] [FORCE] [JUSTID] [LASTID <id>]
xdel: XDEL <stream> {<id>}
xgroup: XGROUP [nosuch <v>]
xgroup|create: XGROUP CREATE <stream> <group> (<id>|$|0) [MKSTREAM] [ENTRIESREAD <count>]
xgroup|create: XGROUP CREATE <stream> <group> (0|<id>) MKSTREAM
xgroup|createconsumer: XGROUP CREATECONSUMER <stream> <group> <consumer>
xgroup|delconsumer: XGROUP DELCONSUMER <stream> <group> <consumer>
xgroup|destroy: XGROUP DESTROY <stream> <group>
xgroup|help: XGROUP HELP
xgroup|setid: XGROUP SETID <stream> <group> (<id>|$|0) [ENTRIESREAD <count>]
xinfo: XINFO [nosuch <v>]
xinfo|consumers: XINFO CONSUMERS <stream> <group>
xinfo|groups: XINFO GROUPS <stream>
xinfo|help: XINFO HELP
xinfo|stream: XINFO STREAM <stream> [FULL [COUNT <count>]]
xlen: XLEN <stream>
xlen: XLEN <auto>
xpending: XPENDING <stream> <group> [[IDLE (0|99999999999)] <from> <to> <count> [<consumer>]]
xrange: XRANGE <stream> <from> <to> [COUNT <count>]
xrange: XRANGE <auto> - +
xread: XREAD [COUNT <count>] STREAMS <stream> (<id>|$|0)
xread: XREAD [COUNT <count>] STREAMS <stream> <stream> <id> 0
xread: XREAD [COUNT <count>] BLOCK <count> STREAMS <stream> <id>
xreadgroup: XREADGROUP GROUP <group> <consumer> [COUNT <count>] [NOACK] STREAMS <stream> (>|0|<id>)
xreadgroup: XREADGROUP GROUP <group> <consumer> [COUNT <count>] STREAMS <stream> <stream> > >
xreadgroup: XREADGROUP GROUP <group> <consumer> BLOCK 0 STREAMS <stream> >
xrevrange: XREVRANGE <stream> <to> <from> [COUNT <count>]
xsetid: XSETID <stream> <newid> [ENTRIESADDED <count> MAXDELETEDID <id>]
xtrim: XTRIM <stream> (MAXLEN|MINID) [=|~] <count> [LIMIT <count>]
`;
