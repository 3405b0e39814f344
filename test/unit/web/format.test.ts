/**
 * Numbers, sizes, durations and times as the console writes them, and the dash for what nobody knows.
 */
import { afterEach, describe, expect, test } from "bun:test";
import {
  byteUnit,
  formatAge,
  formatByteRate,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatShort,
  formatTime,
  momentOf,
  numberForm,
  timeZone,
  UNKNOWN,
} from "../../../web/src/i18n/format.ts";
import { language, t } from "../../../web/src/i18n/text.ts";

afterEach(() => {
  language.value = "en";
  numberForm.value = "short";
  byteUnit.value = "1024";
  timeZone.value = "";
});

describe("figures", () => {
  test("what nobody knows is a dash, zero isn't", () => {
    for (const format of [formatCount, formatShort, formatBytes, formatRate, formatPercent]) {
      expect(format(null)).toBe(UNKNOWN);
      expect(format(undefined)).toBe(UNKNOWN);
      expect(format(Number.NaN)).toBe(UNKNOWN);
      expect(format(0)).not.toBe(UNKNOWN);
    }
    expect(formatDuration(null)).toBe(UNKNOWN);
  });

  test("counts are written in full, short figures with a unit", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
    expect(formatShort(0)).toBe("0");
    expect(formatShort(999)).toBe("999");
    expect(formatShort(1000)).toBe("1 k");
    expect(formatShort(12_345)).toBe("12.3 k");
    expect(formatShort(4_560_000)).toBe("4.56 M");
    expect(formatRate(12_345)).toBe("12.3 k/s");
  });

  test("sizes go by 1024", () => {
    expect(formatBytes(0)).toBe("0 B");
    expect(formatBytes(1023)).toBe("1,023 B");
    expect(formatBytes(1024)).toBe("1 KiB");
    expect(formatBytes(1.5 * 1024 ** 3)).toBe("1.5 GiB");
    expect(formatBytes(-2048)).toBe("-2 KiB");
  });

  test("are written in full when the user wants that, small ones as before", () => {
    numberForm.value = "full";
    expect(formatShort(1_234_567)).toBe("1,234,567");
    expect(formatShort(1234.5)).toBe("1,235");
    expect(formatShort(-12_345)).toBe("-12,345");
    expect(formatShort(0.25)).toBe("0.25");
    expect(formatShort(null)).toBe(UNKNOWN);
    expect(formatRate(12_345)).toBe("12,345/s");
    expect(formatBytes(1.5 * 1024 ** 3)).toBe("1.5 GiB");
  });

  test("sizes go by 1000 when the user wants that", () => {
    byteUnit.value = "1000";
    expect(formatBytes(999)).toBe("999 B");
    expect(formatBytes(1000)).toBe("1 kB");
    expect(formatBytes(1.5e9)).toBe("1.5 GB");
    expect(formatByteRate(12_345_678)).toBe("12.3 MB/s");
    expect(formatBytes(null)).toBe(UNKNOWN);
  });

  test("shares are percentages, exact where they are small", () => {
    expect(formatPercent(0)).toBe("0 %");
    expect(formatPercent(0.0123)).toBe("1.2 %");
    expect(formatPercent(0.624)).toBe("62 %");
    expect(formatPercent(1)).toBe("100 %");
  });

  test("durations have two units at most", () => {
    expect(formatDuration(0)).toBe("0 ms");
    expect(formatDuration(0.85)).toBe("850 µs");
    expect(formatDuration(1.25)).toBe("1.3 ms");
    expect(formatDuration(999)).toBe("999 ms");
    expect(formatDuration(1500)).toBe("1.5 s");
    expect(formatDuration(59_400)).toBe("59 s");
    expect(formatDuration(60_000)).toBe("1 min");
    expect(formatDuration(200_000)).toBe("3 min 20 s");
    expect(formatDuration(3_600_000 * 52 + 61_000)).toBe("2 d 4 h");
    expect(formatDuration(-1500)).toBe("-1.5 s");
  });
});

describe("in Chinese", () => {
  test("units of time are Chinese", () => {
    language.value = "zh";
    expect(formatDuration(0.85)).toBe("850 微秒");
    expect(formatDuration(1.25)).toBe("1.3 毫秒");
    expect(formatDuration(1500)).toBe("1.5 秒");
    expect(formatDuration(200_000)).toBe("3 分钟 20 秒");
    expect(formatDuration(3_600_000 * 52 + 61_000)).toBe("2 天 4 小时");
    expect(formatDuration(-60_000)).toBe("-1 分钟");
    expect(t("ui.ago", { age: formatAge(0, 8_220_000) })).toBe("2 小时 17 分钟前");
    expect(formatAge(0, 900)).toBe("0 秒");
  });

  test("so are those of rates, and sizes are written as everywhere", () => {
    expect(formatByteRate(1.5 * 1024 ** 2)).toBe("1.5 MiB/s");
    language.value = "zh";
    expect(formatRate(12_345)).toBe("12.3 k/秒");
    expect(formatByteRate(1.5 * 1024 ** 2)).toBe("1.5 MiB/秒");
    expect(formatByteRate(null)).toBe(UNKNOWN);
    expect(formatBytes(1.5 * 1024 ** 3)).toBe("1.5 GiB");
  });
});

describe("times", () => {
  test("are written in the time zone of the user, the same in both languages", () => {
    timeZone.value = "Asia/Shanghai";
    const at = "2026-11-27T08:04:05.678Z";
    expect(formatTime(at)).toBe("2026-11-27 16:04:05");
    language.value = "zh";
    expect(formatTime(Date.parse(at))).toBe("2026-11-27 16:04:05");
    timeZone.value = "UTC";
    expect(formatTime(at)).toBe("2026-11-27 08:04:05");
  });

  test("ages are in full seconds and never below zero", () => {
    expect(formatAge(1000, 13_900)).toBe("12 s");
    expect(formatAge(20_000, 13_900)).toBe("0 s");
    expect(formatAge(null)).toBe(UNKNOWN);
  });

  test("what isn't a moment is unknown", () => {
    expect(momentOf("yesterday")).toBeUndefined();
    expect(formatTime("yesterday")).toBe(UNKNOWN);
    expect(formatTime(undefined)).toBe(UNKNOWN);
  });
});
