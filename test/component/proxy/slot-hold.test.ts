/**
 * Slots that aren't simply served: locked ones make their requests wait, in order and for a bounded time,
 * while everything else goes on; offline and moving ones answer an error.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { memoryGauge } from "../../../src/net/buffer-pool.ts";
import type { ProxyConfig } from "../../../src/proxy/config.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { FakedProxy, type TwoFakes } from "../../support/faked-proxy.ts";
import type { ProxyWorker } from "../../support/proxy-worker.ts";
import { command, type RawClient } from "../../support/raw-client.ts";
import { slotOfText } from "../../support/slot-of-text.ts";

/** On the first server, in two slots; and on the second. */
const KEY = "dog";
const NEIGHBOUR = "apple";
const FAR = "cat";
const SLOT = slotOfText(KEY);
const TRY_AGAIN = "-TRYAGAIN slot is being moved and is locked for too long, try again\r\n";
const OFFLINE = "-ERR handle request, slot is not ready, may be offline\r\n";

const stage = new FakedProxy();
let fakes: TwoFakes;
let proxy: ProxyWorker;
let client: RawClient;
let other: RawClient;

beforeEach(async () => {
  fakes = await stage.open();
});

afterEach(() => stage.close());

/** Requests are held for longer than a shared machine stands still, unless a test says otherwise. */
async function start(changes: Partial<ProxyConfig> = {}): Promise<void> {
  proxy = await stage.start({ slotHoldTimeoutMs: 30_000, ...changes });
  client = await stage.connect();
  other = await stage.connect();
}

/** Bytes that the sessions of both clients hold, or requests in flight: what has arrived shows there. */
async function untilInFlight(count: number): Promise<void> {
  await waitFor(`${count} requests that wait`, 30_000, async () => {
    const held = memoryGauge.usedBytes;
    return held >= count ? true : undefined;
  });
}

describe("a locked slot", () => {
  test("makes its requests wait, and they go on in order to the new owner", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    const mine = Array.from({ length: 20 }, (_, i) => command("APPEND", KEY, `a${i}`));
    await client.write(Buffer.concat(mine));
    await untilInFlight(mine.length * mine[0]!.length);
    const theirs = Array.from({ length: 20 }, (_, i) => command("APPEND", KEY, `b${i}`));
    const before = memoryGauge.usedBytes;
    await other.write(Buffer.concat(theirs));
    await untilInFlight(before + theirs.length * theirs[0]!.length);
    expect(fakes[0].requests("APPEND")).toEqual([]);
    await proxy.fill([SLOT], {
      locked: false,
      backendAddr: fakes[1].addr,
      backendAddrGroupId: 2,
    });
    await client.waitUntil("20 replies", () => lines(client) === 20);
    await other.waitUntil("20 replies", () => lines(other) === 20);
    const seen = fakes[1].requests("APPEND").map((entry) => entry.argv[2]?.toString());
    expect(seen).toEqual([
      ...Array.from({ length: 20 }, (_, i) => `a${i}`),
      ...Array.from({ length: 20 }, (_, i) => `b${i}`),
    ]);
    expect(fakes[0].requests("APPEND")).toEqual([]);
  });

  test("holds up neither other slots of the same server nor other sessions", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    await client.write(
      Buffer.concat([
        command("SET", NEIGHBOUR, "1"),
        command("GET", KEY),
        command("SET", FAR, "2"),
      ]),
    );
    await client.expectNext("+OK\r\n");
    await waitFor("the request behind the held one", 30_000, () =>
      fakes[1].requests("SET").length === 1 ? true : undefined,
    );
    await other.write(command("MGET", NEIGHBOUR, FAR));
    await other.expectNext("*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    // Its own reply is not due before that of the held request.
    expect(client.receivedLength).toBe(0);
    await proxy.fill([SLOT], { locked: false });
    await client.expectNext("$-1\r\n+OK\r\n");
  });

  test("makes a request over several slots wait, and what the session sends behind it", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    await client.write(Buffer.concat([command("MSET", KEY, "1", FAR, "2"), command("GET", FAR)]));
    await waitFor("input that is kept", 30_000, async () => {
      const infos = await proxy.worker.listClients({});
      return infos.some((info) => info.inputBytes > 0) ? true : undefined;
    });
    expect(fakes[1].requests("MSET")).toEqual([]);
    expect(fakes[1].requests("GET")).toEqual([]);
    await proxy.fill([SLOT], { locked: false });
    await client.expectNext("+OK\r\n$1\r\n2\r\n");
  });

  test("answers TRYAGAIN after slot_hold_timeout, and never runs such a request later", async () => {
    await start({ slotHoldTimeoutMs: 300 });
    await proxy.fill([SLOT], { locked: true });
    await client.write(Buffer.concat([command("SET", KEY, "late"), command("GET", FAR)]));
    await other.write(Buffer.concat([command("MSET", KEY, "late", FAR, "late"), command("PING")]));
    await client.expectNext(`${TRY_AGAIN}$-1\r\n`);
    await other.expectNext(`${TRY_AGAIN}+PONG\r\n`);
    await proxy.fill([SLOT], { locked: false });
    await client.write(command("MGET", KEY, FAR));
    await client.expectNext("*2\r\n$-1\r\n$-1\r\n");
    expect([...fakes[0].requests("SET"), ...fakes[1].requests("MSET")]).toEqual([]);
  });

  test("is acknowledged only when no request sent before it is in flight", async () => {
    await start();
    await client.write(command("GET", KEY));
    await client.expectNext("$-1\r\n");
    fakes[0].isWithholding = true;
    await client.write(command("SET", KEY, "1"));
    await waitFor("the write at the server", 30_000, () =>
      fakes[0].requests("SET").length === 1 ? true : undefined,
    );
    let isAcknowledged = false;
    const locking = proxy.fill([SLOT], { locked: true }).then(() => {
      isAcknowledged = true;
    });
    await client.write(command("GET", KEY));
    await waitFor("the drain marker at the server", 30_000, () =>
      fakes[0].requests("PING").length === 1 ? true : undefined,
    );
    expect(isAcknowledged).toBe(false);
    fakes[0].release();
    await withDeadline("acknowledgement of the lock", 30_000, locking);
    expect(fakes[0].requests("GET").length).toBe(1);
    await proxy.fill([SLOT], { locked: false });
    await client.expectNext("+OK\r\n$1\r\n1\r\n");
  });

  test("answers nobody when the session of the request is gone", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    await client.write(command("GET", KEY));
    await untilInFlight(command("GET", KEY).length);
    await proxy.worker.killClients({ addr: client.localAddr });
    await client.takeAll();
    await proxy.fill([SLOT], { locked: false });
    await other.write(command("GET", KEY));
    await other.expectNext("$-1\r\n");
  });

  test("keeps the order of a pipeline whose FIN has come", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    await client.write(
      Buffer.concat([
        command("INCR", KEY),
        command("PING"),
        command("MGET", KEY, FAR),
        command("ECHO", "x"),
      ]),
    );
    client.end();
    await untilInFlight(10);
    await proxy.fill([SLOT], { locked: false });
    expect((await client.takeAll()).toString()).toBe(
      ":1\r\n+PONG\r\n*2\r\n$1\r\n1\r\n$-1\r\n$1\r\nx\r\n",
    );
  });

  test("counts its writes for WAIT once they are sent", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    await client.write(command("SET", KEY, "1"));
    await untilInFlight(10);
    await proxy.fill([SLOT], { locked: false });
    await client.expectNext("+OK\r\n");
    // The fake has no WAIT: what matters is whom the proxy asks.
    await client.write(Buffer.concat([command("SET", FAR, "1"), command("WAIT", "0", "0")]));
    await client.waitUntil("the reply to WAIT", () => lines(client) >= 2);
    const asked = fakes.map((fake) => fake.requests("WAIT").length);
    expect(asked).toEqual([1, 1]);
  });
});

describe("a slot that can't be served answers an error", () => {
  test("when nobody owns it", async () => {
    await start();
    await proxy.fill([SLOT], { backendAddr: "", backendAddrGroupId: 0 });
    const frames = [
      command("GET", KEY),
      command("MGET", FAR, KEY),
      command("EVAL", "return 1", "1", KEY),
      command("GET", FAR),
    ];
    await client.write(Buffer.concat(frames));
    await client.expectNext(`${OFFLINE}${OFFLINE}${OFFLINE}$-1\r\n`);
    expect(fakes[1].requests("MGET")).toEqual([]);
  });

  test("and requests held for it get that error when it goes offline", async () => {
    await start();
    await proxy.fill([SLOT], { locked: true });
    await client.write(Buffer.concat([command("GET", KEY), command("GET", FAR)]));
    await untilInFlight(10);
    await proxy.fill([SLOT], { locked: false, backendAddr: "", backendAddrGroupId: 0 });
    await client.expectNext(`${OFFLINE}$-1\r\n`);
  });
});

describe("a slot that changes its owner", () => {
  test("and comes back at once is served by the server it came back to", async () => {
    await start();
    const all = Array.from({ length: 512 }, (_, id) => id);
    await client.write(command("GET", KEY));
    await client.expectNext("$-1\r\n");
    fakes[0].isWithholding = true;
    await client.write(command("GET", KEY));
    await waitFor("the request at the first server", 30_000, () =>
      fakes[0].requests("GET").length === 2 ? true : undefined,
    );
    const moving = proxy.fill(all, { backendAddr: fakes[1].addr, backendAddrGroupId: 2 });
    fakes[0].release();
    await moving;
    await client.expectNext("$-1\r\n");
    await proxy.fill(all, { backendAddr: fakes[0].addr, backendAddrGroupId: 1 });
    await client.write(command("SET", KEY, "back"));
    await client.expectNext("+OK\r\n");
    expect(fakes[0].requests("SET").length).toBe(1);
  });

  test("leaves no connection to a server that owns nothing any more", async () => {
    await start();
    await client.write(command("MGET", KEY, FAR));
    await client.expectNext("*2\r\n$-1\r\n$-1\r\n");
    const all = Array.from({ length: 512 }, (_, id) => id);
    await proxy.fill(all, { backendAddr: fakes[1].addr, backendAddrGroupId: 2 });
    await waitFor("the end of the connection", 30_000, () =>
      fakes[0].openConnections === 0 ? true : undefined,
    );
    await client.write(command("MGET", KEY, FAR));
    await client.expectNext("*2\r\n$-1\r\n$-1\r\n");
  });
});

function lines(one: RawClient): number {
  return one.received.toString("latin1").split("\r\n").length - 1;
}
