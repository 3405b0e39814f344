/**
 * Watches the source of slots that are turned round, while every proxy holds them: is it still the process that was
 * searched for duplicates, and has nobody been in doubt about a transfer since? And it cuts the movers of proxies
 * there: a MIGRATE of theirs that is still on its way (its worker died, say) would take keys away from what is
 * about to become their home.
 *
 * The connection is made before the slots are held, and what is asked while they are is bounded.
 */
import type { RedisClient } from "../../redis/client.ts";
import type { MoverServer } from "./contract.ts";
import { connectTo, countIoErrors, cutProxyMovers, runIdOf } from "./server-look.ts";

/** Longest wait for each of the few answers while clients wait, milliseconds. */
const HELD_CALL_MS = 500;

/** See the file head. `close` ends it. */
export class SourceGuard {
  readonly runId: string;
  readonly #client: RedisClient;
  readonly #ioErrors: number;

  /** Connects and remembers. Rejects as `connectTo` and `lookAtServer` do. */
  static async open(source: MoverServer, epoch: number): Promise<SourceGuard> {
    const client = await connectTo(source, epoch);
    try {
      return new SourceGuard(client, await runIdOf(client), await countIoErrors(client));
    } catch (thrown) {
      client.close();
      throw thrown;
    }
  }

  private constructor(client: RedisClient, runId: string, ioErrors: number) {
    this.#client = client;
    this.runId = runId;
    this.#ioErrors = ioErrors;
  }

  /** See the file head. Rejects when the source doesn't answer in time. */
  async isUnchanged(): Promise<boolean> {
    const bound = { timeoutMs: HELD_CALL_MS };
    await cutProxyMovers(this.#client, bound);
    const runId = await runIdOf(this.#client, bound);
    return runId === this.runId && (await countIoErrors(this.#client, bound)) === this.#ioErrors;
  }

  close(): void {
    this.#client.close();
  }
}
