/**
 * CRC-32 and the slot of a key: against zlib, against the vectors of Codis, and against the rule for
 * hash tags written in plain words.
 * Method: keys lie in the middle of a buffer full of braces, so that a look outside is seen.
 */
import { describe, expect, test } from "bun:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { crc32, slotOf } from "../../../src/command/hash.ts";

const MASKS = [1023, 2047, 4095];

/** Slot of a key that lies in the middle of a buffer full of braces. */
function slotInside(key: Uint8Array | string, slotMask: number): number {
  const bytes = Buffer.from(key as string);
  const buffer = Buffer.concat([Buffer.from("{{{}}}"), bytes, Buffer.from("}{}{}")]);
  return slotOf(buffer, 6, 6 + bytes.length, slotMask);
}

/** The rule in plain words: the bytes between the first `{` and the first `}` after it. */
function tagOf(key: Buffer): Buffer {
  const open = key.indexOf("{");
  if (open < 0) return key;
  const close = key.indexOf("}", open);
  return close < 0 ? key : key.subarray(open + 1, close);
}

describe("crc32", () => {
  test("gives the known value of the standard check string", () => {
    expect(crc32(Buffer.from("123456789"), 0, 9)).toBe(0xcbf43926);
  });

  test("of nothing is 0", () => {
    expect(crc32(Buffer.from("abc"), 1, 1)).toBe(0);
  });

  test("equals zlib for every length from 0 to 100 at every alignment", () => {
    const bytes = Buffer.alloc(120);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * i * 31 + 7) & 0xff;
    for (let start = 0; start < 9; start++) {
      for (let length = 0; length <= 100; length++) {
        const expected = zlibCrc32(bytes.subarray(start, start + length));
        expect(crc32(bytes, start, start + length)).toBe(expected);
      }
    }
  });
});

describe("slotOf", () => {
  test.each([
    ["a", 579],
    ["b", 1017],
    ["c", 879],
  ])("puts %s into slot %d of 1024", (key, slot) => {
    expect(slotInside(key, 1023)).toBe(slot);
  });

  // The vectors of codis-proxy: key and the part of it that counts.
  test.each([
    ["{abc}", "abc"],
    ["{{{abc1}abc2}", "{{abc1"],
    ["abc1{abc2{abc3}", "abc2{abc3"],
    ["{{{{abc", "{{{{abc"],
    ["{{{{abc}", "{{{abc"],
    ["{{}{{abc", "{"],
    ["abc}{abc", "abc}{abc"],
    ["abc}{123}456", "123"],
    ["123{abc}456", "abc"],
    ["{}abc", ""],
    ["abc{}123", ""],
    ["123{456}", "456"],
    ["a{{b}c", "{b"],
    ["a}{b}", "b"],
  ])("hashes of %s only '%s'", (key, counted) => {
    for (const mask of MASKS) {
      expect(slotInside(key, mask)).toBe(zlibCrc32(Buffer.from(counted)) & mask);
    }
  });

  test("puts every key with an empty tag into slot 0", () => {
    for (const key of ["{}", "{}x", "a{}b", "0123456789{}", "{}{a}"]) {
      expect(slotInside(key, 1023)).toBe(0);
    }
  });

  test("finds a tag that begins or ends at any offset of a long key", () => {
    for (let length = 2; length <= 40; length++) {
      for (let open = 0; open < length - 1; open++) {
        for (let close = open + 1; close < length; close++) {
          const key = Buffer.alloc(length, "k");
          for (let i = 0; i < length; i++) key[i] = 97 + ((i * 7) % 26);
          key[open] = 0x7b;
          key[close] = 0x7d;
          expect(slotInside(key, 4095)).toBe(zlibCrc32(key.subarray(open + 1, close)) & 4095);
        }
      }
    }
  });

  test("equals the plain rule for random keys made of braces and letters", () => {
    const letter = fc.constantFrom("{", "}", "a", "b", "\0", "\xff");
    fc.assert(
      fc.property(
        fc.array(letter, { maxLength: 40 }),
        fc.constantFrom(...MASKS),
        (letters, mask) => {
          const key = Buffer.from(letters.join(""), "latin1");
          expect(slotInside(key, mask)).toBe(zlibCrc32(tagOf(key)) & mask);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("equals the plain rule for random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const key = Buffer.from(bytes);
        expect(slotInside(key, 1023)).toBe(zlibCrc32(tagOf(key)) & 1023);
      }),
      { numRuns: 1000 },
    );
  });
});
