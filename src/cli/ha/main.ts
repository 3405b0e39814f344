/**
 * `codis ha` with flags: the daemon beside a dashboard that replaces dead masters, as codis-ha of Codis 3 did. Runs
 * rounds until a signal ends it. Run one for a product: it decides alone.
 */
import { TopomClient } from "../../api/topom-client.ts";
import { systemClock } from "../../base/clock.ts";
import { isCodisError } from "../../base/error.ts";
import { createLog } from "../../base/log.ts";
import { RedisClient } from "../../redis/client.ts";
import { EXIT } from "../exit-code.ts";
import { printOut } from "../output.ts";
import { type HaOptions, parseHaFlags } from "./flags.ts";
import { HaWatch } from "./ha-watch.ts";

/** For one call of the dashboard; a promotion is the longest. */
const CALL_TIMEOUT_MS = 30_000;
/** For connection and PONG of a master that may be dead. */
const PING_TIMEOUT_MS = 2_000;

/** Runs `codis ha ARGV`; resolves with the exit code, or throws a `CodisError`. */
export async function runHa(argv: readonly string[]): Promise<number> {
  const order = parseHaFlags(argv);
  if (order.kind === "print") {
    await printOut(order.text);
    return EXIT.done;
  }
  await watch(order.options);
  return EXIT.done;
}

async function watch(options: HaOptions): Promise<void> {
  const { logFile: file, logLevel: level, dashboard: addr, intervalMs } = options;
  const log = await createLog({ component: "ha", level, file, fields: { dashboard: addr } });
  const ended = endSignal();
  try {
    const token = process.env["CODIS_TOKEN"];
    const dashboard = new TopomClient({ addr, token, timeoutMs: CALL_TIMEOUT_MS });
    const rounds = new HaWatch({ dashboard, isAlive, options, clock: systemClock, log });
    log.info("ha.started", `looks at ${addr} every ${intervalMs / 1_000} s`);
    while (!ended.signal.aborted) {
      await rounds.round();
      await pause(intervalMs, ended.signal);
    }
    log.info("ha.stopped", `ends: ${String(ended.signal.reason)}`);
  } finally {
    await log.close();
  }
}

/** Any answer is a sign of life: also that a password is missing, or that data are being loaded. */
async function isAlive(addr: string): Promise<boolean> {
  try {
    const client = await RedisClient.connect({
      addr,
      name: "codis-ha",
      connectTimeoutMs: PING_TIMEOUT_MS,
      callTimeoutMs: PING_TIMEOUT_MS,
    });
    try {
      await client.call(["PING"]);
    } finally {
      client.close();
    }
    return true;
  } catch (thrown) {
    if (!isCodisError(thrown)) {
      throw thrown;
    }
    return thrown.code !== "SERVER_UNREACHABLE";
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function endSignal(): AbortController {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => controller.abort(name));
  }
  return controller;
}
