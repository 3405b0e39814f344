/**
 * Orders to a source to move keys of a slot by itself, in the two ways of codis-server, and how much is ordered at
 * once: semi-async as many keys as the configuration says, sync as many as hold up the source for no longer than
 * `migration_max_stall`.
 */
import { CodisError, isCodisError } from "../../../base/error.ts";
import { parseServerAddr } from "../../../model/address.ts";
import { asTrouble } from "../../../model/operation/trouble-code.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../../model/slot.ts";
import { replyTextOf } from "../../../redis/server-error.ts";
import type { MoverLimits } from "../contract.ts";
import { notAcknowledged } from "./replica-ack.ts";

/** From the configuration, by the names of Codis. */
export interface CodisMoverSettings {
  /** `migration_async_maxbulks`: elements of a large key in one chunk. */
  readonly asyncMaxBulks: number;
  /** `migration_async_maxbytes`: bytes that may be under way. */
  readonly asyncMaxBytes: number;
  /** `migration_async_numkeys`: keys of one order. */
  readonly asyncNumKeys: number;
  /** `migration_timeout`, milliseconds. */
  readonly timeoutMs: number;
}

/** Keys of a slot to move. */
export interface SlotOrder {
  readonly slotId: number;
  /** At least 1. */
  readonly keys: number;
}

/** As Codis: what isn't acknowledged for so long is broken off. */
const ASYNC_TIMEOUT_MS_MAX = 5_000;
/** Sync orders sent together. */
const SYNC_ORDERS_MAX = 32;
/** The source's own words; with others around them they are the target's. */
const BUSY = /^ERR the specified DB is being migrated/;
const BEHIND = /^ERR interrupted: no replica of the target/;
/** The largest number that a server takes. */
const BYTES_MAX = 2 ** 30;

/** See the file head. One for each pair of servers. */
export class SlotOrders {
  readonly #method: ForwardMethod;
  readonly #at: readonly string[];
  readonly #settings: CodisMoverSettings;
  readonly #limits: () => MoverLimits;
  #syncCount = 1;
  /** Grows when the target doesn't answer in time: a large key. */
  #syncTimeoutMs = 0;

  constructor(
    method: ForwardMethod,
    target: string,
    settings: CodisMoverSettings,
    limits: () => MoverLimits,
  ) {
    this.#method = method;
    this.#settings = settings;
    this.#limits = limits;
    const at = parseServerAddr(target);
    this.#at = at === undefined ? [target, "0"] : [at.host, `${at.port}`];
  }

  /** The source goes on working while keys move. */
  get isAsync(): boolean {
    return this.#method === FORWARD_METHOD.semiAsync;
  }

  /** Keys that one order is about. */
  get keysMax(): number {
    return this.isAsync ? this.#settings.asyncNumKeys : this.#syncCount;
  }

  /** The next orders for keys of a slot. */
  forSlot({ slotId, keys }: SlotOrder): readonly (readonly string[])[] {
    if (!this.isAsync) {
      const order = ["SLOTSMGRTTAGSLOT", ...this.#at, `${this.#timeoutMs}`, `${slotId}`];
      return Array.from({ length: Math.min(keys, this.#syncCount) }, () => order);
    }
    const bounds = [this.#timeoutMs, this.#settings.asyncMaxBulks, this.#maxBytes].map(String);
    return [["SLOTSMGRTTAGSLOT-ASYNC", ...this.#at, ...bounds, `${slotId}`, `${keys}`]];
  }

  /** Orders for these keys, and all that have their tags. */
  forKeys(names: readonly Buffer[]): readonly (readonly (string | Uint8Array)[])[] {
    if (!this.isAsync) {
      return names.map((name) => ["SLOTSMGRTTAGONE", ...this.#at, `${this.#timeoutMs}`, name]);
    }
    const bounds = [this.#timeoutMs, this.#settings.asyncMaxBulks, this.#maxBytes].map(String);
    return [["SLOTSMGRTTAGONE-ASYNC", ...this.#at, ...bounds, ...names]];
  }

  /** Sync orders took so long together: the next ones are more, or fewer. */
  noteElapsed(ms: number): void {
    const { maxStallMs } = this.#limits();
    if (ms > maxStallMs) {
      this.#syncCount = Math.max(1, Math.floor(this.#syncCount / 2));
    } else if (ms < maxStallMs / 2) {
      this.#syncCount = Math.min(SYNC_ORDERS_MAX, this.#syncCount + 1);
    }
    this.#syncTimeoutMs = 0;
  }

  /** An order failed. */
  noteFailure(thrown: unknown): void {
    this.#syncCount = 1;
    if (/^IOERR .*timeout reading/.test(replyTextOf(thrown) ?? "")) {
      this.#syncTimeoutMs = Math.min(this.#settings.timeoutMs, 2 * this.#timeoutMs);
    }
  }

  get #timeoutMs(): number {
    return this.isAsync
      ? Math.min(this.#settings.timeoutMs, ASYNC_TIMEOUT_MS_MAX)
      : Math.max(this.#limits().ioTimeoutMs, this.#syncTimeoutMs);
  }

  get #maxBytes(): number {
    return Math.min(this.#settings.asyncMaxBytes, BYTES_MAX);
  }
}

/** Whether the source is at work for somebody else, and nothing was done. */
export function isBusySource(thrown: unknown): boolean {
  return isCodisError(thrown, "SERVER_REFUSED") && BUSY.test(replyTextOf(thrown) ?? "");
}

/** Whether no replica of the target has acknowledged what the source had sent; the source's own words. */
export function isBehindTarget(thrown: unknown): boolean {
  return isCodisError(thrown, "SERVER_REFUSED") && BEHIND.test(replyTextOf(thrown) ?? "");
}

/** What people are told of a failure: a target without memory, or with replicas that are behind, is called so. */
export function troubleOf(target: string, thrown: unknown): unknown {
  if (isBehindTarget(thrown)) {
    return notAcknowledged(target);
  }
  const reply = replyTextOf(thrown) ?? "";
  if (!isCodisError(thrown, "SERVER_REFUSED") || !/\bOOM\b/.test(reply)) {
    return thrown;
  }
  return new CodisError("SERVER_REFUSED", say("redis.full", { addr: target, why: `"${reply}"` }), {
    context: { outcome: "target-full", reply, ...asTrouble("target_memory") },
  });
}
