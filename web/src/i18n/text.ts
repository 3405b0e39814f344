/**
 * Texts in the language of the user: `t("slots.selected", { count: 3 })`. A key that the catalogue lacks is
 * a type error. Reading a text in a component draws it again when the language changes.
 */
import { signal } from "@preact/signals";
import type { TextKey } from "./catalogue.ts";
import { type Language, type Texts, texts } from "./texts.ts";

/** What texts are asked by. */
export type { Language, TextKey };

/** Values that go into `{name}` of a text. */
export type TextParams = Readonly<Record<string, string | number>>;

/** The language that is shown; `data/preferences.ts` sets and keeps it. */
export const language = signal<Language>("en");

/** The text of a key, with `{name}` replaced by `params.name`. */
export function t(key: TextKey, params?: TextParams): string {
  return fill(shownTexts()[key] ?? key, params);
}

/** The language that was chosen, or the other one while that is being read. Reads signals. */
export function shownLanguage(): Language {
  const chosen = language.value;
  const other = chosen === "en" ? "zh" : "en";
  return texts.value[chosen] === undefined && texts.value[other] !== undefined ? other : chosen;
}

function shownTexts(): Partial<Texts> {
  return texts.value[shownLanguage()] ?? {};
}

/** Whether the catalogue has a text with this name, for names that are made up of codes of the API. */
export function hasText(key: string): key is TextKey {
  return Object.hasOwn(shownTexts(), key);
}

/** The text of a key that is made up of a code of the API; the code itself when nobody wrote a text. */
export function textOf(prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  return hasText(key) ? t(key) : code;
}

function fill(text: string, params: TextParams | undefined): string {
  return params === undefined
    ? text
    : text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
