/**
 * One server that is looked at again and again: its connection, what it said last, and how often its FUNCTION
 * libraries and its slot commands are asked for. Who looks when is `ServerPoller`'s affair; here one look at a time
 * is made.
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { isVersionAtLeast, parseVersion, type ServerInfo } from "../../redis/info.ts";
import { digestFunctions, readFunctions, readInfo } from "../../redis/server-command.ts";
import { ServerConnection } from "../../redis/server-connection.ts";
import { isServerTimeout } from "../../redis/server-error.ts";
import { readSlotAbility, type SlotAbility } from "../../redis/slot-ability.ts";
import type { ServerFigures } from "../control.ts";

/** How a server is looked at. */
export interface PolledServerOptions {
  readonly addr: string;
  readonly password: string;
  /** Connecting, and each answer, milliseconds. */
  readonly timeoutMs: number;
  /** Between two questions for the FUNCTION libraries, milliseconds. */
  readonly functionsIntervalMs: number;
  readonly log: Log;
  readonly clock?: Clock | undefined;
}

/** INFO is a few KB, and the code of libraries seldom more; what is larger isn't read. */
const REPLY_BYTES_MAX = 8 * 1024 * 1024;

/** See the file head. */
export class PolledServer {
  readonly addr: string;
  readonly #options: PolledServerOptions;
  readonly #clock: Clock;
  readonly #connection: ServerConnection;
  #figures: ServerFigures | undefined;
  #isBusy = false;
  #isClosed = false;
  #functions: Readonly<Record<string, string>> | undefined;
  /** What INFO counted when the libraries were asked for, and when that was. */
  #functionCounts = "";
  #functionsAtMs = Number.NEGATIVE_INFINITY;
  #slotCommands: SlotAbility | undefined;
  /** For which run that was asked, and when. */
  #commandsOfRun = "";
  #commandsAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PolledServerOptions) {
    this.addr = options.addr;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#connection = new ServerConnection({
      addr: options.addr,
      password: options.password,
      connectTimeoutMs: options.timeoutMs,
      callTimeoutMs: options.timeoutMs,
      replyBytesMax: REPLY_BYTES_MAX,
      clock: options.clock,
    });
  }

  /** Outcome of the last look; undefined before the first. */
  get figures(): ServerFigures | undefined {
    return this.#figures;
  }

  /** A look is under way, or would only repeat the last failure. */
  get isBusyOrResting(): boolean {
    return this.#isBusy || this.#connection.isResting;
  }

  /** The last look succeeded, so the next one is expected to be quick. */
  get isProven(): boolean {
    return this.#figures?.info !== undefined;
  }

  /** Looks once; never rejects. Not to be called while `isBusyOrResting`. */
  async look(): Promise<void> {
    this.#isBusy = true;
    try {
      const info = await readInfo(this.#connection);
      await this.#lookAtFunctions(info);
      await this.#lookAtCommands(info);
      this.#settle({
        ...{ info, error: undefined, isTimedOut: false },
        ...{ functions: this.#functions, slotCommands: this.#slotCommands },
      });
    } catch (thrown) {
      const error = messageOf(thrown);
      this.#settle({ info: undefined, error, isTimedOut: isServerTimeout(thrown) });
    } finally {
      this.#isBusy = false;
    }
  }

  /** Ends the connection, and with it the look under way; what is known stays as it is. */
  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  #settle(outcome: Omit<ServerFigures, "addr" | "atMs">): void {
    if (this.#isClosed) {
      return;
    }
    const before = this.#figures;
    this.#figures = { addr: this.addr, atMs: this.#clock.nowMs(), ...outcome };
    const { log } = this.#options;
    if (outcome.error !== undefined && (before === undefined || before.error === undefined)) {
      log.warn("server.lost", outcome.error, { addr: this.addr });
    } else if (outcome.error === undefined && before?.error !== undefined) {
      log.info("server.back", `server ${this.addr} answers again`, { addr: this.addr });
    }
  }

  /** Asks which slot commands it has, once for each run, and now and then, as a module can be loaded at any time. */
  async #lookAtCommands(info: ServerInfo): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const runId = info["run_id"] ?? "";
    const isFresh = nowMs - this.#commandsAtMs < this.#options.functionsIntervalMs;
    if (runId === this.#commandsOfRun && isFresh) {
      return;
    }
    this.#slotCommands = await readSlotAbility(this.#connection);
    this.#commandsAtMs = nowMs;
    this.#commandsOfRun = runId;
  }

  /** Asks for the libraries now and then, and at once when INFO counts others than before. */
  async #lookAtFunctions(info: ServerInfo): Promise<void> {
    const version = parseVersion(info["redis_version"]);
    if (version === undefined || !isVersionAtLeast(version, 7, 0) || info["loading"] === "1") {
      return;
    }
    const counts = `${info["run_id"]} ${info["number_of_libraries"]} ${info["number_of_functions"]}`;
    if (info["number_of_libraries"] === "0") {
      this.#functions = {};
      this.#functionCounts = counts;
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    const isFresh = nowMs - this.#functionsAtMs < this.#options.functionsIntervalMs;
    if (isFresh && counts === this.#functionCounts) {
      return;
    }
    this.#functionsAtMs = nowMs;
    this.#functionCounts = counts;
    try {
      this.#functions = digestFunctions(await readFunctions(this.#connection));
    } catch (thrown) {
      if (!isCodisError(thrown, "SERVER_REFUSED")) {
        throw thrown;
      }
      // Not for this user, or busy with a script: the server is well all the same.
      this.#functions = undefined;
      this.#options.log.debug("server.functions", thrown.message, { addr: this.addr });
    }
  }
}
