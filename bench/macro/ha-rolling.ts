/**
 * A rolling restart of all proxies under applications that find them through the discovery client: each proxy is told
 * to end (SIGTERM), started again, and the next one has its turn when the dashboard has filled it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createDiscovery, type Discovery, ioredisAdapter } from "../../src/client/discovery.ts";
import { waitFor } from "../../test/support/deadline.ts";
import { DiscoveryLoad } from "../../test/support/discovery-load.ts";
import { startEtcd } from "../../test/support/etcd-server.ts";
import { ReplicatedProduct } from "../../test/support/replicated-product.ts";

/** How it went. */
export interface RollingFigures {
  readonly served: number;
  readonly failed: number;
  /** Failures and wrong answers, for people. */
  readonly text: string;
}

interface Application {
  readonly load: DiscoveryLoad<Redis>;
  readonly discovery: Discovery<Redis>;
}

const PROXIES = 3;
const REST_MS = 1_000;
const CONNECTED_MS = 30_000;

/** Restarts every proxy once. */
export async function restartProxies(
  clients: number,
  progress: (line: string) => void,
): Promise<RollingFigures> {
  const etcd = await startEtcd();
  const product = await ReplicatedProduct.start({
    coordinator: { name: "etcd", addr: etcd.addr },
    replicas: 0,
    proxies: PROXIES,
    proxyConfig: { jodis_name: "etcd", jodis_addr: etcd.addr },
  });
  const applications: Application[] = [];
  try {
    for (let index = 0; index < clients; index += 1) {
      applications.push(await startApplication(index, etcd.addr));
    }
    await allServedBy(applications, product);
    for (const [index, proxy] of product.proxies.entries()) {
      await proxy.stop();
      product.proxies[index] = await proxy.restart();
      await product.whenWell();
      for (const { load } of applications) {
        load.servedBy.clear();
      }
      await allServedBy(applications, product);
      await sleep(REST_MS);
      progress(`proxy ${index + 1} restarted`);
    }
    await Promise.all(applications.map(({ load }) => load.stop()));
    return figuresOf(applications);
  } finally {
    await Promise.all(applications.map(({ load }) => load.stop()));
    await Promise.all(applications.map(({ discovery }) => discovery.close()));
    await product.stop();
    await etcd.stop();
  }
}

async function startApplication(index: number, etcdAddr: string): Promise<Application> {
  const load = new DiscoveryLoad<Redis>(`counter:${index}`, {
    incr: (client, key) => client.incr(key),
    get: (client, key) => client.get(key),
    addrOf: (client) => `127.0.0.1:${client.options.port}`,
  });
  const discovery = await createDiscovery({
    coordinator: { kind: "etcd", addr: etcdAddr },
    product: "demo",
    adapter: ioredisAdapter((given) => new Redis({ ...given })),
    onEvent: (event) => load.note(event),
  });
  load.start(discovery);
  return { load, discovery };
}

/** Every application has been served by every proxy. */
async function allServedBy(
  applications: readonly Application[],
  product: ReplicatedProduct,
): Promise<void> {
  await waitFor("calls through all proxies", CONNECTED_MS, () =>
    applications.every(({ load }) => load.servedBy.size === product.proxies.length)
      ? true
      : undefined,
  );
}

function figuresOf(applications: readonly Application[]): RollingFigures {
  const failed = applications.flatMap(({ load }) => load.failed);
  const wrong = applications.flatMap(({ load }) => load.wrong);
  const texts = new Set(failed.map(({ error }) => String(error)));
  return {
    served: applications.reduce((sum, { load }) => sum + load.served(), 0),
    failed: failed.length + wrong.length,
    text: [`${failed.length} failed`, `${wrong.length} wrong`, ...texts, ...wrong].join("; "),
  };
}
