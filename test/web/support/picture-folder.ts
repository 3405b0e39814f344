/**
 * Folders of pictures of the console, compared by name. Gate S3.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { differenceOf, readPicture } from "./picture.ts";

/** Share of the pixels of a picture that may differ. */
const SHARE_MAX = 0.001;
/** In 256 steps of a colour; a browser may round a mixed colour otherwise. */
const TOLERANCE = 8;

/** How many pictures are in both folders, and a line for each that differs or is only in one. Throws like `fs`. */
export function differingPictures(
  before: string,
  after: string,
): { readonly compared: number; readonly differing: readonly string[] } {
  const [old, now] = [before, after].map((folder) => new Set(picturesIn(folder)));
  const names = [...new Set([...(old ?? []), ...(now ?? [])])].sort();
  const both = names.filter((name) => old?.has(name) && now?.has(name));
  const differing = names.flatMap((name) => {
    if (!both.includes(name)) {
      return [`${name}: only in ${old?.has(name) ? before : after}`];
    }
    const [one, other] = [before, after].map((folder) => readFileSync(join(folder, name)));
    if (one === undefined || other === undefined || one.equals(other)) {
      return [];
    }
    const share = differenceOf(readPicture(one), readPicture(other), TOLERANCE);
    return share > SHARE_MAX ? [`${name}: ${(share * 100).toFixed(2)} %`] : [];
  });
  return { compared: both.length, differing };
}

function picturesIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".png"));
}
