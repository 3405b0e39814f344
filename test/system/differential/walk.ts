/**
 * Commands for which it isn't enough to send them to both servers and to compare: chance decides what they
 * answer and leave behind, or they change the connection itself. Each walk ends with both servers in the
 * same state, or says what is wrong.
 */

import { encodeCommand } from "../../../src/resp/encode.ts";
import { decodeReply, isErrorReply, type RespValue } from "../../../src/resp/value.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { chunks, isSameBytes, sorted, textOf, withoutFields } from "./comparison.ts";
import type { Argument, Argv } from "./grammar.ts";
import type { SessionPair } from "./session-pair.ts";

/** What came of a walk. */
export interface WalkResult {
  /** What is wrong. */
  readonly complaint: string | undefined;
  readonly ours: Buffer;
  readonly theirs: Buffer;
}
/** One way to run a command on both; `refusal` is what the proxy must answer instead, without the other. */
export type Walk = (pair: SessionPair, argv: Argv, refusal?: RegExp) => Promise<WalkResult>;

const SCAN_CALLS_MAX = 10_000;
const WAIT_MS = 10_000;

async function plain(pair: SessionPair, argv: Argv, refusal?: RegExp): Promise<WalkResult> {
  if (refusal !== undefined) {
    const ours = await pair.ours.call(...argv);
    const isRight = refusal.test(ours.toString("latin1"));
    const complaint = isRight ? undefined : `not ${refusal.source}`;
    return { complaint, ours, theirs: Buffer.alloc(0) };
  }
  const [ours, theirs] = await pair.both(...argv);
  return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
}

async function randomKey(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const [ours, theirs] = await pair.both(...argv);
  const [key, other] = [decodeReply(ours), decodeReply(theirs)];
  if (key?.type !== "bulk" || other?.type !== "bulk") {
    return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
  }
  const found = (await pair.theirs.call("EXISTS", key.bytes)).toString();
  return { complaint: found === ":1\r\n" ? undefined : "no such key", ours, theirs };
}

async function sample(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const [ours, theirs] = await pair.both(...argv);
  if (isErrorReply(ours) || isErrorReply(theirs)) {
    return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
  }
  const [left, right] = [decodeReply(ours), decodeReply(theirs)];
  if (left === undefined || right === undefined || left.type !== right.type) {
    return { complaint: "replies of different types", ours, theirs };
  }
  const width = argv.length > 3 ? 2 : 1;
  const [drawn, expected] = [rowsOf(left, width), rowsOf(right, width)];
  if (drawn.length !== expected.length) {
    return { complaint: "another number of elements", ours, theirs };
  }
  const all = new Set((await membersOf(pair, argv, width)).map(textOf));
  const stray = drawn.map(textOf).find((row) => !all.has(row));
  return { complaint: stray === undefined ? undefined : `no such element: ${stray}`, ours, theirs };
}

/** All elements of the collection at the bare server, as rows of `rowsOf`. */
async function membersOf(
  pair: SessionPair,
  argv: Argv,
  width: number,
): Promise<readonly (readonly string[])[]> {
  const [name, key] = [`${argv[0]}`.toLowerCase(), argv[1] as Argument];
  const commands: Readonly<Record<string, Argv>> = {
    srandmember: ["SMEMBERS", key],
    hrandfield: [width === 2 ? "HGETALL" : "HKEYS", key],
    zrandmember: ["ZRANGE", key, "0", "-1", ...(width === 2 ? ["WITHSCORES"] : [])],
  };
  const value = decodeReply(await pair.theirs.call(...(commands[name] ?? [])));
  return value === undefined ? [] : rowsOf(value, width);
}

/** Elements, or pairs however they are framed, as texts. */
function rowsOf(value: RespValue, width: number): readonly (readonly string[])[] {
  if (value.type === "null") return [];
  if (value.type === "map") return value.entries.map((entry) => entry.map(plainText));
  if (!("items" in value)) return [[plainText(value)]];
  return value.items.some((item) => "items" in item)
    ? value.items.map((item) => ("items" in item ? item.items.map(plainText) : []))
    : chunks(value.items, width).map((row) => row.map(plainText));
}

function plainText(value: RespValue): string {
  if ("bytes" in value) return value.bytes.toString("latin1");
  return "text" in value ? value.text : textOf(value);
}

async function pop(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const size = decodeReply(await pair.theirs.call("SCARD", argv[1] ?? ""));
  const ours = await pair.ours.call(...argv);
  const value = decodeReply(ours);
  const popped =
    value?.type === "bulk"
      ? [value.bytes]
      : value !== undefined && "items" in value
        ? value.items.flatMap((item) => ("bytes" in item ? [item.bytes] : []))
        : [];
  if (popped.length === 0) {
    const theirs = await pair.theirs.call(...argv);
    return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
  }
  const theirs = await pair.theirs.call("SREM", argv[1] ?? "", ...popped);
  const available = size?.type === "integer" ? Number(size.value) : 0;
  const expected = Math.min(argv.length > 2 ? Number(argv[2]) : 1, available);
  const isRight = theirs.toString() === `:${expected}\r\n` && popped.length === expected;
  return { complaint: isRight ? undefined : `not ${expected} elements of the set`, ours, theirs };
}

async function automaticId(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const at = idIndexOf(argv);
  if (argv[at] !== "*") return plain(pair, argv);
  const ours = await pair.ours.call(...argv);
  const id = decodeReply(ours);
  const theirs = await pair.theirs.call(...(id?.type === "bulk" ? argv.with(at, id.bytes) : argv));
  return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
}

/** Where XADD has its id: behind NOMKSTREAM, MAXLEN [=|~] n, MINID [=|~] n and LIMIT n. */
function idIndexOf(argv: Argv): number {
  let at = 2;
  for (;;) {
    const word = `${argv[at]}`.toLowerCase();
    if (word === "nomkstream") at += 1;
    else if (word === "limit") at += 2;
    else if (word === "maxlen" || word === "minid") at += /^[=~]$/.test(`${argv[at + 1]}`) ? 3 : 2;
    else return at;
  }
}

async function scan(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const [ours, theirs] = await pair.both(...argv);
  if (isErrorReply(ours) || isErrorReply(theirs)) {
    return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
  }
  const cursorAt = `${argv[0]}`.toLowerCase() === "scan" ? 1 : 2;
  // Somebody else's cursor promises nothing.
  if (argv[cursorAt] !== "0") return { complaint: undefined, ours, theirs };
  const width = /^[hz]scan$/i.test(`${argv[0]}`) ? 2 : 1;
  const all = async (first: Buffer, isOurs: boolean): Promise<string> => {
    const connection = isOurs ? pair.ours : pair.theirs;
    const rows = new Set<string>();
    let reply = first;
    for (let calls = 1; ; calls++) {
      const value = decodeReply(reply);
      const items = value?.type === "array" ? value.items : [];
      const [cursor, page] = items;
      if (cursor?.type !== "bulk" || page === undefined)
        return `no page: ${reply.toString("latin1")}`;
      for (const row of rowsOf(page, width)) rows.add(textOf(row));
      if (cursor.bytes.toString() === "0") return textOf(sorted([...rows]));
      if (calls === SCAN_CALLS_MAX) return `no end after ${calls} calls`;
      reply = await connection.call(...argv.with(cursorAt, cursor.bytes));
    }
  };
  const [left, right] = [await all(ours, true), await all(theirs, false)];
  const complaint = left === right ? undefined : `${left} instead of ${right}`;
  return { complaint, ours, theirs };
}

async function showScript(pair: SessionPair, argv: Argv, refusal?: RegExp): Promise<WalkResult> {
  const result = await plain(pair, argv, refusal);
  await pair.theirs.call("SCRIPT", "LOAD", argv[1] ?? "");
  return result;
}

async function hello(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const [ours, theirs] = await pair.both(...argv);
  pair.note(argv, ours);
  if (isErrorReply(ours)) {
    const name = decodeReply(await pair.ours.call("CLIENT", "GETNAME"));
    await pair.theirs.call("CLIENT", "SETNAME", name?.type === "bulk" ? name.bytes : "");
  }
  return { complaint: withoutFields("id")(ours, theirs, argv), ours, theirs };
}

async function quit(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const result = await plain(pair, argv);
  const ends = Promise.all([pair.ours.closed, pair.theirs.closed]);
  await withDeadline("end of the connections after QUIT", WAIT_MS, ends);
  await pair.reopen();
  return result;
}

/** CLIENT REPLY OFF and SKIP are followed by commands that show how long the silence lasts. */
async function clientReply(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const mode = argv.length === 3 ? `${argv[2]}`.toLowerCase() : "";
  if (mode !== "off" && mode !== "skip") return plain(pair, argv);
  const rest = mode === "off" ? [["CLIENT", "REPLY", "ON"]] : [];
  const commands: readonly Argv[] = [argv, ["PING", "unheard"], ...rest, ["PING", "heard"]];
  const bytes = Buffer.concat(commands.map((command) => encodeCommand(command)));
  const run = async (connection: SessionPair["ours"]): Promise<Buffer> => {
    connection.write(bytes);
    const replies = [await connection.next("reply after a silence")];
    while (!replies.at(-1)?.includes("heard")) replies.push(await connection.next("last reply"));
    return Buffer.concat(replies);
  };
  const [ours, theirs] = await Promise.all([run(pair.ours), run(pair.theirs)]);
  return { complaint: isSameBytes(ours, theirs, argv), ours, theirs };
}

/** Gives a key a time to live of nothing, and waits until it is gone on both. */
export async function expireSoon(pair: SessionPair, argv: Argv): Promise<WalkResult> {
  const result = await plain(pair, argv);
  for (const connection of [pair.ours, pair.theirs]) {
    await waitFor(`end of ${argv[1]}`, WAIT_MS, async () =>
      (await connection.call("EXISTS", argv[1] ?? "")).toString() === ":0\r\n" ? true : undefined,
    );
  }
  return result;
}

/** Walks by the name that the list of differences gives them. */
export const WALKS: Readonly<Record<string, Walk>> = {
  "random-key": randomKey,
  sample,
  pop,
  "automatic-id": automaticId,
  scan,
  "show-script": showScript,
  hello,
};

/** Walks of commands without a difference, by command. */
export const OWN_WALKS: Readonly<Record<string, Walk>> = { quit, "client|reply": clientReply };
