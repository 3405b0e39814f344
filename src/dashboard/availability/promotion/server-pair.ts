/**
 * The old master and the replica that is to follow it, on one connection each. All that is said to a server during a
 * promotion goes over its one connection, so that an order that isn't answered in time can be followed by its
 * opposite: a server that was frozen carries out both, in order, when it wakes, and is what it was.
 *
 *     pause        writes of clients that are connected directly wait, for a time that ends by itself
 *     arm, demote  in one transaction the old master says how far its stream goes, and becomes a replica
 *     raise        the replica becomes a master
 *
 * The old master is demoted first. So at no moment two servers take writes, and the offset that it says is its last
 * one: equal to the replica's it proves that nothing is lost, with or without the pause. Both keep the name of
 * their stream, so the new master sends the old one only what it lacks: nothing.
 *
 * Clients aren't cut: those of the old master see READONLY when they write, and proxies hold their requests.
 */
import { LATE, within } from "../../../base/bounded-wait.ts";
import type { Clock } from "../../../base/clock.ts";
import { CodisError } from "../../../base/error.ts";
import { findNamed } from "../../../migrate/doubt.ts";
import { parseServerAddr } from "../../../model/address.ts";
import { RedisClient } from "../../../redis/client.ts";
import { isVersionAtLeast, parseInfo, parseVersion } from "../../../redis/info.ts";
import { type ReplicationFacts, replicationOf } from "../../../redis/replication.ts";
import { itemsOf, textOf } from "../../../redis/reply.ts";
import { configGet } from "../../../redis/server-command.ts";
import {
  isUnknownCommand,
  refusedBy,
  timedOut,
  unexpectedReply,
} from "../../../redis/server-error.ts";

/** Who is connected to. */
export interface PairOptions {
  /** `host:port` of the old master, and of the server that is promoted. */
  readonly from: string;
  readonly to: string;
  /** Of the product: for both servers, and for the old one's login at the new one. Empty: none. */
  readonly password: string;
  /** Of this leader: in the name of the connections. */
  readonly epoch: number;
  readonly clock: Clock;
}

/** A place in a replication stream. */
export interface StreamPoint {
  /** Name of the stream; empty where the server is too old to have one. */
  readonly streamId: string;
  /** Bytes. */
  readonly offset: number;
}

/** Name of the connections, with the epoch behind it. */
const NAME_PREFIX = "codis-promotion-";
const CONNECT_TIMEOUT_MS = 1_000;
/** An order that isn't answered stays on its connection so long; who gave it waits for less. */
const CALL_TIMEOUT_MS = 10_000;

/** Connects for a promotion, and cuts what promotions of earlier leaders may still say to this server. */
export async function connectForPromotion(
  addr: string,
  { password, epoch }: Pick<PairOptions, "password" | "epoch">,
): Promise<RedisClient> {
  const client = await RedisClient.connect({
    addr,
    password,
    name: `${NAME_PREFIX}${epoch}`,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    callTimeoutMs: CALL_TIMEOUT_MS,
  });
  try {
    const list = textOf(await client.call(["CLIENT", "LIST"], { timeoutMs: CONNECT_TIMEOUT_MS }));
    const isOlder = (name: string): boolean => Number(name.slice(NAME_PREFIX.length)) < epoch;
    for (const id of findNamed(list ?? "", NAME_PREFIX, isOlder)) {
      await client.call(["CLIENT", "KILL", "ID", id], { timeoutMs: CONNECT_TIMEOUT_MS });
    }
    return client;
  } catch (thrown) {
    client.close();
    throw thrown;
  }
}

/** What a server says of its replication, now. Rejects as `RedisCaller.call` does. */
export async function readReplication(client: RedisClient): Promise<ReplicationFacts> {
  const facts = replicationOf(parseInfo(textOf(await client.call(["INFO", "replication"])) ?? ""));
  if (facts === undefined) {
    throw unexpectedReply(client.addr, "INFO");
  }
  return facts;
}

/** See the file head. Every wait is bounded by the caller; what is late rejects with SERVER_UNREACHABLE. */
export class ServerPair {
  readonly #options: PairOptions;
  readonly #old: RedisClient;
  readonly #new: RedisClient;
  #canPause = true;
  #isPaused = false;
  /** The transaction that demotes waits at the old master. */
  #isArmed = false;
  /** Orders that were sent, whatever became of them. */
  #isDemoteSent = false;
  #isRaiseSent = false;
  /** What was sent, for `closeSoon`. */
  #last: Promise<unknown> = Promise.resolve();

  /** Connects to both. Rejects as `RedisClient.connect` does. */
  static async open(options: PairOptions): Promise<ServerPair> {
    const opened = await Promise.allSettled(
      [options.from, options.to].map((addr) => connectForPromotion(addr, options)),
    );
    const clients = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const [old, next] = clients;
    if (old === undefined || next === undefined || clients.length !== opened.length) {
      for (const client of clients) {
        client.close();
      }
      throw opened.find((each) => each.status === "rejected")?.reason;
    }
    return new ServerPair(options, old, next);
  }

  private constructor(options: PairOptions, old: RedisClient, next: RedisClient) {
    this.#options = options;
    this.#old = old;
    this.#new = next;
  }

  /** Whether writes at the old master wait, as far as was ordered. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** All that can be done before clients wait: the old master learns how to log in at the new one. */
  async prepare(): Promise<void> {
    const old = this.#old;
    const info = parseInfo(textOf(await old.call(["INFO", "server"])) ?? "");
    const version = parseVersion(info["redis_version"]);
    this.#canPause = version !== undefined && isVersionAtLeast(version, 6, 2);
    await old.call(["CONFIG", "SET", "masterauth", this.#options.password]);
    const user = await configGet(old, "masteruser").catch((thrown: unknown) => {
      if (isUnknownCommand(thrown)) {
        return undefined;
      }
      throw thrown;
    });
    if (user !== undefined && user !== "") {
      // The product's password is the default user's: with a user it would be refused.
      await old.call(["CONFIG", "SET", "masteruser", ""]);
    }
  }

  /**
   * Writes at the old master wait from now on, for `pauseMs` at most, whoever sends them; gives how far its stream
   * goes. Redis before 6.2 can't pause writes only, so there nothing waits, and `demote` tells what was written.
   */
  async pause(pauseMs: number, timeoutMs: number): Promise<StreamPoint> {
    if (this.#canPause) {
      this.#isPaused = true;
      const paused = this.#old.call(["CLIENT", "PAUSE", `${Math.ceil(pauseMs)}`, "WRITE"]);
      paused.catch(() => undefined);
      const point = this.#point(this.#old);
      point.catch(() => undefined);
      await this.#within(timeoutMs, this.#old, "CLIENT PAUSE", paused);
      return this.#within(timeoutMs, this.#old, "INFO", point);
    }
    return this.#within(timeoutMs, this.#old, "INFO", this.#point(this.#old));
  }

  /** How far the replica has come. */
  replicaPoint(timeoutMs: number): Promise<StreamPoint> {
    return this.#within(timeoutMs, this.#new, "INFO", this.#point(this.#new));
  }

  /** Everything of `demote` but the last word. */
  async arm(timeoutMs: number): Promise<void> {
    const at = parseServerAddr(this.#options.to);
    if (at === undefined) {
      throw new CodisError("ADDRESS_INVALID", `"${this.#options.to}" is no address of a server`);
    }
    const old = this.#old;
    this.#isArmed = true;
    // Not before this is known to be a transaction may the order be sent.
    await this.#within(timeoutMs, old, "MULTI", old.call(["MULTI"]));
    if (!this.#isArmed) {
      throw new CodisError("STATE_CONFLICT", `the promotion of ${this.#options.to} was taken back`);
    }
    const queued = Promise.all([
      old.call(["INFO", "replication"]),
      // SLAVEOF is what codis-server knows, and what Redis and Valkey still take.
      old.call(["SLAVEOF", at.host, `${at.port}`]),
    ]);
    await this.#within(timeoutMs, old, "SLAVEOF", queued);
  }

  /**
   * The old master becomes a replica of the new one; gives where its stream ended. SERVER_UNREACHABLE: it may have
   * become one, or will when it answers again, unless `abandon` is called.
   */
  async demote(timeoutMs: number): Promise<StreamPoint> {
    const old = this.#old;
    this.#isArmed = false;
    this.#isDemoteSent = true;
    const results = itemsOf(
      await this.#within(timeoutMs, old, "EXEC", old.call(["EXEC"])).catch((thrown: unknown) => {
        // An answer, and not a good one: nothing was done.
        this.#isDemoteSent = isInDoubt(thrown);
        throw thrown;
      }),
    );
    const [info, order] = results ?? [];
    if (order?.type === "error") {
      this.#isDemoteSent = false;
      throw refusedBy(old.addr, "SLAVEOF", order.text);
    }
    const facts = replicationOf(parseInfo(textOf(info) ?? ""));
    if (facts?.offset === undefined) {
      throw unexpectedReply(old.addr, "EXEC");
    }
    return { streamId: facts.streamId ?? "", offset: facts.offset };
  }

  /** The replica becomes a master. SERVER_UNREACHABLE: as `demote`. */
  async raise(timeoutMs: number): Promise<void> {
    this.#isRaiseSent = true;
    await this.#within(timeoutMs, this.#new, "SLAVEOF", this.#new.call(["SLAVEOF", "NO", "ONE"]));
  }

  /** Writes at the old master wait no longer: a replica refuses them. */
  unpause(): void {
    this.#disarm();
    if (this.#isPaused) {
      this.#isPaused = false;
      // A pause that can't be ended ends by itself.
      this.#send(this.#old, ["CLIENT", "UNPAUSE"]).catch(() => undefined);
    }
  }

  /**
   * Takes back all that was ordered, in the right order: the replica follows again, the old master is a master and
   * takes writes. True when both have said so; else they do it when they answer again, if they still have these
   * connections then.
   */
  async abandon(timeoutMs: number): Promise<boolean> {
    const done: Promise<unknown>[] = [];
    const at = parseServerAddr(this.#options.from);
    if (this.#isRaiseSent && at !== undefined) {
      done.push(this.#send(this.#new, ["SLAVEOF", at.host, `${at.port}`]));
    }
    this.#disarm();
    if (this.#isDemoteSent) {
      done.push(this.#send(this.#old, ["SLAVEOF", "NO", "ONE"]));
    }
    if (this.#isPaused) {
      done.push(this.#send(this.#old, ["CLIENT", "UNPAUSE"]));
    }
    const all = Promise.all(done).then(
      () => true,
      () => false,
    );
    return (await within(timeoutMs, all, this.#options.clock)) === true;
  }

  /** Closes both connections when what was sent last is answered, or can't be any more. */
  closeSoon(): void {
    this.#last.then(
      () => this.close(),
      () => this.close(),
    );
  }

  /** Closes both connections at once. */
  close(): void {
    this.#old.close();
    this.#new.close();
  }

  /** What comes next isn't queued in the transaction, and nothing more is. */
  #disarm(): void {
    if (this.#isArmed) {
      this.#isArmed = false;
      this.#send(this.#old, ["DISCARD"]).catch(() => undefined);
    }
  }

  /** Sends something that nobody waits for for long. */
  #send(client: RedisClient, args: readonly string[]): Promise<unknown> {
    const reply = client.call(args);
    this.#last = Promise.allSettled([this.#last, reply]);
    return reply;
  }

  async #point(client: RedisClient): Promise<StreamPoint> {
    const { offset, streamId } = await readReplication(client);
    if (offset === undefined) {
      throw unexpectedReply(client.addr, "INFO");
    }
    return { streamId: streamId ?? "", offset };
  }

  async #within<Result>(
    timeoutMs: number,
    { addr }: RedisClient,
    command: string,
    reply: Promise<Result>,
  ): Promise<Result> {
    const result = await within(timeoutMs, reply, this.#options.clock);
    if (result === LATE) {
      throw timedOut(addr, `reply to ${command}`, Math.round(timeoutMs));
    }
    return result;
  }
}

/** Whether the replica has all of the master's stream up to this point. */
export function hasReached(replica: StreamPoint, master: StreamPoint): boolean {
  return replica.streamId === master.streamId && replica.offset >= master.offset;
}

/** Whether the server may have done, or may yet do, what it was told. */
export function isInDoubt(thrown: unknown): boolean {
  return !(thrown instanceof CodisError) || thrown.code === "SERVER_UNREACHABLE";
}
