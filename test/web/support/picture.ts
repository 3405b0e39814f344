/**
 * Pictures of a page as pixels: reads the PNG files that Chromium takes (8 bits, no interlace), cuts, and tells how
 * far two colours or two pictures differ. For gates that only what is drawn can prove.
 */
import { inflateSync } from "node:zlib";

/** Pixels in rows from the top; four bytes each: red, green, blue, opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A part of a picture, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const HEAD_BYTES = 8;
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 6: 4 };

/** Throws when the file isn't such a PNG. */
export function readPicture(png: Buffer): Picture {
  const parts: Buffer[] = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = HEAD_BYTES; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") {
      [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
      channels = data[8] === 8 && data[12] === 0 ? (CHANNELS[data[9] ?? -1] ?? 0) : 0;
    } else if (type === "IDAT") {
      parts.push(data);
    }
    at += length + 12;
  }
  if (channels === 0) {
    throw new Error("the picture isn't a PNG of 8 bits without palette and interlace");
  }
  const rows = undoFilters(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  if (channels === 4) {
    return { width, height, pixels: rows };
  }
  const pixels = new Uint8Array(width * height * 4).fill(255);
  for (let index = 0; index < width * height; index += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      // Grey has one for three.
      pixels[index * 4 + channel] = rows[index * channels + (channels === 1 ? 0 : channel)] ?? 0;
    }
  }
  return { width, height, pixels };
}

/** Each row is written as the difference to what is left of it and above it, in a way that its first byte names. */
function undoFilters(raw: Buffer, rowBytes: number, height: number, step: number): Uint8Array {
  const rows = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (rowBytes + 1)] ?? 0;
    for (let x = 0; x < rowBytes; x += 1) {
      const at = y * rowBytes + x;
      const left = x < step ? 0 : (rows[at - step] ?? 0);
      const above = y === 0 ? 0 : (rows[at - rowBytes] ?? 0);
      const corner = x < step || y === 0 ? 0 : (rows[at - rowBytes - step] ?? 0);
      rows[at] = (raw[y * (rowBytes + 1) + 1 + x] ?? 0) + guessOf(filter, left, above, corner);
    }
  }
  return rows;
}

function guessOf(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return nearest(left, above, corner);
    default:
      return 0;
  }
}

function nearest(left: number, above: number, corner: number): number {
  const wanted = left + above - corner;
  const toLeft = Math.abs(wanted - left);
  const toAbove = Math.abs(wanted - above);
  const toCorner = Math.abs(wanted - corner);
  if (toLeft <= toAbove && toLeft <= toCorner) {
    return left;
  }
  return toAbove <= toCorner ? above : corner;
}

/** The colour at a place; black outside. */
export function colourAt({ width, pixels }: Picture, x: number, y: number): Colour {
  const at = (y * width + x) * 4;
  return [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
}

/** A part of a picture; places outside are black. */
export function cut(picture: Picture, { x, y, width, height }: Box): Picture {
  const pixels = new Uint8Array(width * height * 4).fill(255);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      pixels.set(colourAt(picture, x + column, y + row), (row * width + column) * 4);
    }
  }
  return { width, height, pixels };
}

/** All colours of a picture, with how many pixels each has, the most frequent first. */
export function coloursOf(picture: Picture): readonly (readonly [Colour, number])[] {
  const counts = new Map<number, number>();
  for (let at = 0; at < picture.pixels.length; at += 4) {
    const [red = 0, green = 0, blue = 0] = picture.pixels.subarray(at, at + 3);
    const key = (red << 16) | (green << 8) | blue;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([key, count]) => [[key >> 16, (key >> 8) & 255, key & 255], count] as const);
}

/** Contrast of two colours as WCAG defines it: 1 (the same) to 21. */
export function contrastOf(one: Colour, other: Colour): number {
  const [low, high] = [lightnessOf(one), lightnessOf(other)].sort((a, b) => a - b);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

function lightnessOf(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((each) => {
    const part = each / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Share of pixels, 0 to 1, of which a channel differs by more than `tolerance`; 1 when the sizes differ. */
export function differenceOf(one: Picture, other: Picture, tolerance: number): number {
  if (one.width !== other.width || one.height !== other.height) {
    return 1;
  }
  let differing = 0;
  for (let at = 0; at < one.pixels.length; at += 4) {
    const isOther = [0, 1, 2].some(
      (channel) =>
        Math.abs((one.pixels[at + channel] ?? 0) - (other.pixels[at + channel] ?? 0)) > tolerance,
    );
    differing += isOther ? 1 : 0;
  }
  return differing / Math.max(1, one.width * one.height);
}
