/** Log lines, levels, and the files of a day. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { CodisError } from "../../../src/base/error.ts";
import { createLog, type Log } from "../../../src/base/log.ts";
import { parseLogLevel } from "../../../src/base/log-level.ts";
import { createFileSink, createStdoutSink, type OutputStream } from "../../../src/base/log-sink.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

type Line = Record<string, unknown>;

async function logInto(lines: string[]): Promise<Log> {
  const sink = { write: (line: string) => void lines.push(line), close: () => Promise.resolve() };
  return createLog({ component: "proxy", level: "info", fields: { product: "demo" }, sink });
}

describe("lines", () => {
  test("are JSON with time, level, component, event, message and facts", async () => {
    const lines: string[] = [];
    const log = await logInto(lines);
    log.child({ worker: 1 }).warn("slot.offline", "3 slots have no server", { slots: 3 });
    const line = JSON.parse(lines[0] ?? "") as Line;
    expect(lines[0]).toEndWith("}\n");
    expect(line["ts"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(line).toMatchObject({
      level: "warn",
      component: "proxy",
      product: "demo",
      pid: process.pid,
      event: "slot.offline",
      msg: "3 slots have no server",
      worker: 1,
      slots: 3,
    });
  });

  test("show an expected error with code and context, a defect with its stack", async () => {
    const lines: string[] = [];
    const log = await logInto(lines);
    log.error("a.b", "x", { error: new CodisError("PORT_IN_USE", "y", { context: { port: 7 } }) });
    log.error("a.b", "x", { error: new TypeError("z") });
    log.warn("a.b", "x", { error: "text" });
    const errors = lines.map((line) => (JSON.parse(line) as { error: Line }).error);
    expect(errors[0]).toEqual({ code: "PORT_IN_USE", message: "y", port: 7 });
    expect(errors[1]?.["stack"]).toContain("TypeError: z");
    expect(errors[2]).toEqual({ message: "text" });
  });

  test("follow the level, which changes for children as well", async () => {
    const lines: string[] = [];
    const log = await logInto(lines);
    const child = log.child({});
    child.debug("e", "no");
    log.setLevel("debug");
    child.debug("e", "yes");
    child.setLevel("none");
    log.error("e", "no");
    expect(child.level()).toBe("none");
    expect(lines.map((line) => (JSON.parse(line) as Line)["msg"])).toEqual(["yes"]);
  });
});

test("levels have the names of Codis, in any case", () => {
  expect(["INFO", "warn", "WARNING", "Debug", "ERROR", "none"].map(parseLogLevel)).toEqual([
    "info",
    "warn",
    "warn",
    "debug",
    "error",
    "none",
  ]);
  expect(["", "LOUD", "trace"].map(parseLogLevel)).toEqual([undefined, undefined, undefined]);
});

describe("the file of the day", () => {
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  test("changes with the local date", async () => {
    let now = new Date(2026, 0, 31, 23, 59);
    const sink = createFileSink(folder.join("proxy.log"), () => now);
    sink.write("one\n");
    now = new Date(2026, 1, 1, 0, 0);
    sink.write("two\n");
    sink.write("three\n");
    await sink.close();
    expect(readdirSync(folder.path).sort()).toEqual([
      "proxy.log.2026-01-31",
      "proxy.log.2026-02-01",
    ]);
    expect(readFileSync(folder.join("proxy.log.2026-01-31"), "utf8")).toBe("one\n");
    expect(readFileSync(folder.join("proxy.log.2026-02-01"), "utf8")).toBe("two\nthree\n");
  });

  test("is appended to by several writers, a line each", async () => {
    const sinks = [1, 2].map(() => createFileSink(folder.join("a"), () => new Date(2026, 0, 1)));
    for (let turn = 0; turn < 10; turn++) {
      sinks.forEach((sink, index) => {
        sink.write(`${turn} ${index}\n`);
      });
    }
    const lines = readFileSync(folder.join("a.2026-01-01"), "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(20);
    await Promise.all(sinks.map((sink) => sink.close()));
  });

  test("that can't be opened at the start is one clear error", () => {
    expect(() => createFileSink(folder.join("missing", "a"))).toThrow(
      /^can't write the log file .*missing\/a\.\d{4}-\d\d-\d\d: ENOENT/,
    );
  });

  test("that can't be opened later costs its lines, and their number is told", async () => {
    let now = new Date(2026, 0, 1);
    const sink = createFileSink(folder.join("a"), () => now);
    // A folder in the place of the next day's file.
    mkdirSync(folder.join("a.2026-01-02"));
    now = new Date(2026, 0, 2);
    sink.write("lost\n");
    sink.write("lost too\n");
    now = new Date(2026, 0, 3);
    sink.write("kept\n");
    await sink.close();
    const lines = readFileSync(folder.join("a.2026-01-03"), "utf8").trimEnd().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "log.lost", lines: 2 });
    expect(lines[1]).toBe("kept");
  });
});

describe("stdout", () => {
  function fakeStream() {
    const written: string[] = [];
    let onError: (error: Error) => void = () => undefined;
    const stream: OutputStream & { writableLength: number } = {
      writableLength: 0,
      write: (text, done) => {
        written.push(text);
        done?.();
        return true;
      },
      on: (_event, listener) => {
        onError = listener;
      },
    };
    return { stream, written, breakPipe: () => onError(new Error("EPIPE")) };
  }

  test("drops lines while its reader doesn't read, and tells how many", () => {
    const { stream, written } = fakeStream();
    const sink = createStdoutSink(stream);
    stream.writableLength = 5 * 1024 * 1024;
    sink.write("a\n");
    sink.write("b\n");
    stream.writableLength = 0;
    sink.write("c\n");
    expect(written[0]).toContain('"lines":2');
    expect(written[1]).toBe("c\n");
  });

  test("that broke ends the log and not the program", async () => {
    const { stream, written, breakPipe } = fakeStream();
    const sink = createStdoutSink(stream);
    breakPipe();
    sink.write("a\n");
    await sink.close();
    expect(written).toEqual([]);
  });
});
