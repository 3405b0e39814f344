/**
 * A password from stdin: from a file or a pipe its first line; at a terminal it is typed, twice, without being shown.
 * Never an argument of a command line, which everybody on the machine can read.
 */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CodisError } from "../../base/error.ts";

/** Longer input isn't a password. */
const INPUT_BYTES_MAX = 4_096;

/** The password. Rejects with USAGE when there is none, or two that differ. */
export async function readPassword(): Promise<string> {
  const password = process.stdin.isTTY ? await typeTwice() : await readLine();
  if (password === "") {
    throw new CodisError("USAGE", "the password is empty; expected it on the first line of stdin");
  }
  return password;
}

/** The present password and a new one, from two lines. Rejects with USAGE when one of them is missing. */
export async function readPasswordChange(): Promise<{
  readonly present: string;
  readonly password: string;
}> {
  const [present = "", password = ""] = process.stdin.isTTY
    ? [await ask("Present password: "), await typeTwice()]
    : await readLines();
  if (present === "" || password === "") {
    throw new CodisError(
      "USAGE",
      "expected the present password on the first line of stdin, and the new one on the second",
    );
  }
  return { present, password };
}

async function readLine(): Promise<string> {
  return (await readLines())[0] ?? "";
}

async function readLines(): Promise<readonly string[]> {
  let text = "";
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > INPUT_BYTES_MAX) {
      throw new CodisError("USAGE", `the input is longer than ${INPUT_BYTES_MAX} bytes`);
    }
  }
  return text.split("\n").map((line) => line.replace(/\r$/, ""));
}

async function typeTwice(): Promise<string> {
  const first = await ask("Password: ");
  const second = await ask("The same again: ");
  if (first !== second) {
    throw new CodisError("USAGE", "the two passwords differ; nothing was changed");
  }
  return first;
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  // What is typed goes to an output that shows nothing.
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: true });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
