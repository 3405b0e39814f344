/**
 * `codis fe`: reads the command line, finds the products, serves the console, and runs until a signal ends it. The
 * port answers before the first product is found, and while none can be: `/readyz` tells.
 */
import { LATE, within } from "../base/bounded-wait.ts";
import { systemClock } from "../base/clock.ts";
import { createLog, type Log } from "../base/log.ts";
import { PidFile } from "../config/pid-file.ts";
import { type FeOptions, parseFeArgs } from "./args.ts";
import { startFeServer } from "./fe-server.ts";
import { ProductBook } from "./product-book.ts";
import { openSource } from "./product-source.ts";

/** Longest wait for calls under way at the end, and for the connection to the coordinator to close. */
const END_MS = 5_000;

/** Runs `codis fe ARGV`; resolves with the exit code, or rejects with a `CodisError`. */
export async function runFe(argv: readonly string[]): Promise<number> {
  const order = parseFeArgs(argv);
  if (order.kind === "print") {
    process.stdout.write(order.text);
    return 0;
  }
  const { options } = order;
  const log = await createLog({
    component: "fe",
    level: options.logLevel,
    file: options.logFile,
  });
  try {
    await run(options, log);
    return 0;
  } finally {
    await log.close();
  }
}

async function run(options: FeOptions, log: Log): Promise<void> {
  const ended = endSignal();
  const source = await openSource(options.source, (line) => log.warn("coordinator.state", line));
  const book = new ProductBook(source, systemClock, log);
  const pidFile = new PidFile(options.pidFile);
  try {
    const server = await startFeServer({
      book,
      listen: options.listen,
      basePath: options.basePath,
      trustedProxies: options.trustedProxies,
      webFolder: options.assetsDir,
      log,
    });
    try {
      pidFile.write();
      log.info("fe.started", `listens at ${server.addr}, products from ${source.label}`, {
        addr: server.addr,
      });
      // The port answers meanwhile; what doesn't answer is told as such.
      await Promise.race([book.start(), ended]);
      const cause = await ended;
      log.info("fe.stopping", `ends: ${cause}`);
    } finally {
      book.close();
      await endInTime(server.close(), log);
    }
  } finally {
    await endInTime(source.close(), log);
    pidFile.remove();
    log.info("fe.stopped", "fe has ended");
  }
}

async function endInTime(ended: Promise<void>, log: Log): Promise<void> {
  if ((await within(END_MS, ended)) === LATE) {
    log.warn("fe.end-late", `what is still under way after ${END_MS} ms is broken off`);
  }
}

function endSignal(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.once("SIGTERM", () => resolve("SIGTERM"));
  process.once("SIGINT", () => resolve("SIGINT"));
  return promise;
}
