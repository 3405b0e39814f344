/**
 * One measured move: how fast keys went, how long the servers kept a PING waiting, and what clients felt before and
 * meanwhile. Who moves the keys is the caller's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Load, type LoadResult, runLoad } from "./load.ts";
import { startPing } from "./ping-process.ts";
import type { PingFigures } from "./ping-script.ts";
import { cpuBetween, readUsage } from "./process-usage.ts";
import { median } from "./statistic.ts";

/** What is measured around a move. */
export interface MoveSetting {
  readonly name: string;
  /** Ports that are pinged: sources, then targets. */
  readonly ports: readonly number[];
  /** Load while keys move; undefined: the servers are idle otherwise. */
  readonly load: Load | undefined;
  /** The process that moves the keys; undefined: this one. */
  readonly moverPid: number | undefined;
  /** Moves; the number of keys that it has moved. */
  readonly move: () => Promise<number>;
}

/** What a move has shown. */
export interface MoveFigures {
  readonly name: string;
  readonly keys: number;
  readonly seconds: number;
  readonly keysPerSecond: number;
  /** CPU time of the process that moved them, microseconds for each key. */
  readonly cpuUsPerKey: number;
  readonly pings: readonly PingFigures[];
  /** p99 of the clients before the move, and the median and the worst of the runs during it. */
  readonly before: ClientFigures | undefined;
  readonly during: ClientFigures | undefined;
}

/** Latencies of clients, milliseconds. */
export interface ClientFigures {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly worstP99Ms: number;
}

const LOAD_MS = 60_000;
const BEFORE_RUNS = 3;
const REST_MS = 500;

/** Runs and measures one move. */
export async function measureMove(setting: MoveSetting): Promise<MoveFigures> {
  const { name, ports, load, moverPid, move } = setting;
  // From the beginning: what the pings themselves cost clients is no cost of the move.
  const ping = startPing(ports);
  try {
    await sleep(REST_MS);
    const before: LoadResult[] = [];
    for (let run = 0; load !== undefined && run < BEFORE_RUNS; run += 1) {
      before.push(await runLoad(load, LOAD_MS));
    }
    await sleep(REST_MS);
    ping.reset();
    const cpuUs = startCpuTime(moverPid);
    const begunAt = performance.now();
    let isMoving = true;
    const moving = move().finally(() => {
      isMoving = false;
    });
    const during: LoadResult[] = [];
    while (load !== undefined && isMoving) {
      const result = await Promise.race([runLoad(load, LOAD_MS), moving.then(() => undefined)]);
      if (result !== undefined) {
        during.push(result);
      }
    }
    const keys = await moving;
    const seconds = (performance.now() - begunAt) / 1_000;
    const cpuUsPerKey = cpuUs() / Math.max(1, keys);
    const pings = await ping.report();
    return {
      name,
      keys,
      seconds,
      keysPerSecond: keys / seconds,
      cpuUsPerKey,
      pings,
      before: clientFiguresOf(before),
      during: clientFiguresOf(during),
    };
  } finally {
    await ping.stop();
  }
}

/** Gives what a process has used since, microseconds; of this one without its children, which are the load. */
function startCpuTime(pid: number | undefined): () => number {
  if (pid === undefined) {
    const before = process.cpuUsage();
    return () => {
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
  }
  const before = readUsage(pid);
  return () => cpuBetween(before, readUsage(pid)).us;
}

function clientFiguresOf(results: readonly LoadResult[]): ClientFigures | undefined {
  return results.length === 0
    ? undefined
    : {
        requestsPerSecond: median(results.map((result) => result.requestsPerSecond)),
        p99Ms: median(results.map((result) => result.p99Ms)),
        worstP99Ms: Math.max(...results.map((result) => result.p99Ms)),
      };
}
