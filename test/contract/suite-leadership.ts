/**
 * Contract: the lock, its epoch, and writes that are fenced by it, while all goes well; and locks of
 * programs that don't give them back.
 */
import { describe, expect } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import type { LeadershipRequest } from "../../src/coordinator/coordinator.ts";
import {
  ABSENT,
  ANY,
  type Coordinator,
  type Leadership,
} from "../../src/coordinator/coordinator.ts";
import { CALM_LEASE_MS, failure, LEASE_MS, pass, put, type SuiteContext } from "./suite-context.ts";

/** A test waits for it several times. One that is renewed as often as it is outlives long pauses of the machine. */
const OUTLIVED_LEASE_MS = 12_000;

/** Declares the tests of `lead`, `confirm` and `release`. */
export function testLeadership(context: SuiteContext): void {
  describe("leadership", () => {
    context.slowTest(
      "the lock has the leader's text, and a second one is told who leads",
      async (scope) => {
        const first = await scope.open();
        const second = await scope.open();
        const request = scope.leadershipRequest(CALM_LEASE_MS);
        const leadership = await first.lead(request);
        expect(leadership.epoch).toBeGreaterThan(0);
        expect(leadership.isHeld()).toBe(true);
        await leadership.confirm();
        expect((await second.get(request.lockPath))?.data).toBe(request.data);
        const error = await failure("LEADER_EXISTS", second.lead({ ...request, data: "second" }));
        expect(error.context).toMatchObject({ holder: request.data, isForeign: false });
        expect((await second.get(request.lockPath))?.data).toBe(request.data);
        expect(leadership.isHeld()).toBe(true);
      },
    );

    context.slowTest(
      "it outlives its lease again and again while its process lives",
      async (scope) => {
        const coordinator = await scope.open();
        const request = scope.leadershipRequest(OUTLIVED_LEASE_MS);
        const leadership = await coordinator.lead(request);
        let lost: string | undefined;
        leadership.lost.then(
          (line) => {
            lost = line;
          },
          (thrown: unknown) => {
            lost = `rejected: ${String(thrown)}`;
          },
        );
        const other = await scope.open();
        for (let round = 0; round < 9; round += 1) {
          await pass(OUTLIVED_LEASE_MS / 3);
          expect(leadership.isHeld()).toBe(true);
          await leadership.confirm();
          await failure("LEADER_EXISTS", other.lead(request));
        }
        expect(lost).toBeUndefined();
      },
    );

    context.slowTest("release lets the next in at once, with a larger epoch", async (scope) => {
      const coordinators = [await scope.open(), await scope.open()];
      const request = scope.leadershipRequest(CALM_LEASE_MS);
      let epoch = 0;
      for (let round = 0; round < 6; round += 1) {
        const leadership = await coordinators[round % 2]?.lead({ ...request, data: `${round}` });
        expect(leadership?.epoch).toBeGreaterThan(epoch);
        epoch = leadership?.epoch ?? 0;
        expect((await coordinators[1]?.get(request.lockPath))?.data).toBe(`${round}`);
        await leadership?.release();
        await leadership?.release();
        expect(leadership?.isHeld()).toBe(false);
        expect(await coordinators[0]?.get(request.lockPath)).toBeUndefined();
      }
    });

    context.slowTest("close gives the lock back", async (scope) => {
      const first = await scope.open();
      const request = scope.leadershipRequest(CALM_LEASE_MS);
      const leadership = await first.lead(request);
      await first.close();
      expect(leadership.isHeld()).toBe(false);
      await failure("LEADERSHIP_LOST", put(leadership, `${scope.freshPath()}/x`, "1"));
      const next = await (await scope.open()).lead(request);
      expect(next.epoch).toBeGreaterThan(leadership.epoch);
    });

    context.slowTest("of two that race exactly one leads, every time", async (scope) => {
      const racers = [await scope.open(), await scope.open(), await scope.open()];
      const request = scope.leadershipRequest(CALM_LEASE_MS);
      for (let round = 0; round < 5; round += 1) {
        await race(racers, request);
      }
    });

    context.slowTest("two products on one coordinator have leaders of their own", async (scope) => {
      const first = await scope.open();
      const one = await first.lead(scope.leadershipRequest(CALM_LEASE_MS));
      const two = await first.lead(scope.leadershipRequest(CALM_LEASE_MS));
      await one.release();
      await two.confirm();
      expect(two.isHeld()).toBe(true);
    });

    context.slowTest(
      "fenced writes are conditional as all others, batches included",
      async (scope) => {
        const coordinator = await scope.open();
        const leadership = await coordinator.lead(scope.leadershipRequest(CALM_LEASE_MS));
        const path = scope.freshPath();
        const [version] = await leadership.write([
          { path: `${path}/x`, data: "1", expected: ABSENT },
          { path: `${path}/y`, data: "1", expected: ANY },
        ]);
        expect((await coordinator.get(`${path}/x`))?.version).toBe(version ?? "");
        const again = leadership.write([{ path: `${path}/x`, data: "2", expected: ABSENT }]);
        await failure("COORDINATOR_CONFLICT", again);
        await failure("ARGUMENT_INVALID", put(leadership, `${path}/..`, "2"));
        await leadership.write(
          Array.from({ length: 1_100 }, (_, index) => ({
            path: `${path}/slots/n${index}`,
            data: `${index}`,
            expected: ABSENT,
          })),
        );
        expect((await coordinator.list(`${path}/slots`)).length).toBe(1_100);
        expect(leadership.isHeld()).toBe(true);
        await leadership.confirm();
      },
    );

    context.slowTest(
      "after release everything is refused, and nothing is changed",
      async (scope) => {
        const coordinator = await scope.open();
        const leadership = await coordinator.lead(scope.leadershipRequest(CALM_LEASE_MS));
        const path = scope.freshPath();
        await leadership.release();
        await failure("LEADERSHIP_LOST", put(leadership, `${path}/x`, "1"));
        await failure("LEADERSHIP_LOST", leadership.confirm());
        expect(await coordinator.list(path)).toEqual([]);
      },
    );
  });

  testForeignLocks(context);
}

/** One leads and the others are told so; then it gives the lock back. */
async function race(racers: readonly Coordinator[], request: LeadershipRequest): Promise<void> {
  const outcomes = await Promise.allSettled(
    racers.map((racer, index) => racer.lead({ ...request, data: `racer ${index}` })),
  );
  const leaders: Leadership[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") {
      leaders.push(outcome.value);
    } else if (!isCodisError(outcome.reason, "LEADER_EXISTS")) {
      throw outcome.reason;
    }
  }
  expect(leaders.length).toBe(1);
  await leaders[0]?.confirm();
  await leaders[0]?.release();
}

function testForeignLocks(context: SuiteContext): void {
  describe("a lock of a foreign program", () => {
    context.slowTest(
      "is named and never taken over, however long nobody answers for it",
      async (scope) => {
        const coordinator = await scope.open();
        const request = scope.leadershipRequest();
        const foreign = '{\n    "token": "of an original dashboard"\n}';
        await put(coordinator, request.lockPath, foreign);
        for (const waitMs of [0, LEASE_MS + 500]) {
          await pass(waitMs);
          const error = await failure("LEADER_EXISTS", coordinator.lead(request));
          expect(error.context).toMatchObject({ holder: foreign, isForeign: true });
          expect((await coordinator.get(request.lockPath))?.data).toBe(foreign);
        }
        await coordinator.write([{ path: request.lockPath, data: undefined, expected: ANY }]);
        expect((await coordinator.lead(request)).isHeld()).toBe(true);
      },
    );

    context.slowTest("made after one of ours was given back is foreign too", async (scope) => {
      const coordinator = await scope.open();
      const request = scope.leadershipRequest();
      await (await coordinator.lead(request)).release();
      await put(coordinator, request.lockPath, "somebody else");
      const error = await failure("LEADER_EXISTS", coordinator.lead(request));
      expect(error.context).toMatchObject({ holder: "somebody else", isForeign: true });
    });
  });
}
