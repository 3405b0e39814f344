/**
 * What a plan has to know of the masters that it is about: do they answer, are they masters of a version that
 * moves keys, how much memory is left, how safe is their log. And a trial: payloads of keys of one server are
 * shown to another, which says whether it could take them, and takes nothing.
 */
import { randomUUID } from "node:crypto";
import { isCodisError, messageOf } from "../../base/error.ts";
import type { MoveAbility } from "../../model/move-method.ts";
import { RedisClient } from "../../redis/client.ts";
import {
  infoKeys,
  infoNumber,
  isVersionAtLeast,
  parseVersion,
  type ServerInfo,
} from "../../redis/info.ts";
import { replicationOf } from "../../redis/replication.ts";
import { bytesOf } from "../../redis/reply.ts";
import { configGet, readInfo, selectDatabase } from "../../redis/server-command.ts";
import { replyTextOf } from "../../redis/server-error.ts";
import { readSlotAbility, type SlotAbility } from "../../redis/slot-ability.ts";
import type { SampleKey } from "./measure.ts";

/** A master at the moment of a plan. */
export interface MasterFacts {
  readonly groupId: number;
  readonly addr: string;
  /** undefined: it doesn't answer, and `problems` says why. */
  readonly info: ServerInfo | undefined;
  /** How keys can go from and to it. */
  readonly ability: MoveAbility;
  /** One line each. */
  readonly problems: readonly string[];
  /** `always`, `everysec`, `no`, or `off` without a log; undefined when it can't be asked. */
  readonly appendfsync: "always" | "everysec" | "no" | "off" | undefined;
  /** Replicas that follow it now. */
  readonly onlineReplicas: number;
}

/** Who is asked, and with what. */
export interface SurveyOptions {
  readonly groupId: number;
  readonly addr: string;
  /** Empty: no login. */
  readonly password: string;
  readonly signal?: AbortSignal | undefined;
}

/** From this version on servers count their IOERR replies, which movers need. */
const VERSION_MIN = [7, 0] as const;

/** Looks at one master. Never rejects: what is wrong becomes a problem. Bounded by the client's deadlines. */
export async function surveyMaster(options: SurveyOptions): Promise<MasterFacts> {
  const { groupId, addr } = options;
  const unknown = {
    ...{ groupId, addr, info: undefined, appendfsync: undefined, onlineReplicas: 0 },
    ability: abilityOf(undefined),
  };
  let client: RedisClient | undefined;
  try {
    client = await RedisClient.connect(options);
    const info = await readInfo(client);
    const replicas = replicationOf(info)?.replicas ?? [];
    const ability = abilityOf(info, await readSlotAbility(client));
    return {
      groupId,
      addr,
      info,
      ability,
      problems: masterProblems(groupId, addr, info, ability),
      appendfsync: await appendfsyncOf(client),
      onlineReplicas: replicas.filter(({ state }) => state === "online").length,
    };
  } catch (thrown) {
    return { ...unknown, problems: [`group ${groupId}: ${messageOf(thrown)}`] };
  } finally {
    client?.close();
  }
}

/** Bytes of the keys of a server, without what it needs for itself; undefined when it doesn't tell. */
export function dataBytesOf(info: ServerInfo | undefined): number | undefined {
  return infoNumber(info, "used_memory_dataset") ?? infoNumber(info, "used_memory");
}

/** Keys of all databases; 0 when the server doesn't tell. */
export function keyCountOf(info: ServerInfo | undefined): number {
  return infoKeys(info) ?? 0;
}

/** How keys can go from and to a server. */
export function abilityOf(
  info: ServerInfo | undefined,
  slotCommands: SlotAbility = "none",
): MoveAbility {
  const version = parseVersion(info?.["redis_version"]);
  const canMigrate = version !== undefined && isVersionAtLeast(version, ...VERSION_MIN);
  const replicas = (info && replicationOf(info)?.replicas) ?? [];
  const isReplicated = replicas.some(({ state }) => state === "online");
  return { slotCommands, canMigrate, isReplicated };
}

/** Why keys can't be moved from or to this master, by its INFO; one line each. */
export function masterProblems(
  groupId: number,
  addr: string,
  info: ServerInfo,
  { slotCommands, canMigrate }: MoveAbility,
): readonly string[] {
  const name = `group ${groupId}: server ${addr}`;
  const problems: string[] = [];
  if (!canMigrate && slotCommands === "none") {
    problems.push(
      `${name} has version ${info["redis_version"] ?? "unknown"}; keys are moved from and to Redis 7.0 or later`,
    );
  }
  if (info["role"] !== "master") {
    problems.push(`${name} is a replica, but the first server of a group has to be a master`);
  }
  if (info["loading"] === "1") {
    problems.push(`${name} still reads its data from disk`);
  }
  return problems;
}

async function appendfsyncOf(client: RedisClient): Promise<MasterFacts["appendfsync"]> {
  try {
    if ((await configGet(client, "appendonly")) !== "yes") {
      return "off";
    }
    const value = await configGet(client, "appendfsync");
    return value === "always" || value === "everysec" || value === "no" ? value : undefined;
  } catch (thrown) {
    if (isCodisError(thrown, "SERVER_REFUSED")) {
      return undefined; // CONFIG has another name there, or isn't for this user.
    }
    throw thrown;
  }
}

/** Where sample keys are, and where they would go. */
export interface PayloadTrial {
  readonly source: SurveyOptions;
  readonly target: SurveyOptions;
  readonly samples: readonly SampleKey[];
}

/**
 * Why the target couldn't take keys of the source (too new a format, no memory, no right), in one line;
 * undefined when it could, or nobody can tell (no sample is left). The payloads are sent with a time of
 * expiry that is over: the target reads and checks them, answers, and stores nothing.
 */
export async function tryPayloads(trial: PayloadTrial): Promise<string | undefined> {
  const name = `group ${trial.target.groupId}: server ${trial.target.addr}`;
  const clients: RedisClient[] = [];
  try {
    const source = await RedisClient.connect(trial.source);
    clients.push(source);
    const target = await RedisClient.connect(trial.target);
    clients.push(target);
    for (const { db, key } of trial.samples) {
      await selectDatabase(source, db);
      const payload = bytesOf(await source.call(["DUMP", key]));
      if (payload !== undefined) {
        await target.call(["RESTORE", `codis-trial-${randomUUID()}`, "1", payload, "ABSTTL"]);
      }
    }
    return undefined;
  } catch (thrown) {
    const reply = replyTextOf(thrown);
    if (reply === undefined) {
      return `group ${trial.target.groupId}: ${messageOf(thrown)}`;
    }
    return /DUMP payload version|Bad data format/.test(reply)
      ? `${name} can't read keys of ${trial.source.addr}: its version is older ("${reply}")`
      : `${name} doesn't take keys of ${trial.source.addr}: "${reply}"`;
  } finally {
    for (const client of clients) {
      client.close();
    }
  }
}
