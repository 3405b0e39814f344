/** What a call may have sent, seen from outside: only by when it used its client. */
import { expect, test } from "bun:test";
import { trackClient } from "../../../src/client/tracked-client.ts";

/** Like a library's client: private state, chains, groups of commands. */
class Client {
  readonly #name = "private";
  readonly json = { get: () => "json" };
  status = "ready";
  isUp = true;

  name(): string {
    return this.#name;
  }

  chain(): this {
    return this;
  }

  fail(): never {
    throw new Error("not connected");
  }
}

function track(client = new Client()) {
  return { real: client, ...trackClient(client, () => client.isUp) };
}

test("methods work as on the client itself, private fields included", () => {
  const { client, real } = track();
  expect([client.name(), client.chain(), client.status]).toEqual(["private", real, "ready"]);
  expect(client instanceof Client).toBe(true);
  expect(client.constructor).toBe(Client);
  client.status = "changed";
  expect(real.status).toBe("changed");
});

test("nothing used, or only looked at, is untouched", () => {
  const tracked = track();
  expect(tracked.progress()).toBe("untouched");
  expect(tracked.client.status).toBe("ready");
  expect(tracked.progress()).toBe("untouched");
});

test("a method used while connected may have sent something", () => {
  const tracked = track();
  tracked.client.name();
  expect(tracked.progress()).toBe("maybe-sent");
  tracked.real.isUp = false;
  expect(() => tracked.client.fail()).toThrow();
  expect(tracked.progress()).toBe("maybe-sent");
});

test("methods used only while not connected have sent nothing", () => {
  const tracked = track();
  tracked.real.isUp = false;
  expect(() => tracked.client.fail()).toThrow("not connected");
  expect(tracked.progress()).toBe("unsent");
});

test("a group of commands counts as sent as soon as it is taken", () => {
  const tracked = track();
  const { json } = tracked.client;
  tracked.real.isUp = false;
  expect(json.get()).toBe("json");
  expect(tracked.progress()).toBe("maybe-sent");
});
