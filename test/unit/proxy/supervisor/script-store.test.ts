/** Scripts kept for workers to come. */
import { expect, test } from "bun:test";
import { ScriptStore } from "../../../../src/proxy/supervisor/script-store.ts";

function namesIn(store: ScriptStore): string[] {
  return [...store.entries].map(([sha1]) => sha1);
}

test("keeps each script once, in the order they came, and lets the oldest go", () => {
  const store = new ScriptStore(100);
  store.add("a", new Uint8Array(40));
  store.add("b", new Uint8Array(40));
  store.add("a", new Uint8Array(40));
  expect(namesIn(store)).toEqual(["a", "b"]);
  store.add("c", new Uint8Array(40));
  expect(namesIn(store)).toEqual(["b", "c"]);
  store.add("huge", new Uint8Array(200));
  expect(namesIn(store)).toEqual([]);
});

test("forgets all of them, and their bytes", () => {
  const store = new ScriptStore(100);
  store.add("a", new Uint8Array(90));
  store.clear();
  store.add("b", new Uint8Array(90));
  expect(namesIn(store)).toEqual(["b"]);
});
