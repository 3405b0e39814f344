/**
 * The election of a dashboard in the accidents that a real coordinator seldom gives on demand: one that is
 * silent, a reign that fails to begin or doesn't end, a configuration that doesn't fit. On the memory
 * coordinator, with real time where something must not wait.
 */
import { expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import { silentLog } from "../../../src/base/log.ts";
import { ABSENT, type Coordinator, type Leadership } from "../../../src/coordinator/coordinator.ts";
import { MemoryCoordinator } from "../../../src/coordinator/memory/memory-coordinator.ts";
import { createMemoryStore } from "../../../src/coordinator/memory/memory-store.ts";
import { Election, type Reign } from "../../../src/dashboard/election.ts";
import { dashboardModelToJson } from "../../../src/model/dashboard-model.ts";
import { cleanupsAfterEach } from "../../support/cleanup.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import { RunningClock } from "../../support/running-clock.ts";

const MODEL = {
  token: "t",
  startTime: "now",
  adminAddr: "127.0.0.1:18080",
  productName: "demo",
  pid: 1,
  pwd: "/",
  sys: "Linux",
};
const SOON_MS = 20_000;
/** Less than the bound for the end of a reign. */
const AT_ONCE_MS = 4_000;
/** Longer than the bound for the end of a reign. */
const LATE_MS = 25_000;
/** Outlives a machine that stands still: no lock lapses by itself. */
const LEASE_MS = 30_000;
const LOCK = "/codis3/demo/topom";

const cleanup = cleanupsAfterEach();

function electionOn<R extends Reign>(
  coordinator: Coordinator,
  begin: (leadership: Leadership) => Promise<R>,
  adminAddr = MODEL.adminAddr,
): Election<R> {
  const election = new Election({
    coordinator,
    product: "demo",
    model: { ...MODEL, adminAddr },
    leaseMs: LEASE_MS,
    log: silentLog,
    begin,
  });
  election.start();
  return election;
}

/** A memory coordinator whose `lead` never answers, as one behind a network that swallows everything. */
class SilentCoordinator extends MemoryCoordinator {
  override lead(): Promise<Leadership> {
    return new Promise(() => undefined);
  }
}

/** Waits for something to be done, which must take no time but that of the machine. */
async function expectAtOnce(work: () => Promise<void>): Promise<void> {
  const { tookMs } = await new RunningClock().time(() => withDeadline("end", SOON_MS, work()));
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
}

test("it ends at once while the coordinator is silent", async () => {
  const election = electionOn(new SilentCoordinator(createMemoryStore(), {}), async () => ({
    close: async () => undefined,
  }));
  await expectAtOnce(() => election.close());
  expect(election.state()).toBe("closed");
});

test("a reign whose beginning is slow: it ends at once, and what begins late is closed", async () => {
  const store = createMemoryStore();
  const begun = Promise.withResolvers<Reign>();
  const hasAsked = Promise.withResolvers<void>();
  const election = electionOn(new MemoryCoordinator(store, {}), () => {
    hasAsked.resolve();
    return begun.promise;
  });
  await withDeadline("the reign to begin", SOON_MS, hasAsked.promise);
  await expectAtOnce(() => election.close());
  expect(store.get(LOCK)).toBeUndefined();
  const closed = Promise.withResolvers<void>();
  begun.resolve({
    close: async () => closed.resolve(),
  });
  await withDeadline("the late reign to be closed", SOON_MS, closed.promise);
});

test("a reign that doesn't end keeps the lock from nobody for long", async () => {
  const store = createMemoryStore();
  const first = electionOn(new MemoryCoordinator(store, {}), async () => ({
    close: () => new Promise<void>(() => undefined),
  }));
  await waitFor("the first to lead", SOON_MS, () => first.reign());
  const end = { close: async () => undefined };
  const second = electionOn(new MemoryCoordinator(store, {}), async () => end, "127.0.0.1:18081");
  cleanup(() => second.close());
  await waitFor("the second to stand by", SOON_MS, () =>
    second.state() === "standby" ? true : undefined,
  );
  await withDeadline("end of the first", LATE_MS, first.close());
  await waitFor("the second to lead", SOON_MS, () => second.reign());
}, 60_000);

test("a reign that fails to begin gives the lock back and is tried again", async () => {
  const store = createMemoryStore();
  let tries = 0;
  const election = electionOn(new MemoryCoordinator(store, {}), async () => {
    tries += 1;
    if (tries === 1) {
      throw new CodisError("COORDINATOR_UNREACHABLE", "not now");
    }
    return { close: async () => undefined };
  });
  cleanup(() => election.close());
  await waitFor("the second try", SOON_MS, () => election.reign());
  expect(tries).toBe(2);
});

test("a configuration that doesn't fit ends it, and the lock and its epoch are left in peace", async () => {
  const store = createMemoryStore();
  let tries = 0;
  const election = electionOn(new MemoryCoordinator(store, {}), async () => {
    tries += 1;
    throw new CodisError("CONFIG_INVALID", "another number of slots");
  });
  const error = await withDeadline("the failure", SOON_MS, election.failed);
  expect(error.message).toBe("another number of slots");
  expect(store.get(LOCK)).toBeUndefined();
  await expectAtOnce(() => election.close());
  expect(tries).toBe(1);
  expect(store.get("/codis-ext/demo/epoch")?.data).toBe("1");
});

test("after a kill -9 it is no standby of itself: it says that the old lock has to lapse, then leads", async () => {
  const store = createMemoryStore();
  const killed = new MemoryCoordinator(store, {});
  const first = electionOn(killed, async () => ({ close: async () => undefined }));
  await waitFor("the first to lead", SOON_MS, () => first.reign());
  killed.kill();
  void first.close();
  const second = electionOn(new MemoryCoordinator(store, {}), async () => ({
    close: async () => undefined,
  }));
  cleanup(() => second.close());
  await waitFor("the line about the old lock", SOON_MS, () =>
    second.waitingFor()?.includes("ran at 127.0.0.1:18080 before (pid 1)") ? true : undefined,
  );
  expect(second.state()).toBe("starting");
  expect(second.leaderAddr()).toBeUndefined();
  // The lock lapses only now, so that the line about it is there until it has been seen.
  store.leaseOf(LOCK)?.end();
  await waitFor("the second to lead", SOON_MS, () => second.reign());
});

test("a lock that an original dashboard left at the same address makes no standby of it either", async () => {
  const store = createMemoryStore();
  const text = JSON.stringify(dashboardModelToJson({ ...MODEL, pid: 3600 }));
  await store.open().write([{ path: LOCK, data: text, expected: ABSENT }]);
  const election = electionOn(store.open(), async () => ({ close: async () => undefined }));
  cleanup(() => election.close());
  await waitFor("the line about --remove-lock", SOON_MS, () =>
    election.waitingFor()?.includes("pid 3600") ? true : undefined,
  );
  expect(election.waitingFor()).toContain("--remove-lock");
  expect(election.state()).toBe("starting");
  expect(election.leaderAddr()).toBeUndefined();
});
