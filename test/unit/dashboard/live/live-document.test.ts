/** The live document: numbers grow with changes only, and a patch brings any earlier document up to date. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { V1LiveMessage } from "../../../../src/api/v1-live-schema.ts";
import { LiveDocument, PATCHES_KEPT } from "../../../../src/dashboard/live/live-document.ts";

const AT = "2026-01-01T00:00:00.000Z";

type Values = Readonly<Record<string, unknown>>;

function put(document: LiveDocument, values: Values): boolean {
  return document.update(new Map(Object.entries(values)));
}

function parse(text: string | undefined): V1LiveMessage {
  return JSON.parse(text ?? "null") as V1LiveMessage;
}

/** What a reader has after a message. */
function apply(values: Values, message: V1LiveMessage): Values {
  const before = message.kind === "snapshot" ? {} : values;
  const after = Object.entries({ ...before, ...message.values });
  return Object.fromEntries(after.filter(([, value]) => value !== null));
}

describe("the document", () => {
  test("is told whole, and then what changed", () => {
    const document = new LiveDocument(3);
    put(document, { product: { name: "demo" }, "group:1": { id: 1 }, "group:2": { id: 2 } });
    expect(parse(document.snapshot(AT))).toEqual({
      kind: "snapshot",
      at: AT,
      epoch: 3,
      seq: 1,
      values: { product: { name: "demo" }, "group:1": { id: 1 }, "group:2": { id: 2 } },
    });
    put(document, { product: { name: "demo" }, "group:1": { id: 1, out_of_sync: true } });
    expect(parse(document.patch(1, AT))).toEqual({
      kind: "patch",
      since: 1,
      at: AT,
      epoch: 3,
      seq: 2,
      values: { "group:1": { id: 1, out_of_sync: true }, "group:2": null },
    });
  });

  test("keeps its number when nothing differs", () => {
    const document = new LiveDocument(3);
    const value = { a: [1, 2] };
    expect(put(document, { value })).toBe(true);
    expect(put(document, { value })).toBe(false);
    expect(put(document, { value: { a: [1, 2] } })).toBe(false);
    expect([document.seq, parse(document.patch(1, AT)).values]).toEqual([1, {}]);
  });

  test("a key that came back isn't told as gone", () => {
    const document = new LiveDocument(3);
    put(document, { a: 1, b: 1 });
    put(document, { a: 1 });
    put(document, { a: 1, b: 2 });
    expect(parse(document.patch(1, AT)).values).toEqual({ b: 2 });
  });

  test("can't be patched from too long ago, nor from the future", () => {
    const document = new LiveDocument(3);
    for (let count = 0; count <= PATCHES_KEPT + 1; count++) {
      put(document, { count });
    }
    expect(document.seq).toBe(PATCHES_KEPT + 2);
    expect(document.patch(1, AT)).toBeUndefined();
    expect(parse(document.patch(2, AT)).values).toEqual({ count: PATCHES_KEPT + 1 });
    expect(document.patch(document.seq + 1, AT)).toBeUndefined();
  });

  test("keys that have gone cost a bounded memory: then the whole is told", () => {
    const document = new LiveDocument(3);
    const many = Object.fromEntries(Array.from({ length: 6000 }, (_, id) => [`a:${id}`, id]));
    const others = Object.fromEntries(Array.from({ length: 6000 }, (_, id) => [`b:${id}`, id]));
    put(document, many);
    put(document, others);
    put(document, { c: 1 });
    expect(document.patch(1, AT)).toBeUndefined();
    expect(Object.keys(parse(document.patch(2, AT)).values)).toHaveLength(6001);
  });

  test("a patch from any number gives what the document is", () => {
    const values = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.nat(2));
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 12 }), fc.nat(12), (steps, pick) => {
        const document = new LiveDocument(3);
        const seen: { seq: number; values: Values }[] = [];
        for (const step of steps) {
          put(document, step);
          seen.push({ seq: document.seq, values: step });
        }
        const start = seen[pick % seen.length] ?? { seq: 0, values: {} };
        const message = parse(document.patch(start.seq, AT));
        expect(apply(start.values, message)).toEqual({ ...steps.at(-1) });
        expect(apply({ old: 1 }, parse(document.snapshot(AT)))).toEqual({ ...steps.at(-1) });
      }),
    );
  });
});
