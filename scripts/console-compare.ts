/**
 * Compares two folders of pictures that `console-screenshots.ts` made on one machine, before a change and after it:
 *
 *   bun scripts/console-compare.ts BEFORE AFTER
 *
 * Prints a line for each picture that differs in more than 0.1 % of its pixels or is only in one of the folders, and
 * ends with 1 when there is one. No pictures are kept in the repository: letters look otherwise on every machine.
 */
import { differingPictures } from "../test/web/support/picture-folder.ts";

const [before, after, ...rest] = process.argv.slice(2);
if (before === undefined || after === undefined || rest.length > 0) {
  process.stderr.write("usage: bun scripts/console-compare.ts BEFORE AFTER\n");
  process.exit(64);
}
const { compared, differing } = differingPictures(before, after);
for (const line of differing) {
  process.stdout.write(`${line}\n`);
}
process.stdout.write(`${compared} pictures compared, ${differing.length} differ.\n`);
process.exitCode = differing.length === 0 ? 0 : 1;
