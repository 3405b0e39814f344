/**
 * A worker between two real redis-servers whose slots move from the first to the second, for tests of moves on
 * access. All slots are the first server's at the start.
 */
import type { ForwardMethod } from "../../src/model/slot.ts";
import type { ProxyConfig } from "../../src/proxy/config.ts";
import type { MoveFigures } from "../../src/proxy/control.ts";
import { type ProxyWorker, startProxyWorker } from "./proxy-worker.ts";
import { RespConnection } from "./resp-connection.ts";
import { slotOfText } from "./slot-of-text.ts";

/** Addresses of the two ends as the table names them; a relay may stand in front of a server. */
export interface MoveEnds {
  readonly source: string;
  readonly target: string;
}

/** See the file head. */
export interface MovingWorker {
  readonly proxy: ProxyWorker;
  /** A client of the proxy. */
  connect(): Promise<RespConnection>;
  /** The slots of these keys, all slots without a key, become locked, migrating, the target's or the source's. */
  lock(...keys: readonly string[]): Promise<void>;
  migrate(...keys: readonly string[]): Promise<void>;
  finish(...keys: readonly string[]): Promise<void>;
  giveBack(...keys: readonly string[]): Promise<void>;
  figures(): Promise<MoveFigures>;
  close(): Promise<void>;
}

/** Starts the worker. */
export async function startMovingWorker(
  { source, target }: MoveEnds,
  changes: Partial<ProxyConfig> = {},
  { forwardMethod = 2 }: { readonly forwardMethod?: ForwardMethod } = {},
): Promise<MovingWorker> {
  const proxy = await startProxyWorker([source], changes);
  const clients: RespConnection[] = [];
  const slotsOf = (keys: readonly string[]): readonly number[] =>
    keys.length === 0
      ? Array.from({ length: 1024 }, (_, id) => id)
      : [...new Set(keys.map(slotOfText))];
  const moving = {
    backendAddr: target,
    backendAddrGroupId: 2,
    migrateFrom: source,
    migrateFromGroupId: 1,
    forwardMethod,
  } as const;
  const still = {
    migrateFrom: "",
    migrateFromGroupId: 0,
    forwardMethod: 0,
    locked: false,
  } as const;
  return {
    proxy,
    async connect() {
      const client = await RespConnection.open(proxy.port);
      clients.push(client);
      return client;
    },
    lock: (...keys) => proxy.fill(slotsOf(keys), { ...moving, locked: true }),
    migrate: (...keys) => proxy.fill(slotsOf(keys), { ...moving, locked: false }),
    finish: (...keys) =>
      proxy.fill(slotsOf(keys), { ...still, backendAddr: target, backendAddrGroupId: 2 }),
    giveBack: (...keys) =>
      proxy.fill(slotsOf(keys), { ...still, backendAddr: source, backendAddrGroupId: 1 }),
    figures: async () => (await proxy.worker.snapshot()).moves,
    async close() {
      for (const client of clients) client.destroy();
      await proxy.close();
    },
  };
}
