/**
 * The live document over HTTP: whole, as patches, and as a stream that readers come back to; how little a quiet
 * product says and a busy one may say; and that slow readers, too many readers and the end of a leadership do no harm.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { LIVE_SLOT_STATES } from "../../../src/api/live-slot-state.ts";
import type { V1LiveMessage, V1LiveStats } from "../../../src/api/v1-live-schema.ts";
import { PATCHES_KEPT } from "../../../src/dashboard/live/live-document.ts";
import {
  STREAM_BEAT_MS,
  STREAM_CHECK_MS,
  STREAM_READERS_MAX,
  STREAM_STALL_MS,
} from "../../../src/dashboard/live/live-hub.ts";
import { CountingProduct } from "../../support/counting-product.ts";
import { bearer, codeOf, DashboardPort } from "../../support/dashboard-port.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeLeader } from "../../support/fake-dashboard-control.ts";
import { RawHttp } from "../../support/raw-http.ts";

const WAIT_MS = 20_000;
const MINUTE_SECONDS = 60;
/** Console's gate P8, for 8 groups of 2 servers and 3 proxies. */
const IDLE_BYTES_MAX = 60_000;
const BUSY_BYTES_MAX = 400_000;

setDefaultTimeout(60_000);

let port: DashboardPort;
let clock: FakeClock;
let readers: RawHttp[];

beforeEach(async () => {
  clock = new FakeClock();
  readers = [];
  port = await new DashboardPort({ clock }).start();
});

afterEach(async () => {
  for (const reader of readers) {
    reader.close();
  }
  await port.close();
});

interface Event {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: V1LiveMessage;
}

function listen(options: { readonly since?: string; readonly secret?: string } = {}): RawHttp {
  const reader = new RawHttp(port.addr);
  readers.push(reader);
  const token = options.secret === undefined ? "" : `Authorization: Bearer ${options.secret}\r\n`;
  const since = options.since === undefined ? "" : `Last-Event-ID: ${options.since}\r\n`;
  reader.send(
    `GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${token}${since}\r\n`,
  );
  return reader;
}

function eventsOf(reader: RawHttp): readonly Event[] {
  const text = reader.received.toString();
  return [...text.matchAll(/event: (\w+)\n(?:id: (.*)\n)?data: (.*)\n\n/g)].map(
    ([, event = "", id, data = ""]) => ({ event, id, data: JSON.parse(data) as V1LiveMessage }),
  );
}

function messagesOf(reader: RawHttp): readonly Event[] {
  return eventsOf(reader).filter(({ event }) => event === "snapshot" || event === "patch");
}

function waitForMessages(reader: RawHttp, count: number): Promise<readonly Event[]> {
  return waitFor(`${count} messages`, WAIT_MS, () => {
    const events = messagesOf(reader);
    return events.length >= count ? events : undefined;
  });
}

async function poll(since?: string): Promise<V1LiveMessage> {
  const answer = await port.get(`/api/v1/live${since === undefined ? "" : `?since=${since}`}`);
  expect([answer.status, answer.headers["cache-control"]]).toEqual([200, "no-store"]);
  return answer.json() as V1LiveMessage;
}

/** Lets a turn of the event loop pass, and with it what was put off to its end. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function typicalProduct(): CountingProduct {
  return new CountingProduct(port.leader, clock, { proxies: 3, groups: 8 });
}

describe("the document", () => {
  test("has a value for everything there is", async () => {
    const product = new CountingProduct(port.leader, clock, { proxies: 1, groups: 1 });
    await port.leader.assignSlots([0, 1, 2].map((id) => ({ id, groupId: 1 })));
    await port.leader.addSentinel("10.0.9.1:26379");
    const move = { slotId: 1, fromGroupId: 1, toGroupId: 1, keys: 1, bytes: 10 };
    port.leader.migration.add([move]);
    const { values, kind, epoch } = await poll();
    expect([kind, epoch]).toEqual(["snapshot", 3]);
    expect(Object.keys(values).sort()).toEqual([
      "availability",
      "group:1",
      "health",
      "operation:op-1",
      "product",
      "progress:op-1",
      `proxy:${product.proxy(0).token}`,
      "sentinel:10.0.9.1:26379",
      "sentinels",
      "server:10.0.1.1:6379",
      "server:10.0.1.2:6379",
      "slots",
      "stats",
    ]);
    expect(values["product"]).toMatchObject({ name: "demo", label: "", replica_reads: false });
    expect(values["group:1"]).toMatchObject({
      servers: [{ addr: "10.0.1.1:6379", role: "master" }, { addr: "10.0.1.2:6379" }],
    });
    expect(values["server:10.0.1.1:6379"]).toMatchObject({ keys: 1000, observed_at: null });
  });

  test("has all slots packed", async () => {
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    port.leader.setGroup(700, ["10.0.0.2:6379"]);
    await port.leader.assignSlots([3, 1023].map((id) => ({ id, groupId: 700 })));
    const action = { index: 1, state: "migrating" as const, targetId: 1 };
    const slots = port.leader.topology().slots.map((s) => (s.id === 3 ? { ...s, action } : s));
    port.leader.change({ slots });
    const packed = (await poll()).values["slots"] as Record<string, string>;
    const [owners, targets, states] = ["owners", "targets", "states"].map((name) =>
      Buffer.from(packed[name] ?? "", "base64"),
    );
    expect([owners?.length, targets?.length, states?.length]).toEqual([2048, 2048, 1024]);
    const at = (id: number) => [
      owners?.readUInt16LE(id * 2),
      targets?.readUInt16LE(id * 2),
      LIVE_SLOT_STATES[states?.[id] ?? -1],
    ];
    expect([at(0), at(3), at(1023)]).toEqual([
      [0, 0, "offline"],
      [700, 1, "migrating"],
      [700, 0, "online"],
    ]);
  });

  test("is told as what has changed since a number of this leader", async () => {
    const { epoch, seq } = await poll();
    clock.advance(1000);
    expect((await poll(`${epoch}.${seq}`)).values).toEqual({});
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    clock.advance(1000);
    const patch = await poll(`${epoch}.${seq}`);
    expect([patch.kind, patch.since, patch.seq > seq]).toEqual(["patch", seq, true]);
    expect(Object.keys(patch.values)).toContain("group:1");
    expect(Object.keys(patch.values)).not.toContain("slots");
    for (const since of [`${epoch - 1}.${seq}`, String(seq), `${epoch}.99999`]) {
      expect([since, (await poll(since)).kind]).toEqual([since, "snapshot"]);
    }
  });

  test("refuses a number that isn't one", async () => {
    const answer = await port.get("/api/v1/live?since=yesterday");
    expect([answer.status, codeOf(answer)]).toEqual([400, "ARGUMENT_INVALID"]);
  });
});

describe("a reader of the stream", () => {
  test("gets the whole, then what changes in the same turn, as one patch", async () => {
    const reader = listen();
    await waitForMessages(reader, 1);
    const head = reader.received.toString().split("\r\n\r\n")[0]?.toLowerCase() ?? "";
    expect(head).toContain("content-type: text/event-stream; charset=utf-8");
    expect(head).toContain("no-transform");
    expect(head).toContain("x-accel-buffering: no");
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    port.leader.setGroup(2, ["10.0.0.2:6379"]);
    const [snapshot, patch] = await waitForMessages(reader, 2);
    expect([snapshot?.event, snapshot?.id, patch?.event, patch?.id]).toEqual([
      "snapshot",
      "3.1",
      "patch",
      "3.2",
    ]);
    expect(Object.keys(patch?.data.values ?? {})).toContain("group:1");
    expect(Object.keys(patch?.data.values ?? {})).toContain("group:2");
  });

  test("is told of changes without an end once a second", async () => {
    const reader = listen();
    await waitForMessages(reader, 1);
    for (let id = 1; id <= 40; id++) {
      port.leader.setGroup(id, [`10.0.0.${id}:6379`]);
      await turn();
      clock.advance(100);
    }
    clock.advance(1000);
    await waitFor("the last group", WAIT_MS, () => {
      const isTold = messagesOf(reader).some(({ data }) => "group:40" in data.values);
      return isTold ? true : undefined;
    });
    // One at once and one with the figures for each of five seconds, after the first.
    expect(messagesOf(reader).length).toBeLessThanOrEqual(1 + 5 * 2);
  });

  test("gets a beat when nothing else comes", async () => {
    const reader = listen();
    await waitForMessages(reader, 1);
    clock.advance(3 * STREAM_BEAT_MS);
    const beats = await waitFor("beats", WAIT_MS, () => {
      const found = eventsOf(reader).filter(({ event }) => event === "hb");
      return found.length >= 3 ? found : undefined;
    });
    expect(beats).toHaveLength(3);
  });

  test("that comes back gets one patch with all that it missed", async () => {
    const first = listen();
    await waitForMessages(first, 1);
    const keeper = listen();
    await waitForMessages(keeper, 1);
    first.close();
    const count = 50;
    for (let id = 1; id <= count; id++) {
      port.leader.setGroup(id, [`10.0.0.${id}:6379`]);
      await turn();
      clock.advance(1000);
    }
    await waitForMessages(keeper, count);
    const again = listen({ since: "3.1" });
    const [patch] = await waitForMessages(again, 1);
    expect([patch?.event, patch?.data.since]).toEqual(["patch", 1]);
    const groups = Object.keys(patch?.data.values ?? {}).filter((key) => key.startsWith("group:"));
    expect(groups).toHaveLength(count);
    const same = listen({ since: patch?.id ?? "" });
    await waitFor("a beat", WAIT_MS, () => eventsOf(same)[0]);
    expect(messagesOf(same)).toEqual([]);
  });

  test("that has missed too much gets the whole", async () => {
    const keeper = listen();
    await waitForMessages(keeper, 1);
    for (let count = 0; count < PATCHES_KEPT + 10; count++) {
      port.leader.change({ faults: [`/codis3/demo/${count}: odd`] });
      await turn();
      clock.advance(1000);
    }
    const [message] = await waitForMessages(listen({ since: "3.1" }), 1);
    expect(message?.event).toBe("snapshot");
  });

  test("of another leader gets the whole", async () => {
    const reader = listen();
    const [before] = await waitForMessages(reader, 1);
    const next = new FakeLeader({ epoch: 4 });
    port.control.current = next;
    clock.advance(1000);
    expect((await reader.ended()).toString()).toContain("event: end\n");
    expect(port.leader.listenerCount).toBe(0);
    const again = listen({ since: before?.id ?? "" });
    const [message] = await waitForMessages(again, 1);
    expect([message?.event, message?.id]).toEqual(["snapshot", "4.1"]);
  });

  test("is let out when the token was revoked", async () => {
    const root = bearer(await port.createUser("root", "admin"));
    const secret = await port.createUser("vera", "viewer", root);
    const reader = listen({ secret });
    await waitForMessages(reader, 1);
    await port.call("DELETE", "/api/v1/users/vera", undefined, root);
    clock.advance(STREAM_CHECK_MS);
    expect((await reader.ended()).toString()).toContain("event: end\n");
  });

  test("isn't let in without a token, nor beyond the bound", async () => {
    for (let count = 0; count < STREAM_READERS_MAX; count++) {
      listen();
    }
    await waitFor("all readers", WAIT_MS, () =>
      readers.every((reader) => messagesOf(reader).length > 0) ? true : undefined,
    );
    const answer = await port.get("/api/v1/stream");
    expect([answer.status, codeOf(answer)]).toEqual([429, "TOO_BUSY"]);
    readers[0]?.close();
    await port.createUser("root", "admin");
    const stranger = await port.get("/api/v1/stream");
    expect(stranger.status).toBe(401);
  });
});

describe("a slow reader", () => {
  /** Of one change. The kernel takes megabytes before a connection is full, on some machines tens of them. */
  const CHANGE_BYTES = 2_000_000;
  const ROUNDS = 25;

  /** Changes that fill any buffer of the system between the two. */
  async function fill(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      port.leader.change({ faults: [`/codis3/demo/${round}: ${"x".repeat(CHANGE_BYTES)}`] });
      await turn();
      clock.advance(1000);
    }
  }

  test("gets one patch for all that it missed when it reads again", async () => {
    const reader = listen();
    await waitForMessages(reader, 1);
    reader.pause();
    await fill();
    reader.resume();
    const all = await waitFor("the newest", WAIT_MS, () => {
      const found = messagesOf(reader);
      const last = JSON.stringify(found.at(-1)?.data.values["health"] ?? "");
      return last.includes(`/${ROUNDS - 1}: x`) ? found : undefined;
    });
    expect(all.length).toBeLessThan(1 + ROUNDS);
    // Every message follows the one before: nothing is lost in between.
    let seq = 0;
    for (const { data } of all) {
      expect([data.seq, data.kind === "patch" ? data.since : seq]).toEqual([data.seq, seq]);
      seq = data.seq;
    }
  });

  test("that never reads again is closed, and takes no memory until then", async () => {
    const reader = listen();
    await waitForMessages(reader, 1);
    reader.pause();
    await fill();
    clock.advance(STREAM_STALL_MS + 1000);
    const keeper = listen();
    await waitForMessages(keeper, 1);
    reader.resume();
    await reader.ended();
    expect(reader.received.length).toBeLessThan(ROUNDS * CHANGE_BYTES);
  });
});

describe("bytes of a minute", () => {
  /** Of the stream, after its first message and some seconds in which figures settle. */
  async function measure(run: () => void): Promise<{ bytes: number; events: readonly Event[] }> {
    const reader = listen();
    await waitForMessages(reader, 1);
    run();
    const warm = reader.received.length;
    const before = eventsOf(reader).length;
    for (let second = 0; second < MINUTE_SECONDS; second++) {
      run();
      await turn();
    }
    const mark = port.leader.topology().faults.length;
    port.leader.change({ faults: [...port.leader.topology().faults, `mark: ${mark}`] });
    await turn();
    clock.advance(2000);
    await waitFor("the mark", WAIT_MS, () =>
      reader.received.toString().includes(`mark: ${mark}`) ? true : undefined,
    );
    const events = eventsOf(reader).slice(before);
    const end = events.findIndex(({ data }) => JSON.stringify(data).includes(`mark: ${mark}`));
    return { bytes: reader.received.length - warm, events: events.slice(0, end) };
  }

  test("an idle product sends beats, and nothing else", async () => {
    const product = typicalProduct();
    product.pass(10);
    let second = 0;
    const { bytes, events } = await measure(() => {
      second += 1;
      product.pass(1, () => {
        for (const [index, info] of [...product.infos.values()].entries()) {
          // What an idle server says differs a little with each look.
          info["used_memory"] = String(3_124_008 + ((second * 7919 + index * 104_729) % 60_000));
          info["instantaneous_ops_per_sec"] = String((second + index) % 7);
          info["uptime_in_seconds"] = String(90_000 + second);
        }
      });
    });
    const values = events.filter(({ event }) => event === "patch");
    expect(values.flatMap(({ data }) => Object.keys(data.values))).toEqual([]);
    expect(bytes).toBeLessThan(IDLE_BYTES_MAX / 4);
  });

  test("a busy product stays within its bound", async () => {
    const product = typicalProduct();
    await port.leader.assignSlots(
      Array.from({ length: 1024 }, (_, id) => ({ id, groupId: 1 + (id >> 7) })),
    );
    const move = { slotId: 1, fromGroupId: 2, toGroupId: 3, keys: 1e6, bytes: 1e9 };
    const { id } = port.leader.migration.add([move], { state: "running" });
    let second = 0;
    const { bytes, events } = await measure(() => {
      second += 1;
      port.leader.migration.setProgress(id, { keysMoved: second * 10_000 });
      const action = { index: 1, state: "migrating" as const, targetId: 2 };
      const { slots } = port.leader.topology();
      port.leader.change({ slots: slots.with(second, { id: second, groupId: 1, action }) });
      product.pass(1, () => {
        for (const [index, proxy] of product.proxies.entries()) {
          proxy.serve("GET", Array(400 + ((second * 37 + index) % 90)).fill(150 + second));
          proxy.serve("SET", Array(90 + ((second * 17 + index) % 30)).fill(400 + second * 3));
          proxy.bytesIn += 50_000 + second;
          proxy.bytesOut += 90_000 + second;
          proxy.sessions = 200 + (second % 9);
        }
        for (const [index, info] of [...product.infos.values()].entries()) {
          info["used_memory"] = String(3_000_000_000 + second * 50_000_000 + index);
          info["db0"] = `keys=${1_000_000 + second * 977 + index},expires=0,avg_ttl=0`;
          info["instantaneous_ops_per_sec"] = String(4000 + ((second * 131 + index) % 900));
          info["keyspace_hits"] = String(Number(info["keyspace_hits"]) + 300 + (second % 40));
          info["connected_clients"] = String(100 + ((second + index) % 5));
        }
      });
    });
    expect(events.filter(({ event }) => event === "patch").length).toBeGreaterThan(50);
    expect(bytes).toBeLessThan(BUSY_BYTES_MAX);
  });
});

describe("figures of now", () => {
  test("are in the stats", async () => {
    const product = new CountingProduct(port.leader, clock, { proxies: 2, groups: 1 });
    product.proxy(1).kind = "original";
    product.look();
    product.pass(10, () => {
      product.proxy(0).serve("GET", Array(100).fill(500));
      product.proxy(1).serve("GET", Array(100).fill(500));
    });
    const { recent } = (await poll()).values["stats"] as unknown as V1LiveStats;
    expect(recent).toMatchObject({
      proxies: { total: 2, counted: 2, timed: 1 },
      ops_per_second: 200,
      failures_per_second: 0,
      p50_ms: 0.503,
      hit_ratio: null,
    });
  });

  test("are null, not 0, while nobody is heard", async () => {
    new CountingProduct(port.leader, clock, { proxies: 2, groups: 1 });
    const { recent } = (await poll()).values["stats"] as unknown as V1LiveStats;
    expect(recent).toMatchObject({ ops_per_second: null, p99_ms: null });
  });

  test("of the past are answered by performance", async () => {
    const product = new CountingProduct(port.leader, clock, { proxies: 1, groups: 1 });
    product.pass(10, () => product.proxy(0).serve("GET", Array(100).fill(500)));
    const answer = await port.get("/api/v1/performance?range=5m&metric=ops,p99");
    const { series } = answer.json() as { series: { metric: string; values: unknown[] }[] };
    expect(series.map(({ metric, values }) => [metric, values.at(-1)])).toEqual([
      ["ops", 100],
      ["p99", 0.5035],
    ]);
    for (const query of ["metric=speed", "metric=ops,,p99", "step=5", "by=slot", "limit=0"]) {
      const bad = await port.get(`/api/v1/performance?${query}`);
      expect([query, bad.status]).toEqual([query, 400]);
    }
  });
});
