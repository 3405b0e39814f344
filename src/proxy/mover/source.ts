/**
 * The source of a mover: the connection over which keys are sent away, and what is known about the server.
 *
 * Whatever takes keys away (MIGRATE, UNLINK) has the source's count of IOERR replies right behind it, on the
 * same connection (`src/migrate/doubt.ts`). When the connection is lost with such a command under way, the
 * command may still be carried out; so the next connection begins with killing that one.
 */
import { randomUUID } from "node:crypto";
import { findNamed, ioErrorCountOf } from "../../migrate/doubt.ts";
import type { RespValue } from "../../resp/value.ts";
import { type Argv, type LinkSettings, MoverLink, throwIfRefused } from "./link.ts";
import { LinkLost, ServerRefused } from "./trouble.ts";

/** How long the source may be silent: a large key may stall it for seconds. */
const ANSWER_TIMEOUT_MS = 15_000;
/** The same for what no key is moved by. */
const QUESTION_TIMEOUT_MS = 5_000;

/** The server at the other end, as it was when the connection was made. */
export interface SourceServer {
  readonly runId: string;
  readonly uptimeSeconds: number;
  /** Of this connection, for CLIENT KILL. */
  readonly clientId: string;
}

/** The answer to a transfer. */
export interface Migrated extends Counted<RespValue> {
  /** Of its keys, those that were here right before; 0 when that can't be told. */
  readonly present: number;
}

/** An answer with the count of IOERR replies behind it. */
export interface Counted<T> {
  readonly value: T;
  /** NaN: can't be told. */
  readonly ioErrors: number;
}

/** See the file head. */
export class Source {
  readonly #settings: LinkSettings;
  #link: MoverLink | undefined;
  #server: SourceServer | undefined;
  /** Command that takes keys away and isn't answered. */
  #isTaking = false;
  /** A connection that was lost with such a command under way, unless its process has gone since. */
  #orphan: SourceServer | undefined;
  /** A command of a lost connection may have been carried out in part. */
  #wasLost = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  get isOpen(): boolean {
    return this.#link?.isOpen === true;
  }

  /** A command that takes keys away is under way, or may be. */
  get mayTake(): boolean {
    return this.#isTaking || this.#orphan !== undefined;
  }

  /**
   * Connects when there is no connection. True when one was lost before that might have carried out a command
   * unseen: it can't any more. Rejects with `LinkLost` or `ServerRefused`.
   */
  async open(): Promise<boolean> {
    if (this.isOpen) return false;
    const link = await this.#connect();
    try {
      const server = await readServer(link, this.#settings.name);
      if (this.#orphan?.runId === server.runId) {
        const kill = ["CLIENT", "KILL", "ID", this.#orphan.clientId];
        throwIfRefused(await link.call(kill, QUESTION_TIMEOUT_MS), link.addr);
      }
      this.#link = link;
      this.#server = server;
    } catch (thrown) {
      link.close();
      throw thrown;
    }
    const wasLost = this.#wasLost;
    this.#orphan = undefined;
    this.#wasLost = false;
    return wasLost;
  }

  /** The server; only while `isOpen`. */
  get server(): SourceServer {
    if (this.#server === undefined)
      throw new LinkLost(`${this.#settings.addr} isn't connected`, false);
    return this.#server;
  }

  async ioErrorCount(): Promise<number> {
    const reply = await this.#open.call(ERRORS, QUESTION_TIMEOUT_MS);
    return ioErrorCountOf(textOf(reply));
  }

  /**
   * Sends a MIGRATE of these keys from the database. The value is the reply, of whatever type. It doesn't say how many
   * keys there were, so they are counted in the same write.
   */
  async migrate(db: number, request: Argv, names: readonly Buffer[]): Promise<Migrated> {
    const [count, value, errors] = await this.#take(db, [["EXISTS", ...names], request, ERRORS]);
    const present = countOf(count);
    return { value: value as RespValue, present, ioErrors: ioErrorCountOf(textOf(errors)) };
  }

  /** Sends commands of another kind that take keys away. The replies, of whatever type. */
  order(db: number, argvs: readonly Argv[], timeoutMs: number): Promise<readonly RespValue[]> {
    return this.#take(db, argvs, timeoutMs);
  }

  /** Removes keys that the target has for certain. The value is how many there were. */
  async unlink(db: number, names: readonly Buffer[]): Promise<Counted<number>> {
    const [reply, errors] = await this.#take(db, [["UNLINK", ...names], ERRORS]);
    throwIfRefused(reply as RespValue, this.#settings.addr);
    return { value: countOf(reply), ioErrors: ioErrorCountOf(textOf(errors)) };
  }

  /** Which of the keys are here. */
  async has(db: number, names: readonly Buffer[]): Promise<Counted<readonly boolean[]>> {
    const questions = names.map((name) => ["EXISTS", name]);
    const replies = await this.#open.callIn(db, [...questions, ERRORS], QUESTION_TIMEOUT_MS);
    const value = readPresence(replies.slice(0, names.length), this.#settings.addr);
    return { value, ioErrors: ioErrorCountOf(textOf(replies.at(-1))) };
  }

  async clientList(): Promise<string> {
    const reply = await this.#open.call(["CLIENT", "LIST", "TYPE", "normal"], QUESTION_TIMEOUT_MS);
    throwIfRefused(reply, this.#settings.addr);
    return textOf(reply);
  }

  /** Names the connection anew. */
  async rename(name: string): Promise<void> {
    const reply = await this.#open.call(["CLIENT", "SETNAME", name], QUESTION_TIMEOUT_MS);
    throwIfRefused(reply, this.#settings.addr);
  }

  /** See `MoverLink.cutUnsent`. */
  cutUnsent(): void {
    this.#link?.cutUnsent();
  }

  close(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  get #open(): MoverLink {
    if (this.#link === undefined)
      throw new LinkLost(`${this.#settings.addr} isn't connected`, false);
    return this.#link;
  }

  async #connect(): Promise<MoverLink> {
    try {
      return await MoverLink.open(this.#settings);
    } catch (thrown) {
      // Without a process nothing is carried out; what it sent before is for the target to be looked through.
      if (thrown instanceof LinkLost && thrown.isRefused) this.#orphan = undefined;
      throw thrown;
    }
  }

  async #take(
    db: number,
    argvs: readonly Argv[],
    timeoutMs: number = ANSWER_TIMEOUT_MS,
  ): Promise<readonly RespValue[]> {
    const link = this.#open;
    this.#isTaking = true;
    try {
      return await link.callIn(db, argvs, timeoutMs);
    } catch (thrown) {
      if (thrown instanceof LinkLost) {
        this.#orphan = this.#server;
        this.#wasLost = true;
      }
      throw thrown;
    } finally {
      this.#isTaking = false;
    }
  }
}

const ERRORS = ["INFO", "errorstats"];

async function readServer(link: MoverLink, name: string): Promise<SourceServer> {
  const replies = await link.callAll(
    [
      ["INFO", "server"],
      ["CLIENT", "ID"],
    ],
    QUESTION_TIMEOUT_MS,
  );
  throwIfRefused(replies[0] as RespValue, link.addr);
  const info = textOf(replies[0]);
  const runId = /^run_id:(\S+)/m.exec(info)?.[1];
  const uptimeSeconds = Number(/^uptime_in_seconds:(\d+)/m.exec(info)?.[1]);
  const id = replies[1]?.type === "integer" ? `${replies[1].value}` : await findOwnId(link, name);
  if (runId === undefined || Number.isNaN(uptimeSeconds) || id === undefined) {
    throw new ServerRefused(`${link.addr} doesn't answer INFO and CLIENT ID as Redis does`);
  }
  return { runId, uptimeSeconds, clientId: id };
}

/** Before Redis 5.0 there is no CLIENT ID: the listing tells, under a name that nobody else has. */
async function findOwnId(link: MoverLink, name: string): Promise<string | undefined> {
  const ownName = `${name}/${randomUUID()}`;
  const replies = await link.callAll(
    [
      ["CLIENT", "SETNAME", ownName],
      ["CLIENT", "LIST"],
      ["CLIENT", "SETNAME", name],
    ],
    QUESTION_TIMEOUT_MS,
  );
  for (const reply of replies) throwIfRefused(reply, link.addr);
  return findNamed(textOf(replies[1]), ownName)[0];
}

/** Replies to one EXISTS for each key. Throws `ServerRefused` for an error. */
export function readPresence(replies: readonly RespValue[], addr: string): readonly boolean[] {
  return replies.map((reply) => {
    throwIfRefused(reply, addr);
    return reply.type === "integer" && reply.value === 1n;
  });
}

/** A whole number; 0 for other replies. */
function countOf(reply: RespValue | undefined): number {
  return reply?.type === "integer" ? Number(reply.value) : 0;
}

/** The text of a bulk, status or error reply; empty for others. */
export function textOf(value: RespValue | undefined): string {
  if (value === undefined) return "";
  if (value.type === "bulk" || value.type === "verbatim") return value.bytes.toString("latin1");
  return value.type === "simple" || value.type === "error" ? value.text : "";
}
