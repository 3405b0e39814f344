/**
 * `codis ha status|history`: whether dead masters are replaced and by whom, and the stories of masters that were.
 * `codis ha` with flags is the daemon beside a dashboard (`src/cli/ha`); `main.ts` tells them apart.
 */
import type { V1Availability } from "../../api/v1-availability-schema.ts";
import { CodisError } from "../../base/error.ts";
import { formatCount, formatFacts, formatTable } from "../table.ts";
import { readGroupId } from "./argument.ts";
import { describeFailover, describeFaults, failoverTable } from "./failover-text.ts";
import type { Answer, Noun, Verb, VerbCall } from "./program.ts";

interface HistoryFlags {
  readonly group?: string;
}

const HISTORY: Verb<HistoryFlags> = {
  use: "history [id]",
  summary: "stories of changed masters; the newest, or one, line by line",
  options: [["--group <gid>", "only those of this group"]],
  details:
    "Each line of a story has its distance from the beginning: what was seen, who voted, what was decided,\n" +
    "when each proxy had the new master. The newest 100 are kept.",
  run: history,
};

async function history({ client, args, flags }: VerbCall<HistoryFlags>): Promise<Answer> {
  const [id] = args;
  if (id !== undefined) {
    if (!/^\d+-\d+$/.test(id)) {
      throw new CodisError(
        "USAGE",
        `invalid id ${id}: expected one like 3-1; see codis ha history`,
      );
    }
    const story = await client.failover(id);
    return { json: story, text: describeFailover(story) };
  }
  const groupId = flags.group === undefined ? undefined : readGroupId(flags.group);
  const stories = await client.failovers({ groupId });
  const [newest] = stories;
  if (newest === undefined) {
    return { json: stories, text: "no master was changed yet\n" };
  }
  const story = await client.failover(newest.id);
  return { json: stories, text: `${failoverTable(stories)}\n${describeFailover(story)}` };
}

/** See the file head. */
export const HA: Noun = {
  name: "ha",
  summary:
    "High availability: who replaces dead masters, and what happened. (codis ha --help: the daemon.)",
  examples: [
    ["codis ha status", "detector, sentinels, faults, proxies that are gone"],
    ["codis ha history", "masters that were changed, and the newest story"],
    ["codis ha history 3-1", "one story, line by line"],
  ],
  whenNotFound: "codis ha history shows all",
  verbs: [
    {
      use: "status",
      summary: "detector, sentinels, faults of replication, proxies that are gone",
      run: async ({ client }) => {
        const now = await client.availability();
        return { json: now, text: describeStatus(now) };
      },
    },
    HISTORY,
  ],
};

function describeStatus(now: V1Availability): string {
  const facts = formatFacts([
    ["detector", describeDetector(now.detector)],
    ["sentinels", now.sentinels.length === 0 ? "none" : now.sentinels.join(" ")],
    ["faults", now.faults.length],
    [
      "under way",
      now.running.length === 0
        ? "nothing"
        : now.running.map(({ id, group_id: gid }) => `${id} (group ${gid})`).join(" "),
    ],
  ]);
  return [
    facts,
    ...(now.faults.length === 0 ? [] : [`\n${describeFaults(now.faults)}`]),
    ...(now.fences.length === 0 ? [] : [`\n${describeFences(now.fences)}`]),
  ].join("");
}

function describeDetector({ enabled, text }: V1Availability["detector"]): string {
  return `${enabled ? "on" : "off"}: ${text.replace(/^(?:on|off): /, "")}`;
}

function describeFences(fences: V1Availability["fences"]): string {
  const rows = fences.map((fence) => [fence.token, fence.state, fence.proof, fence.since]);
  const texts = fences.map(({ state, text }) => `${state === "unprovable" ? "!" : "-"} ${text}\n`);
  const open = fences.filter(({ state }) => state === "unprovable").length;
  const next =
    open === 0
      ? ""
      : `${formatCount(open, "proxy needs", "proxies need")} your word: codis proxy gone TOKEN\n`;
  return [formatTable([["PROXY", "STATE", "PROOF", "SINCE"], ...rows]), ...texts, next].join("");
}
