/**
 * What one look at a server has shown, as far as replication goes: the form in which figures of the poller and looks
 * made right now are judged by the same rules. Pure, but for `lookAt`.
 *
 * A server that still reads its data from disk answers INFO, but nobody knows yet what it holds: it counts as one that
 * doesn't answer.
 */
import { messageOf } from "../../../base/error.ts";
import { infoKeys, infoNumber, type ServerInfo } from "../../../redis/info.ts";
import { type ReplicationFacts, replicationOf } from "../../../redis/replication.ts";
import { fetchInfo } from "../../../redis/server-command.ts";
import type { ServerFigures } from "../../control.ts";

/** What a server says about itself. */
export interface ServerFacts extends ReplicationFacts {
  readonly runId: string;
  /** Keys of all databases. */
  readonly keys: number;
  /** Name of the stream that it followed before it became a master; undefined: none. */
  readonly formerStreamId: string | undefined;
  /** Seconds since a replica heard from its master; undefined for others. */
  readonly silentSeconds: number | undefined;
  /** Grows with every change of its data, until it saves them. */
  readonly changes: number | undefined;
}

/** One look. */
export interface Sight {
  /** As the topology spells it. */
  readonly addr: string;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  /** undefined: it doesn't answer, or is loading. */
  readonly facts: ServerFacts | undefined;
  /** Why there are no facts, one line; else empty. */
  readonly problem: string;
}

/** How a look is made. */
export interface LookOptions {
  readonly password: string;
  /** Connecting, and each answer, milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const NO_STREAM = /^0*$/;

/** Looks now, over a connection of its own. Never rejects: what goes wrong is the sight's `problem`. */
export async function lookAt(
  addr: string,
  options: LookOptions,
  nowMs: () => number,
): Promise<Sight> {
  try {
    const info = await fetchInfo({
      addr,
      password: options.password,
      connectTimeoutMs: options.timeoutMs,
      callTimeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    return sightOf(addr, info, nowMs());
  } catch (thrown) {
    return { addr, atMs: nowMs(), facts: undefined, problem: messageOf(thrown) };
  }
}

/** Figures are asked for more often than they change. */
const sightByFigures = new WeakMap<ServerFigures, Sight>();

/** The poller's last look. */
export function sightOfFigures(figures: ServerFigures): Sight {
  const known = sightByFigures.get(figures);
  if (known !== undefined) {
    return known;
  }
  const { addr, info, atMs, error } = figures;
  const sight =
    info === undefined
      ? { addr, atMs, facts: undefined, problem: error ?? `server ${addr} doesn't answer` }
      : sightOf(addr, info, atMs);
  sightByFigures.set(figures, sight);
  return sight;
}

/** An answer to INFO. */
export function sightOf(addr: string, info: ServerInfo, atMs: number): Sight {
  const replication = replicationOf(info);
  if (info["loading"] === "1" || replication === undefined) {
    const problem =
      replication === undefined
        ? `server ${addr} says nothing about its replication`
        : `server ${addr} still reads its data from disk`;
    return { addr, atMs, facts: undefined, problem };
  }
  const former = info["master_replid2"] ?? "";
  const facts: ServerFacts = {
    ...replication,
    runId: info["run_id"] ?? "",
    keys: infoKeys(info) ?? 0,
    formerStreamId: NO_STREAM.test(former) ? undefined : former,
    silentSeconds: infoNumber(info, "master_last_io_seconds_ago"),
    changes: infoNumber(info, "rdb_changes_since_last_save"),
  };
  return { addr, atMs, facts, problem: "" };
}

/**
 * Whether both have data of one stream: one of them went on where the other was. True for a master and its replicas,
 * and, while nobody restarts, for a new master and the old one.
 */
export function shareHistory(one: ServerFacts, other: ServerFacts): boolean {
  const streams = [one.streamId, one.formerStreamId].filter((id) => id !== undefined && id !== "");
  return streams.some((id) => id === other.streamId || id === other.formerStreamId);
}
