/**
 * Contract: a server that dies or hangs costs time, never an acknowledged write; nothing waits longer than
 * its bound, and all works again when the server is back.
 */
import { describe, expect } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import type { CrashFault, HangFault } from "./coordinator-fixture.ts";
import {
  failure,
  LEASE_MS,
  OPERATION_MS,
  OPERATION_SLACK_MS,
  pass,
  put,
  SHORT_LEASE_MS,
  SLACK_MS,
  SOON_MS,
  type SuiteContext,
} from "./suite-context.ts";

/** Until a server that was started again, or woken, has served the first operation. */
const BACK_MS = 40_000;

/** Declares the tests of outages, and of `close`. */
export function testFaults(context: SuiteContext): void {
  describe("close", () => {
    context.test("refuses what comes after, at once", async (scope) => {
      const coordinator = await scope.open();
      await put(coordinator, `${scope.freshPath()}/x`, "1");
      await coordinator.close();
      await coordinator.close();
      const path = scope.freshPath();
      for (const operation of operationsOn(coordinator, path)) {
        await failure("COORDINATOR_UNREACHABLE", withDeadline("refusal", SOON_MS, operation()));
      }
      await failure("COORDINATOR_UNREACHABLE", coordinator.lead(scope.leadershipRequest()));
    });

    context.test("leaves nothing that keeps a process alive", async (scope) => {
      const client = await scope.startClient();
      const path = scope.freshPath();
      await client.run({
        do: "write",
        isFenced: false,
        writes: [{ path: `${path}/x`, data: "1", expected: "any" }],
      });
      await client.run({ do: "register", path: `${path}/r`, data: "1", ttlMs: LEASE_MS });
      await client.run({ do: "lead", request: scope.leadershipRequest() });
      expect(await client.end()).toBe(0);
    });
  });

  const { crash, hang } = context.fixture;
  if (crash !== undefined) {
    describe("a server that dies", () => testCrash(context, crash));
  }
  if (hang !== undefined) {
    describe("a server that hangs", () => testHang(context, hang));
  }
}

function testCrash(context: SuiteContext, crash: CrashFault): void {
  context.test(
    "no acknowledged write is lost, and the rest comes through or says so",
    async (scope) => {
      const writer = await scope.open({ operationTimeoutMs: OPERATION_MS });
      const path = `${scope.freshPath()}/x`;
      const log = { acknowledged: 0, tried: 0, failures: 0, stop: false };
      const loop = (async () => {
        while (!log.stop) {
          log.tried += 1;
          try {
            await put(writer, path, `${log.tried}`);
            log.acknowledged = log.tried;
          } catch (thrown) {
            if (!isCodisError(thrown, "COORDINATOR_UNREACHABLE")) {
              throw thrown;
            }
            log.failures += 1;
          }
        }
      })();
      await waitFor("writes", SOON_MS, () => log.acknowledged > 20 || undefined);
      await crash.killServer();
      const acknowledged = log.acknowledged;
      await waitFor(
        "failure",
        OPERATION_MS + OPERATION_SLACK_MS,
        () => log.failures > 0 || undefined,
      );
      await crash.startServer();
      await waitFor(
        "writes again",
        BACK_MS,
        () => log.acknowledged > acknowledged + 20 || undefined,
      );
      log.stop = true;
      await loop;
      const stored = Number((await (await scope.open()).get(path))?.data);
      expect(stored).toBeGreaterThanOrEqual(log.acknowledged);
      expect(stored).toBeLessThanOrEqual(log.tried);
    },
  );

  context.test("operations end within their bound, and work again afterwards", async (scope) => {
    const coordinator = await scope.open({ operationTimeoutMs: OPERATION_MS });
    const path = scope.freshPath();
    await putSoon(coordinator, `${path}/x`, "1");
    await crash.killServer();
    await expectUnreachable(coordinator, path);
    // One that is opened while there is no server waits for it as well.
    const late = await scope.open({ operationTimeoutMs: OPERATION_MS });
    await expectUnreachable(late, path);
    await crash.startServer();
    for (const one of [coordinator, late]) {
      await waitFor("answer", BACK_MS, async () => (await one.get(`${path}/x`))?.data);
      await putSoon(one, `${path}/x`, "2");
    }
  });

  context.test("a leader loses the lock, knows it in time, and may lead again", async (scope) => {
    const coordinator = await scope.open({ operationTimeoutMs: OPERATION_MS });
    const request = scope.leadershipRequest(SHORT_LEASE_MS);
    const leadership = await waitFor("leadership", BACK_MS, () => coordinator.lead(request));
    await crash.killServer();
    const line = await withDeadline("loss", LEASE_MS + SLACK_MS, leadership.lost);
    expect(line).not.toContain("\n");
    expect(leadership.isHeld()).toBe(false);
    await failure("LEADERSHIP_LOST", put(leadership, `${scope.freshPath()}/x`, "1"));
    await pass(500);
    await crash.startServer();
    await waitFor(
      "answer",
      BACK_MS,
      async () => (await coordinator.list("/codis3")).length > 0 || undefined,
    );
    const again = await waitFor("leadership", BACK_MS, () => coordinator.lead(request));
    expect(again.epoch).toBeGreaterThan(leadership.epoch);
    await failure("LEADERSHIP_LOST", put(leadership, `${scope.freshPath()}/x`, "1"));
  });

  context.test("a registration comes back by itself, and says what was wrong", async (scope) => {
    const own = await scope.open({ operationTimeoutMs: OPERATION_MS });
    const path = `${scope.freshPath()}/proxy-1`;
    const problems: string[] = [];
    const registration = own.register(path, "one", {
      ttlMs: LEASE_MS,
      onProblem: (line) => problems.push(line),
    });
    await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
    await crash.killServer();
    await waitFor("problem", LEASE_MS + SLACK_MS, () => problems[0]);
    expect(registration.isRegistered()).toBe(false);
    await crash.startServer();
    await waitFor("isRegistered", BACK_MS, () => registration.isRegistered() || undefined);
    const other = await scope.open();
    expect((await other.get(path))?.data).toBe("one");
    await pass(LEASE_MS + 1_000);
    expect((await other.get(path))?.data).toBe("one");
    expect(problems.every((line) => !line.includes("\n"))).toBe(true);
  });

  context.test("close doesn't wait for a server that is gone", async (scope) => {
    const own = await scope.open({ operationTimeoutMs: OPERATION_MS });
    const request = scope.leadershipRequest();
    const leadership = await waitFor("leadership", BACK_MS, () => own.lead(request));
    own.register(`${scope.freshPath()}/x`, "1", { ttlMs: LEASE_MS });
    own.watch(scope.freshPath(), () => undefined);
    await crash.killServer();
    await withDeadline("release", OPERATION_MS + OPERATION_SLACK_MS, leadership.release());
    await withDeadline("close", OPERATION_MS + OPERATION_SLACK_MS, own.close());
    await crash.startServer();
    const next = await scope.open();
    await waitFor(
      "answer",
      BACK_MS,
      async () => (await next.list("/codis3")).length > 0 || undefined,
    );
  });
}

function testHang(context: SuiteContext, hang: HangFault): void {
  context.test("operations end within their bound, and work again afterwards", async (scope) => {
    const coordinator = await scope.open({ operationTimeoutMs: OPERATION_MS });
    const path = scope.freshPath();
    await putSoon(coordinator, `${path}/x`, "1");
    await hang.pauseServer();
    await expectUnreachable(coordinator, path);
    await hang.resumeServer();
    await putSoon(coordinator, `${path}/x`, "2");
    const read = await waitFor("answer", BACK_MS, () => coordinator.get(`${path}/x`));
    expect(read.data).toBe("2");
  });

  context.test("a leader doesn't hold the lock longer than its lease", async (scope) => {
    const coordinator = await scope.open({ operationTimeoutMs: OPERATION_MS });
    const request = scope.leadershipRequest(SHORT_LEASE_MS);
    const leadership = await waitFor("leadership", BACK_MS, () => coordinator.lead(request));
    await hang.pauseServer();
    await withDeadline("loss", LEASE_MS + SLACK_MS, leadership.lost);
    expect(leadership.isHeld()).toBe(false);
    await failure("LEADERSHIP_LOST", put(leadership, `${scope.freshPath()}/x`, "1"));
    await hang.resumeServer();
    await waitFor(
      "answer",
      BACK_MS,
      async () => (await coordinator.list("/codis3")).length > 0 || undefined,
    );
    const again = await waitFor("leadership", BACK_MS, () => coordinator.lead(request));
    expect(again.epoch).toBeGreaterThan(leadership.epoch);
  });
}

/** Writes, also on a machine that stands still for longer than one operation may take. */
function putSoon(coordinator: Coordinator, path: string, data: string): Promise<string> {
  return waitFor(`a write of ${path}`, BACK_MS, () => put(coordinator, path, data));
}

function operationsOn(coordinator: Coordinator, path: string): readonly (() => Promise<unknown>)[] {
  return [
    () => coordinator.get(`${path}/x`),
    () => coordinator.list(path),
    () => coordinator.readChildren(path),
    () => put(coordinator, `${path}/y`, "1"),
  ];
}

/** All operations at once fail with COORDINATOR_UNREACHABLE, within their bound. */
async function expectUnreachable(coordinator: Coordinator, path: string): Promise<void> {
  const boundMs = OPERATION_MS + OPERATION_SLACK_MS;
  await Promise.all(
    operationsOn(coordinator, path).map((operation) =>
      failure("COORDINATOR_UNREACHABLE", withDeadline("failure", boundMs, operation())),
    ),
  );
}
