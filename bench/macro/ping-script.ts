/**
 * Measures how long servers keep a client waiting, from a process of its own: `bun ping-script.ts PORT…`. Sends a PING
 * to each port of 127.0.0.1, a millisecond after the answer to the last one. Orders are lines on stdin:
 *
 *   reset    forgets what was measured
 *   report   answers one JSON line: for each port, milliseconds {"p50", "p99", "p999", "max"} and "count"; not before
 *            each port has answered once since, however short the time was
 *
 * Ends when stdin does.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits of one server, milliseconds. */
export interface PingFigures {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const PAUSE_MS = 1;
/** A port that hasn't answered until then, when a report is wanted, has no figures. */
const FIRST_MS = 20_000;

/** Never resolves; the process ends with its stdin. */
async function measure(port: number, times: number[]): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let answered: () => void = () => undefined;
  socket.on("data", () => answered());
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  for (;;) {
    const sentAt = performance.now();
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    socket.write("PING\r\n");
    await answer;
    times.push(performance.now() - sentAt);
    await sleep(PAUSE_MS);
  }
}

function figuresOf(times: readonly number[]): PingFigures {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

if (import.meta.main) {
  const all = process.argv.slice(2).map((port) => {
    const times: number[] = [];
    measure(Number(port), times).catch((thrown: unknown) => {
      process.stderr.write(`${String(thrown)}\n`);
      process.exit(1);
    });
    return times;
  });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "reset") {
      for (const times of all) {
        times.length = 0;
      }
    } else if (line === "report") {
      const untilMs = performance.now() + FIRST_MS;
      while (all.some((times) => times.length === 0) && performance.now() < untilMs) {
        await sleep(PAUSE_MS);
      }
      process.stdout.write(`${JSON.stringify(all.map(figuresOf))}\n`);
    }
  }
  process.exit(0);
}
