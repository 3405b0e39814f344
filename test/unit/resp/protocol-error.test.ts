/**
 * Every outcome of the scanner that ends a session has a text of its own, in one line.
 */
import { expect, test } from "bun:test";
import * as protocolErrors from "../../../src/resp/protocol-error.ts";

const codes = Object.values(protocolErrors).filter((value) => typeof value === "number");

test("each code is negative and has its own text", () => {
  expect(codes.length).toBe(10);
  expect(codes.every((code) => code < 0)).toBe(true);
  const texts = codes.map((code) => protocolErrors.protocolErrorText(code, 65));
  expect(new Set(texts).size).toBe(codes.length);
});

test("the byte that stood where a dollar was due is shown, but never breaks the line", () => {
  const code = protocolErrors.PROTOCOL_ERROR_EXPECTED_DOLLAR;
  for (let byte = 0; byte < 256; byte++) {
    const text = protocolErrors.protocolErrorText(code, byte);
    expect(text).not.toMatch(/[\r\n]/);
    const shown = byte === 10 || byte === 13 ? " " : String.fromCharCode(byte);
    expect(text).toBe(`expected '$', got '${shown}'`);
  }
});
