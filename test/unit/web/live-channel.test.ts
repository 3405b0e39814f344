/**
 * The live document and its channel, with a stream, a poll and a clock of the test: patches, missed patches,
 * another leader, a stream that is silent, and when data counts as stale.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { effect, signal } from "@preact/signals";
import {
  type EventSourceLike,
  LiveChannel,
  type LiveState,
  type StreamEvent,
} from "../../../web/src/data/live-channel.ts";
import { LiveDocument } from "../../../web/src/data/live-document.ts";

class FakeSource implements EventSourceLike {
  readyState = 1;
  readonly #listeners = new Map<string, (event: StreamEvent) => void>();

  addEventListener(name: string, listener: (event: StreamEvent) => void): void {
    this.#listeners.set(name, listener);
  }

  close(): void {
    this.readyState = 2;
  }

  send(name: string, data: unknown): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data) });
  }
}

describe("LiveDocument", () => {
  test("a patch changes what it names and takes away what is null", () => {
    const document = new LiveDocument();
    const health = document.value<string>("health");
    expect(document.apply(snapshot(1, { health: "ok", "group:1": { id: 1 } }))).toBe(true);
    expect(health.value).toBe("ok");
    expect(document.apply(patch(2, { health: null, "group:2": { id: 2 } }))).toBe(true);
    expect(health.value).toBeUndefined();
    expect(document.list("group:").value).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test("lists are in the order of their keys, with numbers as numbers", () => {
    const document = new LiveDocument();
    document.apply(snapshot(1, { "group:10": 10, "group:9": 9, "group:1": 1, health: "ok" }));
    expect(document.list("group:").value).toEqual([1, 9, 10]);
  });

  test("only who shows a changed value is told", () => {
    const document = new LiveDocument();
    document.apply(snapshot(1, { a: 1, b: 1 }));
    let runs = 0;
    const end = effect(() => {
      runs += document.value("a").value === undefined ? 0 : 1;
    });
    document.apply(patch(2, { b: 2 }));
    expect(runs).toBe(1);
    document.apply(patch(3, { a: 2 }));
    expect(runs).toBe(2);
    end();
  });

  test("a snapshot takes away what it lacks", () => {
    const document = new LiveDocument();
    document.apply(snapshot(1, { a: 1, b: 1 }));
    document.apply(snapshot(9, { b: 2 }));
    expect(document.value("a").value).toBeUndefined();
    expect(document.value("b").value).toBe(2);
    expect(document.version).toBe("3.9");
  });

  test("refuses a patch that doesn't follow, and one of another leader", () => {
    const document = new LiveDocument();
    expect(document.apply(patch(2, { a: 1 }))).toBe(false);
    document.apply(snapshot(5, { a: 1 }));
    expect(document.apply(patch(7, { a: 2 }))).toBe(false);
    expect(document.apply({ ...patch(6, { a: 2 }), epoch: 4 })).toBe(false);
    expect(document.value("a").value).toBe(1);
    expect(document.apply({ ...patch(9, { a: 3 }), since: 5 })).toBe(true);
    expect(document.value("a").value).toBe(3);
  });

  test("what is known already changes nothing", () => {
    const document = new LiveDocument();
    document.apply(snapshot(5, { a: 5 }));
    expect(document.apply(patch(4, { a: 4 }))).toBe(true);
    expect(document.apply(snapshot(3, { a: 3 }))).toBe(true);
    expect(document.value("a").value).toBe(5);
    // A new leader counts from the start again.
    expect(document.apply({ ...snapshot(1, { a: 6 }), epoch: 4 })).toBe(true);
    expect(document.value("a").value).toBe(6);
  });
});

describe("LiveChannel", () => {
  let nowMs = 0;
  let isHidden = false;
  let sources: FakeSource[] = [];
  let polls: (string | undefined)[] = [];
  let answer: () => Promise<unknown> = () => Promise.reject(new Error("no server"));
  let document = new LiveDocument();
  const state = signal<LiveState>("connecting");
  const ageMs = signal(0);

  function start(): LiveChannel {
    const channel = new LiveChannel({
      document,
      state,
      ageMs,
      openStream: () => {
        const source = new FakeSource();
        sources.push(source);
        return source;
      },
      poll: (since) => {
        polls.push(since);
        return answer();
      },
      now: () => nowMs,
      isHidden: () => isHidden,
    });
    channel.start();
    return channel;
  }

  /** Lets the time pass in full seconds, as the page does. */
  async function pass(channel: LiveChannel, seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      nowMs += 1000;
      channel.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  beforeEach(() => {
    nowMs = 1000;
    isHidden = false;
    sources = [];
    polls = [];
    answer = () => Promise.reject(new Error("no server"));
    document = new LiveDocument();
    state.value = "connecting";
    ageMs.value = 0;
  });

  test("a stream that speaks is live, and nothing is polled", async () => {
    const channel = start();
    sources[0]?.send("snapshot", snapshot(1, { a: 1 }));
    expect(state.value).toBe("live");
    for (let seq = 2; seq < 12; seq += 1) {
      await pass(channel, 1);
      sources[0]?.send("patch", patch(seq, { a: seq }));
    }
    await pass(channel, 2);
    sources[0]?.send("hb", {});
    expect(document.value("a").value).toBe(11);
    expect([state.value, ageMs.value, polls.length, sources.length]).toEqual(["live", 0, 0, 1]);
    channel.stop();
  });

  test("without a word for more than five seconds data is stale", async () => {
    const channel = start();
    sources[0]?.send("snapshot", snapshot(1, { a: 1 }));
    await pass(channel, 5);
    expect([state.value, ageMs.value]).toEqual(["live", 5000]);
    await pass(channel, 1);
    expect([state.value, ageMs.value]).toEqual(["stale", 6000]);
    expect(document.value("a").value).toBe(1);
    sources[0]?.send("hb", {});
    expect([state.value, ageMs.value]).toEqual(["live", 0]);
    channel.stop();
  });

  test("a stream that is held back is replaced by polls, until it speaks", async () => {
    let seq = 1;
    answer = () => {
      seq += 1;
      return Promise.resolve(
        polls.at(-1) === undefined ? snapshot(seq, { seq }) : patch(seq, { seq }),
      );
    };
    const channel = start();
    await pass(channel, 4);
    expect([state.value, ageMs.value, document.value<number>("seq").value]).toEqual([
      "polling",
      0,
      2,
    ]);
    await pass(channel, 4);
    expect(polls).toEqual([undefined, "3.2", "3.3"]);
    expect(state.value).toBe("polling");
    // What the proxy held back comes at last; it is older than what the polls brought.
    sources[0]?.send("snapshot", snapshot(1, { seq: 1 }));
    expect([state.value, document.value<number>("seq").value]).toEqual(["live", 4]);
    sources[0]?.send("patch", patch(5, { seq: 5 }));
    await pass(channel, 2);
    expect([polls.length, document.value<number>("seq").value]).toEqual([3, 5]);
    channel.stop();
  });

  test("a missed patch makes it ask for the whole document", async () => {
    answer = () => Promise.resolve(snapshot(7, { a: 7, b: 7 }));
    const channel = start();
    sources[0]?.send("snapshot", snapshot(1, { a: 1 }));
    sources[0]?.send("patch", patch(6, { a: 6 }));
    await pass(channel, 1);
    expect(polls).toEqual([undefined]);
    expect(document.value("b").value).toBe(7);
    sources[0]?.send("patch", patch(8, { a: 8 }));
    expect(document.value("a").value).toBe(8);
    channel.stop();
  });

  test("events that aren't messages do no harm", async () => {
    const channel = start();
    sources[0]?.send("snapshot", snapshot(1, { a: 1 }));
    sources[0]?.send("patch", "nonsense");
    sources[0]?.send("patch", { seq: "x", values: [] });
    await pass(channel, 1);
    expect(document.value("a").value).toBe(1);
    channel.stop();
  });

  test("a stream that ended for good is opened again, later each time", async () => {
    const channel = start();
    const opened: number[] = [];
    for (let second = 0; second < 20; second += 1) {
      const source = sources.at(-1);
      if (source !== undefined) {
        source.readyState = 2;
      }
      const before = sources.length;
      await pass(channel, 1);
      if (sources.length > before) {
        opened.push(second);
      }
    }
    expect(opened.length).toBeGreaterThan(2);
    expect(opened.length).toBeLessThan(6);
    channel.stop();
  });

  test("a page that is hidden for a minute lets go, and comes back when it is shown", async () => {
    const channel = start();
    sources[0]?.send("snapshot", snapshot(1, { a: 1 }));
    isHidden = true;
    for (let second = 0; second < 61; second += 1) {
      sources[0]?.send("hb", {});
      await pass(channel, 1);
    }
    expect(sources[0]?.readyState).toBe(2);
    const pollsBefore = polls.length;
    isHidden = false;
    answer = () => Promise.resolve({ ...patch(3, { a: 3 }), since: 1 });
    await pass(channel, 1);
    expect(sources.length).toBe(2);
    expect(polls.slice(pollsBefore)).toEqual(["3.1"]);
    expect([document.value<number>("a").value, ageMs.value]).toEqual([3, 0]);
    channel.stop();
  });

  test("after stop nothing changes any more", async () => {
    answer = () => Promise.resolve(snapshot(9, { a: 9 }));
    const channel = start();
    sources[0]?.send("snapshot", snapshot(1, { a: 1 }));
    await pass(channel, 3);
    channel.stop();
    await pass(channel, 5);
    sources[0]?.send("patch", patch(2, { a: 2 }));
    expect(document.value("a").value).toBe(1);
  });
});

function snapshot(seq: number, values: Readonly<Record<string, unknown>>) {
  return { kind: "snapshot" as const, epoch: 3, seq, values };
}

function patch(seq: number, values: Readonly<Record<string, unknown>>) {
  return { kind: "patch" as const, epoch: 3, seq, since: seq - 1, values };
}
