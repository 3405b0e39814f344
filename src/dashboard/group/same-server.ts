/**
 * Finds out whether a server is in the topology already, also under another name: `localhost:6379` and
 * `127.0.0.1:6379` are one process, and one process has one run id. Asks all servers of the topology for
 * theirs; those that don't answer can't be compared and are left out.
 */
import { systemClock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import type { Topology } from "../../model/topology/topology.ts";
import { fetchInfo } from "../../redis/server-command.ts";
import type { ServerFigures } from "../control.ts";

/** Servers asked at the same time. */
const ASK_PARALLEL_MAX = 32;
/** Longest wait for one server. */
const ASK_TIMEOUT_MS = 1_000;
/** All together; servers that weren't asked by then count as those that don't answer. */
const ASK_ALL_MS = 5_000;

/** What is needed to ask the servers of a product. */
export interface ServerSurvey {
  readonly topology: Topology;
  readonly password: string;
  /** What polling knows; servers that it calls broken aren't asked. */
  readonly figures?: ReadonlyMap<string, ServerFigures> | undefined;
}

/** Throws SERVER_IN_OTHER_GROUP when the topology has this address. Codis's text. */
export function refuseKnownAddr(addr: string, topology: Topology): void {
  for (const group of topology.groups.values()) {
    if (group.servers.some((server) => server.addr === addr)) {
      throw new CodisError(
        "SERVER_IN_OTHER_GROUP",
        `server-[${addr}] already exists in group-[${group.id}]`,
        { context: { addr, group: group.id } },
      );
    }
  }
}

/** Throws SERVER_IN_OTHER_GROUP when a server of the topology that answers has this run id. */
export async function refuseKnownRun(
  addr: string,
  runId: string,
  survey: ServerSurvey,
): Promise<void> {
  const endsMs = systemClock.monotonicMs() + ASK_ALL_MS;
  const waiting = [...survey.topology.groups.values()].flatMap((group) =>
    group.servers.map((server) => ({ groupId: group.id, addr: server.addr })),
  );
  let twin: { readonly groupId: number; readonly addr: string } | undefined;
  const work = async (): Promise<void> => {
    while (twin === undefined && systemClock.monotonicMs() < endsMs) {
      const next = waiting.shift();
      if (next === undefined) {
        return;
      }
      if ((await runIdOf(next.addr, survey)) === runId) {
        twin = next;
      }
    }
  };
  await Promise.all(Array.from({ length: ASK_PARALLEL_MAX }, work));
  if (twin !== undefined) {
    throw new CodisError(
      "SERVER_IN_OTHER_GROUP",
      `server-[${addr}] already exists in group-[${twin.groupId}], as ${twin.addr}: it is the same ` +
        `process (run id ${runId})`,
      { context: { addr, group: twin.groupId, knownAs: twin.addr } },
    );
  }
}

async function runIdOf(addr: string, survey: ServerSurvey): Promise<string | undefined> {
  if (survey.figures?.get(addr)?.error !== undefined) {
    return undefined;
  }
  try {
    const info = await fetchInfo({
      addr,
      password: survey.password,
      connectTimeoutMs: ASK_TIMEOUT_MS,
      callTimeoutMs: ASK_TIMEOUT_MS,
    });
    return info["run_id"];
  } catch {
    return undefined; // It doesn't answer, so nothing can be compared; polling shows it as broken.
  }
}
