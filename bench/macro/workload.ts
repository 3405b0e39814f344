/**
 * The workloads of the proxy benchmark and the bars that each has to meet: what the issue of the proxy
 * demands of CPU time for each request, ours divided by nutcracker's.
 *
 * Request counts are such that the cheapest target spends about a second of CPU in one run.
 */
import type { Operation } from "./load.ts";

/** One row of the benchmark. */
export interface Workload {
  /** Unique; `--only` matches a part of it. */
  readonly name: string;
  readonly operation: Operation;
  readonly clients: number;
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly keyCount: number;
  /** Requests in one run. */
  readonly requests: number;
  /** CPU ratio to nutcracker that must not be exceeded. */
  readonly cpuRatioMax: number;
  /** CPU ratio to nutcracker that is aimed at, without being a bar. */
  readonly cpuRatioGoal?: number;
}

/** No workload may cost more than this times what nutcracker spends. */
export const CPU_RATIO_MAX = 1.1;
/** p99 may be this many times nutcracker's … */
export const P99_RATIO_MAX = 1.15;
/** … or this much above it. */
export const P99_MORE_MS_MAX = 0.2;

/** Requests of one run with `--quick`. */
export const QUICK_REQUESTS = 1_000;
const QUICK_KEYS = 200;

type Shape = Omit<Workload, "name" | "operation">;

const SHAPES: readonly (readonly [title: string, shape: Shape])[] = [
  ["50 clients, no pipeline, 64 B", shape(50, 1, 64, 100_000, 0.9)],
  ["50 clients, pipeline 16, 64 B", shape(50, 16, 64, 800_000, 0.42)],
  ["8 clients, pipeline 64, 64 B", shape(8, 64, 64, 1_200_000, 0.32)],
  ["50 clients, no pipeline, 4 KB", shape(50, 1, 4_096, 80_000, 1.05)],
  ["1000 clients, no pipeline, 64 B", shape(1_000, 1, 64, 100_000, CPU_RATIO_MAX)],
];

/** All workloads in the order of the table. */
export const WORKLOADS: readonly Workload[] = [
  ...SHAPES.flatMap(([title, each]) =>
    (["GET", "SET"] as const).map((operation) => ({
      name: `${operation}, ${title}`,
      operation,
      ...each,
    })),
  ),
  {
    ...shape(50, 1, 64, 40_000, CPU_RATIO_MAX),
    name: "MGET of 10 keys over both servers, 50 clients, no pipeline, 64 B",
    operation: "MGET",
    cpuRatioGoal: 0.95,
  },
];

/** The same workload with few requests and keys, to see that everything runs. */
export function quickened(workload: Workload): Workload {
  return { ...workload, keyCount: QUICK_KEYS, requests: QUICK_REQUESTS };
}

function shape(
  clients: number,
  pipeline: number,
  valueBytes: number,
  requests: number,
  cpuRatioMax: number,
): Shape {
  // 4 KB values: 40 MB on each server are enough to miss every processor cache.
  const keyCount = valueBytes > 1_024 ? 10_000 : 100_000;
  return { clients, pipeline, valueBytes, keyCount, requests, cpuRatioMax };
}
