/**
 * The server that keys go to, as a mover sees it, over one link: is it alive, has it replicas that what moved must
 * reach before the source's copy goes, and which connections may a pending transfer still come from.
 */
import { CodisError } from "../../../base/error.ts";
import { findSuspects } from "../../../migrate/doubt.ts";
import { asTrouble } from "../../../model/operation/trouble-code.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { parseInfo } from "../../../redis/info.ts";
import { replicationOf } from "../../../redis/replication.ts";
import { errorTextOf, isErrorReply } from "../../../resp/value.ts";
import type { MoverOptions } from "../contract.ts";
import { encodeFrame, readInteger } from "./frame.ts";
import { MoverLink } from "./link.ts";
import { CALL_TIMEOUT_MS, existOn } from "./source.ts";

/** An answer so long ago still shows that the target is alive. */
const ALIVE_MS = 20;
/** How often its role and its replicas are looked at. */
const LOOK_EVERY_MS = 1_000;
/** How long a replica may take to acknowledge a batch, milliseconds, and one WAIT of it. */
const ACKNOWLEDGE_MS = 2_000;
const WAIT_STEP_MS = 50;

/**
 * Lifts the offset that WAIT waits for to the present end of the stream, although the transfer went over another
 * connection: any command does up to Redis 7.0, later ones need one that is propagated and does nothing.
 */
const LIFT = Buffer.concat([
  encodeFrame(["PING"]),
  encodeFrame(["SPUBLISH", "__codis:offset__", ""]),
]);
const WAIT = encodeFrame(["WAIT", "1", `${WAIT_STEP_MS}`]);
const PING = encodeFrame(["PING"]);

/** See the file head. */
export class Target {
  readonly #options: MoverOptions;
  readonly #name: string;
  readonly #signal: AbortSignal;
  #link: MoverLink | undefined;
  #isReplicated = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  /** No replica acknowledged; nothing is sent before one does. */
  #isBehind = false;

  /** The signal ends a connection that is being made. */
  constructor(options: MoverOptions, name: string, signal: AbortSignal) {
    this.#options = options;
    this.#name = name;
    this.#signal = signal;
  }

  get addr(): string {
    return this.#options.target.addr;
  }

  /** Throws when `ensure` hasn't connected. */
  get link(): MoverLink {
    if (this.#link === undefined) {
      throw new CodisError("SERVER_UNREACHABLE", say("redis.unconnected", { addr: this.addr }));
    }
    return this.#link;
  }

  /** It has a replica that is online, so what moves must reach one. */
  get isReplicated(): boolean {
    return this.#isReplicated;
  }

  /** Connects if needed. Throws as links do. */
  async ensure(): Promise<void> {
    if (this.#link?.isOpen !== true) {
      this.#link = await MoverLink.open(this.#options.target, this.#name, this.#signal);
      this.#lookedAtMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** A MIGRATE showed that it is alive. */
  noteAnswer(): void {
    this.#answeredAtMs = performance.now();
  }

  /**
   * Right before each MIGRATE: a frozen target would freeze the source. Resolves when it has answered just now,
   * is a master, and its replica isn't behind; throws otherwise.
   */
  async prepare(ioTimeoutMs: number): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs > LOOK_EVERY_MS) {
      await this.#look(ioTimeoutMs);
    } else if (nowMs - Math.max(this.#answeredAtMs, this.link.answeredAtMs) > ALIVE_MS) {
      await this.link.send("PING", PING, 1, ioTimeoutMs);
    }
    if (this.#isBehind && this.#isReplicated) {
      await this.acknowledge(this.link);
    }
  }

  /**
   * Resolves when a replica has all that the target has now. `since` is the link as it was before what is waited
   * for was sent: on another one the target may be another process. Throws when none acknowledges in time.
   */
  async acknowledge(since: MoverLink): Promise<void> {
    if (since !== this.#link) {
      throw new CodisError("SERVER_UNREACHABLE", `the connection to server ${this.addr} was lost`);
    }
    const endsAtMs = performance.now() + ACKNOWLEDGE_MS;
    let replies = await since.send("WAIT", Buffer.concat([LIFT, WAIT]), 3, CALL_TIMEOUT_MS);
    const [, publish = NO_REPLY] = replies;
    const publishError = errorTextOf(publish);
    if (publishError !== "" && !publishError.startsWith("ERR unknown command")) {
      throw this.#refused(`can't be waited for: SPUBLISH answered "${publishError}"`);
    }
    for (;;) {
      const last = replies.at(-1) ?? NO_REPLY;
      if (isErrorReply(last)) {
        throw this.#refused(`can't be waited for: WAIT answered "${errorTextOf(last)}"`);
      }
      if ((readInteger(last) ?? 0) >= 1) {
        this.#isBehind = false;
        return;
      }
      if (performance.now() > endsAtMs) {
        this.#isBehind = true;
        this.#lookedAtMs = Number.NEGATIVE_INFINITY;
        throw this.#refused(
          `have not acknowledged what was moved within ${ACKNOWLEDGE_MS} ms; it stays at the source until one does`,
        );
      }
      replies = await since.send("WAIT", WAIT, 1, CALL_TIMEOUT_MS);
    }
  }

  /** Selects a database; nothing may be under way. */
  async useDb(db: number): Promise<void> {
    await this.link.useDb(db, CALL_TIMEOUT_MS);
  }

  /** Which of the keys are there, in the selected database. */
  async exist(keys: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return await existOn(this.link, keys);
  }

  /** Kills connections that a pending transfer may come over; their number. */
  async killSuspects(): Promise<number> {
    const list = await this.link.callText(["CLIENT", "LIST", "TYPE", "normal"], CALL_TIMEOUT_MS);
    const ids = findSuspects(list);
    for (const id of ids) {
      await this.link.call(["CLIENT", "KILL", "ID", id], CALL_TIMEOUT_MS);
    }
    return ids.length;
  }

  close(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  async #look(timeoutMs: number): Promise<void> {
    const info = parseInfo(await this.link.callText(["INFO", "replication"], timeoutMs));
    const replication = replicationOf(info);
    if (replication?.role !== "master") {
      throw new CodisError(
        "SERVER_ROLE_WRONG",
        `server ${this.addr}, the target, isn't a master any more`,
      );
    }
    this.#isReplicated = replication.replicas.some(({ state }) => state === "online");
    this.#lookedAtMs = performance.now();
  }

  #refused(problem: string): CodisError {
    return new CodisError("SERVER_REFUSED", `the replicas of server ${this.addr} ${problem}`, {
      context: asTrouble("replicas"),
    });
  }
}

const NO_REPLY = Buffer.alloc(0);
