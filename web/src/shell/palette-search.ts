/**
 * Finds what the user means in the palette: all words have to be in an entry, in any order; entries that
 * begin with the text come first.
 */

/** Something to go to or to do. */
export interface Entry {
  readonly id: string;
  /** What kind of thing it is, in the language of the user. */
  readonly kind: string;
  readonly title: string;
  /** Other words by which it is found. */
  readonly words?: string | undefined;
  readonly run: () => void;
}

/** Most entries that are shown. */
export const ENTRIES_MAX = 50;

/** At most `ENTRIES_MAX`, the best first; all in their order when the text is empty. */
export function searchEntries(entries: readonly Entry[], text: string): readonly Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return entries.slice(0, ENTRIES_MAX);
  }
  const rated = entries.flatMap((entry, index) => {
    const rank = rankOf(entry, words);
    return rank === undefined ? [] : [{ entry, rank, index }];
  });
  rated.sort((left, right) => left.rank - right.rank || left.index - right.index);
  return rated.slice(0, ENTRIES_MAX).map((each) => each.entry);
}

/** 0 is best; undefined: doesn't fit. */
function rankOf(entry: Entry, words: readonly string[]): number | undefined {
  const title = entry.title.toLowerCase();
  const all = `${entry.kind} ${title} ${entry.words ?? ""}`.toLowerCase();
  if (!words.every((word) => all.includes(word))) {
    return undefined;
  }
  const first = words[0] ?? "";
  if (title.startsWith(first)) {
    return 0;
  }
  return title.includes(first) ? 1 : 2;
}
