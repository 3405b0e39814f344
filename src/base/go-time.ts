/**
 * Time as Go prints it by default, which is how the JSON of Codis has it:
 * `2026-11-21 07:01:13.117059478 +0000 UTC m=+0.059995724`. Only written, never read: programs of
 * Codis show it to people.
 */

/**
 * The moment in UTC. `elapsedSeconds`, if given, is the time since the process started, the part after
 * `m=`.
 */
export function formatGoTime(ms: number, elapsedSeconds?: number): string {
  const iso = new Date(ms).toISOString();
  // Go leaves out zeros at the end of the fraction, and the point when nothing remains.
  const fraction = iso.slice(19, 23).replace(/\.?0+$/, "");
  const monotonic = elapsedSeconds === undefined ? "" : ` m=+${elapsedSeconds.toFixed(9)}`;
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction} +0000 UTC${monotonic}`;
}
