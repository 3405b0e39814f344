/**
 * One run of the order property: sessions with random pipelines through a proxy with random limits, over
 * fake servers with random delays and splits, while random slots are locked for moments.
 *
 * What must hold: each session gets exactly its replies, in the order of its requests, and on each key the
 * servers see the requests of a session in the order in which it sent them.
 */
import { FakeRedis, type FakeRedisOptions } from "./fake-redis.ts";
import {
  type DueReply,
  type KeySpace,
  keysOf,
  OrderModel,
  type PlannedRequest,
  replyEnd,
  traceOf,
} from "./order-model.ts";
import { type ProxyWorker, startProxyWorker } from "./proxy-worker.ts";
import { RawClient } from "./raw-client.ts";
import { Random } from "./seed.ts";
import { slotOfText } from "./slot-of-text.ts";

/** How much one run does. */
export interface OrderSize {
  readonly sessions: number;
  readonly requests: number;
}

const SERVERS = 3;
const OWN_KEYS = 12;
const SHARED = Array.from({ length: 6 }, (_, index) => `shared:${index}`);
const OFFLINE = Array.from({ length: 4 }, (_, index) => `offline:${index}`);
const OFFLINE_SLOTS = OFFLINE.map(slotOfText);

/** Resolves with a line that says what was wrong and with which seed, or undefined when all is well. */
export async function findOrderFault(seed: number, size: OrderSize): Promise<string | undefined> {
  try {
    await runOrder(seed, size);
    return undefined;
  } catch (thrown) {
    return `CODIS_TEST_SEED=${seed}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

async function runOrder(seed: number, size: OrderSize): Promise<void> {
  const random = new Random(seed);
  const fakes = await Promise.all(
    Array.from({ length: SERVERS }, () =>
      FakeRedis.start(randomDelivery(new Random(random.below(2 ** 31)))),
    ),
  );
  const proxy = await startProxyWorker(
    fakes.map((fake) => fake.addr),
    {
      // Longer than a shared machine stands still: locked slots must fail nobody.
      slotHoldTimeoutMs: 30_000,
      sessionMaxPipeline: random.pick([1, 2, 7, 50, 10_000]),
      backendMaxPipeline: random.pick([1, 3, 20, 20_480]),
      backendPrimaryParallel: random.pick([1, 1, 2]),
    },
  );
  try {
    await proxy.fill(OFFLINE_SLOTS, { backendAddr: "", backendAddrGroupId: 0 });
    const plans = Array.from({ length: size.sessions }, (_, index) =>
      planSession(`s${index}`, new Random(random.below(2 ** 31)), size.requests),
    );
    const isDone = { value: false };
    const locking = lockAtRandom(proxy, new Random(random.below(2 ** 31)), isDone);
    const sending = plans.map((plan) =>
      runSession(proxy.port, plan, new Random(random.below(2 ** 31))),
    );
    await Promise.all(sending).finally(() => {
      isDone.value = true;
    });
    await locking;
    for (const plan of plans) checkTraces(plan, fakes);
  } finally {
    await proxy.close();
    await Promise.all(fakes.map((fake) => fake.close()));
  }
}

interface SessionPlan {
  readonly id: string;
  readonly own: ReadonlySet<string>;
  readonly requests: readonly PlannedRequest[];
}

function planSession(id: string, random: Random, count: number): SessionPlan {
  const offlineSlots = new Set(OFFLINE_SLOTS);
  const own: string[] = [];
  for (let n = 0; own.length < OWN_KEYS; n++) {
    const key = `${id}:${n}`;
    if (!offlineSlots.has(slotOfText(key))) own.push(key);
  }
  const keys: KeySpace = { own, shared: SHARED, offline: OFFLINE };
  const model = new OrderModel(id, random, keys);
  return {
    id,
    own: new Set(own),
    requests: Array.from({ length: count }, () => model.next()),
  };
}

/** Sends everything in random chunks at random moments and checks every reply. */
async function runSession(port: number, plan: SessionPlan, random: Random): Promise<void> {
  const client = await RawClient.open(port);
  const stream = Buffer.concat(plan.requests.map((request) => request.frame));
  const sending = (async () => {
    const cuts = random.cuts(stream.length, random.pick([0, 1, 5, 100]));
    let start = 0;
    for (const cut of [...cuts, stream.length]) {
      await client.write(stream.subarray(start, cut));
      start = cut;
      if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
    }
    // Half of the sessions close their half behind the pipeline: it must be answered all the same.
    if (random.chance(0.5)) client.end();
  })();
  try {
    const dues = plan.requests.map((request) => request.due);
    await receive(client, plan, dues);
    await sending;
  } finally {
    client.destroy();
  }
}

async function receive(
  client: RawClient,
  plan: SessionPlan,
  dues: readonly DueReply[],
): Promise<void> {
  for (const [index, due] of dues.entries()) {
    const what = `reply ${index} of session ${plan.id}`;
    const frame = JSON.stringify(plan.requests[index]?.frame.toString("latin1", 0, 120));
    let got: Buffer;
    if (Buffer.isBuffer(due)) {
      got = await client.take(due.length).catch((error: unknown) => {
        throw new Error(`${what} to ${frame}: ${(error as Error).message}`);
      });
      if (got.equals(due)) continue;
    } else {
      await client.waitUntil(what, () => replyEnd(client.received, 0) !== -1 || client.isEnded);
      got = await client.take(Math.max(1, replyEnd(client.received, 0)));
      if (String.fromCharCode(got[0] as number) === due.type) continue;
    }
    const shown = Buffer.isBuffer(due) ? due.toString("latin1", 0, 120) : due.type;
    throw new Error(
      `${what} to ${frame} is ${JSON.stringify(got.toString("latin1", 0, 120))}, due was ${JSON.stringify(shown)}`,
    );
  }
  if (client.receivedLength > 0) {
    throw new Error(
      `session ${plan.id} got more than its replies: ${client.received.toString("latin1", 0, 120)}`,
    );
  }
}

/** On each key, what the servers saw of this session is what it sent, in that order. */
function checkTraces(plan: SessionPlan, fakes: readonly FakeRedis[]): void {
  const sent = new Map<string, string[]>();
  for (const request of plan.requests) {
    for (const [key, trace] of request.traces) push(sent, key, trace);
  }
  const seen = new Map<string, string[]>();
  for (const entry of fakes.flatMap((fake) => fake.journal)) {
    const argv = entry.argv.map((argument) => argument.toString("latin1"));
    for (const [index, key] of keysOf(argv).entries()) {
      const isShared = SHARED.includes(key) && (argv[2] ?? "").startsWith(`${plan.id}-`);
      if (plan.own.has(key) || isShared) push(seen, `${entry.db} ${key}`, traceOf(argv, index));
    }
  }
  for (const [key, traces] of sent) {
    const found = seen.get(key) ?? [];
    const wrong = traces.findIndex((trace, index) => trace !== found[index]);
    if (wrong === -1 && traces.length === found.length) continue;
    const at = Math.max(0, wrong);
    throw new Error(
      `session ${plan.id} sent ${traces.length} requests for "${key}" and the server saw ${found.length}; ` +
        `number ${at} was ${JSON.stringify(traces[at])} and the server saw ${JSON.stringify(found[at])}`,
    );
  }
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Locks random slots for moments, as a migration does before it changes an owner. */
async function lockAtRandom(
  proxy: ProxyWorker,
  random: Random,
  isDone: { value: boolean },
): Promise<void> {
  const served = Array.from({ length: 1024 }, (_, id) => id).filter(
    (id) => !OFFLINE_SLOTS.includes(id),
  );
  while (!isDone.value) {
    const share = random.pick([0.05, 0.3, 1]);
    const slots = served.filter(() => random.chance(share));
    await proxy.fill(slots, { locked: true });
    await turns(random.below(5));
    await proxy.fill(slots, { locked: false });
    await turns(random.below(40));
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function randomDelivery(random: Random): FakeRedisOptions {
  return {
    deliver: (_entry, reply) => {
      const delayMs = random.chance(0.7) ? undefined : random.pick([0, 0, 0, 1, 3]);
      const cuts = random.chance(0.3)
        ? random.cuts(reply.length, random.chance(0.1) ? Math.min(reply.length, 40) : 3)
        : [];
      return delayMs === undefined ? { cuts } : { delayMs, cuts };
    },
  };
}
