/**
 * Texts of the server in the language of the user: by their code, with values that may be texts themselves; what has
 * no code, or one that the console doesn't know, stays English and is marked.
 */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { phraseOf, say } from "../../../src/model/phrase/phrase.ts";
import { PHRASES } from "../../../src/model/phrase/phrases.ts";
import { loadSaid, saidParts, saidText } from "../../../web/src/i18n/said.ts";
import { chinese } from "../../../web/src/i18n/said-text.ts";
import { language } from "../../../web/src/i18n/text.ts";

function placesOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""))].sort();
}

describe("texts of the server", () => {
  beforeAll(() => loadSaid("zh"));
  afterEach(() => {
    language.value = "en";
  });

  test("each has Chinese words with the same values", () => {
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(PHRASES).sort());
    for (const [code, english] of Object.entries(PHRASES)) {
      const words = chinese[code as keyof typeof PHRASES];
      expect([code, placesOf(words)]).toEqual([code, placesOf(english)]);
      expect([code, /\p{Script=Han}/u.test(words) || code === "joined"]).toEqual([code, true]);
    }
  });

  test("are shown as they came in English", () => {
    const text = say("group.empty", {});
    expect(saidParts(text, phraseOf(text))).toEqual([{ text, isEnglish: false }]);
  });

  test("are put into Chinese, values that are texts as well", () => {
    language.value = "zh";
    const why = say("redis.unconnected", { addr: "10.0.0.1:6379" });
    const text = say("operation.stuck", { why });
    expect(saidText(text, phraseOf(text))).toBe("没有进展：服务器 10.0.0.1:6379 未连接");
    const joined = `${say("fence.answers", {})}; ${say("fence.new", {})}`;
    expect(saidText(joined, phraseOf(joined))).toBe("有响应；尚未检查");
  });

  test("a value that is an English sentence is marked, an address isn't", () => {
    language.value = "zh";
    const text = say("proxy.silent", { id: 3, addr: "10.0.0.9:1", why: "connection was refused" });
    expect(saidParts(text, phraseOf(text)).filter(({ isEnglish }) => isEnglish)).toEqual([
      { text: "connection was refused", isEnglish: true },
    ]);
  });

  test("without a code, or with one of a newer dashboard, they stay English", () => {
    language.value = "zh";
    const english = [{ text: "something new", isEnglish: true }];
    const unknown = { code: "new.code", params: {} };
    expect(saidParts("something new", undefined)).toEqual(english);
    expect(saidParts("something new", null)).toEqual(english);
    expect(saidParts("something new", unknown)).toEqual(english);
    const outer = { code: "operation.stuck", params: { why: unknown } };
    expect(saidParts("something new", outer)).toEqual(english);
    expect(saidParts("something new", { code: "constructor", params: {} })).toEqual(english);
  });
});
