/**
 * Texts that the server says: English words, and a code with values that can be put into words of another language.
 * One without a code, or with one that this console doesn't know (a newer dashboard), stays English and is marked so.
 */
import { signal } from "@preact/signals";
import type { V1Said } from "../../../src/api/v1-said-schema.ts";
import { type Language, shownLanguage } from "./text.ts";

/** A piece of a text. */
export interface SaidPart {
  readonly text: string;
  /** It is English in a page that isn't. */
  readonly isEnglish: boolean;
}

/** By code; nothing before they are read. */
const words = signal<Readonly<Record<string, string>>>({});

/** Reads what the language needs. Rejects when it can't be read; then texts stay English. */
export async function loadSaid(language: Language): Promise<void> {
  if (language === "zh" && Object.keys(words.peek()).length === 0) {
    words.value = (await import("./said-text.ts")).chinese;
  }
}

/** A text in the language that is shown, in pieces. Reads signals. */
export function saidParts(text: string, said: V1Said | null | undefined): readonly SaidPart[] {
  if (shownLanguage() === "en") {
    return [{ text, isEnglish: false }];
  }
  const parts = said === null || said === undefined ? undefined : partsOf(said);
  return parts ?? [{ text, isEnglish: true }];
}

/** The same as one text, for names and titles. Reads signals. */
export function saidText(text: string, said: V1Said | null | undefined): string {
  return saidParts(text, said)
    .map((part) => part.text)
    .join("");
}

function partsOf({ code, params }: V1Said): readonly SaidPart[] | undefined {
  const template = Object.hasOwn(words.value, code) ? words.value[code] : undefined;
  const parts: SaidPart[] = [];
  for (const [index, piece] of (template?.split(/\{(\w+)\}/) ?? []).entries()) {
    const value = index % 2 === 0 ? undefined : params[piece];
    if (typeof value === "object") {
      const inner = partsOf(value);
      if (inner === undefined) {
        return undefined;
      }
      parts.push(...inner);
    } else if (index % 2 === 1) {
      parts.push({ text: value ?? `{${piece}}`, isEnglish: isSentence(value ?? "") });
    } else if (piece !== "") {
      parts.push({ text: piece, isEnglish: false });
    }
  }
  return template === undefined ? undefined : parts;
}

/** Addresses, names and numbers are of no language. */
function isSentence(text: string): boolean {
  return /[A-Za-z']{2,},? [A-Za-z']{2,}/.test(text);
}
