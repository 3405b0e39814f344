/**
 * What the proxy does with each command: decided by hand, one word list for each route. The generator
 * of the table merges this with what Redis says of the commands and stops when a command is in no list,
 * in two, or in one although nobody knows the command. So nothing is routed by accident.
 *
 * Subcommands are written `container|name`. The route of a container itself holds for subcommands that
 * the table doesn't know and for the bare name: `local` containers answer Redis's own errors there
 * (wrong number of arguments, unknown subcommand); those of a refused container are refused as well.
 */
import type { Access, CheckName, KeySpec, MergeName, RouteName, ScriptName } from "./entry.ts";

/**
 * Sent raw to the owner of the keys' slot; keys of several slots are refused by dispatch.
 *
 * Commands without a key go to any server, which answers in its own words:
 * - the HELP subcommands of containers whose work the servers do;
 * - LOLWUT and PFSELFTEST, which have no state (Codis forwards PFSELFTEST as well).
 * PFDEBUG has its key at argument 2; Codis hashes argument 1.
 *
 * Differs from Codis 3.2: BITOP, MSETNX, RENAME, RENAMENX, RESTORE and OBJECT were refused there,
 * because it doesn't check that keys share a slot. We do.
 *
 * MSETEX isn't split, although Redis's tip would allow it: with NX or XX it sets all keys or none.
 *
 * SLOTSRESTORE is allowed as in Codis (redis-port loads data with it). A stock server answers that it
 * doesn't know the command, which is the truth.
 */
const FORWARD = `
  append bitcount bitfield bitfield_ro bitop bitpos decr decrby get getbit getdel getex getrange getset
  incr incrby incrbyfloat lcs msetnx psetex set setbit setex setnx setrange strlen substr
  copy dump expire expireat expiretime persist pexpire pexpireat pexpiretime pttl rename renamenx restore
  sort sort_ro ttl type object|encoding object|freq object|idletime object|refcount object|help
  hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx
  hstrlen hvals hexpire hexpireat hexpiretime hpersist hpexpire hpexpireat hpexpiretime hpttl httl
  hgetdel hgetex hsetex
  lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange lrem lset ltrim rpop rpoplpush rpush rpushx
  sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop
  srandmember srem sscan sunion sunionstore
  zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax
  zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
  zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion
  zunionstore
  geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch
  geosearchstore
  pfadd pfcount pfdebug pfmerge pfselftest
  xack xadd xautoclaim xclaim xdel xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim
  xackdel xcfgset xdelex xnack
  xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid xgroup|help
  xinfo|consumers xinfo|groups xinfo|stream xinfo|help
  vadd vcard vdim vemb vgetattr vinfo vismember vlinks vrandmember vrange vrem vsetattr vsim
  arcount ardel ardelrange arget argetrange argrep arinfo arinsert arlastitems arlen armget armset arnext
  arop arring arscan arseek arset
  delex digest increx lmovem msetex sdiffcard sunioncard
  memory|usage memory|help
  client|help command|help config|help function|help script|help slowlog|help acl|help
  lolwut slotsrestore
`;

/** Split by group; `MERGES` says how the parts are joined. */
const MULTI_SHARD = "mget mset del unlink exists touch";

/**
 * Answered from several groups, or from one that the handler chooses.
 *
 * - MEMORY PURGE is harmless and true when all servers did it. The other figures of MEMORY are those of
 *   one process and can't be added: refused.
 * - CONFIG GET and SET go through the allow-list of their handler. CONFIG REWRITE is refused: it would
 *   write the files of servers that the dashboard configures.
 * - FUNCTION KILL and SCRIPT KILL: true when one server killed one.
 * - SLOTSINFO and SLOTSSCAN are class M of Codis (codis-server's commands). The handler emulates them on
 *   stock servers, or says that it can't.
 */
const SHARDS = `
  dbsize keys scan randomkey flushall flushdb info lastsave wait waitaof
  config|get config|set config|resetstat
  script|load script|exists script|flush script|kill
  function|delete function|dump function|flush function|kill function|list function|load function|restore
  function|stats
  slowlog|get slowlog|len slowlog|reset
  memory|purge
  slotsinfo slotsscan
`;

/**
 * Answered by the proxy.
 *
 * - TIME is the proxy's clock: the servers' clocks differ from one another, so none of them is truer.
 * - PING and ECHO tell that the proxy lives. Codis sends PING to a random server, so that it fails when
 *   that one server does.
 * - ROLE: a master without replicas, which is what a client may do with this address.
 * - CLUSTER and ASKING answer that cluster support is disabled, all subcommands alike, as a Redis without
 *   cluster mode. READONLY and READWRITE answer OK: clients send them on connect and mean no harm.
 * - ACL: only what is true of the proxy's one user. What reads or changes rules is refused.
 * - CLIENT TRACKINGINFO and GETREDIR are true as long as tracking is off.
 * - MODULE LIST is empty: what a module brings is learnt command by command. Tools ask for it on connect.
 * - SLOTSHASHKEY is arithmetic, so it works whatever the servers are.
 */
const LOCAL = `
  hello auth select ping echo quit reset readonly readwrite role time asking
  client client|getname client|getredir client|id client|info client|kill client|list
  client|no-evict client|no-touch client|pause client|reply client|setinfo client|setname
  client|trackinginfo client|unblock client|unpause client|capa client|maint_notifications
  command command|count command|docs command|getkeys command|getkeysandflags command|info command|list
  cluster cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|count-failure-reports
  cluster|countkeysinslot cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots
  cluster|forget cluster|getkeysinslot cluster|help cluster|info cluster|keyslot cluster|links cluster|meet
  cluster|myid cluster|myshardid cluster|nodes cluster|replicas cluster|replicate cluster|reset
  cluster|saveconfig cluster|set-config-epoch cluster|setslot cluster|shards cluster|slaves cluster|slots
  cluster|slot-stats cluster|migration
  acl acl|cat acl|genpass acl|users acl|whoami
  config function memory object script slowlog xgroup xinfo module module|list
  slotsmapping slotshashkey
`;

/** Scripts: routed by their KEYS. */
const SCRIPT = "eval eval_ro evalsha evalsha_ro fcall fcall_ro";

/**
 * Refused, whatever their spelling.
 *
 * - They would break the cluster: SHUTDOWN, SLAVEOF, REPLICAOF, FAILOVER, DEBUG, MIGRATE, MOVE, SWAPDB,
 *   RESTORE-ASKING, MODULE, SYNC and friends, TRIMSLOTS, SLOTSMGRT*, SLOTSDEL, SLOTSCHECK, ACL changes.
 *   Codis lists the names with `-` too, but its lookup gives up at a `-` and forwards them.
 * - They are about one server and would be answered untruthfully: LATENCY, MEMORY STATS and others, SAVE,
 *   BGSAVE, BGREWRITEAOF, CONFIG REWRITE, ACL rules and log, HOTKEYS, BACKUP.
 * - SCRIPT DEBUG turns a connection into a debugger; ours are shared.
 * - POST and HOST: are HTTP requests that a web page was tricked to send here.
 */
const REFUSED = `
  shutdown slaveof replicaof failover debug migrate move swapdb restore-asking sync psync replconf
  save bgsave bgrewriteaof trimslots backup post host:
  hotkeys hotkeys|get hotkeys|reset hotkeys|start hotkeys|stop
  module|help module|load module|loadex module|unload
  latency latency|doctor latency|graph latency|help latency|histogram latency|history latency|latest
  latency|reset
  memory|doctor memory|malloc-stats memory|stats
  config|rewrite script|debug
  acl|deluser acl|dryrun acl|getuser acl|list acl|load acl|log acl|save acl|setuser
  slotscheck slotsdel
  slotsmgrtone slotsmgrtslot slotsmgrttagone slotsmgrttagslot
  slotsmgrtone-async slotsmgrtslot-async slotsmgrttagone-async slotsmgrttagslot-async
  slotsmgrtone-async-dump slotsmgrttagone-async-dump
  slotsmgrt-async-fence slotsmgrt-async-cancel slotsmgrt-async-status slotsmgrt-exec-wrapper
  slotsrestore-async slotsrestore-async-auth slotsrestore-async-ack slotsrestore-async-select
`;

/**
 * They need a connection of their own or a subscription at the servers; later releases bring them.
 * HIMPORT keeps its field sets in the connection.
 * XREAD and XREADGROUP with BLOCK belong here too, see `check.ts`.
 */
const NOT_YET = `
  multi exec discard watch unwatch
  blpop brpop blmove brpoplpush blmpop blmovem bzpopmin bzpopmax bzmpop
  subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe publish spublish
  pubsub pubsub|channels pubsub|help pubsub|numpat pubsub|numsub pubsub|shardchannels pubsub|shardnumsub
  monitor client|tracking client|caching
  himport himport|prepare himport|set himport|discard himport|discardall
`;

/** Names of each route, separated by white space. */
export const ROUTE_LISTS: Readonly<Record<RouteName, string>> = {
  forward: FORWARD,
  "multi-shard": MULTI_SHARD,
  shards: SHARDS,
  local: LOCAL,
  script: SCRIPT,
  refused: REFUSED,
  "not-yet": NOT_YET,
};

/** How the parts of each multi-shard command are joined. */
export const MERGES: Readonly<Record<string, MergeName>> = {
  mget: "array-by-key",
  mset: "all-ok",
  del: "sum",
  unlink: "sum",
  exists: "sum",
  touch: "sum",
};

/** Forwarded commands whose arguments decide whether they may be. */
export const CHECKS: Readonly<Record<string, CheckName>> = {
  copy: "copy",
  sort: "sort",
  sort_ro: "sort",
  xread: "streams",
  xreadgroup: "streams",
};

/** Where the script of a script command comes from. */
export const SCRIPTS: Readonly<Record<string, ScriptName>> = {
  eval: "body",
  eval_ro: "body",
  evalsha: "sha",
  evalsha_ro: "sha",
  fcall: "function",
  fcall_ro: "function",
};

/**
 * Where Redis's flags don't say read or write, or not what we need.
 * - Scripts may write; Redis flags them neither way and looks inside while they run.
 * - PFSELFTEST is neither, but forwarded, and every forwarded command must be one of the two.
 */
export const ACCESS: Readonly<Record<string, Access>> = {
  eval: "write",
  evalsha: "write",
  fcall: "write",
  pfselftest: "read",
};

/**
 * Reads that must go to a master.
 * - HSCAN, SSCAN, ZSCAN: a cursor belongs to the hash table of one server (class M of Codis).
 * - TOUCH: on a replica it would touch nothing that the master's eviction looks at.
 * - OBJECT FREQ and IDLETIME: a replica counts only the reads that it served itself.
 * - OBJECT ENCODING and REFCOUNT, MEMORY USAGE: they tell of one server's memory more than of the data.
 */
export const MASTER_ONLY =
  "hscan sscan zscan touch object|encoding object|freq object|idletime object|refcount memory|usage " +
  "slotsinfo slotsscan";

/** Commands whose keys only a parser of their own finds. */
export const SPECIAL_KEYS: Readonly<Record<string, KeySpec>> = {
  sort: { kind: "special", parser: "sort" },
  sort_ro: { kind: "special", parser: "sort" },
  georadius: { kind: "special", parser: "georadius" },
  georadiusbymember: { kind: "special", parser: "georadius" },
  xread: { kind: "special", parser: "streams" },
  xreadgroup: { kind: "special", parser: "streams" },
  migrate: { kind: "special", parser: "migrate" },
};
