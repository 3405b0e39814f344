/**
 * The worker processes of a proxy that was started with several, as its log and the clients show them.
 *
 * The number of a session tells its worker: see `Worker`. A worker is named by its index, a process by pid.
 */
import { readFileSync } from "node:fs";
import { waitFor } from "./deadline.ts";
import type { RespConnection } from "./resp-connection.ts";
import type { RunningProxy } from "./running-proxy.ts";

/** Session ids of worker `index` are `index` + n * 256. */
const WORKER_ID_STEP = 256;
const CONNECT_TRIES = 200;

/** Pids of the processes that were the worker `index`, the living one last. */
export function pidsOfWorker(proxy: RunningProxy, index: number): readonly number[] {
  const lines = proxy.log().filter((line) => line["event"] === "worker.started");
  return lines.filter((line) => line["worker"] === index).map((line) => Number(line["child"]));
}

/** Pid of the process that is worker `index` now. */
export function pidOfWorker(proxy: RunningProxy, index: number): number {
  const pid = pidsOfWorker(proxy, index).at(-1);
  if (pid === undefined) throw new Error(`worker ${index} was never started`);
  return pid;
}

/** Resolves with the pid of the process that has replaced `oldPid` and serves. */
export function waitForSuccessor(
  proxy: RunningProxy,
  index: number,
  oldPid: number,
): Promise<number> {
  return waitFor(`successor of worker ${index} (${oldPid})`, 30_000, () => {
    const pid = pidOfWorker(proxy, index);
    return pid === oldPid ? undefined : pid;
  });
}

/** The worker that serves a connection. */
export async function workerOf(connection: RespConnection): Promise<number> {
  const reply = (await connection.call("CLIENT", "ID")).toString();
  return Number(reply.slice(1)) % WORKER_ID_STEP;
}

/** A connection to worker `index`: the system chooses, so it takes several tries. */
export async function connectToWorker(proxy: RunningProxy, index: number): Promise<RespConnection> {
  for (let tries = 0; tries < CONNECT_TRIES; tries += 1) {
    const connection = await proxy.connect();
    if ((await workerOf(connection)) === index) return connection;
    connection.destroy();
  }
  throw new Error(`none of ${CONNECT_TRIES} connections came to worker ${index}`);
}

/** Whether a process is there; a dead one that nobody has waited for doesn't count. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}
