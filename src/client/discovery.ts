/**
 * Service discovery for applications (Jodis for TypeScript): finds the proxies of a product in ZooKeeper or
 * etcd, keeps a connection to each with the Redis library of the application, and hands calls out to them in
 * turn. Runs on Bun and on Node 20 or later; `docs/discovery.md` tells how to use it.
 *
 * This file is all that an application imports.
 */
import { CodisError } from "../base/error.ts";
import type { Coordinator } from "../coordinator/coordinator.ts";
import { jodisFolder } from "../model/jodis-record.ts";
import { isProductName, PRODUCT_NAME_RULE } from "../model/product.ts";
import type { ClientAdapter } from "./adapter.ts";
import type { DiscoveryListener } from "./event.ts";
import { type CallOptions, type KnownProxy, ProxyDiscovery } from "./proxy-discovery.ts";

/** What the client throws. */
export { CodisError, type ErrorCode } from "../base/error.ts";
/** For a Redis library of the application's own. */
export type { ClientAdapter, ProxyTarget } from "./adapter.ts";
/** What `onEvent` gets. */
export type { DiscoveryEvent, DiscoveryListener } from "./event.ts";
/** For ioredis. */
export { type IoredisClient, type IoredisOptions, ioredisAdapter } from "./ioredis-adapter.ts";
/** For node-redis. */
export {
  type NodeRedisClient,
  type NodeRedisOptions,
  nodeRedisAdapter,
} from "./node-redis-adapter.ts";
/** Of `Discovery`. */
export type { CallOptions, KnownProxy } from "./proxy-discovery.ts";

/** Where the proxies register. */
export interface StoreOptions {
  readonly kind: "zookeeper" | "etcd";
  /** `host:port,host:port`; etcd also as `http://host:port`. */
  readonly addr: string;
  /** `user:password`; default is no login. */
  readonly auth?: string;
  /** Session of ZooKeeper, milliseconds; default 20 000. */
  readonly sessionTimeoutMs?: number;
}

/** What to find and how. All times are milliseconds, 1 or more unless said otherwise. */
export interface DiscoveryOptions<C extends object> {
  readonly coordinator: StoreOptions;
  /** `product_name` of the proxies. */
  readonly product: string;
  /**
   * Folder of the registrations; default `/jodis/{product}`. Proxies with `jodis_compatible = true` are under
   * `/zk/codis/db_{product}/proxy`.
   */
  readonly path?: string;
  /** `ioredisAdapter(…)`, `nodeRedisAdapter(…)`, or one of the application. */
  readonly adapter: ClientAdapter<C>;
  /** For the first reading of the registrations; default 10 000. */
  readonly startTimeoutMs?: number;
  /** A call waits so long for a connected proxy; default 5000. */
  readonly acquireTimeoutMs?: number;
  /** For a connection and the first PING on it; default 2000. */
  readonly connectTimeoutMs?: number;
  /** A proxy whose registration is gone is closed after this time, default 10 000. */
  readonly graceMs?: number;
  /** A PING on each connection so often; default 5000, 0 is never. */
  readonly pingPeriodMs?: number;
  /** A PING that isn't answered for so long ends its connection; default 5000. */
  readonly pingTimeoutMs?: number;
  /** Gets what happens, for logs and metrics; must not throw. */
  readonly onEvent?: DiscoveryListener;
}

/** Proxies of one product. `C` is the client of the Redis library. */
export interface Discovery<C extends object> {
  /**
   * Makes a call through the next connected proxy in turn, and gives its result. The client is for this call
   * only. A call that surely wasn't sent is made again on another proxy; one that may have been is made again
   * only with `isIdempotent`. Rejects with NO_PROXY_REACHABLE when no proxy is connected in time, else with
   * the library's own error.
   */
  run<T>(call: (client: C) => T | Promise<T>, options?: CallOptions): Promise<T>;
  /** The proxies that are known now, for applications that make connections of their own, and for metrics. */
  proxies(): readonly KnownProxy[];
  /** Takes no more calls, lets those in flight end within `drainMs` (default 5000), closes everything. */
  close(drainMs?: number): Promise<void>;
}

const DEFAULTS = {
  startTimeoutMs: 10_000,
  acquireTimeoutMs: 5000,
  connectTimeoutMs: 2000,
  graceMs: 10_000,
  pingPeriodMs: 5000,
  pingTimeoutMs: 5000,
} as const;
const DRAIN_MS = 5000;
/** Bound of one question to the coordinator. */
const OPERATION_TIMEOUT_MS = 5000;
/** Beyond this a timer fires at once. */
const MS_MAX = 2 ** 31 - 1;

/**
 * Connects to the coordinator and reads the registrations; resolves when they are known, before the proxies
 * are connected (calls wait for that). Rejects with ARGUMENT_INVALID for options that can't be used, and with
 * COORDINATOR_UNREACHABLE or COORDINATOR_REFUSED when the registrations can't be read in time.
 */
export async function createDiscovery<C extends object>(
  options: DiscoveryOptions<C>,
): Promise<Discovery<C>> {
  const times = readTimes(options);
  const folder = options.path ?? jodisFolder(options.product, false);
  checkNames(options.product, folder);
  checkAdapter(options.adapter);
  const coordinator = await openStore(options.coordinator, times.startTimeoutMs);
  const discovery = new ProxyDiscovery({
    coordinator,
    product: options.product,
    folder,
    adapter: options.adapter,
    times,
    acquireTimeoutMs: times.acquireTimeoutMs,
    onEvent: options.onEvent ?? (() => undefined),
  });
  try {
    await discovery.start(times.startTimeoutMs);
  } catch (error) {
    await discovery.close(0);
    throw error;
  }
  return {
    run: (call, callOptions) => discovery.run(call, callOptions),
    proxies: () => discovery.proxies(),
    close: (drainMs = DRAIN_MS) => discovery.close(drainMs),
  };
}

/** Only the implementation that is asked for is loaded; the file system's needs Bun and isn't offered. */
async function openStore(options: StoreOptions, startTimeoutMs: number): Promise<Coordinator> {
  const { addr, auth = "", sessionTimeoutMs } = options;
  // Shorter than the wait for the first reading, so that its failure has a reason to tell.
  const operationTimeoutMs = Math.min(OPERATION_TIMEOUT_MS, Math.ceil(startTimeoutMs / 2));
  const given = {
    addr,
    auth,
    operationTimeoutMs,
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
  };
  const { kind } = options;
  switch (kind) {
    case "zookeeper": {
      const { openZookeeper } = await import("../coordinator/zookeeper/zookeeper.ts");
      return openZookeeper({ kind, ...given });
    }
    case "etcd": {
      const { openEtcd } = await import("../coordinator/etcd/etcd.ts");
      return openEtcd({ kind, ...given });
    }
    default:
      throw new CodisError(
        "ARGUMENT_INVALID",
        `coordinator.kind: expected zookeeper or etcd, not ${String(kind)}`,
      );
  }
}

type Times = { readonly [K in keyof typeof DEFAULTS]: number };

function readTimes(options: Partial<Times>): Times {
  const read = (name: keyof Times): number => {
    const value = options[name] ?? DEFAULTS[name];
    const min = name === "pingPeriodMs" ? 0 : 1;
    if (!Number.isFinite(value) || value < min || value > MS_MAX) {
      throw new CodisError(
        "ARGUMENT_INVALID",
        `${name}: expected milliseconds from ${min} to ${MS_MAX}, not ${value}`,
      );
    }
    return value;
  };
  return {
    startTimeoutMs: read("startTimeoutMs"),
    acquireTimeoutMs: read("acquireTimeoutMs"),
    connectTimeoutMs: read("connectTimeoutMs"),
    graceMs: read("graceMs"),
    pingPeriodMs: read("pingPeriodMs"),
    pingTimeoutMs: read("pingTimeoutMs"),
  };
}

function checkNames(product: string, folder: string): void {
  if (!isProductName(product)) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `product: expected ${PRODUCT_NAME_RULE}, not ${JSON.stringify(product)}`,
    );
  }
  if (!/^(\/[^/]+)+$/.test(folder)) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      `path: expected a folder like /jodis/${product}, not ${JSON.stringify(folder)}`,
    );
  }
}

/** A client that would break the contract is found now, not when the first proxy is there. */
function checkAdapter<C extends object>(adapter: ClientAdapter<C>): void {
  const probe = adapter.create({ host: "127.0.0.1", port: 1 }, DEFAULTS.connectTimeoutMs);
  adapter.destroy(probe);
}
