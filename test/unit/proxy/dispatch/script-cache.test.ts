/**
 * The scripts that a worker remembers: by what EVAL and SCRIPT LOAD showed, shared once, bounded in bytes.
 */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { ScriptCache } from "../../../../src/proxy/dispatch/script-cache.ts";

function sha1(body: string): string {
  return createHash("sha1").update(body).digest("hex");
}

function noteEval(cache: ScriptCache, body: string): void {
  const buffer = Buffer.from(`EVAL ${body} 0`);
  cache.noteEval(buffer, 5, 5 + Buffer.byteLength(body));
}

test("a script of EVAL is known under its sha1, with the request that loads it", () => {
  const cache = new ScriptCache(10_000);
  noteEval(cache, "return 1");
  expect(cache.loadFrame(sha1("return 1"))?.toString()).toBe(
    "*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$8\r\nreturn 1\r\n",
  );
  expect(cache.loadFrame(sha1("return 2"))).toBeUndefined();
});

test("others are told of a script once, and never of one that they told", () => {
  const cache = new ScriptCache(10_000);
  const told: string[] = [];
  cache.onNew = (hash, body) => void told.push(`${hash} ${body.toString()}`);
  noteEval(cache, "return 1");
  noteEval(cache, "return 1");
  cache.remember(sha1("return 1"), Buffer.from("return 1"));
  cache.addShared(sha1("return 2"), Buffer.from("return 2"));
  noteEval(cache, "return 2");
  expect(told).toEqual([`${sha1("return 1")} return 1`]);
});

test("above the bound the script that was needed longest ago goes first", () => {
  const cache = new ScriptCache(1000);
  const bodies = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(50));
  for (const body of bodies.slice(0, 3)) noteEval(cache, body);
  cache.loadFrame(sha1(bodies[0] as string));
  for (const body of bodies.slice(3)) noteEval(cache, body);
  const isKnown = bodies.map((body) => cache.loadFrame(sha1(body)) !== undefined);
  expect(isKnown).toEqual([true, false, false, true, true]);
});

test("a script that was dropped is remembered when it is shown again", () => {
  const cache = new ScriptCache(600);
  for (const letter of "abcd") noteEval(cache, letter.repeat(50));
  expect(cache.loadFrame(sha1("a".repeat(50)))).toBeUndefined();
  noteEval(cache, "a".repeat(50));
  expect(cache.loadFrame(sha1("a".repeat(50)))).toBeDefined();
});

test("a script larger than the bound isn't kept, and drops no other for good", () => {
  const cache = new ScriptCache(1000);
  noteEval(cache, "x".repeat(5000));
  expect(cache.loadFrame(sha1("x".repeat(5000)))).toBeUndefined();
  noteEval(cache, "return 1");
  expect(cache.loadFrame(sha1("return 1"))).toBeDefined();
});

test("two scripts are two, though their first and last bytes and their length are the same", () => {
  const cache = new ScriptCache(100_000);
  for (let i = 0; i < 200; i++) noteEval(cache, `return ${String(i).padStart(5, "0")} end`);
  for (let i = 0; i < 200; i++) {
    expect(cache.loadFrame(sha1(`return ${String(i).padStart(5, "0")} end`))).toBeDefined();
  }
});

test("SCRIPT FLUSH forgets all, and what is shown afterwards is remembered", () => {
  const cache = new ScriptCache(10_000);
  noteEval(cache, "return 1");
  cache.clear();
  expect(cache.loadFrame(sha1("return 1"))).toBeUndefined();
  noteEval(cache, "return 1");
  expect(cache.loadFrame(sha1("return 1"))).toBeDefined();
});
