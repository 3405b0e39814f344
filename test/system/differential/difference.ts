/**
 * THE list of what the proxy may answer otherwise than a bare redis-server 7.0.15. What isn't here must be
 * the same bytes. `docs/differences.md` is made from it, the differential test obeys it.
 *
 * Three kinds: `compare` says how far two replies may differ; `refuses` says which requests the proxy
 * refuses (they aren't sent to the bare server) and how; a `walk` does more than to send the command to
 * both (`walk.ts`), because the reply decides what state is left behind.
 */
import {
  type Comparison,
  inAnyOrder,
  inAnyOrderDeep,
  isAtMost,
  isSameBytes,
  isSameForm,
  sameHeadsWhereBoth,
  sameLength,
  sameLines,
  within,
  withoutFields,
  withoutStreamTimes,
} from "./comparison.ts";
import type { Argv } from "./grammar.ts";
import { slotOfKey } from "./slot.ts";

/** One difference that is meant. */
export interface Difference {
  /** Names as in the command table. */
  readonly commands: readonly string[];
  /** What differs, and why that is right. A sentence. */
  readonly what: string;
  /** What the test still compares. A sentence. */
  readonly checked: string;
  readonly compare?: Comparison;
  /** What the proxy must answer to this request; undefined when it must answer as Redis. */
  readonly refuses?: (argv: Argv) => RegExp | undefined;
  /** Name of a walk in `walk.ts`. */
  readonly walk?: string;
}

const sameHeads = sameHeadsWhereBoth(7);

function withoutNames(reply: Buffer): string {
  return reply
    .toString("latin1")
    .replace(/^(-ERR (?:Library|Function)) \S+ (already exists)/, "$1 $2");
}

const ELEMENTS = "The elements, in any order.";

/** Replies whose order is that of a hash table, whose seed is another in each process. */
const UNORDERED: readonly Difference[] = [
  {
    commands: ["smembers", "sdiff", "sinter", "sunion", "hkeys", "hvals", "keys"],
    what:
      "The order is that of hash tables, which differs from process to process; KEYS is " +
      "the keys of one group after those of another.",
    checked: ELEMENTS,
    compare: inAnyOrder(),
  },
  {
    commands: ["hgetall"],
    what: "The order of the fields is that of a hash table.",
    checked: "The pairs, in any order.",
    compare: inAnyOrder(() => 2),
  },
  {
    commands: ["function|list"],
    what: "The order of libraries and functions is that of hash tables.",
    checked: "The elements of all levels, in any order.",
    compare: inAnyOrderDeep,
  },
  {
    commands: ["sort", "sort_ro"],
    what:
      "Elements of a set that a BY pattern finds equal, or that aren't sorted, come in " +
      "the order of a hash table.",
    checked: ELEMENTS,
    compare: inAnyOrder((argv) => Math.max(1, countWord(argv, "get"))),
  },
  {
    commands: ["function|restore"],
    what:
      "Where several libraries or functions exist already, the error names the first one " +
      "in the order of a hash table.",
    checked: "All but the name.",
    compare: (ours, theirs) =>
      withoutNames(ours) === withoutNames(theirs) ? undefined : "the replies differ",
  },
  {
    commands: ["dump"],
    what:
      "A set or hash is dumped in the order of its hash table, so that the checksum " +
      "differs as well.",
    checked: "The length and the type byte.",
    compare: sameLength(1),
  },
  {
    commands: ["function|dump"],
    what: "Libraries are dumped in the order of a hash table.",
    checked: "The length.",
    compare: sameLength(0),
  },
];

/** Replies that chance or time makes. */
const CHANGING: readonly Difference[] = [
  {
    commands: ["ttl", "expiretime"],
    what: "A time to live begins at the server's own clock.",
    checked: "The figure, up to 2 s.",
    compare: within(() => 2),
  },
  {
    commands: ["pttl", "pexpiretime"],
    what: "A time to live begins at the server's own clock.",
    checked: "The figure, up to 2,000 ms.",
    compare: within(() => 2_000),
  },
  {
    commands: ["object|idletime"],
    what:
      "A small number is one object for all keys of a server that have it, so its age is " +
      "that of its last use by any key.",
    checked: "The type.",
    compare: isSameForm,
  },
  {
    commands: ["time", "lastsave"],
    what: "TIME is the proxy's clock; LASTSAVE is the oldest of all masters.",
    checked: "The type.",
    compare: isSameForm,
  },
  {
    commands: ["xinfo|consumers", "xinfo|stream", "xpending"],
    what: "Idle times and times of delivery.",
    checked: "Everything else.",
    compare: withoutStreamTimes,
  },
  {
    commands: ["memory|usage"],
    what: "What the allocator gave depends on the history of the process, and SAMPLES multiplies it.",
    checked: "The figure, up to as much again and 4 KB.",
    compare: within((value) => value + 4096),
  },
  {
    commands: ["lolwut"],
    what: "The picture is drawn by chance.",
    checked: "The type.",
    compare: isSameForm,
  },
  {
    commands: ["acl|genpass"],
    what: "A password is drawn by chance.",
    checked: "The length.",
    compare: sameLength(0),
  },
  {
    commands: ["randomkey"],
    what: "The key is drawn by chance.",
    checked: "That the bare server has it; an empty database has none.",
    walk: "random-key",
  },
  {
    commands: ["srandmember", "hrandfield", "zrandmember"],
    what: "The elements are drawn by chance.",
    checked: "How many there are, and that the bare server has them, with their values.",
    walk: "sample",
  },
  {
    commands: ["spop"],
    what: "The elements are drawn by chance.",
    checked:
      "How many there are; then SREM removes the same ones from the bare server, which must have all of them.",
    walk: "pop",
  },
  {
    commands: ["xadd"],
    what: "The id of `*` is the server's clock.",
    checked: "The bare server gets the id that the proxy answered, and must take it.",
    walk: "automatic-id",
  },
  {
    commands: ["scan", "hscan", "sscan", "zscan"],
    what: "Cursors are the server's own; SCAN's also names the group.",
    checked: "All that a whole iteration gives, as a set.",
    walk: "scan",
  },
];

/** What a proxy is that a server isn't. */
const OWN: readonly Difference[] = [
  {
    commands: ["hello"],
    what: "The id is that of the proxy's session.",
    checked: "All other fields.",
    compare: withoutFields("id"),
  },
  {
    commands: ["hello"],
    what:
      "A HELLO that fails changes nothing, as in Redis 7.2; Redis 7.0 keeps what SETNAME " +
      "in it did.",
    checked: "The reply; then the bare server's session gets the name that the proxy's has.",
    walk: "hello",
  },
  {
    commands: ["client|id", "client|info", "client|list"],
    what: "Ids, addresses and buffers are those of the proxy's sessions.",
    checked: "The type.",
    compare: isSameForm,
  },
  {
    commands: ["info"],
    what: "Figures are sums over the masters, and there is a section about the proxy.",
    checked: "The number of keys of each database, where asked for.",
    compare: sameLines(/^db\d+:keys=\d+,expires=\d+/gm),
  },
  {
    commands: ["config|get"],
    what:
      "Only parameters that are true of the whole are shown; `databases`, `maxclients` " +
      "and `timeout` are the proxy's own.",
    checked: "That all other parameters shown have the bare server's values.",
    compare: (ours, theirs, argv) => shownParameters(ours, theirs, argv),
  },
  {
    commands: ["command", "command|count", "command|list", "command|docs", "acl|cat"],
    what:
      "The proxy lists what it serves: not what it refuses, and also commands of newer " +
      "servers.",
    checked: "The type.",
    compare: isSameForm,
  },
  {
    commands: ["command|info"],
    what:
      "The proxy doesn't describe what it refuses, and describes commands of newer " +
      "servers; tips and key specifications are its own.",
    checked: "Name, arity, flags, key positions and categories of commands that both describe.",
    compare: (ours, theirs, argv) =>
      argv.length === 2 ? isSameForm(ours, theirs, argv) : sameHeads(ours, theirs, argv),
  },
  {
    commands: ["command|getkeys", "command|getkeysandflags"],
    what:
      "In a request that is wrong in itself (a pair cut in half, a number of keys that " +
      "is no number) Redis may find keys; the proxy answers that its arguments are " +
      "invalid.",
    checked: "Everything else.",
    compare: (ours, theirs, argv) =>
      ours.toString() === "-ERR Invalid arguments specified for command\r\n" && theirs[0] === 42
        ? undefined
        : isSameBytes(ours, theirs, argv),
  },
  {
    commands: ["slowlog|get", "slowlog|len"],
    what: "Slow commands are those of all masters.",
    checked: "The type.",
    compare: isSameForm,
  },
  {
    commands: ["readonly", "readwrite"],
    what:
      "Redis without cluster mode refuses them; the proxy answers OK, because clients " +
      "send READONLY on connect and give up when it fails.",
    checked: "That the proxy answers OK.",
    refuses: (argv) => (argv.length === 1 ? /^\+OK\r\n$/ : undefined),
  },
  {
    commands: ["select", "auth"],
    what: "The error texts are those of Codis.",
    checked: "That both give an error, or both OK.",
    compare: (ours, theirs) => (ours[0] === theirs[0] ? undefined : "only one gives an error"),
  },
];

/** Scripts that some masters know and others don't. */
const SCRIPTS: readonly Difference[] = [
  {
    commands: ["script|exists"],
    what:
      "A script exists when all masters have it. EVAL shows it to one of them only; " +
      "EVALSHA works all the same, because the proxy remembers it.",
    checked: "That no script exists that the bare server doesn't have.",
    compare: isAtMost,
  },
  {
    commands: ["eval", "eval_ro"],
    what:
      "The proxy remembers a script also when the call itself is refused (for keys in " +
      "several slots, or for a wrong number of keys).",
    checked: "The reply; then SCRIPT LOAD shows the script to the bare server as well.",
    walk: "show-script",
  },
];

/** Requests that the proxy refuses. */
const REFUSALS: readonly Difference[] = [
  {
    commands: ["copy"],
    what: "COPY with DB is refused: a session sees one database, and a slot moves in all of them.",
    checked: "The refusal.",
    refuses: (argv) =>
      argv.some((word, i) => i >= 3 && i + 1 < argv.length && isWord(word, "db"))
        ? /^-ERR handle request, command 'COPY DB' is not allowed\r\n$/
        : undefined,
  },
  {
    commands: ["sort", "sort_ro"],
    what:
      "BY and GET patterns are refused unless a whole hash tag keeps all that they can " +
      "name in the slot of the key.",
    checked: "The refusal, exactly then.",
    refuses: (argv) =>
      hasStrayPattern(argv)
        ? /^-ERR handle request, command 'SORT(_RO)? BY\/GET pattern' is not allowed\r\n$/
        : undefined,
  },
  {
    commands: ["xread", "xreadgroup"],
    what: "BLOCK comes with the other blocking commands.",
    checked: "The refusal.",
    refuses: (argv) => {
      const block = argv.findIndex((word) => isWord(word, "block"));
      const streams = argv.findIndex((word) => isWord(word, "streams"));
      const isOption = block > 0 && block + 1 < argv.length && (streams === -1 || block < streams);
      return isOption ? /^-ERR command 'XREAD(GROUP)? BLOCK' is not supported yet\r\n$/ : undefined;
    },
  },
  {
    commands: ["config|set"],
    what: "Only parameters are set that can't hurt the cluster.",
    checked: "The refusal.",
    refuses: (argv) =>
      argv.length % 2 === 0 &&
      argv.some((word, i) => i >= 2 && i % 2 === 0 && /^(maxmemory|dir)$/i.test(`${word}`))
        ? /^-ERR CONFIG SET failed .* - can't be set through the proxy\r\n$/
        : undefined,
  },
  {
    commands: ["client|pause"],
    what: "CLIENT PAUSE is refused: one proxy can't stop the others.",
    checked: "The refusal.",
    refuses: (argv) =>
      argv.length >= 3
        ? /^-ERR handle request, command 'CLIENT PAUSE' is not allowed\r\n$/
        : undefined,
  },
];

/** The whole list. */
export const DIFFERENCES: readonly Difference[] = [
  ...UNORDERED,
  ...CHANGING,
  ...OWN,
  ...SCRIPTS,
  ...REFUSALS,
];

/** How the replies to a command are compared, where not byte by byte. */
export function comparisonOf(command: string): Comparison | undefined {
  return DIFFERENCES.find((one) => one.compare !== undefined && one.commands.includes(command))
    ?.compare;
}

/** The walk of a command. */
export function walkNameOf(command: string): string | undefined {
  return DIFFERENCES.find((one) => one.walk !== undefined && one.commands.includes(command))?.walk;
}

/** What the proxy must answer to a request that it refuses. */
export function refusalOf(command: string, argv: Argv): RegExp | undefined {
  for (const one of DIFFERENCES) {
    const pattern = one.commands.includes(command) ? one.refuses?.(argv) : undefined;
    if (pattern !== undefined) return pattern;
  }
  return undefined;
}

function isWord(argument: Argv[number] | undefined, word: string): boolean {
  return `${argument}`.toLowerCase() === word;
}

function countWord(argv: Argv, word: string): number {
  return argv.filter((argument, i) => i >= 2 && isWord(argument, word)).length;
}

/** As Redis reads SORT's options: BY, GET and STORE take one argument, LIMIT two. */
function hasStrayPattern(argv: Argv): boolean {
  for (let i = 2; i < argv.length; i++) {
    const isPattern = isWord(argv[i], "by") || isWord(argv[i], "get");
    if (isPattern && i + 1 < argv.length) {
      const [head, ...rest] = `${argv[i + 1]}`.split("*");
      const tag = /\{[^}]*\}/.exec(head ?? "");
      const isPinned = tag !== null && slotOfKey(head ?? "") === slotOfKey(argv[1] ?? "");
      if (rest.length > 0 && !isPinned) return true;
    }
    if ((isPattern || isWord(argv[i], "store")) && i + 1 < argv.length) i += 1;
    else if (isWord(argv[i], "limit") && i + 2 < argv.length) i += 2;
  }
  return false;
}

const OWN_PARAMETERS = new Set(["databases", "maxclients", "timeout"]);

const shownParameters: Comparison = (ours, theirs, argv) => {
  const [left, right] = [parametersOf(ours), parametersOf(theirs)];
  if (left === undefined || right === undefined) {
    return ours.equals(theirs) ? undefined : `no parameters for ${argv.join(" ")}`;
  }
  for (const [name, value] of left) {
    if (!right.has(name)) return `the bare server has no ${name}`;
    if (!OWN_PARAMETERS.has(name) && right.get(name) !== value) return `${name} is ${value}`;
  }
  return undefined;
};

/** Names and values of CONFIG GET in both protocols, undefined for an error. */
function parametersOf(reply: Buffer): ReadonlyMap<string, string> | undefined {
  const texts = [...reply.toString("latin1").matchAll(/\$\d+\r\n(.*)\r\n/g)].map((m) => m[1] ?? "");
  if (reply[0] === 45) return undefined;
  return new Map(texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? ""]] : [])));
}
