/**
 * Texts with a code: what is said by a code is known by it again, with the same values, whatever else the table has.
 */
import { describe, expect, test } from "bun:test";
import { phraseOf, saidOf, say } from "../../../src/model/phrase/phrase.ts";
import { PHRASES, type PhraseCode } from "../../../src/model/phrase/phrases.ts";

/** As people see them: addresses, numbers, words. */
function sampleOf(name: string, index: number): string {
  const isNumber = /^(n|ms|s|id|group|slot|pid|db|some|all|epoch|offset|revision)$/.test(name);
  return isNumber ? String(7 + index) : `10.0.${index}.1:6379`;
}

function namesOf(code: PhraseCode): readonly string[] {
  return [...new Set([...PHRASES[code].matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name))];
}

describe("phrases", () => {
  test("each is known again by its code and values", () => {
    for (const code of Object.keys(PHRASES) as PhraseCode[]) {
      if (code === "joined") {
        continue;
      }
      const params = Object.fromEntries(
        namesOf(code).map((name, index) => [name, sampleOf(name, index)]),
      );
      const text = say(code, params as never);
      expect([text, phraseOf(text)]).toEqual([text, { code, params }]);
    }
  });

  test("values may be texts with codes, and two texts may be joined", () => {
    const why = say("redis.unconnected", { addr: "10.0.0.1:6379" });
    expect(phraseOf(say("operation.waits", { why }))).toEqual({
      code: "operation.waits",
      params: { why: { code: "redis.unconnected", params: { addr: "10.0.0.1:6379" } } },
    });
    const lines = [say("detector.on", { ms: 5000 }), say("detector.left", { groups: "1, 2" }), "x"];
    expect(phraseOf(lines.join("; "))).toEqual({
      code: "joined",
      params: {
        one: { code: "detector.on", params: { ms: "5000" } },
        other: {
          code: "joined",
          params: { one: { code: "detector.left", params: { groups: "1, 2" } }, other: "x" },
        },
      },
    });
  });

  test("what nobody said by a code has none", () => {
    for (const text of ["", "x", "connect ECONNREFUSED 10.0.0.1:6379", "a; b", "; ", "slots "]) {
      expect([text, phraseOf(text)]).toEqual([text, undefined]);
    }
    expect(saidOf("runs")).toEqual({ said: { code: "op.runs", params: {} } });
  });

  test("a text that is hostile or very long costs little and is no phrase", () => {
    const hostile = "slot-[".repeat(300);
    expect(phraseOf(hostile)).toBeUndefined();
    expect(phraseOf(`${"it answers; ".repeat(400)}`)).toBeUndefined();
    expect(phraseOf("; ".repeat(900))).toBeUndefined();
  });
});
