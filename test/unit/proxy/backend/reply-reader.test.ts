/**
 * The replies of one backend connection, in random chunks, for several sessions and callbacks: each goes to
 * whoever asked, in order; large ones are streamed when their turn has come.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { memoryGauge } from "../../../../src/net/buffer-pool.ts";
import { ReplyReader } from "../../../../src/proxy/backend/reply-reader.ts";
import { CallbackReply, type ReplySink } from "../../../../src/proxy/reply/reply-sink.ts";
import { SessionOutput } from "../../../../src/proxy/reply/session-output.ts";
import { CommandStats } from "../../../../src/proxy/stats/command-stats.ts";
import { FakeSocket, turnsEnd } from "../../../support/fake-socket.ts";
import { bulk } from "../../../support/fake-store.ts";
import { printSeed, Random, SEED } from "../../../support/seed.ts";

printSeed("reply-reader");

let reader: ReplyReader;
let heard: string[];
let sockets: FakeSocket[];

beforeEach(() => {
  heard = [];
  sockets = [];
  reader = new ReplyReader(new CommandStats(), {
    canRepeat: false,
    repeatOldest: () => false,
    onErrorReply: (word) => heard.push(`error ${word}`),
    onBadReply: (cause) => heard.push(cause),
  });
});

afterEach(async () => {
  reader.failAll("");
  await turnsEnd();
  for (const socket of sockets) socket.connection.destroy();
  expect(memoryGauge.usedBytes).toBe(0);
});

function session(): SessionOutput {
  const socket = new FakeSocket();
  sockets.push(socket);
  return new SessionOutput(socket.connection, {
    onProgress: () => undefined,
    onOutputPending: () => undefined,
    onRequestFailed: () => heard.push("failed"),
    onBrokenReply: (cause) => heard.push(`broken ${cause}`),
  });
}

function ask(sink: ReplySink, tag: number): void {
  reader.inFlight.push(sink, tag, -1, 0);
}

function feed(bytes: Buffer | string, ends: readonly number[] = []): void {
  const whole = Buffer.from(bytes);
  let start = 0;
  for (const end of [...ends, whole.length]) {
    const chunk = Buffer.from(whole.subarray(start, end));
    reader.read(chunk, 0, chunk.length, 0);
    start = end;
  }
}

const REPLIES = [
  "+OK\r\n",
  ":12\r\n",
  "$-1\r\n",
  "$3\r\nabc\r\n",
  "*2\r\n+a\r\n*1\r\n:1\r\n",
  "-ERR x\r\n",
  "_\r\n",
];

test("each reply goes to whoever asked, at any split, between pushes", async () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const outputs = [session(), session(), session()];
    const due = outputs.map(() => "");
    const called: string[] = [];
    const calledDue: string[] = [];
    let bytes = "";
    for (let i = 0; i < 30; i++) {
      const reply = random.chance(0.05)
        ? bulk("z".repeat(90_000)).toString()
        : random.pick(REPLIES);
      if (random.chance(0.1)) bytes += ">2\r\n+invalidate\r\n*0\r\n";
      bytes += reply;
      const who = random.below(4);
      const output = outputs[who];
      if (output === undefined) {
        ask(new CallbackReply((got) => called.push(got.toString())), 0);
        calledDue.push(reply);
      } else {
        ask(output, output.reserve());
        due[who] += reply;
      }
    }
    feed(bytes, random.cuts(bytes.length, random.pick([0, 3, 60])));
    await turnsEnd();
    expect(called).toEqual(calledDue);
    const got = sockets.splice(0).map((socket) => socket.written.toString());
    expect(got).toEqual(due);
    expect(reader.inFlight.count).toBe(0);
  }
  expect(heard.every((line) => line === "error ERR")).toBe(true);
});

test("a large reply whose turn it is leaves in pieces, however small the first was", async () => {
  const output = session();
  ask(output, output.reserve());
  feed(`$${10 * 1024 * 1024}\r\n`);
  const piece = "p".repeat(50_000);
  let heldMax = 0;
  for (let sent = 0; sent < 5_000_000; sent += piece.length) {
    feed(piece);
    await turnsEnd();
    heldMax = Math.max(heldMax, memoryGauge.usedBytes);
  }
  expect(heldMax).toBeLessThan(300_000);
  expect(sockets[0]?.written.length).toBeGreaterThan(4_900_000);
});

test("a large reply whose turn it isn't is put together, and leaves when it is", async () => {
  const output = session();
  const first = output.reserve();
  ask(output, output.reserve());
  const large = bulk("q".repeat(300_000));
  feed(large, [100_000, 200_000]);
  expect(sockets[0]?.written.length).toBe(0);
  output.onReply(first, Buffer.from("+first\r\n"), 0, 8);
  await turnsEnd();
  expect(sockets[0]?.written.toString()).toBe(`+first\r\n${large.toString()}`);
});

test("a large reply gets its turn while it arrives, and is streamed from then on", async () => {
  const output = session();
  const first = output.reserve();
  ask(output, output.reserve());
  const large = bulk("q".repeat(600_000));
  feed(large.subarray(0, 200_000));
  output.onReply(first, Buffer.from("+first\r\n"), 0, 8);
  feed(large.subarray(200_000, 400_000));
  await turnsEnd();
  expect(sockets[0]?.written.length).toBe(8 + 400_000);
  feed(large.subarray(400_000));
  await turnsEnd();
  expect(sockets[0]?.written.toString()).toBe(`+first\r\n${large.toString()}`);
});

test("a failure answers everything in flight once; a torn reply breaks its session", () => {
  const [one, other] = [session(), session()];
  const called: string[] = [];
  ask(one, one.reserve());
  ask(other, other.reserve());
  ask(new CallbackReply((got) => called.push(got.toString())), 0);
  feed(`$1000000\r\n${"x".repeat(100_000)}`);
  reader.failAll("EOF");
  expect(heard).toEqual(["broken EOF", "failed"]);
  expect(sockets[1]?.written.toString()).toBe("-ERR handle response, backend conn reset\r\n");
  expect(called).toEqual(["-ERR handle response, backend conn reset\r\n"]);
  expect(reader.inFlight.count).toBe(0);
  // The next connection starts afresh.
  const third = session();
  ask(third, third.reserve());
  feed("+OK\r\n");
  expect(sockets[2]?.written.toString()).toBe("+OK\r\n");
});

test("the first of several lost requests is told the cause", () => {
  const called: string[] = [];
  for (let i = 0; i < 2; i++) ask(new CallbackReply((got) => called.push(got.toString())), 0);
  feed("*2\r\n$3\r\nab");
  reader.failAll("connection reset by peer");
  expect(called).toEqual([
    "-ERR handle response, backend conn failure, connection reset by peer\r\n",
    "-ERR handle response, backend conn reset\r\n",
  ]);
});

test("bytes that nobody asked for, and bytes that are no RESP, are told", () => {
  feed("+surprise\r\n");
  expect(heard).toEqual(["reply without request"]);
  ask(new CallbackReply(() => undefined), 0);
  feed("HTTP/1.1 200 OK\r\n");
  expect(heard).toEqual(["reply without request", "bad reply"]);
});

test("the first word of an error is told, whole, wherever the chunks end", () => {
  for (const word of ["NOSCRIPT", "LOADING", "MASTERDOWN", "READONLY"]) {
    for (const cut of [1, 3, 9]) {
      ask(new CallbackReply(() => undefined), 0);
      feed(`-${word} and so on\r\n`, [cut]);
      ask(new CallbackReply(() => undefined), 0);
      feed(`-${word}\r\n`);
    }
    expect(heard.splice(0)).toEqual(new Array(6).fill(`error ${word}`));
  }
});
