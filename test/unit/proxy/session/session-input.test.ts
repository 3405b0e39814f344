/**
 * What a session holds of its input: rests joined in order, large requests put together from any pieces, all
 * of it counted.
 */
import { afterEach, expect, test } from "bun:test";
import { memoryGauge } from "../../../../src/net/buffer-pool.ts";
import { RequestAssembler } from "../../../../src/proxy/session/request-assembler.ts";
import { SessionInput } from "../../../../src/proxy/session/session-input.ts";
import { command } from "../../../support/raw-client.ts";
import { printSeed, Random, SEED } from "../../../support/seed.ts";

printSeed("session-input");

afterEach(() => expect(memoryGauge.usedBytes).toBe(0));

test("rests come back joined, in order, and are counted until then", () => {
  const input = new SessionInput();
  expect([input.isEmpty, input.hasRest, input.bytes]).toEqual([true, false, 0]);
  for (const text of ["abc", "d", "ef"]) input.keep(Buffer.from(text));
  expect([input.isEmpty, input.hasRest, input.bytes]).toEqual([false, true, 6]);
  expect(memoryGauge.usedBytes).toBe(6);
  expect(input.takeRest().toString()).toBe("abcdef");
  expect([input.isEmpty, memoryGauge.usedBytes]).toEqual([true, 0]);
});

test("a small rest of a large chunk doesn't keep the chunk, a large one isn't copied", () => {
  const input = new SessionInput();
  const chunk = Buffer.alloc(100_000);
  input.keep(chunk.subarray(99_000));
  expect(input.takeRest().buffer).not.toBe(chunk.buffer);
  input.keep(chunk.subarray(10_000));
  expect(input.takeRest().buffer).toBe(chunk.buffer);
});

test("taking requests one by one from a full chunk doesn't copy it each time", () => {
  const input = new SessionInput();
  let rest: Buffer = Buffer.alloc(512 * 1024);
  const owners = new Set<ArrayBufferLike>();
  while (rest.length > 100) {
    input.keep(rest.subarray(16));
    rest = input.takeRest();
    owners.add(rest.buffer);
  }
  expect(owners.size).toBeLessThan(30);
});

test("giving everything up gives all memory back", () => {
  const input = new SessionInput();
  input.keep(Buffer.from("abc"));
  input.keepBeginning(command("SET", "k", Buffer.alloc(50_000)).subarray(0, 30_000), true);
  expect(input.bytes).toBe(30_003);
  expect(memoryGauge.usedBytes).toBeGreaterThan(30_000);
  input.drop();
  expect([input.isEmpty, input.bytes]).toEqual([true, 0]);
});

test("a large request is put together from any pieces, with what came behind it", () => {
  const random = new Random(SEED);
  for (let round = 0; round < 50; round++) {
    const size = 5000 + random.below(300_000);
    const frame = command(
      "MSET",
      "a",
      Buffer.alloc(size, "x"),
      "b",
      Buffer.alloc(random.below(9000), "y"),
    );
    const stream = Buffer.concat([
      frame,
      Buffer.from("*1\r\n$4\r\nPING\r\n").subarray(0, random.below(14)),
    ]);
    const cuts = random.cuts(frame.length - 4200, 20).map((cut) => cut + 4100);
    const ends = [...cuts.filter((cut) => cut < frame.length), stream.length];
    const first = ends.shift() as number;
    const assembler = new RequestAssembler(stream.subarray(0, first), true);
    let found = first >= frame.length ? -1 : 0;
    let start = first;
    for (const end of ends) {
      expect(found).toBe(0);
      found = assembler.add(stream.subarray(start, end), true);
      start = end;
    }
    if (found !== -1) {
      expect(found).toBe(frame.length);
      expect(assembler.buffer.subarray(0, assembler.length).equals(stream)).toBe(true);
      expect(assembler.scanner.argCount).toBe(5);
    }
    assembler.release();
  }
});

test("the buffer grows with what arrives, not with what the header promises", () => {
  const beginning = Buffer.concat([
    Buffer.from("*2\r\n$3\r\nSET\r\n$536870912\r\n"),
    Buffer.alloc(5000),
  ]);
  const assembler = new RequestAssembler(beginning, true);
  expect(assembler.buffer.length).toBeLessThan(100_000);
  for (let i = 0; i < 20; i++) expect(assembler.add(Buffer.alloc(10_000), true)).toBe(0);
  expect(assembler.buffer.length).toBeLessThan(1_000_000);
  expect(assembler.scanner.neededEnd).toBe(25 + 536870912 + 2);
  assembler.release();
});
