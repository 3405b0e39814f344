/**
 * Calls between supervisor and worker: two channels whose messages are copied as a pipe would, by hand, so
 * that a test decides when, or whether, one arrives.
 */
import { expect, test } from "bun:test";
import { CodisError } from "../../../../src/base/error.ts";
import {
  Channel,
  type ChannelMessage,
  isChannelMessage,
} from "../../../../src/proxy/worker/channel.ts";

interface Asking {
  double(numbers: Float64Array): Promise<Float64Array>;
  refuse(): void;
  note(text: string): void;
}

type Nothing = Record<never, never>;

/** A channel to a server of `Asking`; messages travel when `deliver` is called. */
function createPair() {
  const notes: string[] = [];
  const toServer: ChannelMessage[] = [];
  const toClient: ChannelMessage[] = [];
  const served: Asking = {
    double: async (numbers) => numbers.map((number) => number * 2),
    refuse: () => {
      throw new CodisError("PORT_IN_USE", "1.2.3.4:5 is in use");
    },
    note: (text) => void notes.push(text),
  };
  const client = new Channel<Nothing, Asking>("worker 3", {}, (message) => toServer.push(message));
  const server = new Channel<Asking, Nothing>("the supervisor", served, (message) =>
    toClient.push(message),
  );
  const deliver = async (): Promise<void> => {
    for (const message of toServer.splice(0)) server.receive(structuredClone(message));
    // The server answers in a later turn, as it would behind a pipe.
    await new Promise((resolve) => setImmediate(resolve));
    for (const message of toClient.splice(0)) client.receive(structuredClone(message));
  };
  return { client, server, deliver, notes, toServer, toClient };
}

test("a call is answered, typed arrays included", async () => {
  const { client, deliver } = createPair();
  const answer = client.call("double", [Float64Array.of(1, 2.5)], 1000);
  await deliver();
  expect(await answer).toEqual(Float64Array.of(2, 5));
});

test("calls are answered by their ids, whatever the order of the answers", async () => {
  const { client, server, toServer, toClient } = createPair();
  const first = client.call("double", [Float64Array.of(1)], 1000);
  const second = client.call("double", [Float64Array.of(2)], 1000);
  for (const message of toServer.reverse()) server.receive(message);
  await new Promise((resolve) => setImmediate(resolve));
  for (const message of toClient) client.receive(message);
  expect([await first, await second]).toEqual([Float64Array.of(2), Float64Array.of(4)]);
});

test("what the other end throws arrives with its code", async () => {
  const { client, deliver } = createPair();
  const refused = client.call("refuse", [], 1000).catch((error: unknown) => error);
  await deliver();
  expect(await refused).toMatchObject({ code: "PORT_IN_USE", message: "1.2.3.4:5 is in use" });
});

test("a function that isn't served is an error, not silence", async () => {
  const toClient: ChannelMessage[] = [];
  const server = new Channel<Nothing, Nothing>("x", {}, (message) => toClient.push(message));
  server.receive({ id: 7, method: "nonsense", args: [] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(toClient).toEqual([{ id: 7, code: "INTERNAL", message: "nonsense isn't served here" }]);
});

test("a deadline names who didn't answer what, and a late answer does no harm", async () => {
  const { client, deliver } = createPair();
  const late = client.call("double", [Float64Array.of(1)], 20).catch((error: unknown) => error);
  expect(await late).toMatchObject({
    code: "WORKER_FAILED",
    message: "worker 3 didn't answer double within 20 ms",
  });
  await deliver();
});

test("closing fails what waits and what comes later, and nothing is sent any more", async () => {
  const { client, toServer } = createPair();
  const waiting = client.call("refuse", [], 60_000).catch((error: unknown) => error);
  client.close("has ended: SIGKILL");
  client.close("again");
  const later = client.call("refuse", [], 60_000).catch((error: unknown) => error);
  const sentBefore = toServer.length;
  client.tell("note", ["lost"]);
  const expected = { code: "WORKER_FAILED", message: "worker 3 has ended: SIGKILL" };
  expect(await waiting).toMatchObject(expected);
  expect(await later).toMatchObject(expected);
  expect(toServer.length).toBe(sentBefore);
});

test("what is told arrives and is not answered", async () => {
  const { client, deliver, notes, toClient } = createPair();
  client.tell("note", ["hello"]);
  await deliver();
  expect(notes).toEqual(["hello"]);
  expect(toClient).toEqual([]);
});

test("offers are dropped while the other end doesn't keep up, and taken again later", async () => {
  const { client, deliver, notes } = createPair();
  const megabyte = 1024 * 1024;
  const offers = ["a", "b", "c", "d", "e"].map((text) =>
    client.offer("note", [text], megabyte, 1000),
  );
  await deliver();
  await Promise.all(offers);
  expect(notes).toEqual(["a", "b", "c", "d"]);
  const more = client.offer("note", ["f"], 100 * megabyte, 1000);
  await deliver();
  await more;
  expect(notes.at(-1)).toBe("f");
});

test("only messages of a channel are taken for one", () => {
  for (const other of [undefined, null, "x", 1, {}, { id: 1 }, { id: 1, code: "WHAT" }]) {
    expect(isChannelMessage(other)).toBe(false);
  }
  expect(isChannelMessage({ id: 1, result: undefined })).toBe(true);
});
