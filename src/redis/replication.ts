/**
 * What a server says about its replication, from INFO: what it is, whom it follows and how far, and who
 * follows it. Pure.
 */
import { formatHostPort } from "../model/address.ts";
import { infoNumber, type ServerInfo } from "./info.ts";

/** A server that follows the one that was asked. */
export interface ReplicaFacts {
  /** `host:port` as its master sees it: an IP, also where the topology has a name. */
  readonly addr: string;
  /** `online`, `wait_bgsave`, `send_bulk`. */
  readonly state: string;
  /** Bytes of the replication stream that it confirmed. */
  readonly offset: number | undefined;
  /** Full seconds since it confirmed something last; a healthy one does it every second. */
  readonly lagSeconds: number | undefined;
}

/** See the file head. */
export interface ReplicationFacts {
  readonly role: "master" | "replica";
  /** The address as it was given to REPLICAOF; undefined for a master. */
  readonly masterAddr: string | undefined;
  /** Whether a replica is connected to its master and has its data; false for a master. */
  readonly isLinkUp: boolean;
  /** Its master's data is on the way. */
  readonly isSyncing: boolean;
  /** Bytes of the stream: written by a master, taken over by a replica. */
  readonly offset: number | undefined;
  /** Name of the stream, the same on a master and those who follow it (Redis >= 4). */
  readonly streamId: string | undefined;
  readonly replicas: readonly ReplicaFacts[];
}

/** Reads the section `replication`; undefined when the record has none. */
export function replicationOf(info: ServerInfo): ReplicationFacts | undefined {
  const role = info["role"];
  if (role !== "master" && role !== "slave") {
    return undefined;
  }
  const isReplica = role === "slave";
  return {
    role: isReplica ? "replica" : "master",
    masterAddr: isReplica ? info["master_addr"] : undefined,
    isLinkUp: isReplica && info["master_link_status"] === "up",
    isSyncing: isReplica && info["master_sync_in_progress"] === "1",
    offset: infoNumber(info, isReplica ? "slave_repl_offset" : "master_repl_offset"),
    streamId: info["master_replid"],
    replicas: replicasOf(info),
  };
}

function replicasOf(info: ServerInfo): readonly ReplicaFacts[] {
  const replicas: ReplicaFacts[] = [];
  for (const [name, value] of Object.entries(info)) {
    if (!/^slave\d+$/.test(name)) {
      continue;
    }
    const fields = new Map(value.split(",").map((part) => splitOnce(part, "=")));
    const host = fields.get("ip") ?? "";
    const port = Number(fields.get("port"));
    if (host !== "" && Number.isInteger(port)) {
      const offset = Number(fields.get("offset") ?? Number.NaN);
      const lag = Number(fields.get("lag") ?? Number.NaN);
      replicas.push({
        addr: formatHostPort({ host, port }),
        state: fields.get("state") ?? "",
        offset: Number.isSafeInteger(offset) ? offset : undefined,
        lagSeconds: Number.isSafeInteger(lag) && lag >= 0 ? lag : undefined,
      });
    }
  }
  return replicas;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
