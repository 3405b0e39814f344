/**
 * Calls over several proxies on the memory coordinator, with a made-up Redis library: who gets a call, which
 * calls are made again, and what a vanished, hung or returned proxy does to them.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { DiscoveryEvent } from "../../../src/client/event.ts";
import { ProxyDiscovery } from "../../../src/client/proxy-discovery.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../src/coordinator/memory/memory-store.ts";
import { waitFor } from "../../support/deadline.ts";
import { type FakeClient, FakeClientAdapter } from "../../support/fake-client-adapter.ts";

const FOLDER = "/jodis/demo";
const WAIT_MS = 10_000;
const [A, B, C] = ["10.0.0.1:19000", "10.0.0.2:19000", "10.0.0.3:19000"] as const;

let store: MemoryStore;
let library: FakeClientAdapter;
let discovery: ProxyDiscovery<FakeClient>;
let events: DiscoveryEvent[];

beforeEach(() => {
  store = createMemoryStore();
  library = new FakeClientAdapter();
  events = [];
});

afterEach(() => discovery.close(0));

/** Writes the registration of a proxy; undefined removes it. */
function register(
  addr: string,
  state: string | undefined = "online",
  start = "",
): Promise<unknown> {
  const data = JSON.stringify({ addr, state, start });
  return write(addr, data);
}

function unregister(addr: string): Promise<unknown> {
  return write(addr, undefined);
}

function write(name: string, data: string | undefined): Promise<unknown> {
  return store.open().write([{ path: `${FOLDER}/proxy-${name}`, data, expected: "any" }]);
}

async function start(
  changes: { graceMs?: number; pingPeriodMs?: number; acquireTimeoutMs?: number } = {},
) {
  discovery = new ProxyDiscovery({
    coordinator: store.open(),
    product: "demo",
    folder: FOLDER,
    adapter: library,
    times: {
      connectTimeoutMs: 500,
      graceMs: changes.graceMs ?? 50,
      pingPeriodMs: changes.pingPeriodMs ?? 0,
      pingTimeoutMs: 30,
    },
    acquireTimeoutMs: changes.acquireTimeoutMs ?? 2000,
    onEvent: (event) => events.push(event),
  });
  await discovery.start(WAIT_MS);
}

/** Registers the proxies, starts, and waits until all are connected. */
async function startWith(...addrs: readonly string[]): Promise<void> {
  for (const addr of addrs) {
    library.up.add(addr);
    await register(addr);
  }
  await start();
  await connected(...addrs);
}

function connected(...addrs: readonly string[]): Promise<true> {
  return waitFor(`connections to ${addrs}`, WAIT_MS, () => {
    const now = discovery.proxies().filter((proxy) => proxy.isConnected);
    return now.map((proxy) => proxy.addr).join() === addrs.join() ? true : undefined;
  });
}

const get = (name = "GET") => discovery.run((client) => client.command(name));
const kinds = () => events.map((event) => event.kind);

describe("calls", () => {
  test("go to the proxies in turn", async () => {
    await startWith(A, B, C);
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await get());
    expect(answers.map((answer) => answer.split(" ")[0])).toEqual([A, B, C, A, B, C]);
  });

  test("wait for the first proxy that comes", async () => {
    await start();
    const answer = get();
    library.up.add(A);
    await register(A);
    expect(await answer).toBe(`${A} GET`);
  });

  test("fail with one line when no proxy comes in time", async () => {
    await start({ acquireTimeoutMs: 30 });
    await expect(get()).rejects.toMatchObject({ code: "NO_PROXY_REACHABLE" });
    await expect(get()).rejects.toThrow("none is registered under /jodis/demo at memory");
    await register(A);
    await waitFor("a try", WAIT_MS, () => (kinds().includes("unreachable") ? true : undefined));
    await expect(get()).rejects.toThrow(`within 30 ms: ${A}: ECONNREFUSED`);
  });

  test("after the end are refused, those in flight may come to theirs", async () => {
    await startWith(A);
    const slow = Promise.withResolvers<string>();
    const inFlight = discovery.run(() => slow.promise);
    const closing = discovery.close(WAIT_MS);
    await expect(get()).rejects.toThrow("the discovery was closed");
    slow.resolve("done");
    expect(await inFlight).toBe("done");
    await closing;
    expect(library.open.size).toBe(0);
  });

  test("that fail by themselves are not made again", async () => {
    await startWith(A, B);
    let tries = 0;
    const failing = discovery.run(
      () => {
        tries += 1;
        throw new Error("mine");
      },
      { isIdempotent: true },
    );
    await expect(failing).rejects.toThrow("mine");
    expect(tries).toBe(1);
  });
});

describe("a proxy that dies", () => {
  test("is left out at once, before its registration lapses", async () => {
    await startWith(A, B);
    library.kill(A);
    expect([await get(), await get(), await get()]).toEqual([`${B} GET`, `${B} GET`, `${B} GET`]);
    expect(events.at(-1)).toEqual({ kind: "lost", addr: A, reason: "the connection was lost" });
  });

  test("is left out also when the library hasn't told yet", async () => {
    await startWith(A, B);
    library.kill(A, false);
    expect([await get(), await get()]).toEqual([`${B} GET`, `${B} GET`]);
  });

  test("costs what was in flight on it, and it isn't made again", async () => {
    await startWith(A, B);
    library.hanging.add(A);
    const lost = get("INCR");
    await waitFor("the call", WAIT_MS, () => library.sent[0]);
    library.kill(A);
    await expect(lost).rejects.toThrow("the connection was lost");
    expect(library.sent).toEqual([`${A} INCR`]);
  });

  test("costs nothing of an idempotent call: it is made again elsewhere", async () => {
    await startWith(A, B);
    library.hanging.add(A);
    const answer = discovery.run((client) => client.command("GET"), { isIdempotent: true });
    await waitFor("the call", WAIT_MS, () => library.sent[0]);
    library.kill(A);
    expect(await answer).toBe(`${B} GET`);
  });

  test("costs nothing of a call that hadn't sent anything yet", async () => {
    await startWith(A, B);
    const clients: string[] = [];
    const answer = await discovery.run(async (client) => {
      clients.push(client.addr);
      if (clients.length === 1) library.kill(A);
      await Promise.resolve();
      return client.command("INCR");
    });
    expect(answer).toBe(`${B} INCR`);
    expect([clients, library.sent]).toEqual([[A, B], [`${B} INCR`]]);
  });

  test("costs a call that had sent its first command, even when the second wasn't", async () => {
    await startWith(A, B);
    const answer = discovery.run(async (client) => {
      await client.command("INCR");
      library.kill(A);
      return client.command("INCR");
    });
    await expect(answer).rejects.toThrow("not connected");
    expect(library.sent).toEqual([`${A} INCR`]);
  });

  test("is used again when it is back, without a new registration", async () => {
    await startWith(A, B);
    library.kill(A);
    library.up.add(A);
    await connected(A, B);
    expect(kinds().filter((kind) => kind === "connected")).toHaveLength(3);
  });

  test("and registers again is connected at once, whatever the pause was", async () => {
    await startWith(A, B);
    library.kill(A);
    const triesBefore = library.connects;
    await waitFor("two tries", WAIT_MS, () =>
      library.connects >= triesBefore + 2 ? true : undefined,
    );
    library.up.add(A);
    await register(A, "online", "a new start");
    await connected(A, B);
  });
});

describe("a proxy that hangs", () => {
  test("is found by its PING, and its calls end", async () => {
    library.up.add(A).add(B);
    await register(A);
    await register(B);
    await start({ pingPeriodMs: 20 });
    await connected(A, B);
    library.hanging.add(A);
    const answers = await Promise.all([
      discovery.run((client) => client.command("GET"), { isIdempotent: true }),
      discovery.run((client) => client.command("GET"), { isIdempotent: true }),
    ]);
    expect(answers).toEqual([`${B} GET`, `${B} GET`]);
    expect(events).toContainEqual({
      kind: "lost",
      addr: A,
      reason: "no answer to PING within 30 ms",
    });
  });
});

describe("registrations", () => {
  test("that go, or aren't online, take no new calls; what is in flight ends", async () => {
    await startWith(A, B, C);
    const slow = Promise.withResolvers<string>();
    const inFlight = discovery.run(() => slow.promise);
    await unregister(A);
    await register(B, "offline");
    await waitFor("both to go", WAIT_MS, () =>
      kinds().filter((kind) => kind === "unregistered").length === 2 ? true : undefined,
    );
    expect([await get(), await get()]).toEqual([`${C} GET`, `${C} GET`]);
    slow.resolve("done");
    expect(await inFlight).toBe("done");
    await waitFor("the ends of A and B", WAIT_MS, () =>
      discovery.proxies().length === 1 ? true : undefined,
    );
    expect([...library.open].map((client) => client.addr)).toEqual([C]);
  });

  test("that come back within the grace keep their connection", async () => {
    await startWith(A, B);
    await discovery.close(0);
    await start({ graceMs: 60_000 });
    await connected(A, B);
    await unregister(A);
    await waitFor("A to go", WAIT_MS, () => (kinds().includes("unregistered") ? true : undefined));
    const clients = new Set(library.open);
    await register(A);
    await waitFor("A to be back", WAIT_MS, () =>
      discovery.proxies().every((proxy) => proxy.isRegistered) ? true : undefined,
    );
    expect(new Set(library.open)).toEqual(clients);
  });

  test("that are all gone at once are taken for trouble of the coordinator", async () => {
    await startWith(A, B);
    await unregister(A);
    await waitFor("A to go", WAIT_MS, () => (kinds().includes("unregistered") ? true : undefined));
    await unregister(B);
    await waitFor("trouble", WAIT_MS, () => (kinds().includes("trouble") ? true : undefined));
    expect(await get()).toBe(`${B} GET`);
  });

  test("stay as they were while the coordinator is down, and are read again after it", async () => {
    await startWith(A, B);
    store.setDown(true);
    expect([await get(), await get()]).toEqual([`${A} GET`, `${B} GET`]);
    library.kill(A);
    expect([await get(), await get()]).toEqual([`${B} GET`, `${B} GET`]);
    store.setDown(false);
    library.up.add(C);
    await register(C);
    await connected(B, C);
  });

  test("with garbage are told by name, and the others are used", async () => {
    await write("x", "{nonsense");
    await startWith(A);
    expect(await get()).toBe(`${A} GET`);
    expect(events[0]).toMatchObject({ kind: "trouble" });
    expect(JSON.stringify(events[0])).toContain("/jodis/demo/proxy-x: isn't JSON");
    await write("x", undefined);
    await waitFor("the recovery", WAIT_MS, () =>
      kinds().includes("recovered") ? true : undefined,
    );
  });

  test("that can't be read at the start are one clear error", async () => {
    store.setDown(true);
    discovery = new ProxyDiscovery({
      coordinator: store.open({ operationTimeoutMs: 10 }),
      product: "demo",
      folder: FOLDER,
      adapter: library,
      times: { connectTimeoutMs: 1, graceMs: 1, pingPeriodMs: 0, pingTimeoutMs: 1 },
      acquireTimeoutMs: 1,
      onEvent: (event) => events.push(event),
    });
    const failure = discovery.start(100);
    await expect(failure).rejects.toMatchObject({ code: "COORDINATOR_UNREACHABLE" });
    await expect(failure).rejects.toThrow(
      "can't read the proxies under /jodis/demo at memory within 100 ms: memory: the store is down",
    );
    expect(kinds()).toEqual(["trouble"]);
  });

  test("of two proxies with one address count once, and a unix socket is an address", async () => {
    library.up.add(A).add("/run/codis.sock");
    await write("1", JSON.stringify({ addr: A, state: "online" }));
    await write("2", JSON.stringify({ addr: A, state: "online" }));
    await write("3", JSON.stringify({ addr: "/run/codis.sock", state: "online" }));
    await start();
    await connected(A, "/run/codis.sock");
  });
});
