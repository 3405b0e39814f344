/**
 * Contract: texts of every kind are kept as they are, and what can't be kept is refused with a clear error
 * before anything is written.
 */
import { describe, expect } from "bun:test";
import { ABSENT, ANY } from "../../src/coordinator/coordinator.ts";
import { failure, put, type SuiteContext } from "./suite-context.ts";

const TEXTS: Readonly<Record<string, string>> = {
  empty: "",
  "a newline": "\n",
  blanks: "  \t ",
  "several lines": '{\n    "id": 1,\r\n    "x": ""\n}\n',
  "UTF-8": "数据 – ключ – 🚀 \u{10ffff} é",
  "control characters": "a\u0000b\u0001\u007f\u2028",
  "a byte order mark": "\ufeff{}",
  "500 KB": "0123456789".repeat(51_200),
};

const BAD_PATHS: readonly string[] = [
  "",
  "/",
  "codis3/x",
  "/a/",
  "//a",
  "/a//b",
  "/.",
  "/..",
  "/a/./b",
  "/a/../../etc/passwd",
  "/a/b\u0000c",
  "/a/b\nc",
  "/a/\u007f",
  "/a/\ud800",
  `/a/${"x".repeat(256)}`,
  `/${"é".repeat(128)}`,
  "/abc".repeat(1_000),
];

/** Declares the tests of odd texts and paths. */
export function testBadInput(context: SuiteContext): void {
  describe("texts and paths", () => {
    for (const [name, text] of Object.entries(TEXTS)) {
      context.test(`a text with ${name} is kept as it is`, async (scope) => {
        const coordinator = await scope.open();
        const path = `${scope.freshPath()}/x`;
        const version = await put(coordinator, path, text);
        const node = await (await scope.open()).get(path);
        expect(node?.data === text).toBe(true);
        expect(node?.version).toBe(version);
        await coordinator.write([{ path, data: "y", expected: version }]);
        expect((await coordinator.get(path))?.data).toBe("y");
      });
    }

    context.test("names may have all that a name of Codis can have", async (scope) => {
      const coordinator = await scope.open();
      const path = scope.freshPath();
      const names = [
        "a b",
        "a%2Fb",
        "a+b",
        "a&b=c",
        "a:b",
        "[::1]:1",
        "数据",
        "x".repeat(200),
        "a\\b",
      ];
      for (const name of names) {
        await put(coordinator, `${path}/${name}`, name);
      }
      for (const name of names) {
        expect((await coordinator.get(`${path}/${name}`))?.data).toBe(name);
      }
      expect([...(await coordinator.list(path))].sort()).toEqual([...names].sort());
    });

    context.test("a path that can't be one is refused by every operation", async (scope) => {
      const coordinator = await scope.open();
      const request = scope.leadershipRequest();
      for (const path of BAD_PATHS) {
        await failure("ARGUMENT_INVALID", coordinator.get(path));
        await failure("ARGUMENT_INVALID", coordinator.list(path));
        await failure("ARGUMENT_INVALID", coordinator.readChildren(path));
        await failure("ARGUMENT_INVALID", put(coordinator, path, "x"));
        await failure("ARGUMENT_INVALID", coordinator.lead({ ...request, lockPath: path }));
        await failure("ARGUMENT_INVALID", coordinator.lead({ ...request, epochPath: path }));
        expect(() => coordinator.watch(path, () => undefined)).toThrow("path");
        expect(() => coordinator.register(path, "x", { ttlMs: 5_000 })).toThrow("path");
      }
    });

    context.test("one bad write spoils the whole batch", async (scope) => {
      const coordinator = await scope.open();
      const path = scope.freshPath();
      const good = { path: `${path}/x`, data: "x", expected: ANY };
      for (const bad of [
        { path: `${path}/../y`, data: "y", expected: ANY },
        { path: `${path}/y`, data: "a\ud800b", expected: ANY },
        { path: `${path}/y`, data: "y".repeat(1_000_001), expected: ANY },
        { path: `${path}/y`, data: undefined, expected: ABSENT },
      ]) {
        await failure("ARGUMENT_INVALID", coordinator.write([good, bad]));
      }
      expect(await coordinator.list(path)).toEqual([]);
    });

    context.test("a batch of large texts is written", async (scope) => {
      const coordinator = await scope.open();
      const path = scope.freshPath();
      const text = "x".repeat(400_000);
      await coordinator.write(
        Array.from({ length: 8 }, (_, index) => ({
          path: `${path}/n${index}`,
          data: `${index}${text}`,
          expected: ABSENT,
        })),
      );
      const nodes = await coordinator.readChildren(path);
      expect(nodes.map((node) => node.data.slice(0, 2))).toEqual(
        Array.from({ length: 8 }, (_, index) => `${index}x`),
      );
    });
  });
}
