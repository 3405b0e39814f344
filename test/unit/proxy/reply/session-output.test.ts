/**
 * The ordered output of a session: replies in any order leave in the order of the requests, and what waits is
 * counted and bounded.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { memoryGauge } from "../../../../src/net/buffer-pool.ts";
import { SessionOutput } from "../../../../src/proxy/reply/session-output.ts";
import { FakeSocket, turnsEnd } from "../../../support/fake-socket.ts";
import { printSeed, Random, SEED } from "../../../support/seed.ts";

printSeed("session-output");

let socket: FakeSocket;
let output: SessionOutput;
let heard: string[];

beforeEach(() => {
  socket = new FakeSocket();
  heard = [];
  output = new SessionOutput(socket.connection, {
    onProgress: () => heard.push("progress"),
    onOutputPending: (bytes) => heard.push(`pending ${bytes} kept ${output.keptBytes}`),
    onRequestFailed: () => heard.push("failed"),
    onBrokenReply: (cause) => heard.push(`broken ${cause}`),
  });
});

afterEach(async () => {
  await turnsEnd();
  output.abandon();
  socket.connection.destroy();
  expect(memoryGauge.usedBytes).toBe(0);
});

function reply(seq: number, text: string): void {
  const bytes = Buffer.from(`..${text}..`);
  output.onReply(seq, bytes, 2, bytes.length - 2);
}

test("a reply whose turn it is leaves at once, any other waits for its turn", async () => {
  const [a, b, c] = [output.reserve(), output.reserve(), output.reserve()];
  reply(c, "C");
  reply(b, "B");
  await turnsEnd();
  expect(socket.written.toString()).toBe("");
  expect([output.keptCount, output.keptBytes, output.inFlightCount]).toEqual([2, 2, 3]);
  reply(a, "A");
  await turnsEnd();
  expect(socket.written.toString()).toBe("ABC");
  expect([output.keptCount, output.keptBytes, output.inFlightCount]).toEqual([0, 0, 0]);
});

test("any order of any number of replies leaves in the order of the requests", async () => {
  const random = new Random(SEED);
  // Near the end of the 32-bit numbers, so that they wrap on the way.
  output.head = 0x7fffff00;
  output.tail = 0x7fffff00;
  const due: string[] = [];
  let open: number[] = [];
  const texts = new Map<number, string>();
  for (let i = 0; i < 20_000; i++) {
    if (open.length < 500 && random.chance(0.55)) {
      const seq = output.reserve();
      const text = `<${i}${"x".repeat(random.below(random.chance(0.01) ? 100_000 : 30))}>`;
      texts.set(seq, text);
      due.push(text);
      open.push(seq);
    } else if (open.length > 0) {
      const at = random.chance(0.5) ? 0 : random.below(open.length);
      const [seq] = open.splice(at, 1);
      reply(seq as number, texts.get(seq as number) as string);
    }
    if (random.chance(0.01)) await turnsEnd();
  }
  for (const seq of open) reply(seq, texts.get(seq) as string);
  open = [];
  await turnsEnd();
  expect(socket.written.toString()).toBe(due.join(""));
  expect(output.inFlightCount).toBe(0);
  expect(output.head).toBeLessThan(0);
});

test("neighbours that are kept from one chunk go out as one piece", () => {
  const seqs = [0, 1, 2, 3].map(() => output.reserve());
  const chunk = Buffer.from("bbccdd");
  output.isGathering = false;
  output.onReply(seqs[1] as number, chunk, 0, 2);
  output.onReply(seqs[2] as number, chunk, 2, 4);
  output.onReply(seqs[3] as number, chunk, 4, 6);
  reply(seqs[0] as number, "aa");
  return turnsEnd().then(() => {
    expect(socket.written.toString()).toBe("aabbccdd");
    expect(socket.writeCount).toBe(1);
  });
});

test("a small reply that is kept doesn't keep a large chunk alive", () => {
  output.reserve();
  const second = output.reserve();
  const chunk = Buffer.alloc(512 * 1024, "x");
  output.onReply(second, chunk, 10, 20);
  chunk.fill("y");
  output.onReply(0, Buffer.from("A"), 0, 1);
  return turnsEnd().then(() => expect(socket.written.toString()).toBe(`A${"x".repeat(10)}`));
});

test("many kept bytes are told, so that the session can be bounded", () => {
  output.reserve();
  const large = Buffer.alloc(5000);
  output.onReply(output.reserve(), large, 0, large.length);
  output.onReply(output.reserve(), large, 0, large.length);
  expect(heard).toEqual(["pending 0 kept 5000", "pending 0 kept 10000"]);
  expect(memoryGauge.usedBytes).toBe(10_000);
});

test("progress is told only while somebody watches", () => {
  reply(output.reserve(), "a");
  expect(heard).toEqual([]);
  output.isWatched = true;
  reply(output.reserve(), "b");
  expect(heard).toEqual(["progress"]);
});

test("a failure is a reply in its turn, and told", async () => {
  const [first, second] = [output.reserve(), output.reserve()];
  output.onFailure(second, Buffer.from("-ERR x\r\n"));
  expect(heard).toEqual(["failed"]);
  reply(first, "+OK\r\n");
  await turnsEnd();
  expect(socket.written.toString()).toBe("+OK\r\n-ERR x\r\n");
});

test("a reply in parts leaves as it comes, and later replies wait for its end", async () => {
  output.reserve();
  const second = output.reserve();
  output.deliverPartial(Buffer.from("12345"), 0, 5);
  reply(second, "B");
  await turnsEnd();
  expect(socket.written.toString()).toBe("12345");
  output.finishPartial(Buffer.from("678"), 0, 3);
  await turnsEnd();
  expect(socket.written.toString()).toBe("12345678B");
});

test("a reply that breaks off is told", () => {
  output.reserve();
  output.deliverPartial(Buffer.from("123"), 0, 3);
  output.breakPartial("EOF");
  expect(heard).toEqual(["broken EOF"]);
});

test("while muted nothing leaves, and requests are counted all the same", async () => {
  const [first, second] = [output.reserve(), output.reserve()];
  output.isMuted = true;
  reply(second, "B");
  reply(first, "A");
  expect(output.inFlightCount).toBe(0);
  output.isMuted = false;
  reply(output.reserve(), "C");
  await turnsEnd();
  expect(socket.written.toString()).toBe("C");
});

test("an abandoned output drops what it kept and what still comes", async () => {
  const [first, second, third] = [output.reserve(), output.reserve(), output.reserve()];
  reply(second, "B".repeat(100));
  output.abandon();
  expect(memoryGauge.usedBytes).toBe(0);
  reply(third, "C");
  reply(first, "A");
  await turnsEnd();
  expect(socket.written.length).toBe(0);
});
