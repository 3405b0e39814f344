/**
 * The load generator: builds command lines of redis-benchmark (7.0), runs them with a bound, and reads
 * throughput and latency from the text it prints. Its CSV form lacks the 99.9th percentile, so the full
 * distribution is read.
 *
 * Invariant: a run counts only when every request was answered and no answer was an error.
 */
import { findProgram, runChild } from "./child.ts";
import { onCore } from "./core.ts";

/** What redis-benchmark shall do. */
export interface Load {
  readonly port: number;
  readonly clients: number;
  /** Requests that a client sends before it waits; 1 is no pipeline. */
  readonly pipeline: number;
  readonly requests: number;
  /** Keys are `key:` and 12 digits, below this number. */
  readonly keyCount: number;
  readonly valueBytes: number;
  readonly operation: Operation;
  /** Threads of the generator; undefined is its classic single-threaded form. */
  readonly threads?: number;
  /** Processor that the generator is kept on; undefined: any. */
  readonly core?: number;
}

/** GET and SET are the generator's own tests; MGET asks for ten random keys. */
export type Operation = "GET" | "SET" | "MGET";

/** What one run has shown. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Milliseconds. For pipelines the generator's clock runs from the batch's write to its reply. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Keys of one MGET. */
export const MGET_KEY_COUNT = 10;

/** The command line of a load, program first. */
export function loadCommand(load: Load): readonly string[] {
  const options: readonly (readonly [string, number])[] = [
    ["-p", load.port],
    ["-c", load.clients],
    ["-P", load.pipeline],
    ["-n", load.requests],
    ["-r", load.keyCount],
    ["-d", load.valueBytes],
    ["--precision", 3],
    ...(load.threads === undefined ? [] : [["--threads", load.threads] as const]),
  ];
  const operation =
    load.operation === "MGET"
      ? ["MGET", ...Array.from({ length: MGET_KEY_COUNT }, () => "key:__rand_int__")]
      : ["-t", load.operation.toLowerCase()];
  const numbers = options.flatMap(([name, value]) => [name, `${value}`]);
  return ["redis-benchmark", ...numbers, ...operation];
}

/**
 * Runs a load to its end. Rejects when it fails, sees an error reply or a closed connection (both end
 * the generator), or takes too long.
 */
export async function runLoad(load: Load, limitMs: number): Promise<LoadResult> {
  const [program = "", ...args] = loadCommand(load);
  const command = onCore(load.core, [findProgram(program), ...args]);
  const { code, stdout, stderr } = await runChild(command, limitMs);
  const complaint = /^Error.*$/m.exec(stderr)?.[0];
  if (code !== 0 || complaint !== undefined) {
    throw new Error(`redis-benchmark ended with ${code}: ${complaint ?? stderr.slice(-500)}`);
  }
  return parseLoadOutput(stdout);
}

/** Reads the text of one test; throws when a figure is missing. */
export function parseLoadOutput(text: string): LoadResult {
  const throughput = /throughput summary: ([\d.]+|inf) requests per second/.exec(text)?.[1];
  if (throughput === undefined) {
    throw new Error(`redis-benchmark printed no throughput: ${text.slice(-500)}`);
  }
  const summary = /^\s*avg\s+min\s+p50\s+p95\s+p99\s+max\s*\n([\d.\s]+)/m.exec(text)?.[1];
  const [, , p50, , p99] = (summary ?? "").trim().split(/\s+/).map(Number);
  const p999 = [...text.matchAll(/^([\d.]+)% <= ([\d.]+) milliseconds/gm)]
    .map((match) => ({ percent: Number(match[1]), ms: Number(match[2]) }))
    .find((line) => line.percent >= 99.9)?.ms;
  if (p50 === undefined || p99 === undefined || p999 === undefined) {
    throw new Error(`redis-benchmark printed no latencies: ${text.slice(-500)}`);
  }
  // A few requests within less than a millisecond: it divides by 0.
  const requestsPerSecond = throughput === "inf" ? Number.POSITIVE_INFINITY : Number(throughput);
  return { requestsPerSecond, p50Ms: p50, p99Ms: p99, p999Ms: p999 };
}
