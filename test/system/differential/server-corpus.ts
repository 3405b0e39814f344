/**
 * What the commands on whole keys, on scripts, on the server and on the session look like;
  written as in
 * `data-corpus.ts`. CLIENT REPLY, QUIT and the other commands that need more than a look at one
  reply have
 * their walk in `walk.ts`.
 * An indented line goes on with the one above.
 */

/** Any key, whatever its type. */
export const KEY_CORPUS = `
copy: COPY <any> <any> [REPLACE]
copy: COPY <any> <any> DB <count> [REPLACE]
del: DEL {<any>}
del: DEL <stream>
dump: DUMP <any>
exists: EXISTS {<any>}
expire: EXPIRE <any> <ttl> [NX|XX|GT|LT]
expireat: EXPIREAT <any> <at> [NX|XX|GT|LT]
expiretime: EXPIRETIME <any>
keys: KEYS <glob>
object: OBJECT [nosuch <any>]
object|encoding: OBJECT ENCODING <any>
object|freq: OBJECT FREQ <any>
object|help: OBJECT HELP
object|idletime: OBJECT IDLETIME <any>
object|refcount: OBJECT REFCOUNT <any>
persist: PERSIST <any>
pexpire: PEXPIRE <any> <pttl> [NX|XX|GT|LT]
pexpireat: PEXPIREAT <any> <pat> [NX|XX|GT|LT]
pexpiretime: PEXPIRETIME <any>
pttl: PTTL <any>
randomkey: RANDOMKEY
rename: RENAME <any> <any>
rename: RENAME <str> <str>
renamenx: RENAMENX <any> <any>
restore: RESTORE <any> (0|<pttl>) <payload> [REPLACE] [IDLETIME <count>]
restore: RESTORE <any> <pat> <payload> REPLACE ABSTTL
scan: SCAN 0 [MATCH <glob>] [COUNT <count>] [TYPE <keytype>]
sort: SORT (<list>|<set>|<zset>) [LIMIT <count> <sample>] [ASC|DESC] [ALPHA]
sort: SORT <list> [BY <pattern>] {GET <pattern>} [GET #] [STORE <list>]
sort: SORT <list> BY nosort [GET <hashpattern>] [DESC]
sort_ro: SORT_RO (<list>|<set>|<zset>) [LIMIT <count> <sample>] [ASC|DESC] [ALPHA]
sort_ro: SORT_RO <list> BY <pattern> [GET <hashpattern>] [ALPHA]
touch: TOUCH {<any>}
ttl: TTL <any>
type: TYPE <any>
unlink: UNLINK {<any>}
wait: WAIT 0 <idx>
wait: WAIT (1|x) 1
memory|usage: MEMORY USAGE <any> [SAMPLES <count>]
`;

/** Scripts and functions. */
export const SCRIPT_CORPUS = `
eval: EVAL <script> <n:str> [<v>] [<int>]
eval: EVAL <script> 0
eval_ro: EVAL_RO <script> <n:str> [<v>]
evalsha: EVALSHA <sha> <n:str> [<v>]
evalsha_ro: EVALSHA_RO <sha> <n:str>
fcall: FCALL <fn> <n:str> [<v>]
fcall: FCALL <fn> 0
fcall_ro: FCALL_RO <fn> <n:str>
function: FUNCTION [nosuch <v>]
function|delete: FUNCTION DELETE <libname>
function|dump: FUNCTION DUMP
function|flush: FUNCTION FLUSH [ASYNC|SYNC|junk]
function|help: FUNCTION HELP
function|kill: FUNCTION KILL
function|list: FUNCTION LIST [LIBRARYNAME (<libname>|lib*)] [WITHCODE]
function|load: FUNCTION LOAD [REPLACE] <library>
function|restore: FUNCTION RESTORE <fnpayload> [FLUSH|APPEND|REPLACE]
function|stats: FUNCTION STATS
script: SCRIPT [nosuch <v>]
script|exists: SCRIPT EXISTS {<sha>}
script|flush: SCRIPT FLUSH [ASYNC|SYNC|junk]
script|help: SCRIPT HELP
script|kill: SCRIPT KILL
script|load: SCRIPT LOAD <script>
`;

/** The server as a whole. */
export const SERVER_CORPUS = `
acl: ACL [nosuch <v>]
acl|cat: ACL CAT [string|nosuch]
acl|genpass: ACL GENPASS [<int>]
acl|help: ACL HELP
acl|users: ACL USERS
acl|whoami: ACL WHOAMI
command: COMMAND [nosuch <v>]
command|count: COMMAND COUNT
command|docs: COMMAND DOCS [{<command>}]
command|getkeys: COMMAND GETKEYS <request>
command|getkeysandflags: COMMAND GETKEYSANDFLAGS <request>
command|help: COMMAND HELP
command|info: COMMAND INFO {<command>}
command|list: COMMAND LIST [FILTERBY (MODULE nosuch|ACLCAT hash|PATTERN <glob>|junk)]
config: CONFIG [nosuch <v>]
config|get: CONFIG GET
  {(save|hash-max-listpack-entries|zset*|databases|nosuch|maxmemory|slowlog*|appendonly)}
config|help: CONFIG HELP
config|resetstat: CONFIG RESETSTAT
config|set: CONFIG SET hash-max-listpack-entries (4|128|junk)
config|set: CONFIG SET hash-max-listpack-value (64|20) zset-max-listpack-entries (3|128)
config|set: CONFIG SET set-max-intset-entries (4|512) list-max-listpack-size (4|-2)
  stream-node-max-entries (3|100)
config|set: CONFIG SET (nosuch|maxmemory|dir|hash-max-listpack-value) <v>
dbsize: DBSIZE
flushall: FLUSHALL [ASYNC|SYNC|junk]
flushdb: FLUSHDB [ASYNC|SYNC|junk]
info: INFO [keyspace|server|nosuch|all]
lastsave: LASTSAVE
lolwut: LOLWUT [VERSION (5|6|1) [<count>]]
memory: MEMORY [nosuch <v>]
memory|help: MEMORY HELP
memory|purge: MEMORY PURGE
module: MODULE [nosuch <v>]
module|list: MODULE LIST
pfselftest: PFSELFTEST
role: ROLE
slowlog: SLOWLOG [nosuch <v>]
slowlog|get: SLOWLOG GET [<int>]
slowlog|help: SLOWLOG HELP
slowlog|len: SLOWLOG LEN
slowlog|reset: SLOWLOG RESET
time: TIME
`;

/** The session. */
export const SESSION_CORPUS = `
asking: ASKING
auth: AUTH <v> [<v>]
auth: AUTH default <v>
client: CLIENT [nosuch <v>]
client|getname: CLIENT GETNAME
client|getredir: CLIENT GETREDIR
client|help: CLIENT HELP
client|id: CLIENT ID
client|info: CLIENT INFO
client|kill: CLIENT KILL (ID (0|999999999|x)|TYPE pubsub|ADDR 1.2.3.4:5|1.2.3.4:5|USER
  nobody|junk <v>)
client|list: CLIENT LIST [TYPE (normal|pubsub|junk)|ID <count>]
client|no-evict: CLIENT NO-EVICT (ON|OFF|junk)
client|pause: CLIENT PAUSE <count> [WRITE|ALL|junk]
client|reply: CLIENT REPLY (ON|OFF|SKIP|junk)
client|setname: CLIENT SETNAME <v>
client|trackinginfo: CLIENT TRACKINGINFO
client|unblock: CLIENT UNBLOCK (999999999|x) [TIMEOUT|ERROR|junk]
client|unpause: CLIENT UNPAUSE
echo: ECHO <v>
hello: HELLO [(2|3|3|4|x) [SETNAME <f>] [AUTH default junk]]
ping: PING [<v>]
quit: QUIT [<v>]
readonly: READONLY
readwrite: READWRITE
select: SELECT <db>
reset: RESET
cluster: CLUSTER [nosuch <v>]
cluster|addslots: CLUSTER ADDSLOTS {<int>}
cluster|addslotsrange: CLUSTER ADDSLOTSRANGE <int> <int>
cluster|bumpepoch: CLUSTER BUMPEPOCH
cluster|count-failure-reports: CLUSTER COUNT-FAILURE-REPORTS <v>
cluster|countkeysinslot: CLUSTER COUNTKEYSINSLOT <int>
cluster|delslots: CLUSTER DELSLOTS {<int>}
cluster|delslotsrange: CLUSTER DELSLOTSRANGE <int> <int>
cluster|failover: CLUSTER FAILOVER [FORCE]
cluster|flushslots: CLUSTER FLUSHSLOTS
cluster|forget: CLUSTER FORGET <v>
cluster|getkeysinslot: CLUSTER GETKEYSINSLOT <int> <int>
cluster|help: CLUSTER HELP
cluster|info: CLUSTER INFO
cluster|keyslot: CLUSTER KEYSLOT <v>
cluster|links: CLUSTER LINKS
cluster|meet: CLUSTER MEET <v> <int>
cluster|myid: CLUSTER MYID
cluster|nodes: CLUSTER NODES
cluster|replicas: CLUSTER REPLICAS <v>
cluster|replicate: CLUSTER REPLICATE <v>
cluster|reset: CLUSTER RESET [SOFT]
cluster|saveconfig: CLUSTER SAVECONFIG
cluster|set-config-epoch: CLUSTER SET-CONFIG-EPOCH <int>
cluster|setslot: CLUSTER SETSLOT <int> STABLE
cluster|shards: CLUSTER SHARDS
cluster|slaves: CLUSTER SLAVES <v>
cluster|slots: CLUSTER SLOTS
`;

/** No command at all. */
export const UNKNOWN_CORPUS = `
unknown: NOSUCH {<v>}
unknown: <v> <str>
unknown: <long> {<long>}
`;
