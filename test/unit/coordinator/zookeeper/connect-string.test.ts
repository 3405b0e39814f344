/**
 * Address lists of ZooKeeper.
 */
import { describe, expect, test } from "bun:test";
import { isCodisError } from "../../../../src/base/error.ts";
import { parseConnectString } from "../../../../src/coordinator/zookeeper/connect-string.ts";

describe("an address list", () => {
  test("has servers, with ports or without", () => {
    expect(parseConnectString("a:1,b , 10.0.0.3:2183,[::1]:2,[fe80::1]")).toEqual({
      servers: [
        { host: "a", port: 1, label: "a:1" },
        { host: "b", port: 2181, label: "b:2181" },
        { host: "10.0.0.3", port: 2183, label: "10.0.0.3:2183" },
        { host: "::1", port: 2, label: "[::1]:2" },
        { host: "fe80::1", port: 2181, label: "[fe80::1]:2181" },
      ],
      root: "",
    });
  });

  test("may have a root", () => {
    expect(parseConnectString("a:1,b:2/company/redis").root).toBe("/company/redis");
    expect(parseConnectString("a:1/company/").root).toBe("/company");
    expect(parseConnectString("a:1/").root).toBe("");
  });

  test("that can't be used is refused with what would be right", () => {
    for (const text of [
      "",
      " ",
      ",",
      "a:1,",
      "a:0",
      "a:65536",
      "a:b",
      "a:1:2",
      "::1:2181",
      "http://a:1",
      "a b:1",
      "a:1//x",
      "a:1/x/../y",
      Array.from({ length: 65 }, (_, index) => `h${index}:1`).join(","),
    ]) {
      try {
        parseConnectString(text);
        throw new Error(`${text} was taken`);
      } catch (thrown) {
        expect([text, isCodisError(thrown, "ADDRESS_INVALID")]).toEqual([text, true]);
        expect(String(thrown)).toContain("host:port");
      }
    }
  });
});
