/**
 * `codis config`: the command line of Codis 1.9 and 2.0, for scripts and habits of those days, speaking to a
 * dashboard of today. Takes the arguments after the command's name and resolves with an exit code, or
 * rejects with a `CodisError`, which becomes one line.
 */
import { ACTION } from "./action.ts";
import { dashboardVerb, type RunDashboard } from "./dashboard.ts";
import { runProgram } from "./program.ts";
import { PROXY } from "./proxy.ts";
import { SERVER } from "./server.ts";
import { SLOT } from "./slot.ts";

/** `codis config ARGV`; `runDashboard` is for `codis config dashboard`. */
export function runConfig(argv: readonly string[], runDashboard: RunDashboard): Promise<number> {
  return runProgram([SERVER, SLOT, PROXY, ACTION], [dashboardVerb(runDashboard)], argv);
}
