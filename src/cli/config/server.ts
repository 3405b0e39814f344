/**
 * `codis config server …`: groups and their Redis servers. As in Codis 2.0, adding a server makes a missing
 * group, the first server of a group is its master whatever role was asked for, and a slave is made to follow
 * its master at once.
 */
import { legacyGroupJson } from "../../api/legacy-json.ts";
import type { V1Group } from "../../api/v1-topology-schema.ts";
import { CodisError, isCodisError } from "../../base/error.ts";
import { argumentAt, readAddr, readGroupId } from "../noun/argument.ts";
import { type ConfigCall, type ConfigNoun, OK } from "./program.ts";

/** See the file head. */
export const SERVER: ConfigNoun = {
  name: "server",
  summary: "groups and their Redis servers",
  verbs: [
    {
      use: "list",
      summary: "all groups with their servers",
      run: async ({ dashboard }) => {
        const { client, product } = await dashboard();
        return (await client.groups()).map((group) => groupToJson(product.name, group));
      },
    },
    {
      use: "add <group_id> <redis_addr> <role>",
      summary: "add a server to a group; role is master or slave",
      run: addServer,
    },
    {
      use: "remove <group_id> <redis_addr>",
      summary: "take a server out of its group; its data stay on it",
      run: async ({ dashboard, args }) => {
        const { groupId, addr } = readServer(args);
        await (await dashboard()).client.removeServer(groupId, addr);
        return OK;
      },
    },
    {
      use: "promote <group_id> <redis_addr>",
      summary: "make a slave the master of its group",
      run: async ({ dashboard, args }) => {
        const { groupId, addr } = readServer(args);
        await (await dashboard()).topom.promoteServer(groupId, addr);
        return OK;
      },
    },
    {
      use: "add-group <group_id>",
      summary: "make an empty group",
      run: async ({ dashboard, args }) => {
        const groupId = readGroupId(argumentAt(args, 0));
        await (await dashboard()).client.createGroup(groupId);
        return OK;
      },
    },
    {
      use: "remove-group <group_id>",
      summary: "remove an empty group",
      run: async ({ dashboard, args }) => {
        const groupId = readGroupId(argumentAt(args, 0));
        await (await dashboard()).client.removeGroup(groupId);
        return OK;
      },
    },
  ],
};

async function addServer({ dashboard, args, note }: ConfigCall<object>): Promise<typeof OK> {
  const { groupId, addr } = readServer(args);
  const role = argumentAt(args, 2);
  if (role !== "master" && role !== "slave") {
    throw new CodisError("USAGE", `invalid role ${role}: expected master or slave`);
  }
  const { client } = await dashboard();
  const group = (await client.groups()).find(({ id }) => id === groupId);
  const master = group?.servers[0]?.addr;
  if (role === "master" && master !== undefined) {
    throw new CodisError(
      "STATE_CONFLICT",
      `group ${groupId} has a master already, ${master}: add this server as slave`,
    );
  }
  if (group === undefined) {
    await client.createGroup(groupId);
    note(`group ${groupId} is new`);
  }
  try {
    await client.addServer(groupId, { addr, as_replica: role === "slave" });
  } catch (thrown) {
    // Without an answer it isn't known whether the group is still empty.
    if (group === undefined && !isCodisError(thrown, "REMOTE_UNREACHABLE")) {
      await client.removeGroup(groupId);
      note(`group ${groupId} is removed again`);
    }
    throw thrown;
  }
  if (role === "slave" && master === undefined) {
    note(`${addr} is the master of group ${groupId}, because it is its first server`);
  }
  return OK;
}

function readServer(args: readonly string[]): { readonly groupId: number; readonly addr: string } {
  return {
    groupId: readGroupId(argumentAt(args, 0)),
    addr: readAddr(argumentAt(args, 1), "address"),
  };
}

function groupToJson(product: string, group: V1Group) {
  const addrs = group.servers.map(({ addr }) => addr);
  return legacyGroupJson(product, group.id, addrs);
}
