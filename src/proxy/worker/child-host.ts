/**
 * What a worker in a child process has for a host: the supervisor at the other end of the channel, and the
 * session counts that all processes share.
 *
 * The worker never waits for the supervisor on the way of a request: an accept looks into shared memory,
 * and only commands about the whole proxy (CLIENT LIST, CLIENT KILL, INFO, SCRIPT FLUSH) ask.
 */
import type { ClientFilter, ClientInfo, ProxyFigures } from "../dispatch/context.ts";
import type { Channel } from "./channel.ts";
import type { ChildCalls, SupervisorCalls } from "./child-call.ts";
import type { WorkerHost } from "./contract.ts";
import type { SessionCounts } from "./session-count.ts";

/** The supervisor itself waits for slow workers 2 s at most. */
const CALL_TIMEOUT_MS = 4000;

/** See the file head. */
export class ChildHost implements WorkerHost {
  readonly #channel: Channel<ChildCalls, SupervisorCalls>;
  readonly #counts: SessionCounts;
  readonly #index: number;

  constructor(channel: Channel<ChildCalls, SupervisorCalls>, counts: SessionCounts, index: number) {
    this.#channel = channel;
    this.#counts = counts;
    this.#index = index;
  }

  sessionsElsewhere(): number {
    return this.#counts.sumWithout(this.#index);
  }

  setSessions(count: number): void {
    this.#counts.set(this.#index, count);
  }

  listClients(filter: ClientFilter): Promise<readonly ClientInfo[]> {
    return this.#channel.call("listClients", [filter], CALL_TIMEOUT_MS);
  }

  killClients(filter: ClientFilter): Promise<number> {
    return this.#channel.call("killClients", [filter], CALL_TIMEOUT_MS);
  }

  figures(): Promise<ProxyFigures> {
    return this.#channel.call("figures", [], CALL_TIMEOUT_MS);
  }

  async isTableConfirmed(): Promise<boolean> {
    try {
      return await this.#channel.call("isTableConfirmed", [], CALL_TIMEOUT_MS);
    } catch {
      // As if nobody could be asked: the worker asks again.
      return false;
    }
  }

  shareScript(sha1: string, body: Uint8Array): void {
    this.#channel.offer("shareScript", [sha1, body], body.length, CALL_TIMEOUT_MS);
  }

  async shareScriptFlush(): Promise<void> {
    try {
      await this.#channel.call("shareScriptFlush", [], CALL_TIMEOUT_MS);
    } catch {
      // A supervisor that is gone ends this process; one that is slow has the message.
    }
  }
}
