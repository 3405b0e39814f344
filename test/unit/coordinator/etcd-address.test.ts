/**
 * Addresses of etcd servers: every form that is taken, and every one that is refused with a clear line.
 */
import { describe, expect, test } from "bun:test";
import { isCodisError } from "../../../src/base/error.ts";
import { parseEtcdAddresses } from "../../../src/coordinator/etcd/etcd-address.ts";

describe("parseEtcdAddresses", () => {
  const GOOD: readonly (readonly [string, readonly string[]])[] = [
    ["127.0.0.1:2379", ["127.0.0.1:2379"]],
    ["http://127.0.0.1:2379", ["127.0.0.1:2379"]],
    ["HTTP://etcd-1.example:2379/", ["etcd-1.example:2379"]],
    [" a:1 , http://b:2,a:1", ["a:1", "b:2"]],
    ["[::1]:2379,http://[fe80::1]:65535", ["[::1]:2379", "[fe80::1]:65535"]],
  ];
  for (const [list, expected] of GOOD) {
    test(`takes ${list}`, () => {
      const addresses = parseEtcdAddresses(list);
      expect(addresses.map((address) => address.text)).toEqual([...expected]);
      for (const { host, port, text } of addresses) {
        expect(text).toBe(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
      }
    });
  }

  const BAD = [
    "",
    ",",
    "a:1,",
    "a",
    "a:",
    ":2379",
    "a:0",
    "a:65536",
    "a:123456",
    "a:b",
    "::1:2379",
    "http://a:1/path",
    "http://user@a:1",
    "ftp://a:1",
    "a b:1",
    "[x]:1",
    Array.from({ length: 33 }, (_, index) => `a:${index + 1}`).join(","),
  ];
  for (const list of BAD) {
    test(`refuses ${JSON.stringify(list.slice(0, 20))}`, () => {
      expect(codeOf(list)).toBe("ADDRESS_INVALID");
    });
  }

  test("says of TLS that it isn't supported yet", () => {
    expect(codeOf("https://a:2379")).toBe("NOT_SUPPORTED");
    expect(codeOf("a:1,HTTPS://a:2379")).toBe("NOT_SUPPORTED");
  });
});

function codeOf(list: string): string {
  try {
    parseEtcdAddresses(list);
  } catch (thrown) {
    return isCodisError(thrown) ? thrown.code : String(thrown);
  }
  return "none";
}
