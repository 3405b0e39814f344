/**
 * From a plan to its end, for all command lines that move slots: show it, ask, start it, watch it. With `--dry-run`
 * it ends after the first step, with `--no-wait` after the third.
 *
 * While it watches and stdout isn't a terminal, or with `--json`, stdout has one JSON object in each line:
 * `{"plan": …}`, then `{"operation": …}` after each change.
 */
import type { V1Plan } from "../../api/v1-operation-schema.ts";
import { CodisError } from "../../base/error.ts";
import { EXIT } from "../exit-code.ts";
import { formatAmount } from "../figure.ts";
import { printOut } from "../output.ts";
import { formatCount } from "../table.ts";
import { describePlan, findProblem } from "./plan-text.ts";
import type { Answer, VerbCall, VerbFlags, VerbOption } from "./program.ts";
import { agrees, hasSomebodyToAsk } from "./question.ts";
import { readSpeed, SPEED_OPTIONS, type SpeedFlags } from "./speed.ts";
import { isForPrograms, watchOperation } from "./watch.ts";

/** Flags of `CARRY_OPTIONS`. */
export interface CarryFlags extends SpeedFlags {
  readonly dryRun?: boolean;
  /** False: `--no-wait`. */
  readonly wait?: boolean;
}

/** For verbs that start a plan. */
export const START_OPTIONS: readonly VerbOption[] = [
  ...SPEED_OPTIONS,
  ["--no-wait", "start it and don't watch it"],
];

/** For verbs that make a plan first. */
export const CARRY_OPTIONS: readonly VerbOption[] = [
  ["--dry-run", "make the plan and show it, but start nothing"],
  ...START_OPTIONS,
];

/** For `--help` of such verbs. */
export const CARRY_DETAILS =
  "Shows the plan, asks, starts it and shows how far it is. While it watches and stdout isn't a terminal,\n" +
  "or with --json, each line is a JSON object. Ctrl+C ends only the watching; the operation goes on:\n" +
  `codis operation list. Exit code ${EXIT.failed}: the plan has problems, or the operation was cancelled;\n` +
  `${EXIT.interrupted}: Ctrl+C.`;

/** See the file head. Rejects with USAGE before anything else when nobody could be asked. */
export async function carryOut(
  call: VerbCall<CarryFlags>,
  makePlan: () => Promise<V1Plan>,
): Promise<Answer> {
  const { client, flags } = call;
  const speed = readSpeed(flags);
  if (flags.dryRun === true) {
    const plan = await makeTold(makePlan, flags);
    return { json: plan, text: describePlan(plan), failure: findProblem(plan) };
  }
  if (flags.yes !== true && !hasSomebodyToAsk()) {
    throw new CodisError(
      "USAGE",
      "slots would move. Nothing was done: say --yes where nobody can be asked, or --dry-run to see the plan",
    );
  }
  const plan = await makeTold(makePlan, flags);
  const isShown = await showPlan(plan, flags);
  const problem = findProblem(plan);
  if (problem !== undefined || plan.moves.length === 0) {
    return { json: isShown ? undefined : plan, text: "", failure: problem };
  }
  if (flags.yes !== true && !(await agrees(describeQuestion(plan)))) {
    process.stderr.write("nothing was changed\n");
    return { json: undefined, text: "", exitCode: EXIT.failed };
  }
  const operation = await client.startOperation({ plan: plan.id, ...speed });
  if (flags.wait !== false) {
    return watchOperation(client, operation, { isJson: flags.json === true });
  }
  const { id } = operation;
  return {
    json: operation,
    text: `operation ${id} is started; codis operation watch ${id} shows how far it is\n`,
  };
}

/** Busy servers are measured slowly: whoever sits there sees meanwhile what is waited for. */
async function makeTold(makePlan: () => Promise<V1Plan>, { json }: VerbFlags): Promise<V1Plan> {
  if (json === true || !process.stderr.isTTY) {
    return makePlan();
  }
  process.stderr.write("looking at the servers and their keys …");
  try {
    return await makePlan();
  } finally {
    // The line is taken away again.
    process.stderr.write("\r\u001b[2K");
  }
}

/** Shows it where it is looked for; whoever is asked sees it in any case. Resolves with whether stdout has it. */
async function showPlan(plan: V1Plan, flags: CarryFlags & VerbFlags): Promise<boolean> {
  const isJson = flags.json === true;
  const isWatched = flags.wait !== false;
  const isLine = isWatched && isForPrograms(isJson);
  if (isLine) {
    await printOut(`${JSON.stringify({ plan })}\n`);
  } else if (!isJson) {
    await printOut(describePlan(plan));
    return true;
  }
  if (flags.yes !== true) {
    process.stderr.write(describePlan(plan));
  }
  return isLine;
}

function describeQuestion({ moves, keys }: V1Plan): string {
  const slots = formatCount(moves.length, "slot", "slots");
  return `${slots} with ${formatAmount(keys)} keys will move, while clients work. Go on?`;
}
