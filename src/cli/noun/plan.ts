/**
 * `codis plan …`: plans of moving slots that were made before. A dashboard keeps the newest few in memory, so a
 * plan lasts until a start or until another dashboard leads.
 */
import { CodisError } from "../../base/error.ts";
import { argumentAt } from "./argument.ts";
import {
  CARRY_DETAILS,
  CARRY_OPTIONS,
  type CarryFlags,
  carryOut,
  START_OPTIONS,
} from "./carry-out.ts";
import { readPlanRequest } from "./plan-input.ts";
import { describePlan } from "./plan-text.ts";
import type { Noun, Verb } from "./program.ts";

const START: Verb<CarryFlags> = {
  use: "start <id>",
  summary: "carry out a plan that was made with --dry-run, and show how far it is",
  options: START_OPTIONS,
  asksItself: true,
  details:
    "Refused when it isn't true any more: slots or groups have changed since it was made. Ctrl+C ends only the\n" +
    "watching; the operation goes on.",
  run: (call) => carryOut(call, () => call.client.plan(readPlanId(argumentAt(call.args, 0)))),
};

const IMPORT: Verb<CarryFlags> = {
  use: "import <file>",
  summary: "make a plan of the moves in a file, or - for stdin, and carry it out",
  options: CARRY_OPTIONS,
  asksItself: true,
  details:
    "The file is what codis plan show ID --json prints, or the moves alone:\n" +
    '{"moves": [{"slot_id": 12, "from_group_id": 1, "to_group_id": 2}]}. Refused when a slot isn\'t with its\n' +
    `from_group_id; without one it may be anywhere. ${CARRY_DETAILS}`,
  run: async (call) => {
    const request = await readPlanRequest(argumentAt(call.args, 0));
    return carryOut(call, () => call.client.createPlan(request));
  },
};

/** See the file head. */
export const PLAN: Noun = {
  name: "plan",
  summary: "Plans of moving slots; codis rebalance and codis slot migrate make them.",
  examples: [
    ["codis rebalance --dry-run", "make a plan and show it; its first line has its id"],
    ["codis plan show p-1-3", "show it again"],
    ["codis plan start p-1-3", "carry out just that"],
    ["codis plan show p-1-3 --json > plan.json", "keep it as a file"],
    ["codis plan import plan.json --dry-run", "the same moves as a new plan, later or elsewhere"],
  ],
  whenNotFound: "codis rebalance --dry-run makes a new one",
  verbs: [
    {
      use: "show <id>",
      summary: "a plan: which slots move, and what that means",
      run: async ({ client, args }) => {
        const plan = await client.plan(readPlanId(argumentAt(args, 0)));
        return { json: plan, text: describePlan(plan) };
      },
    },
    START,
    IMPORT,
  ],
};

function readPlanId(text: string): string {
  if (!/^p-\d+-\d+$/.test(text)) {
    throw new CodisError("USAGE", `invalid plan ${text}: expected a form like p-1-3`);
  }
  return text;
}
