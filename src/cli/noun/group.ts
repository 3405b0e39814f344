/**
 * `codis group …`: the groups of a product, as tables for people and JSON for programs. Every verb is one
 * call of `/api/v1`. Those about masters and replicas are in `replication.ts`.
 */
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Group, V1PushReport } from "../../api/v1-topology-schema.ts";
import { CodisError } from "../../base/error.ts";
import { formatCount, formatSpan, formatTable } from "../table.ts";
import { argumentAt, readGroupId } from "./argument.ts";
import type { Answer, Noun } from "./program.ts";
import { FAULTS, PROMOTE, REPAIR } from "./replication.ts";
import { serverTable } from "./server.ts";

/** See the file head. */
export const GROUP: Noun = {
  name: "group",
  summary: "Groups: a master and its replicas, and the slots that they hold.",
  examples: [
    ["codis group create 1", "make a group"],
    ["codis server add 1 127.0.0.1:6379", "give it a master"],
    ["codis group list", "all groups, masters and slots"],
    ["codis group promote 1 127.0.0.1:6380", "make a replica the master, without losing a write"],
    ["codis group faults", "servers that aren't what is stored; codis group repair mends"],
  ],
  whenNotFound: "codis group list shows all groups",
  verbs: [
    {
      use: "list",
      summary: "all groups",
      run: async ({ client }) => {
        const groups = await client.groups();
        return { json: groups, text: groupTable(groups) };
      },
    },
    {
      use: "show <gid>",
      summary: "one group and its servers",
      run: async ({ client, args }) => {
        const group = await client.group(readGroupId(argumentAt(args, 0)));
        return { json: group, text: `${groupTable([group])}\n${serverTable(group.servers)}` };
      },
    },
    {
      use: "create <gid>",
      summary: "make an empty group",
      details:
        "Then: codis server add GID HOST:PORT, and codis slot assign 0-1023 GID for a new product.",
      run: async ({ client, args }) => {
        const group = await client.createGroup(readGroupId(argumentAt(args, 0)));
        return {
          json: group,
          text: `group ${group.id} is made; next: codis server add ${group.id} HOST:PORT\n`,
        };
      },
    },
    {
      use: "remove <gid>",
      summary: "remove an empty group",
      confirm: ({ args }) => `Group ${readGroupId(argumentAt(args, 0))} will be removed.`,
      run: async ({ client, args }) => {
        const id = readGroupId(argumentAt(args, 0));
        await checkEmpty(client, id);
        await client.removeGroup(id);
        return { json: { removed: id }, text: `group ${id} is removed\n` };
      },
    },
    {
      use: "resync [gid]",
      summary: "push the slots of a group, or of all, to the proxies again",
      run: async ({ client, args }) => resync(client, args[0]),
    },
    PROMOTE,
    REPAIR,
    FAULTS,
  ],
};

/** The dashboard refuses it too; here it is told how to empty it. */
async function checkEmpty(client: V1Client, id: number): Promise<void> {
  const { slots, servers } = await client.group(id);
  if (slots.count > 0) {
    throw new CodisError(
      "STATE_CONFLICT",
      `group ${id} has ${formatCount(slots.count, "slot", "slots")}; first: codis rebalance --drain ${id}`,
    );
  }
  if (servers.length > 0) {
    const addrs = servers.map(({ addr }) => addr).toReversed();
    throw new CodisError(
      "STATE_CONFLICT",
      `group ${id} has servers; first, for each of them: codis server remove ${addrs.join(", ")}`,
    );
  }
}

function groupTable(groups: readonly V1Group[]): string {
  const rows = groups.map((group) => [
    group.id,
    group.servers[0]?.addr,
    group.servers.length === 0 ? "empty" : (group.servers[0]?.status ?? "unknown"),
    Math.max(0, group.servers.length - 1),
    group.slots.count,
    group.slots.ranges.map(({ from, to }) => formatSpan(from, to)).join(","),
    group.out_of_sync,
    group.faults.length,
  ]);
  const head = [
    "GROUP",
    "MASTER",
    "STATUS",
    "REPLICAS",
    "SLOTS",
    "RANGES",
    "OUT OF SYNC",
    "FAULTS",
  ];
  return formatTable([head, ...rows]);
}

async function resync(client: V1Client, gid: string | undefined): Promise<Answer> {
  const report =
    gid === undefined ? await client.resyncProduct() : await client.resyncGroup(readGroupId(gid));
  return answerPush(report);
}

/** What a push to all proxies came to. */
export function answerPush(report: V1PushReport): Answer {
  return { json: report, text: describePush(report), failure: findPushFailure(report) };
}

/** How many proxies have it. */
export function describePush({ synced }: V1PushReport): string {
  const verb = synced.length === 1 ? "has" : "have";
  return `${formatCount(synced.length, "proxy", "proxies")} ${verb} the newest slots\n`;
}

/** `PROXY_CALL_FAILED` with the proxies that don't have it yet; undefined when all have. */
export function findPushFailure({ failed }: V1PushReport): CodisError | undefined {
  if (failed.length === 0) {
    return undefined;
  }
  const list = failed.map(({ token, reason }) => `${token}: ${reason}`).join("; ");
  const who = formatCount(failed.length, "proxy doesn't", "proxies don't");
  return new CodisError(
    "PROXY_CALL_FAILED",
    `stored, but ${who} have it yet and will get it as soon as possible: ${list}`,
  );
}
