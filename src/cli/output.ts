/**
 * What a command prints at its end, whole: the streams of the runtime lose what a slow reader hasn't taken
 * when the program exits, and say nothing of a full disk.
 */
import { writeSync } from "node:fs";
import { CodisError, messageOf, systemCodeOf } from "../base/error.ts";

const STDOUT = 1;
/** Pause while a reader that doesn't block is full. */
const RETRY_MS = 10;

/**
 * Writes the text to stdout and resolves when the system has all of it. Waits for a slow reader as long as
 * that takes, as `cat` does; one that has gone away had enough, which is no failure. Rejects with
 * OUTPUT_FAILED.
 */
export async function printOut(text: string): Promise<void> {
  const bytes = Buffer.from(text);
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(STDOUT, bytes, done);
    } catch (thrown) {
      const code = systemCodeOf(thrown);
      if (code === "EPIPE") {
        return;
      }
      if (code !== "EAGAIN") {
        throw new CodisError("OUTPUT_FAILED", `can't write the output: ${messageOf(thrown)}`, {
          cause: thrown,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
