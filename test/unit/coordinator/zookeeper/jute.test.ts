/**
 * The encoding: what is written is read, and bytes that end too early are told.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { JuteReader, JuteWriter } from "../../../../src/coordinator/zookeeper/jute.ts";
import { printSeed, SEED } from "../../../support/seed.ts";

printSeed("jute");

const valueArbitrary = fc.oneof(
  fc.record({ kind: fc.constant("int" as const), value: fc.integer() }),
  fc.record({
    kind: fc.constant("long" as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ kind: fc.constant("bool" as const), value: fc.boolean() }),
  fc.record({
    kind: fc.constant("bytes" as const),
    value: fc.option(fc.uint8Array({ maxLength: 400 }), { nil: null }),
  }),
  fc.record({ kind: fc.constant("text" as const), value: fc.string({ unit: "grapheme" }) }),
);

test("what is written is read back, and the length is in front", () => {
  fc.assert(
    fc.property(fc.array(valueArbitrary), (values) => {
      const writer = new JuteWriter();
      for (const one of values) {
        switch (one.kind) {
          case "int":
            writer.int(one.value);
            break;
          case "long":
            writer.long(one.value);
            break;
          case "bool":
            writer.bool(one.value);
            break;
          case "bytes":
            writer.bytes(one.value);
            break;
          case "text":
            writer.text(one.value);
            break;
        }
      }
      const frame = writer.finish();
      expect(frame.readInt32BE(0)).toBe(frame.length - 4);
      const reader = new JuteReader(frame.subarray(4));
      for (const one of values) {
        const read = reader[one.kind]();
        expect(read instanceof Buffer ? new Uint8Array(read) : read).toEqual(one.value);
      }
      expect(reader.isAtEnd()).toBe(true);
    }),
    { seed: SEED },
  );
});

test("bytes that end too early are a RangeError, whatever length they announce", () => {
  for (const bytes of [[], [0, 0, 1], [0, 0, 0, 9, 1, 2], [0x7f, 0xff, 0xff, 0xff]]) {
    expect(() => new JuteReader(Buffer.from(bytes)).bytes()).toThrow(RangeError);
  }
  expect(() => new JuteReader(Buffer.alloc(7)).long()).toThrow(RangeError);
  expect(() => new JuteReader(Buffer.alloc(0)).bool()).toThrow(RangeError);
});
