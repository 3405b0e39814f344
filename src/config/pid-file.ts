/**
 * The file with the process id that `--pidfile` asks a daemon for. It is made once the program runs, and goes
 * with it: one that couldn't start because another runs leaves that one's file alone.
 */
import { rmSync, writeFileSync } from "node:fs";
import { CodisError, messageOf } from "../base/error.ts";

/** The file of this process, if it was asked for. */
export class PidFile {
  readonly #path: string | undefined;
  #isWritten = false;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Replaces what is there. Throws CONFIG_INVALID when it can't be written. */
  write(): void {
    if (this.#path === undefined) {
      return;
    }
    try {
      writeFileSync(this.#path, `${process.pid}\n`);
    } catch (cause) {
      const text = `--pidfile: can't write ${this.#path}: ${messageOf(cause)}`;
      throw new CodisError("CONFIG_INVALID", text, { cause });
    }
    this.#isWritten = true;
  }

  /** Removes it if it was written here. */
  remove(): void {
    if (this.#path !== undefined && this.#isWritten) {
      rmSync(this.#path, { force: true });
    }
  }
}
