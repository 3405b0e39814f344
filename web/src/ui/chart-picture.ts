/**
 * A chart as a PNG that can be read without its page: title and times above it, legend below, on the ground of the
 * theme. Read when somebody saves one.
 */
import type { ChartLook, LineLook } from "./draw-chart.ts";

/** Pixels of the style sheet. */
const EDGE = 12;
const TITLE_ROW = 24;
const LEGEND_ROW = 20;
const MARKER = 28;
const MARKER_GAP = 6;
const ITEM_GAP = 16;
const FONTS = "system-ui, sans-serif";
const TITLE_FONT = `600 15px ${FONTS}`;
const LEGEND_FONT = `12px ${FONTS}`;

/** Has the browser save a picture as `name`. A line of the title that is too long is made narrower. */
export async function savePicture(
  look: ChartLook,
  { title, name }: { readonly title: string; readonly name: string },
): Promise<void> {
  const canvas = drawPicture(look, title);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob === null) {
    throw new Error("the browser made no picture: the chart has no size");
  }
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the blob by the end of this turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

/**
 * Puts items of these widths into rows of `room`, with gaps between them: for each its row and where it begins. One
 * that is wider than the room has a row of its own.
 */
export function placeItems(
  widths: readonly number[],
  room: number,
  gap: number,
): readonly { readonly row: number; readonly left: number }[] {
  let row = 0;
  let left = 0;
  return widths.map((width) => {
    if (left > 0 && left + width > room) {
      row += 1;
      left = 0;
    }
    const place = { row, left };
    left += width + gap;
    return place;
  });
}

function drawPicture({ canvas: chart, ground, text, lines }: ChartLook, title: string) {
  // The chart has more pixels than the style sheet says on a fine screen.
  const scale = chart.width / Math.max(1, chart.clientWidth);
  const width = chart.width / scale;
  const room = width - 2 * EDGE;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  if (pen === null) {
    throw new Error("the browser has no canvas to draw a picture on");
  }
  pen.font = LEGEND_FONT;
  // In whole pixels, so that the pieces of lines are sharp.
  const widths = lines.map(({ label }) =>
    Math.ceil(pen.measureText(label).width + MARKER + MARKER_GAP),
  );
  const places = placeItems(widths, room, ITEM_GAP);
  const titles = title.split("\n");
  const chartTop = EDGE + titles.length * TITLE_ROW;
  const legendTop = chartTop + chart.height / scale + EDGE;
  const rows = (places.at(-1)?.row ?? -1) + 1;
  // A size takes away all that was set before.
  canvas.width = chart.width;
  canvas.height = Math.ceil((legendTop + rows * LEGEND_ROW + EDGE) * scale);
  pen.scale(scale, scale);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, width, canvas.height / scale);
  pen.textBaseline = "middle";
  pen.fillStyle = text;
  for (const [index, line] of titles.entries()) {
    pen.font = index === 0 ? TITLE_FONT : LEGEND_FONT;
    pen.fillText(line, EDGE, EDGE + (index + 0.5) * TITLE_ROW, room);
  }
  pen.drawImage(chart, 0, chartTop, width, chart.height / scale);
  pen.font = LEGEND_FONT;
  for (const [index, line] of lines.entries()) {
    const { row, left } = places[index] ?? { row: 0, left: 0 };
    drawItem(pen, line, text, EDGE + left, legendTop + (row + 0.5) * LEGEND_ROW, room);
  }
  return canvas;
}

function drawItem(
  pen: CanvasRenderingContext2D,
  { label, colour, dash, width }: LineLook,
  text: string,
  left: number,
  middle: number,
  room: number,
): void {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash([...dash]);
  pen.beginPath();
  pen.moveTo(left, middle);
  pen.lineTo(left + MARKER, middle);
  pen.stroke();
  pen.fillStyle = text;
  pen.fillText(label, left + MARKER + MARKER_GAP, middle, room - MARKER - MARKER_GAP);
}
