/**
 * A word of a command line as a shell reads it back: in quotes when it has to be. Pure.
 */

/** See the head of the file. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
