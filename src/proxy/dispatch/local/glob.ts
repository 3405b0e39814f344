/**
 * Glob patterns as Redis matches them (stringmatchlen): `*`, `?`, `[abc]`, `[a-z]`, `[^a]` and `\` before
 * a byte that is meant literally. Letters match in both cases.
 *
 * Only the last `*` is ever tried again, so a match takes at most pattern length times text length steps,
 * whatever a client sends.
 */

/** Whether the whole text matches. */
export function matchesGlob(patternGiven: string, textGiven: string): boolean {
  const pattern = patternGiven.toLowerCase();
  const text = textGiven.toLowerCase();
  let at = 0;
  let textAt = 0;
  let starAt = -1;
  let starTextAt = 0;
  while (textAt < text.length) {
    if (pattern[at] === "*") {
      starAt = at;
      starTextAt = textAt;
      at += 1;
      continue;
    }
    const next = matchOne(pattern, at, text[textAt] as string);
    if (next !== -1) {
      at = next;
      textAt += 1;
    } else if (starAt === -1) {
      return false;
    } else {
      starTextAt += 1;
      textAt = starTextAt;
      at = starAt + 1;
    }
  }
  while (pattern[at] === "*") {
    at += 1;
  }
  return at >= pattern.length;
}

/** Position after the part of the pattern that matched the letter, -1 when it didn't. */
function matchOne(pattern: string, at: number, letter: string): number {
  const first = pattern[at];
  if (first === undefined) {
    return -1;
  }
  if (first === "?") {
    return at + 1;
  }
  if (first === "[") {
    return matchSet(pattern, at + 1, letter);
  }
  const isEscape = first === "\\" && at + 1 < pattern.length;
  const literal = isEscape ? pattern[at + 1] : first;
  return literal === letter ? at + (isEscape ? 2 : 1) : -1;
}

/** `at` is behind the `[`. A set that isn't closed ends with the pattern, as in Redis. */
function matchSet(pattern: string, at: number, letter: string): number {
  const isNegated = pattern[at] === "^";
  let isMatch = false;
  let pos = isNegated ? at + 1 : at;
  while (pos < pattern.length && pattern[pos] !== "]") {
    if (pattern[pos] === "\\" && pos + 1 < pattern.length) {
      isMatch ||= pattern[pos + 1] === letter;
      pos += 2;
    } else if (pattern[pos + 1] === "-" && pos + 2 < pattern.length) {
      const [low, high] = [pattern[pos] as string, pattern[pos + 2] as string].sort();
      isMatch ||= letter >= (low as string) && letter <= (high as string);
      pos += 3;
    } else {
      isMatch ||= pattern[pos] === letter;
      pos += 1;
    }
  }
  return isMatch === isNegated ? -1 : Math.min(pos + 1, pattern.length);
}
