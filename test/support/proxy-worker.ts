/**
 * A whole data plane in the test's own process: one `Worker` on a free port of loopback, with a slot table
 * over given servers and a log that is kept. For component tests that need no process, no admin port.
 *
 * What a worker does after it was frozen isn't done here: a shared machine may stand still for seconds in any test, and
 * servers and clients in the test's own process stood still with the worker.
 */
import { createLog } from "../../src/base/log.ts";
import { offlineSlot, type SlotRecord } from "../../src/model/slot.ts";
import { onFreeze } from "../../src/net/freeze.ts";
import { defaultProxyConfig, type ProxyConfig } from "../../src/proxy/config.ts";
import type { ClientFilter } from "../../src/proxy/dispatch/context.ts";
import { Worker } from "../../src/proxy/worker/worker.ts";

const SLOT_COUNT = 1024;

/** The figures of INFO are not what these tests are about. */
const NO_FIGURES = {
  uptimeSeconds: 1,
  workerCount: 1,
  sessionsAlive: 1,
  sessionsTotal: 1,
  sessionsRejected: 0,
  opsTotal: 0,
  opsFails: 0,
  opsRedisErrors: 0,
  opsPerSecond: 0,
  residentBytes: 1,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  slotsOffline: 0,
  slotsLocked: 0,
};

/** One line of the log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly msg: string;
  readonly reason?: string;
}

/** A running worker and what it was told. */
export interface ProxyWorker {
  readonly worker: Worker;
  readonly port: number;
  readonly log: LogLine[];
  /** Changes fields of some slots; see `Worker.fillSlots` for when it resolves. */
  fill(slots: readonly number[], fields: Partial<SlotRecord>): Promise<void>;
  /** Sessions closed so far, by reason. */
  closedSessions(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** Starts a worker; `addrs[i]` is the master of group i + 1, and slots are dealt in equal ranges. */
export async function startProxyWorker(
  addrs: readonly string[],
  changes: Partial<ProxyConfig> = {},
): Promise<ProxyWorker> {
  const log: LogLine[] = [];
  const sink = {
    write: (line: string) => void log.push(JSON.parse(line) as LogLine),
    close: () => Promise.resolve(),
  };
  const config = defaultProxyConfig({ proxyAddr: "127.0.0.1:0", ...changes });
  const worker: Worker = new Worker(
    {
      index: 0,
      firstSessionNumber: 1,
      token: "test",
      isPortShared: false,
      listenAddr: config.proxyAddr,
      isIpv6Only: false,
    },
    config,
    {
      sessionsElsewhere: () => 0,
      setSessions: () => undefined,
      listClients: (filter: ClientFilter) => worker.listClients(filter),
      killClients: (filter: ClientFilter) => worker.killClients(filter),
      figures: () => Promise.resolve(NO_FIGURES),
      isTableConfirmed: async () => true,
      shareScript: () => undefined,
      shareScriptFlush: async () => undefined,
    },
    await createLog({ component: "proxy", level: "info", sink }),
  );
  const port = await worker.listen();
  onFreeze(Number.POSITIVE_INFINITY, () => undefined);
  const table = Array.from({ length: SLOT_COUNT }, (_, id): SlotRecord => {
    const group = Math.floor((id * addrs.length) / SLOT_COUNT);
    return { ...offlineSlot(id), backendAddr: addrs[group] ?? "", backendAddrGroupId: group + 1 };
  });
  await worker.fillSlots(table);
  await worker.setOnline(true);
  return {
    worker,
    port,
    log,
    fill: (slots, fields) =>
      worker.fillSlots(slots.map((id) => ({ ...(worker.records[id] as SlotRecord), ...fields }))),
    closedSessions: async () => (await worker.snapshot()).sessionsClosed,
    close: () => worker.shutdown(0),
  };
}
