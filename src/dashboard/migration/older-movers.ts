/**
 * Ends what leaders before this one may still do at a server: their movers' connections are cut, by their names,
 * before this leader moves, turns or gives away a slot of that server. One that connects later finds out that it
 * doesn't lead any more before it sends anything that matters (`MoverOptions.confirm`).
 */
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { MoverServer } from "./contract.ts";
import type { Pair } from "./pair.ts";
import { cancelSlotMoves, connectTo, cutOlderMovers } from "./server-look.ts";

/** What cutting needs. */
export interface OlderMoversOptions {
  readonly epoch: number;
  readonly log: Log;
}

/** See the file head. */
export class OlderMovers {
  readonly #options: OlderMoversOptions;
  /** Addresses of servers that are done with. */
  readonly #done = new Set<string>();
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: OlderMoversOptions) {
    this.#options = options;
  }

  /** Whether both servers are done with; one that there isn't needs nothing. */
  isCut({ source, target }: Pair): boolean {
    return [source, target].every(({ addr }) => addr === "" || this.#done.has(addr));
  }

  /** Resolves when both are. Rejects when one of them can't be asked. */
  async cut({ source, target }: Pair): Promise<void> {
    await Promise.all([source, target].map((server) => this.#cutAt(server)));
  }

  /** Cuts at all of these at once. Rejects when some can't be asked, after the others were. */
  async cutAll(servers: readonly MoverServer[]): Promise<void> {
    const results = await Promise.allSettled(servers.map((server) => this.#cutAt(server)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  /** The same without waiting: what can't be asked now is asked again before it is needed. */
  cutSoon(servers: readonly MoverServer[]): void {
    this.cutAll(servers).catch((thrown: unknown) => {
      this.#options.log.debug("migration.older_movers", messageOf(thrown), { error: thrown });
    });
  }

  #cutAt(server: MoverServer): Promise<void> {
    const { addr } = server;
    if (addr === "" || this.#done.has(addr)) {
      return Promise.resolve();
    }
    let cutting = this.#underWay.get(addr);
    if (cutting === undefined) {
      cutting = this.#connectAndCut(server).finally(() => this.#underWay.delete(addr));
      this.#underWay.set(addr, cutting);
    }
    return cutting;
  }

  async #connectAndCut(server: MoverServer): Promise<void> {
    const { epoch, log } = this.#options;
    const client = await connectTo(server, epoch);
    try {
      const count = await cutOlderMovers(client, epoch);
      await cancelSlotMoves(client);
      if (count > 0) {
        const { addr } = server;
        const text = `${count} connections of an earlier leader were cut`;
        log.info("migration.older_movers", text, { addr, count });
      }
    } finally {
      client.close();
    }
    this.#done.add(server.addr);
  }
}
