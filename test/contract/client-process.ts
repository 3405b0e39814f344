/**
 * Starts `coordinator-client.ts` as a real process, so that a test can kill it or freeze it. Every process
 * started here is ended when the test process exits at the latest.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  CodisError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorContext,
} from "../../src/base/error.ts";
import { withDeadline } from "../support/deadline.ts";
import type { ClientEvent } from "./client-command.ts";
import type { ClientTarget, CoordinatorClient } from "./coordinator-fixture.ts";

const PROGRAM = fileURLToPath(new URL("coordinator-client.ts", import.meta.url));
const START_MS = 20_000;
/** Bound of one command; frozen clients are resumed long before. */
const COMMAND_MS = 40_000;
const END_MS = 10_000;

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

interface AnswerLine {
  readonly ready?: true;
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly context: ErrorContext;
  };
}

interface PendingAnswer {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Starts a client and waits until it has opened its coordinator (which needn't be reachable). `launcher` is
 * a command line that runs the one which follows it, as `setpriv` does.
 */
export async function spawnClient(
  target: ClientTarget,
  launcher: readonly string[] = [],
): Promise<CoordinatorClient> {
  const [command = "", ...args] = [
    ...launcher,
    process.execPath,
    "--no-env-file",
    PROGRAM,
    JSON.stringify(target),
  ];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  const events: ClientEvent[] = [];
  const pending = new Map<number, PendingAnswer>();
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-65_536);
  });
  // Writing to a client that was killed is no failure of the test; its answer is missed instead.
  child.stdin.on("error", (error) => {
    errors += `stdin: ${error.message}\n`;
  });
  const ready = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<number | null>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line: AnswerLine & ClientEvent = JSON.parse(text);
    if (line.ready === true) {
      ready.resolve();
    } else if (line.id === undefined) {
      events.push(line);
    } else {
      settle(line, pending.get(line.id));
      pending.delete(line.id);
    }
  });
  child.once("close", (code) => {
    running.delete(child);
    const error = new Error(`the client process ended (${code}):\n${errors}`);
    ready.reject(error);
    for (const answer of pending.values()) {
      answer.reject(error);
    }
    gone.resolve(code);
  });
  child.once("error", (error) => ready.reject(error));
  await withDeadline("start of a client process", START_MS, ready.promise);

  let lastId = 0;
  const send = (command: unknown): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    lastId += 1;
    pending.set(lastId, answer);
    child.stdin.write(`${JSON.stringify({ id: lastId, command })}\n`);
    return answer.promise;
  };
  return {
    run: (command) => {
      const answer = withDeadline(`answer to ${command.do}`, COMMAND_MS, send(command));
      // Some tests look at an answer later, or kill the client in the middle of a command.
      answer.catch(() => undefined);
      return answer;
    },
    events: () => events,
    async kill() {
      child.kill("SIGKILL");
      await withDeadline("end after SIGKILL", END_MS, gone.promise);
    },
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async end() {
      await withDeadline("answer to close", COMMAND_MS, send({ do: "close" }));
      child.stdin.end();
      return withDeadline("end of a client that was closed", END_MS, gone.promise);
    },
  };
}

function settle(line: AnswerLine, answer: PendingAnswer | undefined): void {
  if (line.error === undefined) {
    answer?.resolve(line.value);
    return;
  }
  const { code, message, context } = line.error;
  answer?.reject(new CodisError(isErrorCode(code) ? code : "INTERNAL", message, { context }));
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
