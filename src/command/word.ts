/**
 * Comparing an argument with a word of a command's syntax (STORE, BLOCK, …), as Redis compares them:
 * without case, and as C strings. So `STORE\0x` is STORE here as it is there; a comparison of the whole
 * argument would let a request hide a key from the proxy.
 */

/** The bytes of a word, lower case, for `isWord`. Letters only. */
export function wordBytes(word: string): Uint8Array {
  return Uint8Array.from(Buffer.from(word.toLowerCase(), "latin1"));
}

/** Whether `bytes[start, end)`, cut at its first NUL, is the word in any case. No allocation. */
export function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  const length = word.length;
  if (end - start < length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!;
    const isUpperCase = byte >= 0x41 && byte <= 0x5a;
    if ((isUpperCase ? byte + 0x20 : byte) !== word[i]) return false;
  }
  return end - start === length || bytes[start + length] === 0;
}
