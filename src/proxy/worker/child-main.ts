/**
 * Program of a child process: one worker, driven by the supervisor over the pipe that it was started with.
 *
 * It lives as long as that pipe: when the supervisor dies, however it died, the pipe closes and the child ends
 * at once, so that nothing holds the port. Signals for the whole process group (Ctrl-C, a closed terminal)
 * are left to the supervisor, which tells its workers what to do. Loads the data plane and the log only.
 */
import { CodisError } from "../../base/error.ts";
import { createLog, type Log } from "../../base/log.ts";
import { UNKNOWN_COMMAND_ID } from "../stats/command-stats.ts";
import { Channel, isChannelMessage } from "./channel.ts";
import {
  type ChildCalls,
  type ChildSetup,
  SESSION_COUNTS_FD,
  type SupervisorCalls,
  type WorkerReport,
} from "./child-call.ts";
import { ChildHost } from "./child-host.ts";
import { CountFeed } from "./count-feed.ts";
import { SessionCounts } from "./session-count.ts";
import { Worker } from "./worker.ts";

const EXIT_ORPHANED = 0;
const EXIT_DEFECT = 70;

/** Signals that the supervisor gets too, or that mean nothing to a worker. */
const SIGNALS_IGNORED: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP"];

function main(): void {
  for (const signal of SIGNALS_IGNORED) process.on(signal, () => undefined);
  const server = new ChildServer((report) => channel.tell("report", [report]));
  const channel = new Channel<ChildCalls, SupervisorCalls>("the supervisor", server, (message) => {
    // Fails only when the pipe is closed, and then this process ends.
    if (process.connected) process.send?.(message);
  });
  server.connect(channel);
  process.on("message", (message: unknown) => {
    if (isChannelMessage(message)) channel.receive(message);
  });
  process.on("disconnect", () => process.exit(EXIT_ORPHANED));
  process.on("uncaughtException", (error) => {
    server.logDefect(error).finally(() => process.exit(EXIT_DEFECT));
  });
  // The supervisor may have died before the listener was there.
  if (!process.connected) process.exit(EXIT_ORPHANED);
}

/** Answers the supervisor. */
class ChildServer implements ChildCalls {
  readonly #report: (report: WorkerReport) => void;
  readonly #feed = new CountFeed(UNKNOWN_COMMAND_ID + 1);
  #channel: Channel<ChildCalls, SupervisorCalls> | undefined;
  #started: { readonly worker: Worker; readonly log: Log } | undefined;

  constructor(report: (report: WorkerReport) => void) {
    this.#report = report;
  }

  connect(channel: Channel<ChildCalls, SupervisorCalls>): void {
    this.#channel = channel;
  }

  async start(setup: ChildSetup): Promise<void> {
    if (this.#channel === undefined || this.#started !== undefined) {
      throw new CodisError("INTERNAL", "a worker is started once, by its supervisor");
    }
    const { options, config, logLevel, logFile } = setup;
    const log = await createLog({
      component: "proxy",
      level: logLevel,
      file: logFile,
      fields: { worker: options.index },
    });
    const counts = SessionCounts.inherit(SESSION_COUNTS_FD);
    const host = new ChildHost(this.#channel, counts, options.index);
    this.#started = { worker: new Worker(options, config, host, log), log };
  }

  async listen(): Promise<void> {
    await this.#worker.listen();
  }

  fillSlots: ChildCalls["fillSlots"] = (records, revision) =>
    this.#worker.fillSlots(records, revision);
  setLogin: ChildCalls["setLogin"] = (user, password, isAnew) =>
    this.#worker.setLogin(user, password, isAnew);
  setOnline: ChildCalls["setOnline"] = (isOnline) => this.#worker.setOnline(isOnline);
  forceGc: ChildCalls["forceGc"] = () => this.#worker.forceGc();
  setLogLevel: ChildCalls["setLogLevel"] = (level) => this.#worker.setLogLevel(level);
  listClients: ChildCalls["listClients"] = (filter) => this.#worker.listClients(filter);
  killClients: ChildCalls["killClients"] = (filter) => this.#worker.killClients(filter);
  addScript: ChildCalls["addScript"] = (sha1, body) => this.#worker.addScript(sha1, body);
  clearScripts: ChildCalls["clearScripts"] = () => this.#worker.clearScripts();

  async collect(): Promise<void> {
    const { calls, usecs, fails, redisErrors, buckets, ...rest } = await this.#worker.snapshot();
    const counts = this.#feed.take({ calls, usecs, fails, redisErrors, buckets });
    this.#report({ ...rest, counts });
  }

  async resetStats(): Promise<void> {
    await this.#worker.resetStats();
    this.#feed.reset();
  }

  async shutdown(timeoutMs: number): Promise<void> {
    await this.#worker.shutdown(timeoutMs);
    await this.collect();
    await this.#started?.log.close();
  }

  async logDefect(error: unknown): Promise<void> {
    if (this.#started === undefined) {
      process.stderr.write(`codis proxy worker: ${String(error)}
`);
      return;
    }
    const { log } = this.#started;
    log.error("worker.defect", "a worker ends because of a defect", { error });
    await log.close();
  }

  get #worker(): Worker {
    if (this.#started === undefined) throw new CodisError("INTERNAL", "the worker isn't started");
    return this.#started.worker;
  }
}

main();
