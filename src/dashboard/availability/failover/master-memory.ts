/**
 * What masters said of their stream while they answered: its name and how far it was. When one is dead, replicas are
 * compared with that. Kept for the masters that are stored now, in memory only.
 */
import { infoNumber, type ServerInfo } from "../../../redis/info.ts";
import type { LastSeenMaster } from "./replica-choice.ts";

/** Streams of one master that are remembered: a restart begins a new one. */
const STREAMS_MAX = 8;

/** See the file head. */
export class MasterMemory {
  readonly #masters = new Map<string, LastSeenMaster>();

  /** Notes what a server said, INFO of its replication; what a replica says isn't noted. */
  note(addr: string, info: ServerInfo): void {
    const streamId = info["master_replid"];
    if (info["role"] !== "master") {
      return;
    }
    const offset = infoNumber(info, "master_repl_offset");
    const known = this.get(addr);
    const others = known.streamIds.filter((id) => id !== streamId);
    const streamIds = streamId === undefined ? [] : [streamId, ...others].slice(0, STREAMS_MAX);
    this.#masters.set(addr, { addr, streamIds, offset });
  }

  /** What is known; empty when it never answered this leader. */
  get(addr: string): LastSeenMaster {
    return this.#masters.get(addr) ?? { addr, streamIds: [], offset: undefined };
  }

  /** Forgets all others. */
  keep(addrs: ReadonlySet<string>): void {
    for (const addr of this.#masters.keys()) {
      if (!addrs.has(addr)) {
        this.#masters.delete(addr);
      }
    }
  }
}
