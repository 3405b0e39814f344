/**
 * The texts of the console: every key has both languages, with the same places for values, and Chinese texts
 * are Chinese. Words that are the same in both (names, codes, units) are listed here.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue } from "../../../web/src/i18n/catalogue.ts";
import { hasText, language, t, textOf } from "../../../web/src/i18n/text.ts";
import { ROOT } from "../../support/source-tree.ts";

const entries = Object.entries(catalogue);
const HAN = /\p{Script=Han}/u;

function placesOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""))].sort();
}

describe("catalogue", () => {
  test("every text has both languages, and none is empty", () => {
    const empty = entries.filter(
      ([, pair]) => pair.length !== 2 || pair.some((text) => text === ""),
    );
    expect(empty.map(([key]) => key)).toEqual([]);
  });

  test("both languages have places for the same values", () => {
    const differing = entries.filter(
      ([, [english, chinese]]) => placesOf(english).join() !== placesOf(chinese).join(),
    );
    expect(differing.map(([key]) => key)).toEqual([]);
  });

  test("English texts have no Chinese, and longer Chinese ones aren't English", () => {
    const wrong = entries.filter(([, [english, chinese]]) => {
      const words = chinese.replace(/\{\w+\}/g, "").match(/[A-Za-z]{2,}/g) ?? [];
      return HAN.test(english) || (words.length > 2 && !HAN.test(chinese));
    });
    expect(wrong.map(([key]) => key)).toEqual([]);
  });

  test("no part takes a key of another", () => {
    const seen = new Map<string, string>();
    const twice: string[] = [];
    for (const path of textFiles()) {
      for (const [, key = ""] of readFileSync(path, "utf8").matchAll(/^ {2}"([\w.-]+)":/gm)) {
        if (seen.has(key)) {
          twice.push(key);
        }
        seen.set(key, path);
      }
    }
    expect(twice).toEqual([]);
    expect(seen.size).toBeGreaterThan(100);
  });
});

describe("t", () => {
  test("fills in values, in the language that is chosen", () => {
    expect(t("ui.rows", { shown: "3", total: 12 })).toBe("3 of 12");
    language.value = "zh";
    expect(t("ui.rows", { shown: "3", total: 12 })).toBe("3 / 12");
    expect(t("ui.close")).toBe("关闭");
    language.value = "en";
  });

  test("a value that wasn't given stays visible", () => {
    expect(t("ui.rows", { shown: 1 })).toBe("1 of {total}");
  });

  test("a code without a text is shown as it is", () => {
    expect(textOf("health", "ok")).toBe("ok");
    expect(textOf("health", "strange")).toBe("strange");
    expect(hasText("toString")).toBe(false);
  });
});

function textFiles(): readonly string[] {
  const source = join(ROOT, "web/src");
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((path) => /(^|[/-])text\.ts$/.test(path) && path !== "i18n/text.ts")
    .map((path) => join(source, path));
}
