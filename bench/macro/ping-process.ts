/**
 * The other end of `ping-script.ts`: starts it, and asks it for what it has measured.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withDeadline } from "../../test/support/deadline.ts";
import { startChild } from "./child.ts";
import type { PingFigures } from "./ping-script.ts";

/** A process that measures. */
export interface PingProcess {
  reset(): void;
  /** By port, in the order in which they were given. */
  report(): Promise<readonly PingFigures[]>;
  stop(): Promise<void>;
}

const ANSWER_MS = 10_000;

/** Starts to measure these ports of 127.0.0.1. */
export function startPing(ports: readonly number[]): PingProcess {
  const script = join(dirname(fileURLToPath(import.meta.url)), "ping-script.ts");
  let onLine: (line: string) => void = () => undefined;
  const command = [process.execPath, "--no-env-file", script, ...ports.map(String)];
  const child = startChild(command, (line) => onLine(line));
  return {
    reset: () => child.send("reset"),
    async report() {
      const answered = new Promise<string>((resolve, reject) => {
        onLine = resolve;
        child.ended.then(() => reject(new Error(`the pings ended: ${child.output()}`)));
      });
      child.send("report");
      return JSON.parse(await withDeadline("figures of the pings", ANSWER_MS, answered));
    },
    stop: () => child.stop(),
  };
}
