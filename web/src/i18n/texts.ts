/**
 * The texts of each language that are loaded. This file is what tests see: all texts, at once. A build puts
 * another one in its place (`web/split-texts.ts`), which reads only the language that is shown.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { catalogue, type TextKey } from "./catalogue.ts";

/** A language of the console. */
export type Language = "en" | "zh";

/** Texts of one language by name. */
export type Texts = Readonly<Record<TextKey, string>>;

/** Those that are loaded. */
export const texts: ReadonlySignal<Readonly<Partial<Record<Language, Texts>>>> = signal({
  en: textsOf(0),
  zh: textsOf(1),
});

/** Reads a language; nothing to do here. Rejects when it can't be read. */
export function loadTexts(_language: Language): Promise<void> {
  return Promise.resolve();
}

function textsOf(index: 0 | 1): Texts {
  const entries = Object.entries(catalogue).map(([key, pair]) => [key, pair[index]]);
  return Object.fromEntries(entries) as Texts;
}
