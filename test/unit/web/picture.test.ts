/**
 * Pictures as pixels, for gates that look at what is drawn: PNG files in each of the ways in which their rows may be
 * written, contrast as WCAG defines it, and folders that are compared (gate S3).
 */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { colourAt, contrastOf, readPicture } from "../../web/support/picture.ts";
import { differingPictures } from "../../web/support/picture-folder.ts";

const SIDE = 40;

/** A PNG with colours; its rows are written with the filter of that number, 0 to 4. */
function makePng(filter: number, colourOf: (x: number, y: number) => readonly number[]): Buffer {
  const rows = Array.from({ length: SIDE }, (_row, y) =>
    Array.from({ length: SIDE }, (_column, x) => colourOf(x, y)).flat(),
  );
  const written = rows.map((row, y) => {
    const above = rows[y - 1] ?? [];
    const bytes = row.map((value, index) => {
      const [left = 0, up = 0, corner = 0] = [row[index - 3], above[index], above[index - 3]];
      return value - ([0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0);
    });
    return Buffer.from([filter, ...bytes]);
  });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIDE, 0);
  head.writeUInt32BE(SIDE, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.concat(written))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function paeth(left: number, up: number, corner: number): number {
  return [left, up, corner].reduce((best, each) => {
    const wanted = left + up - corner;
    return Math.abs(wanted - each) < Math.abs(wanted - best) ? each : best;
  });
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

const slope = (x: number, y: number) => [(x * 7) % 256, (y * 5) % 256, (x * y) % 256];

test("a picture is the same whichever way its rows are written", () => {
  for (const filter of [0, 1, 2, 3, 4]) {
    const picture = readPicture(makePng(filter, slope));
    expect([picture.width, picture.height]).toEqual([SIDE, SIDE]);
    expect([...colourAt(picture, 3, 4)]).toEqual([21, 20, 12]);
    expect([...colourAt(picture, 39, 39)]).toEqual([(39 * 7) % 256, 195, (39 * 39) % 256]);
  }
});

test("contrast is that of WCAG", () => {
  expect(contrastOf([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
  expect(contrastOf([118, 118, 118], [255, 255, 255])).toBeCloseTo(4.54, 2);
  expect(contrastOf([9, 9, 9], [9, 9, 9])).toBe(1);
});

test("folders are compared by name, and two pixels of 1,600 are more than is allowed", () => {
  const [before, after] = [temporaryFolder(), temporaryFolder()];
  try {
    const dotted = (dots: number) => (x: number, y: number) =>
      y === 0 && x < dots ? [255, 255, 255] : slope(x, y).map((each) => each >> 1);
    for (const [name, old, now] of [
      ["same", 0, 0],
      ["nearly", 0, 1],
      ["other", 0, 2],
    ] as const) {
      writeFileSync(join(before.path, `${name}.png`), makePng(0, dotted(old)));
      writeFileSync(join(after.path, `${name}.png`), makePng(4, dotted(now)));
    }
    writeFileSync(join(after.path, "new.png"), makePng(0, slope));
    expect(differingPictures(before.path, after.path)).toEqual({
      compared: 3,
      differing: [`new.png: only in ${after.path}`, "other.png: 0.13 %"],
    });
  } finally {
    before.remove();
    after.remove();
  }
});
