/**
 * A worker in a child process, as the fleet sees any worker: each method is a call over the child's pipe with
 * a deadline of its own.
 *
 * Life: `start` (the process is there and has made its worker), the fleet gives it the slot table, `listen`,
 * and at some time `exited`. Orders that must hold are carried out or the process is dead: a slot table that
 * isn't acknowledged in time ends in SIGKILL, and is acknowledged after that. Questions that aren't answered
 * in time cost that worker's part of the answer, nothing else. A dead worker carries out every order at once
 * and still has its last figures, so the fleet may keep it until another takes its place.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isCodisError, messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { IS_SINGLE_FILE, ownProgram, WORKER_COMMAND } from "../../base/program-place.ts";
import { workerMark } from "../../model/local-process.ts";
import type { SlotRecord } from "../../model/slot.ts";
import type { ClientFilter, ClientInfo } from "../dispatch/context.ts";
import { Channel, isChannelMessage } from "../worker/channel.ts";
import type { ChildCalls, ChildSetup, SupervisorCalls } from "../worker/child-call.ts";
import type { WorkerHandle, WorkerSnapshot } from "../worker/contract.ts";
import type { WorkerAccount } from "./worker-account.ts";

/** Loading takes 0.1 to 0.3 s; the rest is for a machine that is busy. */
const START_TIMEOUT_MS = 30_000;
/** Of questions: figures, lists of clients. */
const ASK_TIMEOUT_MS = 2000;
/** Of orders that take a while in a worker: garbage collection, all clients closed. */
const ORDER_TIMEOUT_MS = 5000;
/** Added to `shutdown_timeout`, for what a worker does after its last client is gone. */
const SHUTDOWN_GRACE_MS = 500;
/** From the end of the pipe to the end of the process. */
const EXIT_TIMEOUT_MS = 1000;

/** Flags of `bin/codis`: what a daemon does must not depend on the folder it is started from. */
const RUNTIME_FLAGS = ["--no-env-file", "--no-install", "--config=/dev/null"];
const PROGRAM = fileURLToPath(new URL("../worker/child-main.ts", import.meta.url));
const COMMAND = IS_SINGLE_FILE ? [WORKER_COMMAND] : [...RUNTIME_FLAGS, PROGRAM];

/** What a child is made of. */
export interface ChildWorkerParts {
  readonly setup: ChildSetup;
  /** Descriptor of the session counts, handed on to the child. */
  readonly sessionCountsFd: number;
  readonly account: WorkerAccount;
  /** What the child may ask, but for its reports, which go to `account`. */
  readonly calls: Omit<SupervisorCalls, "report">;
  readonly workerAckTimeoutMs: number;
  readonly log: Log;
}

/** See the file head. */
export class ChildWorker implements WorkerHandle {
  readonly index: number;
  /** Resolves with how the process ended, `SIGKILL` or `exit code 1`; never rejects. */
  readonly exited: Promise<string>;
  readonly #parts: ChildWorkerParts;
  readonly #process: ChildProcess;
  readonly #channel: Channel<SupervisorCalls, ChildCalls>;
  #isGone = false;
  #isLeaving = false;
  #isSilent = false;

  /** Starts the process. */
  constructor(parts: ChildWorkerParts) {
    this.#parts = parts;
    this.index = parts.setup.options.index;
    const { index, token } = parts.setup.options;
    // The index is for people who read a list of processes; by the mark a dashboard knows whether all have gone.
    const argv = [...COMMAND, `${index}`, workerMark(token)];
    // Of the same version as this process, whatever was installed since. The name is for lists of processes.
    const child = spawn(ownProgram(), argv, {
      argv0: IS_SINGLE_FILE ? "codis" : process.execPath,
      stdio: ["ignore", "inherit", "inherit", "ipc", parts.sessionCountsFd],
      serialization: "advanced",
    });
    this.#process = child;
    const calls: SupervisorCalls = {
      ...parts.calls,
      report: (report) => parts.account.add(report),
    };
    this.#channel = new Channel<SupervisorCalls, ChildCalls>(
      `worker ${this.index}`,
      calls,
      (message) => {
        if (child.connected) child.send(message, () => undefined);
      },
    );
    child.on("message", (message: unknown) => {
      if (isChannelMessage(message)) this.#channel.receive(message);
    });
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#isGone = true;
        this.#channel.close(`has ended: ${how}`);
        resolve(how);
      };
      child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`));
      child.once("error", (error) => end(`it can't be started: ${error.message}`));
    });
    // A process that closed its end of the pipe takes no orders any more.
    child.once("disconnect", () => {
      if (!this.#isLeaving) child.kill("SIGKILL");
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves when the process has made its worker. */
  start(): Promise<void> {
    return this.#channel.call("start", [this.#parts.setup], START_TIMEOUT_MS);
  }

  /** Serves from now on. Throws `PORT_IN_USE`. */
  listen(): Promise<void> {
    return this.#channel.call("listen", [], START_TIMEOUT_MS);
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exited;
  }

  fillSlots(records: readonly SlotRecord[], revision: number): Promise<void> {
    const timeoutMs = this.#parts.workerAckTimeoutMs;
    return this.#obey(this.#channel.call("fillSlots", [records, revision], timeoutMs));
  }

  setLogin(user: string, password: string, isAnew: boolean): Promise<void> {
    const timeoutMs = this.#parts.workerAckTimeoutMs;
    return this.#obey(this.#channel.call("setLogin", [user, password, isAnew], timeoutMs));
  }

  setOnline(isOnline: boolean): Promise<void> {
    const timeoutMs = this.#parts.workerAckTimeoutMs;
    return this.#obey(this.#channel.call("setOnline", [isOnline], timeoutMs));
  }

  async opsTotal(): Promise<number> {
    await this.#collect();
    return this.#parts.account.opsTotal();
  }

  async snapshot(): Promise<WorkerSnapshot> {
    await this.#collect();
    return this.#parts.account.snapshot();
  }

  async resetStats(): Promise<void> {
    await this.#unlessGone(this.#channel.call("resetStats", [], ORDER_TIMEOUT_MS));
    this.#parts.account.resetCounts();
  }

  forceGc(): Promise<void> {
    return this.#unlessGone(this.#channel.call("forceGc", [], ORDER_TIMEOUT_MS));
  }

  setLogLevel(level: string): Promise<void> {
    return this.#unlessGone(this.#channel.call("setLogLevel", [level], ORDER_TIMEOUT_MS));
  }

  listClients(filter: ClientFilter): Promise<readonly ClientInfo[]> {
    return this.#ask(this.#channel.call("listClients", [filter], ASK_TIMEOUT_MS), []);
  }

  killClients(filter: ClientFilter): Promise<number> {
    return this.#ask(this.#channel.call("killClients", [filter], ASK_TIMEOUT_MS), 0);
  }

  addScript(sha1: string, body: Uint8Array): Promise<void> {
    return this.#channel.offer("addScript", [sha1, body], body.length, ORDER_TIMEOUT_MS);
  }

  clearScripts(): Promise<void> {
    const cleared = this.#channel.call("clearScripts", [], ASK_TIMEOUT_MS);
    return this.#ask(cleared, undefined);
  }

  async shutdown(timeoutMs: number): Promise<void> {
    try {
      await this.#channel.call("shutdown", [timeoutMs], timeoutMs + SHUTDOWN_GRACE_MS);
    } catch {
      await this.kill();
      return;
    }
    this.#isLeaving = true;
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), EXIT_TIMEOUT_MS);
    if (this.#process.connected) this.#process.disconnect();
    await this.exited;
    clearTimeout(timer);
  }

  /** Done, or the process is dead; or it has done its part and can't acknowledge it yet (MOVE_UNSETTLED). */
  async #obey(done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      if (this.#isGone) return;
      // Its death would undo nothing: what a source was told is with the source.
      if (isCodisError(error, "MOVE_UNSETTLED")) throw error;
      this.#parts.log.error(
        "worker.killed",
        `worker ${this.index} is killed: ${messageOf(error)}`,
        {
          worker: this.index,
          child: this.pid,
        },
      );
      await this.kill();
    }
  }

  async #unlessGone(done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      if (!this.#isGone) throw error;
    }
  }

  /** The account has the newest figures, or keeps the last ones of a worker that doesn't answer. */
  #collect(): Promise<void> {
    return this.#ask(this.#channel.call("collect", [], ASK_TIMEOUT_MS), undefined);
  }

  /** The answer, or `otherwise`; told once when answers stay out, and once when they come again. */
  async #ask<T>(answer: Promise<T>, otherwise: T): Promise<T> {
    const fields = { worker: this.index, child: this.pid };
    try {
      const result = await answer;
      if (this.#isSilent) {
        this.#isSilent = false;
        this.#parts.log.info("worker.answers", `worker ${this.index} answers again`, fields);
      }
      return result;
    } catch (thrown) {
      if (!this.#isGone && !this.#isSilent) {
        this.#isSilent = true;
        this.#parts.log.warn("worker.silent", messageOf(thrown), fields);
      }
      return otherwise;
    }
  }
}
