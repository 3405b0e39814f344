/**
 * Masters that only seem dead: the dashboard is cut off from the master, or from all proxies, or was frozen itself, and
 * so was a proxy. Nothing may be done then.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { MasterPulses } from "../../src/dashboard/availability/failover/failure-detector.ts";
import { PulseSet } from "../../src/redis/pulse-set.ts";
import { cleanupsAfterEach } from "../support/cleanup.ts";
import { waitFor } from "../support/deadline.ts";
import {
  DEADLINE_MS,
  DOWN_AFTER_MS,
  FailoverProduct,
  type FailoverProductOptions,
  QUICK_DETECTOR,
} from "../support/failover-product.ts";
import { startTcpRelay, type TcpRelay } from "../support/tcp-relay.ts";

/** Time in which a dead master would have been replaced. */
const LONG_MS = DOWN_AFTER_MS + 2_500;
/** Where a living master must not be taken for dead: longer than a shared machine stands still. */
const PATIENT_MS = 4_000;
/** The silence of a server that answers, as somebody sees it who stood still. */
const SILENCE_MS_MAX = 6_000;
/** Longest wait for a proxy's word. */
const ASK_MS = 10_000;
setDefaultTimeout(120_000);

const cleanup = cleanupsAfterEach();

async function start(options: FailoverProductOptions = {}): Promise<FailoverProduct> {
  const product = await FailoverProduct.start(options);
  cleanup(() => product.stop());
  return product;
}

async function relayTo(addr: string): Promise<TcpRelay> {
  const relay = await startTcpRelay(Number(addr.split(":")[1]));
  cleanup(() => relay.close());
  return relay;
}

/** Own looks that go to other addresses than those of the servers. */
class RoutedPulses implements MasterPulses {
  readonly #inner = new PulseSet({ password: "", name: "test", periodMs: 150 });
  readonly #routes: ReadonlyMap<string, string>;

  constructor(routes: ReadonlyMap<string, string>) {
    this.#routes = routes;
  }

  setServers(addrs: Iterable<string>): void {
    this.#inner.setServers([...addrs].map((addr) => this.#routes.get(addr) ?? addr));
  }

  get(addr: string) {
    return this.#inner.get(this.#routes.get(addr) ?? addr);
  }

  close(): void {
    this.#inner.close();
  }
}

test("the dashboard is cut off from a master that proxies reach: nothing happens", async () => {
  const product = await start();
  const { addr } = product.server(1, 0);
  const relay = await relayTo(addr);
  await product.closeLeader();
  const pulses = new RoutedPulses(new Map([[addr, relay.addr]]));
  await product.lead({ config: { ...QUICK_DETECTOR, haDownAfterMs: PATIENT_MS }, pulses });
  await waitFor("the master's first answer", DEADLINE_MS, () => pulses.get(addr)?.hasAnswered);
  relay.cut();
  await product.whenSaid("a suspicion", (text) => text.includes("only 0 of 2 proxies with a vote"));
  await Bun.sleep(LONG_MS + PATIENT_MS);
  expect(product.leader.book.all()).toEqual([]);
  expect(product.leader.masterOf(1)).toBe(addr);
  relay.mend();
  await product.whenSaid("the end of the suspicion", (text) => !text.includes("group 1"));
});

test("the dashboard is cut off from all proxies: a dead master stays, until it reaches them again", async () => {
  const relays: TcpRelay[] = [];
  const product = await start({
    adminAddr: async (proxy) => {
      const relay = await relayTo(proxy.adminAddr);
      relays.push(relay);
      return relay.addr;
    },
  });
  const { addr } = product.server(1, 0);
  for (const relay of relays) {
    relay.cut();
  }
  await product.server(1, 0).kill();
  await product.whenSaid("a suspicion", (text) => text.includes("none of 2 proxies answers"));
  await Bun.sleep(LONG_MS);
  expect(product.leader.book.all()).toEqual([]);
  expect(product.leader.masterOf(1)).toBe(addr);
  for (const relay of relays) {
    relay.mend();
  }
  await waitFor(
    "the failover",
    DEADLINE_MS,
    () => product.leader.masterOf(1) !== addr || undefined,
  );
});

test("a proxy that was frozen doesn't hold its own silence against a master", async () => {
  const product = await start({ replicas: [0], proxies: 1 });
  const [proxy] = product.proxies;
  const { addr } = product.server(1, 0);
  const silence = async (): Promise<number | undefined> => {
    const [stats] = (await product.leader.fleet.askStats(ASK_MS)).values();
    return stats?.servers?.[addr]?.silent_ms;
  };
  await waitFor("an answer of the master", DEADLINE_MS, async () => {
    const silentMs = await silence();
    return silentMs !== undefined && silentMs < SILENCE_MS_MAX ? true : undefined;
  });
  proxy?.program.signal("SIGSTOP");
  await Bun.sleep(SILENCE_MS_MAX + 2_000);
  const asked = silence();
  proxy?.program.signal("SIGCONT");
  expect(await asked).toBeLessThan(SILENCE_MS_MAX);
});

test("a proxy tells what it sees of masters: their silence and their role", async () => {
  const product = await start({ replicas: [1] });
  const { addr } = product.server(1, 0);
  const sight = async () => {
    const [stats] = (await product.leader.fleet.askStats(ASK_MS)).values();
    return stats?.servers?.[addr];
  };
  await waitFor(
    "the role",
    DEADLINE_MS,
    async () => (await sight())?.role === "master" || undefined,
  );
  product.server(1, 0).pause();
  await waitFor("silence", DEADLINE_MS, async () => {
    const { silent_ms: silentMs = 0 } = (await sight()) ?? {};
    return silentMs >= DOWN_AFTER_MS || undefined;
  });
});
