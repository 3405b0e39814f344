/**
 * Gate U6: over the recorded trace of a real move, after a tenth is done, the range of the time that is left holds the
 * true one in at least four of five samples; and it is no range that holds everything.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EtaWatch } from "../../../web/src/screens/operations/eta-range.ts";

const RECORD = join(import.meta.dirname, "../../web/support/recorded-move.json");
const SHARE_MIN = 0.8;
/** The end of the range, beside the true time, for the sample in the middle. */
const WIDTH_MAX = 4;

test("gate U6: the range of a recorded move holds the time that was left", () => {
  const { rows } = JSON.parse(readFileSync(RECORD, "utf8")) as {
    readonly rows: readonly (readonly number[])[];
  };
  const endMs = rows.at(-1)?.[0] ?? 0;
  const watch = new EtaWatch();
  const found = rows.flatMap((row) => {
    const [atMs = 0, keysMoved = 0, keysTotal = 1, bytesMoved = 0, bytesTotal = 1] = row;
    const [keysPerSecond = 0, bytesPerSecond = 0, serverMs = -1] = row.slice(5);
    const eta = watch.note({
      ...{ atMs, keysMoved, keysTotal, bytesMoved, bytesTotal, keysPerSecond, bytesPerSecond },
      serverMs: serverMs < 0 ? null : serverMs,
      isWorking: true,
    });
    const leftMs = endMs - atMs;
    const isRange = eta.kind === "range";
    return keysMoved < keysTotal * 0.1 || leftMs === 0
      ? []
      : [
          {
            isRight: isRange && eta.fromMs <= leftMs && leftMs <= eta.toMs,
            width: isRange ? eta.toMs / leftMs : Number.POSITIVE_INFINITY,
          },
        ];
  });
  expect(found.length).toBeGreaterThan(50);
  expect(found.filter(({ isRight }) => isRight).length / found.length).toBeGreaterThanOrEqual(
    SHARE_MIN,
  );
  const widths = found.map(({ width }) => width).sort((one, other) => one - other);
  expect(widths[Math.floor(widths.length / 2)]).toBeLessThan(WIDTH_MAX);
});
