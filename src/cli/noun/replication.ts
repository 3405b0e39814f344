/**
 * Verbs of `codis group` about masters and replicas: `promote` makes another server the master, `faults` shows where
 * servers aren't what is stored, and `repair` makes them so. Each is one call of `/api/v1`; what changes something
 * asks first.
 */
import type { V1RepairReport } from "../../api/v1-availability-schema.ts";
import { CodisError } from "../../base/error.ts";
import { formatCount } from "../table.ts";
import { argumentAt, readAddr, readGroupId } from "./argument.ts";
import { describeFaults, describePromotion, formatPause } from "./failover-text.ts";
import type { Answer, Verb, VerbCall } from "./program.ts";

interface DryRunFlags {
  readonly dryRun?: boolean;
}

/** Makes a replica the master, with the old one alive. */
export const PROMOTE: Verb<DryRunFlags> = {
  use: "promote <gid> <addr>",
  summary: "make a replica the master of its group, without losing a write",
  options: [["--dry-run", "show what it would mean; change nothing"]],
  details:
    "Writes to the group wait for some milliseconds, at most promotion_timeout of the dashboard; what isn't\n" +
    "done by then is undone, and the old master serves on. The old master becomes a replica. It has to be\n" +
    "alive: a dead one is replaced by sentinels or by the dashboard's detector (codis ha status).",
  confirm: ({ args, flags }) => {
    const groupId = readGroupId(argumentAt(args, 0));
    const addr = readAddr(argumentAt(args, 1), "address");
    return flags.dryRun === true
      ? undefined
      : `${addr} will be the master of group ${groupId}; its writes wait for some milliseconds.`;
  },
  run: promote,
};

async function promote({ client, args, flags }: VerbCall<DryRunFlags>): Promise<Answer> {
  const groupId = readGroupId(argumentAt(args, 0));
  const addr = readAddr(argumentAt(args, 1), "address");
  if (flags.dryRun === true) {
    const plan = await client.planPromotion(groupId, addr);
    const [problem] = plan.problems;
    const failure =
      problem === undefined
        ? undefined
        : new CodisError("STATE_CONFLICT", `${addr} can't be promoted now: ${problem}`);
    return { json: plan, text: describePromotion(plan), failure };
  }
  const story = await client.promoteServer(groupId, addr);
  const pause = story.pause_ms === null ? "" : `, writes waited ${formatPause(story.pause_ms)}`;
  return {
    json: story,
    text:
      `${addr} is the master of group ${groupId}${pause}; ${story.from} follows it\n` +
      `codis ha history ${story.id} tells how it went\n`,
  };
}

/** Makes servers what is stored. */
export const REPAIR: Verb<DryRunFlags> = {
  use: "repair [gid]",
  summary: "make the servers of a group, or of all, what is stored: master and replicas",
  options: [["--dry-run", "show what would be done; change nothing"]],
  details:
    "A server that follows the wrong master, or that says it is a master and isn't the stored one, is made a\n" +
    "replica of the stored master: what it has and the master hasn't is lost. codis group faults shows them.",
  confirm: ({ args, flags }) => {
    const where = args[0] === undefined ? "all groups" : `group ${readGroupId(args[0])}`;
    return flags.dryRun === true
      ? undefined
      : `Servers of ${where} that aren't what is stored will follow their stored master.`;
  },
  run: async ({ client, args, flags }) => {
    const [gid] = args;
    const report = await client.repairReplication({
      ...(gid === undefined ? {} : { group_id: readGroupId(gid) }),
      dry_run: flags.dryRun === true,
    });
    return { json: report, text: describeRepair(report), failure: findRepairFailure(report) };
  },
};

function describeRepair({ done, failed, dry_run: isDryRun }: V1RepairReport): string {
  if (done.length === 0 && failed.length === 0) {
    return "nothing to repair: all servers do what is stored\n";
  }
  const head = isDryRun ? ["would be done:\n"] : [];
  return [...head, ...done.map((line) => `${line}\n`)].join("");
}

function findRepairFailure({ failed }: V1RepairReport): CodisError | undefined {
  return failed.length === 0
    ? undefined
    : new CodisError(
        "STATE_CONFLICT",
        `${formatCount(failed.length, "server stays", "servers stay")} as it is: ${failed.join("; ")}`,
      );
}

/** Where servers differ from what is stored. */
export const FAULTS: Verb = {
  use: "faults",
  summary:
    "servers that aren't what is stored: masters that don't answer, wrong or broken links, lag",
  details: "Lines with ! need an operator; those with - are mended by codis group repair.",
  run: async ({ client }) => {
    const { faults } = await client.availability();
    return { json: faults, text: describeFaults(faults) };
  },
};
