/**
 * The server that keys leave, as a `codis` mover sees it: how many keys of a slot are left, and orders to move some.
 * Two connections: orders wait for their answer, and meanwhile the other one sees whether the server is alive.
 *
 * An order whose answer was lost may still be carried out by a server that is frozen, or go on there. `ensure` ends
 * that: it cuts the lost connection by its name, and breaks off what it had ordered.
 */
import { CodisError, isCodisError, messageOf } from "../../../base/error.ts";
import { findNamed, MOVER_NAME_PREFIX } from "../../../migrate/doubt.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { RedisClient } from "../../../redis/client.ts";
import { keyspaceOf, parseInfo, type ServerInfo } from "../../../redis/info.ts";
import { bytesOf, itemsOf, numberOf, textOf } from "../../../redis/reply.ts";
import { selectDatabase } from "../../../redis/server-command.ts";
import { unexpectedReply } from "../../../redis/server-error.ts";
import type { RespValue } from "../../../resp/value.ts";
import type { MoverOptions } from "../contract.ts";
import { readSlotCounts, type SlotCounts } from "./slot-counts.ts";

/** What an order has brought about. */
export interface OrderOutcome {
  readonly moved: number;
  /** Keys of the slot that are left in the database. */
  readonly left: number;
}

/** For connecting, and for one answer that needs no other server. */
const CONNECT_TIMEOUT_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
/** How often a server that works on an order is asked whether it is alive. */
const WATCH_MS = 2_000;
/** Longest order: a key of some ten million elements. */
const ORDER_TIMEOUT_MS = 600_000;
/** Names whose sizes stand for the others. */
const SAMPLE_KEYS = 8;

const SAMPLE_EVERY_MS = 100;

let lastNumber = 0;

/** See the file head. */
export class SlotSource {
  readonly #options: MoverOptions;
  readonly #signal: AbortSignal;
  readonly #name: string;
  #control: RedisClient | undefined;
  #orders: RedisClient | undefined;
  #ordersDb = 0;
  #sample: { readonly db: number; readonly bytes: number; readonly atMs: number } | undefined;
  /** An order may be under way, or go on, although nobody waits for its answer. */
  #isOrphaned = false;
  #runId = "";

  /** The signal ends connections at once. */
  constructor(options: MoverOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    lastNumber += 1;
    // Of its own, so that what is lost can be told from what is there.
    this.#name = `${MOVER_NAME_PREFIX}${options.epoch}/${lastNumber}`;
  }

  get addr(): string {
    return this.#options.source.addr;
  }

  /** Of the process that is connected. */
  get runId(): string {
    return this.#runId;
  }

  /** It can't be told whether an order is still carried out. */
  get isOrphaned(): boolean {
    return this.#isOrphaned;
  }

  /** Connects if needed, and ends what was lost. True: an order was. Throws as `RedisClient`, and LEADERSHIP_LOST. */
  async ensure(): Promise<boolean> {
    if (this.#control?.isOpen === true && this.#orders?.isOpen === true && !this.#isOrphaned) {
      return false;
    }
    this.close();
    const control = await this.#connect(`${this.#name}/look`);
    try {
      await this.#options.confirm();
      const info = await readMaster(control);
      if (this.#isOrphaned) {
        await this.#endOrphans(control, info);
      }
      this.#orders = await this.#connect(this.#name);
      this.#ordersDb = 0;
      this.#runId = info["run_id"] ?? "";
      this.#control = control;
    } catch (thrown) {
      control.close();
      throw thrown;
    }
    const wasOrphaned = this.#isOrphaned;
    this.#isOrphaned = false;
    return wasOrphaned;
  }

  /** See `readSlotCounts`. */
  counts(slotId?: number): Promise<SlotCounts> {
    return readSlotCounts(this.#looks, slotId);
  }

  /**
   * Bytes of one key of the slot, from a few of them; 0 when the server can't tell. To find some costs the server up to
   * a millisecond, as long as a small slot takes to move: so slots that come right behind another one count as alike.
   */
  async usualBytes(slotId: number, db: number): Promise<number> {
    const last = this.#sample;
    if (last?.db === db && performance.now() - last.atMs < SAMPLE_EVERY_MS) {
      return last.bytes;
    }
    const bytes = await this.#sampleBytes(slotId, db);
    this.#sample = { db, bytes, atMs: performance.now() };
    return bytes;
  }

  async #sampleBytes(slotId: number, db: number): Promise<number> {
    const client = this.#looks;
    await selectDatabase(client, db);
    const page = await client.call(["SLOTSSCAN", `${slotId}`, "0", "COUNT", `${SAMPLE_KEYS}`]);
    const names = (itemsOf(itemsOf(page)?.[1]) ?? []).flatMap((item) => bytesOf(item) ?? []);
    const sizes = await Promise.allSettled(
      names.slice(0, SAMPLE_KEYS).map((name) => client.call(["MEMORY", "USAGE", name])),
    );
    const known = sizes.flatMap((size) =>
      size.status === "fulfilled" ? (numberOf(size.value) ?? []) : [],
    );
    return known.length === 0
      ? 0
      : Math.round(known.reduce((sum, bytes) => sum + bytes, 0) / known.length);
  }

  /** Which of the keys are here. */
  async exist(db: number, names: readonly Buffer[]): Promise<readonly boolean[]> {
    const client = this.#looks;
    await selectDatabase(client, db);
    const replies = await Promise.all(names.map((name) => client.call(["EXISTS", name])));
    return replies.map((reply) => numberOf(reply) === 1);
  }

  /**
   * Sends orders that move keys, all at once, and gives their replies. Throws SERVER_REFUSED with the first error, and
   * SERVER_UNREACHABLE when an answer was lost.
   */
  async order(
    db: number,
    orders: readonly (readonly (string | Uint8Array)[])[],
  ): Promise<readonly RespValue[]> {
    const client = this.#orders;
    if (client === undefined) {
      throw new CodisError("SERVER_UNREACHABLE", say("redis.unconnected", { addr: this.addr }));
    }
    if (this.#ordersDb !== db) {
      await selectDatabase(client, db);
      this.#ordersDb = db;
    }
    const watch = setInterval(() => this.#watch(client), WATCH_MS);
    try {
      const bound = { timeoutMs: ORDER_TIMEOUT_MS };
      const outcomes = await Promise.allSettled(orders.map((args) => client.call(args, bound)));
      const failed = outcomes.filter((outcome) => outcome.status === "rejected");
      const lost = failed.find(({ reason }) => isCodisError(reason, "SERVER_UNREACHABLE"));
      if (lost !== undefined) {
        this.#isOrphaned = true;
      }
      const [first] = lost === undefined ? failed : [lost];
      if (first !== undefined) {
        throw first.reason;
      }
      return outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    } finally {
      clearInterval(watch);
    }
  }

  /** Breaks off the order that is under way. Never rejects. */
  async breakOff(db: number): Promise<void> {
    try {
      await selectDatabase(this.#looks, db);
      await this.#looks.call(["SLOTSMGRT-ASYNC-CANCEL"]);
    } catch {
      // Its connection ends with the caller; what is left is ended by `ensure`, or by the next leader.
    }
  }

  close(): void {
    this.#control?.close();
    this.#orders?.close();
    this.#control = undefined;
    this.#orders = undefined;
  }

  get #looks(): RedisClient {
    if (this.#control === undefined) {
      throw new CodisError("SERVER_UNREACHABLE", say("redis.unconnected", { addr: this.addr }));
    }
    return this.#control;
  }

  #connect(name: string): Promise<RedisClient> {
    const { source } = this.#options;
    return RedisClient.connect({
      addr: source.addr,
      user: source.user === "" ? undefined : source.user,
      password: source.password,
      name,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      callTimeoutMs: CALL_TIMEOUT_MS,
      signal: this.#signal,
    });
  }

  /** Lost connections are cut, and what they ordered is broken off: all of this mover's own. */
  async #endOrphans(control: RedisClient, info: ServerInfo): Promise<void> {
    const list = textOf(await control.call(["CLIENT", "LIST"])) ?? "";
    for (const id of findNamed(list, this.#name, (name) => name === this.#name)) {
      await control.call(["CLIENT", "KILL", "ID", id]);
    }
    for (const { db } of keyspaceOf(info)) {
      await selectDatabase(control, db);
      try {
        await control.call(["SLOTSMGRT-ASYNC-CANCEL"]);
      } catch (thrown) {
        if (!isCodisError(thrown, "SERVER_REFUSED")) {
          throw thrown;
        }
        return; // It has only the commands that wait: what was cut isn't carried out.
      }
    }
  }

  /** An order may take long, but the server has to be alive. */
  #watch(client: RedisClient): void {
    this.#control?.call(["PING"]).catch((thrown: unknown) => {
      if (isCodisError(thrown, "SERVER_UNREACHABLE") && messageOf(thrown) !== "") {
        client.close();
      }
    });
  }
}

/** INFO of a server that is a master with all of its data. Throws SERVER_ROLE_WRONG or SERVER_LOADING. */
export async function readMaster(client: RedisClient): Promise<ServerInfo> {
  const text = textOf(await client.call(["INFO"]));
  if (text === undefined) {
    throw unexpectedReply(client.addr, "INFO");
  }
  const info = parseInfo(text);
  if (info["role"] !== "master") {
    throw new CodisError("SERVER_ROLE_WRONG", say("redis.demoted", { addr: client.addr }));
  }
  if (info["loading"] === "1") {
    throw new CodisError("SERVER_LOADING", say("redis.loading", { addr: client.addr }));
  }
  return info;
}

/** `[moved, left]`, the answer to an order. */
export function outcomeOfOrder(addr: string, reply: RespValue | undefined): OrderOutcome {
  const [moved, left] = (itemsOf(reply) ?? []).map(numberOf);
  if (moved === undefined || left === undefined) {
    throw unexpectedReply(addr, "SLOTSMGRT");
  }
  return { moved, left };
}
