/**
 * The format in which a release of Redis sends its data to a replica. A release reads its own format and older ones;
 * what it doesn't know it refuses. Pure.
 */
import { parseVersion, type Version } from "../../../redis/info.ts";

/** First release of each format, the newest first. */
const FORMATS: readonly { readonly since: Version; readonly format: number }[] = [
  { since: [7, 4, 0], format: 12 },
  { since: [7, 2, 0], format: 11 },
  { since: [7, 0, 0], format: 10 },
  { since: [5, 0, 0], format: 9 },
  { since: [4, 0, 0], format: 8 },
  { since: [3, 2, 0], format: 7 },
  { since: [0, 0, 0], format: 6 },
];

/** Number of the format; undefined for a text that is no version. A release that isn't known counts as 7.4. */
export function rdbFormatOf(text: string | undefined): number | undefined {
  const version = parseVersion(text);
  return version && FORMATS.find(({ since }) => !isBefore(version, since))?.format;
}

function isBefore(one: Version, other: Version): boolean {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}
