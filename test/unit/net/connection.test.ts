/**
 * A connection's output: gathered and written once a turn, in order, whatever the kernel takes; and what its
 * owner hears of it.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { memoryGauge } from "../../../src/net/buffer-pool.ts";
import { FakeSocket, turnsEnd } from "../../support/fake-socket.ts";
import { printSeed, Random, SEED } from "../../support/seed.ts";

printSeed("connection");

let socket: FakeSocket;
let heard: string[];

beforeEach(() => {
  socket = new FakeSocket();
  heard = [];
  socket.connection.attach({
    onData: (chunk) => heard.push(`data ${chunk.toString()}`),
    onOutputPending: (bytes) => heard.push(`pending ${bytes}`),
    onDrain: () => heard.push("drain"),
    onEnd: () => heard.push("end"),
    onClose: (cause) => heard.push(`close ${cause}`),
  });
});

afterEach(() => {
  socket.connection.destroy();
  expect(memoryGauge.usedBytes).toBe(0);
});

function append(text: string): void {
  const bytes = Buffer.from(`<<${text}>>`);
  socket.connection.append(bytes, 2, bytes.length - 2);
}

test("what is appended in a turn goes out as one write at its end", async () => {
  for (const text of ["a", "bc", "def"]) append(text);
  expect(socket.writeCount).toBe(0);
  await turnsEnd();
  expect(socket.writeCount).toBe(1);
  expect(socket.written.toString()).toBe("abcdef");
});

test("write goes out at once, but never before what was appended", async () => {
  const bytes = Buffer.from("now");
  socket.connection.write(bytes, 0, 3);
  expect(socket.written.toString()).toBe("now");
  append("first");
  socket.connection.write(bytes, 0, 3);
  await turnsEnd();
  expect(socket.written.toString()).toBe("nowfirstnow");
});

test("much output doesn't wait for the end of the turn", () => {
  const large = Buffer.alloc(100_000, "x");
  for (let i = 0; i < 10; i++) socket.connection.append(large, 0, large.length);
  expect(socket.written.length).toBeGreaterThan(500_000);
  expect(socket.connection.pendingBytes).toBeLessThan(300_000);
});

test("what may be held for the rest goes out after few turns all the same", async () => {
  socket.connection.mayHold = true;
  append("part");
  await turnsEnd();
  expect(socket.written.toString()).toBe("part");
});

test("what the kernel doesn't take is kept, told, and goes out when it drains", () => {
  socket.roomBytes = 4;
  const bytes = Buffer.from("0123456789");
  socket.connection.write(bytes, 0, 10);
  expect(heard).toEqual(["pending 6"]);
  append("abc");
  expect(heard).toEqual(["pending 6", "pending 9"]);
  socket.drain(5);
  expect(heard).toEqual(["pending 6", "pending 9", "pending 4"]);
  socket.drain(100);
  expect(heard.at(-1)).toBe("drain");
  expect(socket.written.toString()).toBe("0123456789abc");
  expect(socket.connection.pendingBytes).toBe(0);
});

test("the order holds over random writes and random room", async () => {
  const random = new Random(SEED);
  const sent: Buffer[] = [];
  socket.roomBytes = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(`${i};`.repeat(random.below(random.chance(0.02) ? 20_000 : 20)));
    sent.push(bytes);
    if (random.chance(0.5)) socket.connection.append(bytes, 0, bytes.length);
    else socket.connection.write(bytes, 0, bytes.length);
    if (random.chance(0.2)) socket.drain(random.below(30_000));
    if (random.chance(0.1)) await turnsEnd();
  }
  socket.drain(Number.POSITIVE_INFINITY);
  await turnsEnd();
  expect(socket.written.equals(Buffer.concat(sent))).toBe(true);
  expect(socket.connection.bytesOut).toBe(socket.written.length);
});

test("end waits for the output", async () => {
  socket.roomBytes = 0;
  append("last words");
  await turnsEnd();
  socket.connection.end();
  expect(socket.isEnded).toBe(false);
  socket.drain(100);
  expect(socket.isEnded).toBe(true);
  expect(socket.written.toString()).toBe("last words");
});

test("nothing is written, and nothing told, after the close", async () => {
  append("lost");
  socket.connection.handleClose("connection reset by peer");
  append("more");
  socket.connection.write(Buffer.from("x"), 0, 1);
  socket.connection.pause();
  socket.connection.handleClose("again");
  await turnsEnd();
  expect(socket.written.length).toBe(0);
  expect(heard).toEqual(["close connection reset by peer"]);
});

test("an abandoned connection closes, and its owner hears nothing of it", () => {
  socket.connection.abandon();
  socket.connection.handleData(Buffer.from("late"));
  socket.connection.handleEnd();
  expect(socket.connection.isOpen).toBe(false);
  expect(heard).toEqual([]);
});
