/**
 * Contract: a server that dies or hangs costs time, never an acknowledged write; nothing waits longer than
 * its bound, and all works again when the server is back.
 */
import { describe, expect, test } from "bun:test";
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
  SLACK_MS,
  SOON_MS,
  type SuiteContext,
  TEST_MS,
} from "./suite-context.ts";
import { leadSoon } from "./suite-leadership-loss.ts";

/** Until a server that was started again, or woken, has served the first operation. */
const BACK_MS = 15_000;

/** Declares the tests of outages, and of `close`. */
export function testFaults(context: SuiteContext): void {
  describe("close", () => {
    test(
      "refuses what comes after, at once",
      async () => {
        const coordinator = await context.open();
        await put(coordinator, `${context.freshPath()}/x`, "1");
        await coordinator.close();
        await coordinator.close();
        const path = context.freshPath();
        for (const operation of operationsOn(coordinator, path)) {
          await failure("COORDINATOR_UNREACHABLE", withDeadline("refusal", SOON_MS, operation()));
        }
        await failure("COORDINATOR_UNREACHABLE", coordinator.lead(context.leadershipRequest()));
      },
      TEST_MS,
    );

    test(
      "leaves nothing that keeps a process alive",
      async () => {
        const client = await context.startClient();
        const path = context.freshPath();
        await client.run({
          do: "write",
          isFenced: false,
          writes: [{ path: `${path}/x`, data: "1", expected: "any" }],
        });
        await client.run({ do: "register", path: `${path}/r`, data: "1", ttlMs: LEASE_MS });
        await client.run({ do: "lead", request: context.leadershipRequest() });
        expect(await client.end()).toBe(0);
      },
      TEST_MS,
    );
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
  test(
    "no acknowledged write is lost, and the rest comes through or says so",
    async () => {
      const writer = await context.open({ operationTimeoutMs: OPERATION_MS });
      const path = `${context.freshPath()}/x`;
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
      const stored = Number((await (await context.open()).get(path))?.data);
      expect(stored).toBeGreaterThanOrEqual(log.acknowledged);
      expect(stored).toBeLessThanOrEqual(log.tried);
    },
    TEST_MS,
  );

  test(
    "operations end within their bound, and work again afterwards",
    async () => {
      const coordinator = await context.open({ operationTimeoutMs: OPERATION_MS });
      const path = context.freshPath();
      await put(coordinator, `${path}/x`, "1");
      await crash.killServer();
      await expectUnreachable(coordinator, path);
      // One that is opened while there is no server waits for it as well.
      const late = await context.open({ operationTimeoutMs: OPERATION_MS });
      await expectUnreachable(late, path);
      await crash.startServer();
      for (const one of [coordinator, late]) {
        await waitFor("answer", BACK_MS, async () => (await one.get(`${path}/x`))?.data);
        await put(one, `${path}/x`, "2");
      }
    },
    TEST_MS,
  );

  test(
    "a leader loses the lock, knows it in time, and may lead again",
    async () => {
      const coordinator = await context.open({ operationTimeoutMs: OPERATION_MS });
      const request = context.leadershipRequest();
      const leadership = await coordinator.lead(request);
      await crash.killServer();
      const line = await withDeadline("loss", LEASE_MS + SLACK_MS, leadership.lost);
      expect(line).not.toContain("\n");
      expect(leadership.isHeld()).toBe(false);
      await failure("LEADERSHIP_LOST", put(leadership, `${context.freshPath()}/x`, "1"));
      await pass(500);
      await crash.startServer();
      await waitFor(
        "answer",
        BACK_MS,
        async () => (await coordinator.list("/codis3")).length > 0 || undefined,
      );
      const again = await leadSoon(coordinator, request);
      expect(again.epoch).toBeGreaterThan(leadership.epoch);
      await failure("LEADERSHIP_LOST", put(leadership, `${context.freshPath()}/x`, "1"));
    },
    TEST_MS,
  );

  test(
    "a registration comes back by itself, and says what was wrong",
    async () => {
      const own = await context.open({ operationTimeoutMs: OPERATION_MS });
      const path = `${context.freshPath()}/proxy-1`;
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
      const other = await context.open();
      expect((await other.get(path))?.data).toBe("one");
      await pass(LEASE_MS + 1_000);
      expect((await other.get(path))?.data).toBe("one");
      expect(problems.every((line) => !line.includes("\n"))).toBe(true);
    },
    TEST_MS,
  );

  test(
    "close doesn't wait for a server that is gone",
    async () => {
      const own = await context.open({ operationTimeoutMs: OPERATION_MS });
      const leadership = await own.lead(context.leadershipRequest());
      own.register(`${context.freshPath()}/x`, "1", { ttlMs: LEASE_MS });
      own.watch(context.freshPath(), () => undefined);
      await crash.killServer();
      await withDeadline("release", OPERATION_MS + OPERATION_SLACK_MS, leadership.release());
      await withDeadline("close", OPERATION_MS + OPERATION_SLACK_MS, own.close());
      await crash.startServer();
      const next = await context.open();
      await waitFor(
        "answer",
        BACK_MS,
        async () => (await next.list("/codis3")).length > 0 || undefined,
      );
    },
    TEST_MS,
  );
}

function testHang(context: SuiteContext, hang: HangFault): void {
  test(
    "operations end within their bound, and work again afterwards",
    async () => {
      const coordinator = await context.open({ operationTimeoutMs: OPERATION_MS });
      const path = context.freshPath();
      await put(coordinator, `${path}/x`, "1");
      await hang.pauseServer();
      await expectUnreachable(coordinator, path);
      await hang.resumeServer();
      await waitFor("write", BACK_MS, () => put(coordinator, `${path}/x`, "2"));
      expect((await coordinator.get(`${path}/x`))?.data).toBe("2");
    },
    TEST_MS,
  );

  test(
    "a leader doesn't hold the lock longer than its lease",
    async () => {
      const coordinator = await context.open({ operationTimeoutMs: OPERATION_MS });
      const request = context.leadershipRequest();
      const leadership = await coordinator.lead(request);
      await hang.pauseServer();
      await withDeadline("loss", LEASE_MS + SLACK_MS, leadership.lost);
      expect(leadership.isHeld()).toBe(false);
      await failure("LEADERSHIP_LOST", put(leadership, `${context.freshPath()}/x`, "1"));
      await hang.resumeServer();
      await waitFor(
        "answer",
        BACK_MS,
        async () => (await coordinator.list("/codis3")).length > 0 || undefined,
      );
      const again = await leadSoon(coordinator, request);
      expect(again.epoch).toBeGreaterThan(leadership.epoch);
    },
    TEST_MS,
  );
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
