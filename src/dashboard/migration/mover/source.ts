/**
 * The server that keys leave, as a mover sees it: one link for looks (SCAN, sizes, EXISTS, UNLINK) and two for
 * MIGRATE, so that two batches can be in flight.
 *
 * A link that was lost with commands under way is an orphan: the server, frozen perhaps, may still carry them out.
 * `ensure` kills orphans by client id; only then is it certain that nothing of them comes any more.
 */
import { CodisError } from "../../../base/error.ts";
import { ioErrorCountOf } from "../../../migrate/doubt.ts";
import { isVouchedFor, vouchingName } from "../../../migrate/vouch.ts";
import { say } from "../../../model/phrase/phrase.ts";
import { type KeyspaceEntry, keyspaceOf, parseInfo } from "../../../redis/info.ts";
import { replicationOf } from "../../../redis/replication.ts";
import { unexpectedReply } from "../../../redis/server-error.ts";
import type { MoverOptions } from "../contract.ts";
import { encodeForKeys, encodeFrame, keyCommand, readInteger } from "./frame.ts";
import { MoverLink } from "./link.ts";

/** Longest wait for an answer that needs no other server, milliseconds. */
export const CALL_TIMEOUT_MS = 5_000;
/** Links that MIGRATE goes over. */
export const LANES = 2;

/** What makes one full cycle one: nothing of it may change from its begin to its end. */
export interface SourceFacts {
  /** Process and stream of replication: another one means other data. */
  readonly identity: string;
  readonly runId: string;
  /** Databases that hold keys, lowest first. */
  readonly keyspace: readonly KeyspaceEntry[];
}

interface Links {
  readonly control: MoverLink;
  readonly lanes: readonly MoverLink[];
}

const EXISTS = keyCommand("EXISTS");

/** See the file head. */
export class Source {
  readonly #options: MoverOptions;
  readonly #name: string;
  readonly #signal: AbortSignal;
  #links: Links | undefined;
  #voucher: MoverLink | undefined;
  #orphans: { readonly clientId: number; readonly runId: string }[] = [];

  /** The signal ends connections that are being made. */
  constructor(options: MoverOptions, name: string, signal: AbortSignal) {
    this.#options = options;
    this.#name = name;
    this.#signal = signal;
  }

  get addr(): string {
    return this.#options.source.addr;
  }

  /** For looks. Throws when `ensure` hasn't connected. */
  get control(): MoverLink {
    return this.#connected().control;
  }

  get lanes(): readonly MoverLink[] {
    return this.#connected().lanes;
  }

  /** A way there and back takes no longer, milliseconds; Infinity: not known. */
  get roundTripMs(): number {
    return this.#links?.control.shortestMs ?? Number.POSITIVE_INFINITY;
  }

  get isConnected(): boolean {
    return this.#links !== undefined && this.#all().every((link) => link.isOpen);
  }

  /** Commands of a lost link may still be carried out; `ensure` ends that. */
  get hasOrphans(): boolean {
    const links = this.#links === undefined ? [] : this.#all();
    return this.#orphans.length > 0 || links.some((link) => link.hasLostCommands);
  }

  /**
   * Connects anew when any link is gone, and kills what is left of lost ones. Resolves with true when commands
   * were lost: what became of them isn't known. Throws as links do, and LEADERSHIP_LOST.
   */
  async ensure(): Promise<boolean> {
    if (this.isConnected && !this.hasOrphans) {
      return false;
    }
    this.close();
    const hadLost = this.hasOrphans;
    const open = (): Promise<MoverLink> =>
      MoverLink.open(this.#options.source, this.#name, this.#signal);
    const opened = await Promise.allSettled(Array.from({ length: 1 + LANES }, open));
    const links = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      for (const one of opened) {
        if (one.status === "rejected") {
          throw one.reason;
        }
      }
      const [control, ...lanes] = links;
      if (control === undefined || lanes.some((lane) => lane.runId !== control.runId)) {
        throw new CodisError(
          "SERVER_UNREACHABLE",
          `server ${this.addr} restarted while it was connected to`,
        );
      }
      await this.#options.confirm();
      await this.#killOrphans(control);
      this.#links = { control, lanes };
    } catch (thrown) {
      for (const link of links) {
        link.close();
      }
      throw thrown;
    }
    return hadLost;
  }

  /** Throws when it isn't a master that has all its data. */
  async facts(): Promise<SourceFacts> {
    const info = parseInfo(await this.control.callText(["INFO"], CALL_TIMEOUT_MS));
    const replication = replicationOf(info);
    if (replication === undefined) {
      throw unexpectedReply(this.addr, "INFO");
    }
    if (replication.role !== "master") {
      throw new CodisError(
        "SERVER_ROLE_WRONG",
        `server ${this.addr}, the source, isn't a master any more`,
      );
    }
    if (info["loading"] !== "0") {
      throw new CodisError("SERVER_LOADING", say("redis.loading", { addr: this.addr }));
    }
    const runId = info["run_id"] ?? "";
    return {
      identity: `${runId} ${replication.streamId ?? ""}`,
      runId,
      keyspace: keyspaceOf(info),
    };
  }

  /** IOERR replies since it counts. Throws when it can't tell. */
  async ioErrors(): Promise<number> {
    const text = await this.control.callText(["INFO", "errorstats"], CALL_TIMEOUT_MS);
    const count = ioErrorCountOf(text);
    if (Number.isNaN(count)) {
      throw new CodisError(
        "SERVER_VERSION_UNSUPPORTED",
        `server ${this.addr} doesn't count its errors by kind, so it can't be told whether a transfer is still ` +
          "pending; it needs Redis 7.0 or later, or CONFIG RESETSTAT when it met too many kinds of errors",
      );
    }
    return count;
  }

  /** Whether another mover has made sure up to this count; see `src/migrate/vouch.ts`. */
  async isVouchedFor(count: number): Promise<boolean> {
    const list = await this.control.callText(["CLIENT", "LIST", "TYPE", "normal"], CALL_TIMEOUT_MS);
    return isVouchedFor(list, this.#options.target.addr, count);
  }

  /** Says so itself, over a link of its own: a new leader kills the others by their plain names. */
  async vouch(count: number): Promise<void> {
    this.#voucher?.close();
    const name = vouchingName(this.#name, this.#options.target.addr, count);
    this.#voucher = await MoverLink.open(this.#options.source, name, this.#signal);
  }

  /** Selects a database on all links; nothing may be under way. */
  async useDb(db: number): Promise<void> {
    await Promise.all(this.#all().map((link) => link.useDb(db, CALL_TIMEOUT_MS)));
  }

  /** Which of the keys are there, in the selected database. */
  async exist(keys: readonly Uint8Array[]): Promise<readonly boolean[]> {
    return await existOn(this.control, keys);
  }

  /** Unlinks keys in the selected database; the number of those that were there. */
  async unlink(keys: readonly Uint8Array[]): Promise<number> {
    if (keys.length === 0) {
      return 0;
    }
    const frame = encodeFrame(["UNLINK", ...keys]);
    const [raw = NO_REPLY] = await this.control.send("UNLINK", frame, 1, CALL_TIMEOUT_MS);
    const count = readInteger(raw);
    if (count === undefined) {
      throw unexpectedReply(this.addr, "UNLINK");
    }
    return count;
  }

  /** Ends all links at once; those with commands under way become orphans. */
  close(): void {
    for (const link of this.#links === undefined ? [] : this.#all()) {
      link.close();
      if (link.hasLostCommands) {
        this.#orphans.push({ clientId: link.clientId, runId: link.runId });
      }
    }
    this.#links = undefined;
    this.#voucher?.close();
    this.#voucher = undefined;
  }

  async #killOrphans(control: MoverLink): Promise<void> {
    for (const { clientId, runId } of this.#orphans) {
      if (runId === control.runId) {
        await control.call(["CLIENT", "KILL", "ID", `${clientId}`], CALL_TIMEOUT_MS);
      }
    }
    this.#orphans = [];
  }

  #all(): readonly MoverLink[] {
    const { control, lanes } = this.#connected();
    return [control, ...lanes];
  }

  #connected(): Links {
    if (this.#links === undefined) {
      throw new CodisError("SERVER_UNREACHABLE", say("redis.unconnected", { addr: this.addr }));
    }
    return this.#links;
  }
}

const NO_REPLY = Buffer.alloc(0);

/** Which of the keys are there, in the database that the link has selected. */
export async function existOn(
  link: MoverLink,
  keys: readonly Uint8Array[],
): Promise<readonly boolean[]> {
  const frame = encodeForKeys(EXISTS, keys);
  const replies = await link.send("EXISTS", frame, keys.length, CALL_TIMEOUT_MS);
  return replies.map((raw) => {
    const count = readInteger(raw);
    if (count === undefined) {
      throw unexpectedReply(link.addr, "EXISTS");
    }
    return count > 0;
  });
}
