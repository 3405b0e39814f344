/**
 * A program for the contract suite: opens the coordinator that its first argument describes (JSON:
 * `ClientTarget`) and does what stdin says, one command a line: `{"id":1,"command":{"do":"held"}}`.
 *
 * Prints `{"ready":true}`, then for each command `{"id":1,"value":…}` or
 * `{"id":1,"error":{"code","message","context"}}`, and an object with `event` for whatever else happens.
 * Commands run at the same time; each answer comes when it is there. It ends by itself when the
 * coordinator was closed and stdin has ended; it never calls `exit`, so a handle left open shows.
 */
import { createInterface } from "node:readline";
import { CodisError, messageOf } from "../../src/base/error.ts";
import { type CoordinatorOptions, openCoordinator } from "../../src/coordinator/open.ts";
import { type ClientCommand, CommandRunner } from "./client-command.ts";

interface CommandLine {
  readonly id: number;
  readonly command: ClientCommand;
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function describeError(thrown: unknown): unknown {
  return thrown instanceof CodisError
    ? { code: thrown.code, message: thrown.message, context: thrown.context }
    : { code: "INTERNAL", message: `not a CodisError: ${messageOf(thrown)}`, context: {} };
}

const options: CoordinatorOptions = JSON.parse(process.argv[2] ?? "{}");
const runner = new CommandRunner(await openCoordinator(options), say);
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const { id, command }: CommandLine = JSON.parse(line);
  runner.run(command).then(
    (value) => say({ id, value }),
    (thrown: unknown) => say({ id, error: describeError(thrown) }),
  );
});
say({ ready: true });
