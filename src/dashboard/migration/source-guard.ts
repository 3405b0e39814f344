/**
 * Watches the source of slots that are turned round, while every proxy holds them: is it still the process that was
 * searched for duplicates, and has nobody been in doubt about a transfer since? And it cuts the movers of proxies
 * there: a MIGRATE of theirs that is still on its way (its worker died, say) would take keys away from what is
 * about to become their home.
 *
 * Where keys go with the slot commands of codis-server there is no such count. What the source moves by itself
 * (semi-async), ordered by a proxy, is waited for: it must have ended well, or there may be copies on both sides.
 *
 * The connection is made before the slots are held, and what is asked while they are is bounded.
 */
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import type { RedisClient } from "../../redis/client.ts";
import type { MoverServer } from "./contract.ts";
import {
  awaitSlotMoves,
  connectTo,
  countIoErrors,
  cutProxyMovers,
  runIdOf,
} from "./server-look.ts";

/** Longest wait for each of the few answers while clients wait, milliseconds. */
const HELD_CALL_MS = 500;

/** See the file head. `close` ends it. */
export class SourceGuard {
  readonly runId: string;
  readonly #client: RedisClient;
  readonly #method: ForwardMethod;
  /** undefined: not looked at. */
  readonly #ioErrors: number | undefined;

  /** Connects and remembers. Rejects as `connectTo` and `lookAtServer` do. */
  static async open(
    source: MoverServer,
    epoch: number,
    method: ForwardMethod = FORWARD_METHOD.migrate,
  ): Promise<SourceGuard> {
    const client = await connectTo(source, epoch);
    try {
      const runId = await runIdOf(client);
      const isCounted = method === FORWARD_METHOD.migrate;
      const ioErrors = isCounted ? await countIoErrors(client) : undefined;
      return new SourceGuard(client, method, runId, ioErrors);
    } catch (thrown) {
      client.close();
      throw thrown;
    }
  }

  private constructor(
    client: RedisClient,
    method: ForwardMethod,
    runId: string,
    ioErrors: number | undefined,
  ) {
    this.#client = client;
    this.#method = method;
    this.runId = runId;
    this.#ioErrors = ioErrors;
  }

  /** See the file head. Rejects when the source doesn't answer in time. */
  async isUnchanged(): Promise<boolean> {
    const bound = { timeoutMs: HELD_CALL_MS };
    await cutProxyMovers(this.#client, bound);
    if ((await runIdOf(this.#client, bound)) !== this.runId) {
      return false;
    }
    if (this.#method === FORWARD_METHOD.semiAsync) {
      return awaitSlotMoves(this.#client, bound);
    }
    const before = this.#ioErrors;
    return before === undefined || (await countIoErrors(this.#client, bound)) === before;
  }

  close(): void {
    this.#client.close();
  }
}
