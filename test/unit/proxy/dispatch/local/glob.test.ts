/**
 * Glob patterns by examples, and against a real redis-server's KEYS for random patterns over a small
 * alphabet. A failure shows the seed, which can be given as TEST_SEED.
 */
import { expect, test } from "bun:test";
import { matchesGlob } from "../../../../../src/proxy/dispatch/local/glob.ts";
import { startRedis } from "../../../../support/redis-server.ts";
import { RespConnection } from "../../../../support/resp-connection.ts";

test.each([
  ["get*", "getrange", true],
  ["get*", "get", true],
  ["*get", "forget", true],
  ["g?t", "get", true],
  ["g?t", "gt", false],
  ["GET", "get", true],
  ["[a-c]x", "bx", true],
  ["[c-a]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["", "", true],
  ["", "a", false],
  ["**", "", true],
  ["[", "a", false],
  ["[]", "]", false],
  ["[\\]]", "]", true],
])("%p against %p is %p", (pattern, text, isMatch) => {
  expect(matchesGlob(pattern, text)).toBe(isMatch);
});

test("a pattern with many stars is decided quickly", () => {
  const startMs = performance.now();
  expect(matchesGlob(`${"a*".repeat(500)}b`, "a".repeat(20_000))).toBe(false);
  // Tried star by star it would never end.
  expect(performance.now() - startMs).toBeLessThan(20_000);
});

test("random patterns find the keys that KEYS of Redis finds", async () => {
  const seed = Number(process.env["TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  let state = seed | 1;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const text = (alphabet: string, lengthMax: number): string =>
    Array.from({ length: random(lengthMax + 1) }, () => alphabet[random(alphabet.length)]).join("");
  const redis = await startRedis();
  const connection = await RespConnection.open(redis.port);
  // Redis finds the empty key only for some patterns that match nothing; command names aren't empty.
  const keys = new Set(Array.from({ length: 60 }, () => `a${text("abc-]^*", 4)}`.slice(random(2))));
  keys.delete("");
  for (const key of keys) {
    await connection.call("SET", key, "1");
  }
  for (let round = 0; round < 400; round += 1) {
    const pattern = text("abc*?[]^-\\", 6);
    const reply = (await connection.call("KEYS", pattern)).toString();
    const wanted = reply.split("\r\n").filter((_, line) => line > 0 && line % 2 === 0);
    const found = [...keys].filter((key) => matchesGlob(pattern, key));
    expect([seed, pattern, found.sort()]).toEqual([seed, pattern, wanted.sort()]);
  }
  connection.destroy();
  await redis.stop();
});
