/**
 * Texts about the health of a product, and about operations and plans; see `phrases.ts`. What stands in braces is a
 * value. `why` is a text of its own: one with a code, or what a server or the system said.
 */

/** English by code. */
export const HEALTH_PHRASES = {
  "n.slot": "1 slot",
  "n.slots": "{n} slots",
  "n.key": "1 key",
  "n.keys": "{n} keys",

  "slots.offline": "{slots} without a group: the keys get errors",
  "slots.moving": "{slots} ordered to move",
  "operation.waits": "it waits until somebody helps: {why}",
  "operation.stuck": "it makes no progress: {why}",
  "group.empty": "the group has no server",
  "group.unsynced": "proxies may not have its slots as stored: resync it",
  "group.promoting": "the group is promoting ({state})",
  "server.unmade": "it couldn't be made a replica of its master",
  "server.master": "the master of group {group}: {why}",
  "server.replica": "the replica of group {group}: {why}",
  "server.role": "is stored as master, but says that it is {role}",
  "server.alone": "doesn't follow {master}: order a sync",
  "server.other": "follows {real}, not {master}",
  "server.link": "its link to {master} is {state}",
  "proxy.silent": "proxy {id} ({addr}) doesn't answer: {why}",
  "proxy.state": "proxy {id} ({addr}) is {state}",
  "proxy.older": "proxy {id} ({addr}) doesn't have the newest slots yet",
  "sentinels.unsynced": "they and the proxies may not know each other: resync them",
  "failover.unfinished": "failover {id} couldn't be finished: {why}",
  "functions.lacking": "FUNCTION library {name}: missing in {groups}",
  "functions.other": "FUNCTION library {name}: other code in {groups}",
  "functions.both": "FUNCTION library {name}: missing in {groups}; other code in {others}",

  "op.made": "made from plan {plan}: {slots}",
  "op.adopted": "taken over: {moves}",
  "op.runs": "runs",
  "op.paused": "paused",
  "op.resumed": "resumed",
  "op.cancelled": "cancelled: slots that wait stay, half-moved ones are finished",
  "op.rollback": "cancelled: slots that wait stay, half-moved ones go back",
  "op.unlimited": "speed: no limit",
  "op.keys": "speed: {keys} keys/s",
  "op.size": "speed: {size}/s",
  "op.keys-and-size": "speed: {keys} keys/s and {size}/s",
  "op.guarded": "p99 guard {ms} ms, {limit}",
  "op.guard-slows": "slowed by the p99 guard: p99 {p99} ms, bound {bound} ms",
  "op.guard-few":
    "slowed by the p99 guard: p99 was above {bound} ms, and too few requests come now to tell",
  "op.guard-blind":
    "the p99 guard can't slow it: no proxy has told its latencies in the last seconds",
  // Of earlier releases.
  "op.bytes": "speed: {bytes} bytes/s",
  "op.both": "speed: {keys} keys/s and {bytes} bytes/s",
  "op.self-paused": "pauses by itself: {why}",
  "op.goes-on": "goes on by itself",
  "op.done": "done: {some} of {all} slots arrived",
  "op.ended": "ended: {some} of {all} slots arrived",
  "op.lost": "slots {slots} were given to other groups",
  "op.stays": "slot {slot} stays: {why}",
  "op.unstored": "its order wasn't stored in time, so nothing was begun",
  "op.not-begun": "not begun: {why}",
  "op.not-turned": "slots can't be turned round yet: {why}",
  "op.slot": "slot {slot}: {why}",
  "op.pair": "group {source} to group {target}: {why}",
  "op.behind-paused":
    "slots from group {source} to group {target} wait: {id} is paused with half-moved slots from group {from} to " +
    "group {to}; resume or cancel it",
  "op.direction":
    "slots from group {source} to group {target} wait until those from group {from} to group {to} have arrived, " +
    "because keys never go in a ring",

  "redis.unconnected": "server {addr} isn't connected",
  "redis.loading": "server {addr} still reads its data from disk",
  "redis.demoted": "server {addr} isn't a master any more",
  "redis.refuses": "server {addr} doesn't take {key}: {why}",
  "redis.full": "server {addr} is full: {why}",
  "redis.unacknowledged":
    "the replicas of server {addr} have not acknowledged what was moved within {ms} ms; " +
    "it stays at the source until one does",
  "move.no-server": "group {group} has no server; add one, then the slot moves",
  "move.foreign":
    "server {addr} has key {key} (slot {slot}, database {db}), which isn't its group's " +
    "and wasn't left by a move; remove it there or give the slot to its group by force",

  "plan.garbled": "group {group} can't be understood, repair its node first: {why}",
  "plan.promoting": "group {group} is promoting",
  "plan.no-method":
    "group {source} and group {target}: their masters know no common way to move keys; " +
    "expected two of Redis 7.0 or later, or two with the slot commands of codis-server",
  "plan.proxy":
    "proxy-[{token}] at {addr} can't move keys (it doesn't know forward_method {method}); replace or remove it",
  "plan.moving": "slots {slots} move already; wait until they have arrived",
  "plan.no-server":
    "group {group} has no server and takes no slots; give it one first: codis server add {group} HOST:PORT",
  "plan.offline": "{n} slots are offline and stay so; a plan of strategy fill gives them to groups",
  "plan.faulty": "slots {slots} can't be understood and stay; repair their nodes",
  "plan.refused": "slots {slots} stay, because they hold keys too big to move unnoticed",
  "plan.full":
    "group {group}: {comes} would come to {used} that are used, but maxmemory is {limit}",
  "plan.evicts":
    "group {group}: {comes} would come to {used} that are used, but maxmemory is {limit}, " +
    "so keys would be evicted",
  "plan.machine":
    "group {group}: {comes} would come to {used} that are used, more than its machine has ({limit})",
  "plan.unsafe":
    "group {group}: {addr} runs with {how}: after a crash it may have keys again that had moved; " +
    "they are found and removed before such a slot comes back",
  "plan.single": "group {group}: {addr} has no replica: what moves there is there only once",
  "plan.big": "big keys will stall their servers: {keys}",
  "plan.big-last": "big keys will stall their servers after all others of their slots: {keys}",
} as const;
