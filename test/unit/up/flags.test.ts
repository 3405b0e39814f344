/** Flags of the local cluster: what is taken, and the one line for what isn't. */
import { expect, test } from "bun:test";
import { parseDownFlags, parseStatusFlags, parseUpFlags } from "../../../src/up/flags.ts";

test("all flags of up are read; what isn't given is undefined", () => {
  const argv = ["--dir", "/d", "--groups=3", "--replicas", "1", "--proxies", "2", "--port", "7000"];
  expect(
    parseUpFlags([...argv, "--detach", "--ncpu=2", "--coordinator=etcd", "--sentinels=3"]),
  ).toEqual({
    dir: "/d",
    groups: 3,
    replicas: 1,
    proxies: 2,
    sentinels: 3,
    port: 7000,
    detach: true,
    ncpu: 2,
    coordinator: "etcd",
  });
  expect(parseUpFlags([])).toEqual({} as never);
  expect(parseStatusFlags(["--json"])).toEqual({ json: true } as never);
  expect(parseDownFlags(["--dir", "x"])).toEqual({ dir: "x" } as never);
});

test("wrong flags are one line that says what would be right", () => {
  const lineOf = (argv: readonly string[]): string => {
    try {
      parseUpFlags(argv);
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : "";
    }
    return "";
  };
  expect(lineOf(["--group", "2"])).toContain("Did you mean --groups?");
  expect(lineOf(["--coordinator=consul"])).toContain("filesystem, zookeeper, etcd");
  expect(lineOf(["--groups", "0"])).toContain("whole number from 1 to 64");
  expect(lineOf(["--groups", "1.5"])).toContain("whole number from 1 to 64");
  expect(lineOf(["--port", "65536"])).toContain("whole number from 1 to 65535");
  expect(lineOf(["--replicas", "-1"])).toContain("whole number from 0 to 5");
  expect(lineOf(["--dir"])).toContain("argument missing");
  expect(lineOf(["cluster"])).toContain("too many arguments");
  for (const argv of [["--group", "2"], ["--groups", "x"], ["cluster"]]) {
    expect(lineOf(argv)).not.toContain("\n");
    expect(lineOf(argv)).toEndWith("see codis up --help");
  }
});
