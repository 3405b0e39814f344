/**
 * Texts about high availability: differences between stored and real, proxies that are gone, and the stories of
 * changed masters; see `phrases.ts`. What stands in braces is a value, `why` is a text of its own.
 */

/** English by code. */
export const AVAILABILITY_PHRASES = {
  "detector.off": "off: ha_enabled isn't set, so this dashboard replaces no dead master",
  "detector.on": "on: a master that is silent for {ms} ms is replaced if most proxies agree",
  "detector.left": "groups {groups} are left to their sentinels",
  "detector.silent": "group {group}: {addr} is silent and isn't replaced: {why}",

  "fence.new": "it hasn't been looked at yet",
  "fence.answers": "it answers",
  "fence.silent": "no answer: {why}",
  "fence.word": "an operator says that it is gone",
  "fence.failed": "it can't be fenced: {why}",
  "fence.doubt": "it doesn't answer, and may still write: {process}, and {login}; {advice}",
  "fence.end-it": "end it (kill -9), or let it go on",
  "fence.start-it":
    "start it again; or, when its machine is off or cut off from the servers, say that it is gone (`codis proxy gone`)",
  "fence.process": "its process {pid} is still there",
  "fence.worker": "its worker, process {pid}, is still there",
  "fence.ended": "its process {pid} and all its workers have ended",
  "fence.elsewhere": "it ran on another machine ({host}), or before a boot of this one",
  "fence.container": "it ran in another container, whose processes can't be seen from here",
  "fence.unnamed": "it doesn't say by what its processes are known",
  "fence.blind": "this dashboard can't see processes",
  "fence.hidden": "processes of other users are hidden from this dashboard",
  "fence.no-login": "it has no login of its own that servers could revoke ({why})",
  "fence.off": "proxy_fencing is off",
  "fence.older": "it isn't a proxy that can have one",
  "fence.not-cut": "{addr} can't be told to cut it off: {why}",
  "fence.revoked": "the servers have revoked its login",

  "fault.master":
    "the master of group {group}: {why}; start it again, or promote a replica: codis group promote {group} ADDR",
  "fault.only": "the master of group {group}: {why}; start it again: the group has no other server",
  "fault.replica": "a replica of group {group}: {why}; start it again, or remove it",
  "fault.behind":
    "{addr} is {n} bytes behind {master}; look at its machine and at the network between the two",
  "fault.unheard":
    "{addr} heard nothing for {n} s from its master; look at its machine and at the network between the two",
  "fault.link":
    "{addr} has no link to its master {master}: another password, the network, or a full disk",
  "fault.other": "{addr} is a replica of {real}, but should follow {master}",
  "fault.rival": "{addr} says that it is a master, but should follow {master}",
  "fault.mended": "that is mended by itself; at once: codis group repair {group}",
  "fault.alone":
    "group {group} has no replica: when its master dies, nothing can take over; " +
    "add one: codis server add {group} ADDR --replica",
  "fault.none-follows":
    "group {group} has no replica that follows its master: when its master dies, nothing can take over; " +
    "see what is wrong with its replicas",

  "real.master": "master",
  "real.replica": "replica of {addr}",
  "real.silent": "no answer",
  "real.one": "one server",
  "real.replicas": "{n} replicas",
  "real.none": "no replica",
  "real.behind": "{n} bytes behind",
  "real.unheard": "heard nothing for {n} s",
  "real.unlinked": "no link to its master",
  "real.holds": "master with {keys}",

  "rule.silent": "{why}; it follows when it is back",
  "rule.order": "a sync of {addr} is under way",
  "rule.only-copy":
    "{why}; until it is back, {addr} may hold the only copy of the data and stays as it is",
  "rule.one": "{addr} and {master} are one process; remove one: codis server remove {addr}",
  "rule.demoted": "the stored master {master} is itself a replica of {real}",
  "rule.sentinels":
    "the sentinels name another master of group {group} than is stored: it is followed first",
  "rule.empty":
    "the stored master {master} is empty and {addr} holds {keys}, which it would lose; {decide}",
  "rule.more":
    "{addr} holds {keys}, the stored master {master} only {n}, and they have no history in common; {decide}",
  "rule.stranger": "{addr} was never a replica of this group and holds {keys} of its own; {decide}",
  "rule.decide":
    "to throw its keys away: codis server sync {addr}; to keep them, make it the group's master in place of " +
    "{master} (codis group promote)",
  "rule.added":
    "{addr} was added without a sync and isn't a replica yet: codis server sync {addr}, or codis group repair {group}",
  "rule.watched": "sentinels watch group {group} and may be changing it: that is waited for",
  "lead.empty":
    "{addr} is empty and others of its group aren't, or don't answer: promote the server with the data " +
    "(codis group promote {group} ADDR)",
  "lead.part":
    "{addr} hasn't all data of {real}, which says that it is a master: promote that one " +
    "(codis group promote {group} {real}), or wait until the link is up",
  "lead.plain":
    "{addr} refuses writes as a replica: make it a master again with codis group repair {group}, or " +
    "promote another server",

  "story.silent": "no answer to this dashboard for {ms} ms",
  "story.silent-why": "no answer to this dashboard for {ms} ms ({why})",
  "story.dead": "dead: {why}",
  "story.tally": "{some} of {all} proxies with a vote get no answer from it",
  "story.no-proxy": "no proxy is registered that could be asked",
  "story.unused": "no proxy that answers uses it",
  "vote.silent": "no answer from it for {ms} ms",
  "vote.answers": "it answered {ms} ms ago",
  "vote.unused": "doesn't use it",
  "vote.untold": "answers, but doesn't tell what it sees of it",
  "vote.none": "doesn't answer",
  "vote.sentinel": "says {addr}, config epoch {epoch}",
  "story.unfit": "can't become master: {why}",
  "story.unmade": "didn't become master: {why}",
  "story.chosen-again": "is chosen: an earlier failover made it a master already",
  "story.chosen": "is chosen: has the most data, offset {offset}",
  "story.chosen-link":
    "is chosen: has the most data, offset {offset}, link to the old master down for {s} s",
  "story.last-seen": "the old master was last seen at {offset}",
  "story.master": "is a master {ms} ms after the decision",
  "story.stored": "is the group's master {ms} ms after the decision",
  "story.follows": "follows {ms} ms after the decision",
  "story.served": "serves the group again, {ms} ms after the last answer of {addr}",
  "story.followed": "follows {addr} ({ms} ms)",
  "story.not-yet": "doesn't follow yet: {why}",
  "story.late": "hasn't followed yet, and does as soon as it answers: {why}",
  "story.told": "told to take no writes should it go on; it didn't answer",
  "story.unreached": "can't be reached",
  "story.moving":
    "{n} slots are about to move from or to the group; they go on with the new master",
  "story.left": "the dashboard that wrote this has ended before it was done",
  "story.switch": "it told of the switch {ms} ms ago",
  "story.differs": "the sentinels have another master than the one that is stored",
  "story.epoch": "config epoch {epoch}, the highest that was answered",
  "story.revision": "revision {revision}",
  "story.itself": "sends to the new master; it had followed the sentinels by itself",
  "story.was-told": "sends to the new master; it was told",
  "story.unknown": "isn't known to have the new master: {why}",
  "story.quiet": "no slot moves from or to the group now",
  "story.let-go": "sentinels have let go of the group",
  "story.held": "{n} proxies hold, after {ms} ms",
  "story.caught-up": "it lacked {n} bytes and has all now, after {ms} ms",
  "story.swapped": "it is a master and {addr} is not, after {ms} ms",
  "story.written": "{to} is stored as the master, {addr} as the last replica",
  "story.written-at":
    "{to} is stored as the master, {addr} as the last replica, {ms} ms after the hold began",
  "story.has-it": "it has the new master",
  "story.has-it-at": "it has the new master, {ms} ms after the hold began",
  "story.sent": "{n} proxies send to {to}",
  "story.sent-at": "{n} proxies send to {to}, {ms} ms after the hold began",
  "story.watched": "sentinels watch the group again",
  "story.unwatched": "sentinels don't watch the group yet: {why}",
  "story.undone": "{addr} stays the master: {why}",
  "story.no-heir": "the group has no replica; it is served again when its master is back",
  "story.none-fit": "no replica can become master: {why}",
  "story.retried": "it is tried again: {why}",
} as const;
