/** Addresses as files and APIs write them. */
import { describe, expect, test } from "bun:test";
import {
  formatHostPort,
  isUnixPath,
  parseListenAddr,
  parseServerAddr,
} from "../../../src/model/address.ts";
import { advertisedAddr } from "../../../src/model/advertised-addr.ts";

describe("addresses", () => {
  test.each([
    ["127.0.0.1:6379", "127.0.0.1", 6379],
    ["localhost:1", "localhost", 1],
    ["redis-1.example.com:65535", "redis-1.example.com", 65_535],
    ["my_host:6379", "my_host", 6379],
    ["[::1]:6379", "::1", 6379],
    ["[fe80::1%eth0]:6379", "fe80::1%eth0", 6379],
  ])("%p is a server", (text, host, port) => {
    expect(parseServerAddr(text)).toEqual({ host, port });
    expect(formatHostPort({ host, port })).toBe(text);
  });

  test.each([
    "",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    ":6379",
    "127.0.0.1:65536",
    "127.0.0.1:6379x",
    "127.0.0.256:6379",
    "::1:6379",
    "[::1:6379",
    "[nonsense]:6379",
    "a b:6379",
    "-host:6379",
    "host:-1",
    "redis://host:6379",
  ])("%p isn't", (text) => {
    expect(parseServerAddr(text)).toBeUndefined();
  });

  test("all interfaces and any port are fine to listen on", () => {
    expect(parseListenAddr(":19000")).toEqual({ host: "", port: 19_000 });
    expect(parseListenAddr("0.0.0.0:0")).toEqual({ host: "0.0.0.0", port: 0 });
    expect(parseListenAddr("[::]:0")).toEqual({ host: "::", port: 0 });
  });

  test("a path of a socket has at most 107 bytes", () => {
    expect(isUnixPath("/tmp/codis.sock")).toBe(true);
    expect(isUnixPath(`/${"a".repeat(106)}`)).toBe(true);
    expect(isUnixPath(`/${"a".repeat(107)}`)).toBe(false);
    expect(isUnixPath("")).toBe(false);
    expect(isUnixPath("a\0b")).toBe(false);
  });
});

describe("advertisedAddr", () => {
  const facts = (named: readonly string[], interfaces: readonly string[]) => ({
    addrsOfHostName: async () => named,
    addrsOfInterfaces: () => interfaces,
  });

  test.each([
    ["10.0.0.5:19000", ["10.0.0.1"], ["10.0.0.2"], "10.0.0.5:19000"],
    ["0.0.0.0:19000", ["10.0.0.1"], ["10.0.0.2"], "10.0.0.1:19000"],
    ["0.0.0.0:19000", ["127.0.1.1", "169.254.1.1"], ["10.0.0.2"], "10.0.0.2:19000"],
    ["0.0.0.0:19000", [], ["fe80::1", "2001:db8::1", "10.0.0.2"], "10.0.0.2:19000"],
    ["[::]:19000", ["::1"], ["fe80::1", "2001:db8::1"], "[2001:db8::1]:19000"],
    [":19000", ["10.0.0.1"], [], "10.0.0.1:19000"],
    ["0.0.0.0:19000", [], ["127.0.0.1"], "127.0.0.1:19000"],
    ["0.0.0.0:19000", [], [], "0.0.0.0:19000"],
  ])("%p with names %p and interfaces %p is %p", async (listen, named, interfaces, expected) => {
    expect(await advertisedAddr(listen, facts(named, interfaces))).toBe(expected);
  });
});
