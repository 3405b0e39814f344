/**
 * From the bytes of a command name to its id, for each request: a trie over the case-folded bytes.
 *
 * The match is exact: letters fold, every other byte stands for itself, so a name with `-` or a digit
 * can't be mistaken for another, and nothing that isn't in the table is ever found. The bytes of a
 * subcommand are looked up from the root of its container, in the same trie.
 *
 * Of the designs in `bench/micro/command-lookup.bench.ts` this is the fastest for the names that matter
 * (GET, SET: 5 to 10 ns) and no slower than a hash over all of them.
 */
import { COMMAND_COUNT, COMMANDS, findCommandId } from "./table.ts";

// The facts of an id, so that the stages of a request need one import.
export {
  ARITY,
  CHECK,
  COMMAND_COUNT,
  commandName,
  FIRST_KEY,
  FLAGS,
  IS_SINGLE_KEY,
  KEY_STEP,
  LAST_KEY,
  MERGE,
  ROUTE,
  SCRIPT_SOURCE,
} from "./table.ts";

/** Longer names are unknown without a look, as in Codis. */
const COMMAND_NAME_BYTES_MAX = 64;

const WIDTH_BITS = 5;
const WIDTH = 1 << WIDTH_BITS;
/** Every step from the dead node stays there. */
const NODE_DEAD = 0;
const NODE_ROOT = WIDTH;

/** Class of a byte: 0 when no name has it; both cases of a letter share one. There are at most 31. */
const CLASS = new Uint8Array(256);
/** Root of the subcommands of a container, by id; dead for others. */
const SUB_ROOT = new Int32Array(COMMAND_COUNT);
/**
 * A node is `WIDTH` cells and named by the position of its first one, so that a step is one addition
 * and one load:
 *
 *     0 (dead): 0 0 0 …    32 (root): … [class of g] 96 …    96: … [class of e] 128 …    128: … [t] 160 …
 */
const NEXT = buildTrie();
/** Id of the name that ends at a node, -1 for none, by node / WIDTH. */
const ID_AT = buildIds();

function buildTrie(): Int32Array {
  const nodes: number[][] = [emptyNode(), emptyNode()];
  for (const { name } of COMMANDS) {
    const bar = name.indexOf("|");
    if (bar < 0) {
      addName(nodes, NODE_ROOT, name);
    } else {
      const container = findCommandId(name.slice(0, bar));
      if (SUB_ROOT[container] === NODE_DEAD)
        SUB_ROOT[container] = nodes.push(emptyNode()) * WIDTH - WIDTH;
      addName(nodes, SUB_ROOT[container]!, name.slice(bar + 1));
    }
  }
  return Int32Array.from(nodes.flat());
}

function emptyNode(): number[] {
  return new Array<number>(WIDTH).fill(NODE_DEAD);
}

function addName(nodes: number[][], root: number, name: string): void {
  let node = root;
  for (const letter of Buffer.from(name, "latin1")) {
    const cells = nodes[node >> WIDTH_BITS]!;
    const letterClass = classOf(letter);
    if (cells[letterClass] === NODE_DEAD)
      cells[letterClass] = nodes.push(emptyNode()) * WIDTH - WIDTH;
    node = cells[letterClass]!;
  }
}

/** The class of a byte of a name in the table, a new one for a new byte. */
function classOf(letter: number): number {
  if (CLASS[letter] === 0) {
    const classCount = Math.max(...CLASS) + 1;
    if (classCount >= WIDTH) throw new RangeError("names have more different bytes than WIDTH");
    CLASS[letter] = classCount;
    const isLowerCase = letter >= 0x61 && letter <= 0x7a;
    if (isLowerCase) CLASS[letter - 0x20] = classCount;
  }
  return CLASS[letter]!;
}

function buildIds(): Int16Array {
  const ids = new Int16Array(NEXT.length / WIDTH).fill(-1);
  for (const { name, id } of COMMANDS) {
    const bar = name.indexOf("|");
    const root = bar < 0 ? NODE_ROOT : SUB_ROOT[findCommandId(name.slice(0, bar))]!;
    const bytes = Buffer.from(name.slice(bar + 1), "latin1");
    ids[walk(root, bytes, 0, bytes.length) >> WIDTH_BITS] = id;
  }
  return ids;
}

/** The node where the bytes lead, dead when no name begins so. */
function walk(root: number, bytes: Uint8Array, start: number, end: number): number {
  let node = root;
  for (let i = start; i < end; i++) {
    node = NEXT[node + CLASS[bytes[i]!]!]!;
    if (node === NODE_DEAD) return NODE_DEAD;
  }
  return node;
}

/**
 * Id of the command named `bytes[start, end)` in any case, -1 when the table has none. Only top-level
 * names: a container (`FLAG_CONTAINER`) needs `lookupSubcommand` as well.
 *
 * Hot path: no string, no allocation.
 */
export function lookupCommand(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > COMMAND_NAME_BYTES_MAX) return -1;
  let node = NODE_ROOT;
  for (let i = start; i < end; i++) {
    node = NEXT[node + CLASS[bytes[i]!]!]!;
    if (node === NODE_DEAD) return -1;
  }
  return ID_AT[node >> WIDTH_BITS]!;
}

/**
 * Id of the subcommand `bytes[start, end)`, in any case, of the container, -1 when the table has none
 * or when the command isn't a container.
 */
export function lookupSubcommand(
  containerId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start > COMMAND_NAME_BYTES_MAX) return -1;
  return ID_AT[walk(SUB_ROOT[containerId]!, bytes, start, end) >> WIDTH_BITS]!;
}
