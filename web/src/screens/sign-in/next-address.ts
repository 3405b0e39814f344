/**
 * Where to go after signing in. The address comes from the query string, which anybody may have written, so
 * only one of this console counts.
 */

/** `next` when it is a path below `base`; else `base`. */
export function nextAddress(next: string, base: string): string {
  const isOwn = next.startsWith(base) && !/^[/\\]{2}|[\\\p{Cc}]/u.test(next);
  return isOwn ? next : base;
}
