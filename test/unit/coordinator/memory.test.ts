/**
 * The hooks of the memory coordinator that tests of other rooms build on: deaths at the n-th write, lost
 * answers, outages, frozen processes, and time that the test moves.
 */
import { describe, expect, test } from "bun:test";
import type { NodeWrite } from "../../../src/coordinator/coordinator.ts";
import { createMemoryStore } from "../../../src/coordinator/memory/memory-store.ts";
import { failure, put } from "../../contract/suite-context.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function batch(count: number): readonly NodeWrite[] {
  return Array.from({ length: count }, (_, index) => ({
    path: `/a/n${index}`,
    data: "x",
    expected: "absent",
  }));
}

function request(
  leaseMs = 1_000,
): Parameters<ReturnType<ReturnType<typeof createMemoryStore>["open"]>["lead"]>[0] {
  return { lockPath: "/codis3/demo/topom", data: "x", epochPath: "/codis-ext/demo/epoch", leaseMs };
}

describe("crashAfterWrites", () => {
  test("dies before the next write, for every n", async () => {
    for (let count = 0; count < 5; count += 1) {
      const store = createMemoryStore();
      const connection = store.open();
      connection.crashAfterWrites(count);
      await failure("COORDINATOR_UNREACHABLE", connection.write(batch(5)));
      expect(connection.isDead()).toBe(true);
      expect([...store.snapshot().keys()]).toEqual(batch(count).map((write) => write.path));
      expect(store.writeCount()).toBe(count);
      await failure("COORDINATOR_UNREACHABLE", put(connection, "/b/x", "1"));
      await failure("COORDINATOR_UNREACHABLE", connection.get("/a/n0"));
      expect((await store.open().list("/a")).length).toBe(count);
    }
  });

  test("lets all through that isn't more, and the next dies", async () => {
    const store = createMemoryStore();
    const connection = store.open();
    connection.crashAfterWrites(5);
    await connection.write(batch(5));
    expect(connection.isDead()).toBe(false);
    await failure("COORDINATOR_UNREACHABLE", put(connection, "/b/x", "1"));
    expect(store.snapshot().has("/b/x")).toBe(false);
  });

  test("may do the last write and lose only its answer", async () => {
    const store = createMemoryStore();
    const connection = store.open();
    connection.crashAfterWrites(2, { isLastApplied: true });
    await failure("COORDINATOR_UNREACHABLE", connection.write(batch(5)));
    expect(store.snapshot().size).toBe(3);
  });

  test("keeps larger chunks whole", async () => {
    const store = createMemoryStore({ chunkSize: 2 });
    const connection = store.open();
    connection.crashAfterWrites(3);
    await failure("COORDINATOR_UNREACHABLE", connection.write(batch(6)));
    expect(store.snapshot().size).toBe(2);
    await failure("COORDINATOR_CONFLICT", store.open().write(batch(6)));
  });

  test("of a leader: fenced writes count, and the lock is free after the lease", async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    const connection = store.open();
    const leadership = await connection.lead(request());
    connection.crashAfterWrites(1);
    await failure("COORDINATOR_UNREACHABLE", leadership.write(batch(2)));
    expect(leadership.isHeld()).toBe(false);
    const next = store.open();
    await failure("LEADER_EXISTS", next.lead(request()));
    clock.advance(1_000);
    expect((await next.lead(request())).epoch).toBe(2);
  });
});

describe("time that the test moves", () => {
  test("a leader renews, a frozen one is replaced and refused", async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    const [one, two] = [store.open(), store.open()];
    const leadership = await one.lead(request());
    clock.advance(10_000);
    expect(leadership.isHeld()).toBe(true);
    one.freeze();
    clock.advance(1_000);
    const next = await two.lead(request());
    const late = leadership.write(batch(1));
    one.thaw();
    await failure("LEADERSHIP_LOST", late);
    expect(await leadership.lost).not.toBe("");
    await next.write(batch(1));
    expect(store.snapshot().get("/codis-ext/demo/epoch")).toBe("2");
  });

  test("an outage ends operations at their bound, and those that wait go on after it", async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    const connection = store.open({ operationTimeoutMs: 500 });
    store.setDown(true);
    const failing = failure("COORDINATOR_UNREACHABLE", connection.get("/a/x"));
    await turn();
    clock.advance(500);
    await failing;
    const waiting = put(connection, "/a/x", "1");
    await turn();
    clock.advance(499);
    store.setDown(false);
    await waiting;
    expect(store.snapshot().get("/a/x")).toBe("1");
  });

  test("registrations end with their process, and come back after an outage", async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    const connection = store.open();
    const problems: string[] = [];
    const registration = connection.register("/jodis/demo/proxy-1", "1", {
      ttlMs: 1_000,
      onProblem: (line) => problems.push(line),
    });
    await turn();
    expect(registration.isRegistered()).toBe(true);
    store.setDown(true);
    clock.advance(2_000);
    expect(store.snapshot().size).toBe(0);
    expect(problems.length).toBeGreaterThan(0);
    store.setDown(false);
    expect(registration.isRegistered()).toBe(true);
    connection.kill();
    clock.advance(1_000);
    expect(store.snapshot().size).toBe(0);
  });
});

/** Lets everything that is under way come to its next wait. */
async function turn(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
