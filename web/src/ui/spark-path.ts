/**
 * The path of a sparkline. The scale begins at zero, so that noise doesn't look like a storm.
 */

/** SVG path data; gaps where a value is null. One value alone is a dot. */
export function sparkPath(
  values: readonly (number | null)[],
  width: number,
  height: number,
): string {
  const top = Math.max(0, ...values.map((value) => value ?? 0));
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let isDrawing = false;
  const parts: string[] = [];
  for (const [index, value] of values.entries()) {
    if (value === null) {
      isDrawing = false;
      continue;
    }
    const y = top === 0 ? height - 1 : height - 1 - (Math.max(0, value) / top) * (height - 2);
    const at = `${round(index * step)} ${round(y)}`;
    parts.push(isDrawing ? `L${at}` : `M${at}l0 0`);
    isDrawing = true;
  }
  return parts.join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
