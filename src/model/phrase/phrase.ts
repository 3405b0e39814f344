/**
 * Texts for people with a code. Whoever writes such a text says it by its code (`say`), and gets the English words;
 * whoever shows it in another language asks for the code and the values again (`phraseOf`). Both read one table, so
 * a text may be stored, joined to others or handed on as text, and texts that earlier releases stored are known too.
 */
import { PHRASES, type PhraseCode } from "./phrases.ts";

/** A text by its code. A value may be a text with a code of its own. */
export interface Phrase {
  readonly code: PhraseCode;
  readonly params: Readonly<Record<string, string | Phrase>>;
}

/** Names of the values of a text. */
type ParamName<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamName<Rest>
  : never;
/** The values of a text. */
export type PhraseParams<Code extends PhraseCode> = Readonly<
  Record<ParamName<(typeof PHRASES)[Code]>, string | number>
>;

/** Longer texts aren't looked through. */
const TEXT_CHARS_MAX = 2000;
/** Between two texts that became one. */
const JOINT = "; ";

/** A template in parts: text, name, text, name, …, text. */
interface Template {
  readonly code: PhraseCode;
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

const templates: readonly Template[] = Object.entries(PHRASES)
  .filter(([code]) => code !== "joined")
  .map(([code, text]): Template => {
    const parts = text.split(/\{(\w+)\}/);
    return {
      code: code as PhraseCode,
      texts: parts.filter((_, index) => index % 2 === 0),
      names: parts.filter((_, index) => index % 2 === 1),
    };
  })
  // One that says more is a better guess than one of which most is values.
  .toSorted((one, other) => weightOf(other) - weightOf(one));

/** The English text of a code. */
export function say<Code extends PhraseCode>(code: Code, params: PhraseParams<Code>): string {
  const values: Readonly<Record<string, string | number>> = params;
  return PHRASES[code].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole),
  );
}

/** What `say` made a text of; undefined for a text that it didn't make. Takes time in proportion to its length. */
export function phraseOf(text: string): Phrase | undefined {
  return text.length > TEXT_CHARS_MAX ? undefined : (matchAny(text) ?? matchJoined(text));
}

/** `phraseOf` as a field `said` of an answer; no field for a text without a code. */
export function saidOf(text: string): { readonly said?: Phrase } {
  const said = phraseOf(text);
  return said === undefined ? {} : { said };
}

/** `phraseOf` of each, null for a text without a code. */
export function saidOfAll(texts: readonly string[]): (Phrase | null)[] {
  return texts.map((text) => phraseOf(text) ?? null);
}

function weightOf({ texts }: Template): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function matchAny(text: string): Phrase | undefined {
  for (const template of templates) {
    const values = match(template, text);
    if (values !== undefined) {
      const params = Object.fromEntries(
        [...values].map(([name, value]) => [name, phraseOf(value) ?? value]),
      );
      return { code: template.code, params };
    }
  }
  return undefined;
}

/** Two texts with `JOINT` between them, the first of which is known. */
function matchJoined(text: string): Phrase | undefined {
  for (let at = text.indexOf(JOINT); at >= 0; at = text.indexOf(JOINT, at + 1)) {
    const one = matchAny(text.slice(0, at));
    if (one !== undefined) {
      const rest = text.slice(at + JOINT.length);
      return { code: "joined", params: { one, other: phraseOf(rest) ?? rest } };
    }
  }
  return undefined;
}

/** The values in a text, each as short as can be; undefined when it isn't of this template. */
function match({ texts, names }: Template, text: string): Map<string, string> | undefined {
  const [first = "", ...others] = texts;
  if (!text.startsWith(first)) {
    return undefined;
  }
  const values = new Map<string, string>();
  let from = first.length;
  for (const [index, next] of others.entries()) {
    const isLast = index === others.length - 1;
    const to = isLast ? text.length - next.length : text.indexOf(next, from + 1);
    const name = names[index] ?? "";
    const value = text.slice(from, to);
    const isOther = (values.get(name) ?? value) !== value;
    if (to <= from || (isLast && !text.endsWith(next)) || isOther) {
      return undefined;
    }
    values.set(name, value);
    from = to + next.length;
  }
  return from === text.length ? values : undefined;
}
