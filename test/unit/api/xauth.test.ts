/** xauth and error form, against what Codis 3.2.2 answered. */
import { expect, test } from "bun:test";
import { decodeErrorText, encodeError, encodeJson } from "../../../src/api/error-form.ts";
import { dashboardXauth, isSameXauth, proxyXauth } from "../../../src/api/xauth.ts";

test("xauth is the recorded one", () => {
  expect(dashboardXauth("demo")).toBe("c32db19baf104a834a2d07a99c55a19a");
  expect(proxyXauth("demo", "", "b5084f4b6af9f62fc60ec891a9b187f5")).toBe(
    "3172cffe39bbda91a080e4f30519d43a",
  );
});

test("isSameXauth takes only the same text", () => {
  expect(isSameXauth("abc", "abc")).toBe(true);
  expect([isSameXauth("abd", "abc"), isSameXauth("ab", "abc"), isSameXauth("", "abc")]).toEqual([
    false,
    false,
    false,
  ]);
});

test("JSON is indented by 4 and escaped as Go does", () => {
  expect(encodeJson({ a: ["<&>", "\u2028"] })).toBe(
    '{\n    "a": [\n        "\\u003c\\u0026\\u003e",\n        "\\u2028"\n    ]\n}',
  );
});

test("an error body has the recorded bytes and is read back", () => {
  const body = encodeError("invalid xauth, please check product name & auth");
  expect(Buffer.byteLength(body)).toBe(90);
  expect(decodeErrorText(body)).toBe("invalid xauth, please check product name & auth");
  expect(["", "[]", "null", '{"Cause": 1}'].map(decodeErrorText)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
