/**
 * Where log lines end: stdout, or a file of the day (`FILE.YYYY-MM-DD`, local date, as Codis names it).
 *
 * Both lose lines rather than stop the program or fill its memory, and write how many were lost as
 * soon as writing works again. Several processes may append to one file: each line is one write.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { CodisError, messageOf } from "./error.ts";

/** Takes whole lines, with their newline. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when everything written is with the system, or after a second. */
  close(): Promise<void>;
}

/** Bytes that may wait for a reader of stdout; lines beyond are dropped. */
const STDOUT_WAITING_BYTES_MAX = 4 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1000;

/** What the sink needs of `process.stdout`. */
export interface OutputStream {
  write(text: string, done?: () => void): boolean;
  readonly writableLength: number;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A sink on stdout, or on another stream. */
export function createStdoutSink(stream: OutputStream = process.stdout): LineSink {
  let lostCount = 0;
  let isBroken = false;
  // A reader that went away (EPIPE) ends the log, not the program.
  stream.on("error", () => {
    isBroken = true;
  });
  return {
    write: (line) => {
      if (isBroken || stream.writableLength + line.length > STDOUT_WAITING_BYTES_MAX) {
        lostCount++;
        return;
      }
      if (lostCount > 0) {
        stream.write(lostLine(lostCount));
        lostCount = 0;
      }
      stream.write(line);
    },
    close: () =>
      new Promise((resolve) => {
        if (isBroken) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
        stream.write("", () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

/**
 * A sink on a file that changes with the local date. Throws `CONFIG_UNREADABLE` when today's file can't
 * be opened; a file of a later day that can't be opened costs its lines.
 */
export function createFileSink(path: string, now: () => Date = () => new Date()): LineSink {
  return new DailyFileSink(path, now);
}

class DailyFileSink implements LineSink {
  readonly #path: string;
  readonly #now: () => Date;
  #suffix: string;
  #fd: number | undefined;
  #lostCount = 0;

  constructor(path: string, now: () => Date) {
    this.#path = path;
    this.#now = now;
    this.#suffix = dateSuffix(now());
    try {
      this.#fd = this.#open();
    } catch (cause) {
      throw new CodisError(
        "CONFIG_UNREADABLE",
        `can't write the log file ${path}.${this.#suffix}: ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  write(line: string): void {
    try {
      this.#turnDay();
      this.#fd ??= this.#open();
      if (this.#lostCount > 0) {
        writeSync(this.#fd, lostLine(this.#lostCount));
        this.#lostCount = 0;
      }
      writeSync(this.#fd, line);
    } catch {
      // Disk full, or the folder is gone. There is nowhere to tell it but the next line that works.
      this.#lostCount++;
    }
  }

  close(): Promise<void> {
    this.#closeFile();
    return Promise.resolve();
  }

  #turnDay(): void {
    const suffix = dateSuffix(this.#now());
    if (suffix !== this.#suffix) {
      this.#suffix = suffix;
      this.#closeFile();
    }
  }

  #open(): number {
    return openSync(`${this.#path}.${this.#suffix}`, "a", 0o644);
  }

  #closeFile(): void {
    if (this.#fd !== undefined) {
      const fd = this.#fd;
      this.#fd = undefined;
      closeSync(fd);
    }
  }
}

function lostLine(count: number): string {
  const line = { ts: new Date().toISOString(), level: "warn", event: "log.lost", lines: count };
  return `${JSON.stringify({ ...line, msg: `${count} log lines could not be written` })}\n`;
}

function dateSuffix(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
