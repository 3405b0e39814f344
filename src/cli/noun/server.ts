/**
 * `codis server …`: the Redis servers of a product's groups: what is stored, and what the last look at each
 * has found. A server is named by its address alone; its group is looked up.
 */
import type { V1Client } from "../../api/v1-client.ts";
import type { V1Group, V1Server } from "../../api/v1-topology-schema.ts";
import { CodisError } from "../../base/error.ts";
import { formatBytes, formatErrors, formatTable } from "../table.ts";
import { argumentAt, readAddr, readGroupId, readSwitch, SWITCH } from "./argument.ts";
import type { Noun, Verb } from "./program.ts";

/** Flags of `add`. */
interface AddFlags {
  readonly datacenter?: string;
  readonly replica?: boolean;
  readonly adopt?: boolean;
  readonly discardData?: boolean;
}

const ADD: Verb<AddFlags> = {
  use: "add <gid> <addr>",
  summary: "add a server to a group; the first one is its master",
  options: [
    ["--datacenter <name>", "where it is, to read from near replicas"],
    ["--replica", "make it follow the group's master at once"],
    ["--adopt", "take a first master that holds keys, while all slots are offline"],
    ["--discard-data", "take a replica that holds keys of its own: they are lost"],
  ],
  details:
    "The server is checked first: reachable, password, version, in no other group, and without keys that\n" +
    "don't belong to its group. To begin with the data of one Redis that you have:\n" +
    "  codis group create 1; codis server add 1 HOST:PORT --adopt; codis slot assign 0-1023 1 --yes",
  run: async ({ client, args, flags }) => {
    const groupId = readGroupId(argumentAt(args, 0));
    const server = await client.addServer(groupId, {
      addr: readAddr(argumentAt(args, 1), "address"),
      ...(flags.datacenter === undefined ? {} : { datacenter: flags.datacenter }),
      as_replica: flags.replica === true,
      adopt: flags.adopt === true,
      discard_data: flags.discardData === true,
    });
    const what = server.role === "master" ? "the master" : "a replica";
    const next =
      server.role === "replica" && flags.replica !== true
        ? `; it doesn't follow the master yet: codis server sync ${server.addr}`
        : "";
    return { json: server, text: `${server.addr} is ${what} of group ${groupId}${next}\n` };
  },
};

/** See the file head. */
export const SERVER: Noun = {
  name: "server",
  summary: "Redis servers: masters and replicas of the groups.",
  examples: [
    ["codis server add 1 127.0.0.1:6379", "the first server of a group is its master"],
    ["codis server add 1 127.0.0.1:6380 --replica", "the next ones are replicas"],
    ["codis server list", "roles, links, keys and memory"],
  ],
  whenNotFound: "codis group list shows the groups, codis server list the servers",
  verbs: [
    {
      use: "list",
      summary: "all servers",
      run: async ({ client }) => {
        const servers = (await client.groups()).flatMap((group) => group.servers);
        return { json: servers, text: serverTable(servers) };
      },
    },
    ADD,
    {
      use: "remove <addr>",
      summary: "take a server out of its group; its data stay on it",
      confirm: ({ args }) =>
        `Server ${readAddr(argumentAt(args, 0), "address")} will be taken out of its group.`,
      run: async ({ client, args }) => {
        const { groupId, addr, role } = await find(client, args);
        await client.removeServer(groupId, addr);
        const next =
          role === "master" ? "" : "; it follows its master until it gets REPLICAOF NO ONE";
        return { json: { removed: addr }, text: `${addr} is out of group ${groupId}${next}\n` };
      },
    },
    {
      use: "info <addr>",
      summary: "INFO of a server, asked now",
      run: async ({ client, args }) => {
        const { groupId, addr } = await find(client, args);
        const { info } = await client.serverInfo(groupId, addr);
        const lines = Object.entries(info).map(([name, value]) => `${name}:${value}\n`);
        return { json: info, text: lines.join("") };
      },
    },
    {
      use: "sync <addr>",
      summary: "make a server follow its group's master; it gets the master's data",
      run: async ({ client, args }) => {
        const { groupId, addr } = await find(client, args);
        const server = await client.startSync(groupId, addr);
        return {
          json: server,
          text:
            server.role === "master"
              ? `${addr} is the master of its group: it will be told to follow nobody\n`
              : `${addr} will follow its master; codis server list shows how far\n`,
        };
      },
    },
    {
      use: "cancel-sync <addr>",
      summary: "take that order back",
      run: async ({ client, args }) => {
        const { groupId, addr } = await find(client, args);
        await client.cancelSync(groupId, addr);
        return { json: { canceled: addr }, text: `the order for ${addr} is taken back\n` };
      },
    },
    {
      use: "reads <addr> <on|off>",
      choices: SWITCH,
      summary: "allow or forbid reading from a server when it is a replica",
      run: async ({ client, args }) => {
        const { groupId, addr } = await find(client, args);
        const isOn = readSwitch(argumentAt(args, 1));
        const server = await client.setReplicaReads(groupId, addr, isOn);
        return { json: server, text: `reads from ${addr} are ${isOn ? "on" : "off"}\n` };
      },
    },
  ],
};

/** Servers as a table. */
export function serverTable(servers: readonly V1Server[]): string {
  const head = [
    "GROUP",
    "SERVER",
    "ROLE",
    "STATUS",
    "LINK",
    "LAG",
    "VERSION",
    "KEYS",
    "MEMORY",
    "OPS/S",
    "READS",
    "SYNC",
  ];
  const rows = servers.map((server) => [
    server.group_id,
    server.addr,
    describeRole(server),
    server.status,
    server.role === "master" ? "" : server.master_link,
    server.role === "master" ? "" : formatBytes(server.lag_bytes),
    server.redis_version,
    server.keys,
    formatBytes(server.memory_bytes),
    server.ops_per_second,
    server.replica_reads,
    server.sync?.state ?? "",
  ]);
  const errors = servers.map(({ addr, error }) => [addr, error] as const);
  return formatTable([head, ...rows]) + formatErrors(errors);
}

/** What is stored, and what the server says when that differs. */
function describeRole({ role, reported_role: reported }: V1Server): string {
  const expected = role === "master" ? "master" : "slave";
  return reported === null || reported === expected ? role : `${role} (says ${reported})`;
}

async function find(
  client: V1Client,
  args: readonly string[],
): Promise<{ readonly groupId: number; readonly addr: string; readonly role: V1Server["role"] }> {
  const addr = readAddr(argumentAt(args, 0), "address");
  const groups: readonly V1Group[] = await client.groups();
  const server = groups.flatMap((group) => group.servers).find((one) => one.addr === addr);
  if (server === undefined) {
    throw new CodisError(
      "NOT_FOUND",
      `no group has the server ${addr}; codis server list shows all`,
    );
  }
  return { groupId: server.group_id, addr, role: server.role };
}
