/**
 * Contract: a leader that is killed, frozen or robbed of its lock makes room, and can do no harm after.
 */
import { describe, expect } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import type {
  Coordinator,
  Leadership,
  LeadershipRequest,
} from "../../src/coordinator/coordinator.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import type { CoordinatorClient } from "./coordinator-fixture.ts";
import {
  CALM_LEASE_MS,
  failure,
  LEASE_MS,
  pass,
  put,
  SLACK_MS,
  type SuiteContext,
} from "./suite-context.ts";

/** Declares the tests of how a leadership ends against its holder's will. */
export function testLeadershipLoss(context: SuiteContext): void {
  describe("a leader that is gone", () => {
    context.slowTest("is replaced within its lease after kill -9", async (scope) => {
      const standby = await scope.open();
      const request = scope.leadershipRequest();
      const client = await scope.startClient();
      const epoch = await leadIn(client, request);
      await failure("LEADER_EXISTS", standby.lead(request));
      await client.kill();
      const next = await leadSoon(standby, { ...request, data: "next" });
      expect(next.epoch).toBeGreaterThan(epoch);
      expect((await standby.get(request.lockPath))?.data).toBe("next");
      await put(next, `${scope.freshPath()}/x`, "1");
    });

    context.slowTest("three in a row, killed in the middle of fenced writes", async (scope) => {
      const standby = await scope.open();
      const request = scope.leadershipRequest();
      const path = scope.freshPath();
      let epoch = 0;
      for (let round = 0; round < 3; round += 1) {
        const client = await scope.startClient();
        const newEpoch = await waitFor("new leader", LEASE_MS + SLACK_MS, () =>
          leadIn(client, request),
        );
        expect(newEpoch).toBeGreaterThan(epoch);
        epoch = newEpoch;
        await client.run({ do: "writeLoop", isFenced: true, path, count: 5, size: 200 });
        await waitFor("five rounds", SLACK_MS, () => client.events().length >= 5 || undefined);
        await client.kill();
      }
      const next = await leadSoon(standby, request);
      expect(next.epoch).toBeGreaterThan(epoch);
    });

    context.slowTest(
      "closes without a trace: the next leads at once and the process ends",
      async (scope) => {
        const client = await scope.startClient();
        const request = scope.leadershipRequest();
        await leadIn(client, request);
        expect(await client.end()).toBe(0);
        expect((await (await scope.open()).lead(request)).isHeld()).toBe(true);
      },
    );
  });

  testFrozenLeader(context);
  testRobbedLeader(context);
}

function testFrozenLeader(context: SuiteContext): void {
  describe("a leader that was frozen", () => {
    context.slowTest(
      "is replaced; once awake it knows at once, and can't change anything",
      async (scope) => {
        const standby = await scope.open();
        const request = scope.leadershipRequest();
        const path = scope.freshPath();
        const client = await scope.startClient();
        const epoch = await leadIn(client, request);
        await client.run(fenced(`${path}/x`, "by the first"));
        client.pause();
        const next = await leadSoon(standby, { ...request, data: "next" });
        expect(next.epoch).toBeGreaterThan(epoch);
        await put(next, `${path}/x`, "by the second");
        const answers = [
          client.run({ do: "held" }),
          client.run(fenced(`${path}/x`, "late")),
          client.run(fenced(`${path}/y`, "late")),
          client.run({ do: "confirm" }),
        ];
        client.resume();
        expect(await answers[0]).toBe(false);
        for (const answer of answers.slice(1)) {
          await failure("LEADERSHIP_LOST", answer ?? Promise.resolve());
        }
        await waitFor("event lost", SLACK_MS, () => lostLineOf(client));
        expect((await standby.get(`${path}/x`))?.data).toBe("by the second");
        expect(await standby.get(`${path}/y`)).toBeUndefined();
        expect((await standby.get(request.lockPath))?.data).toBe("next");
        await next.confirm();
        await client.run({ do: "release" });
        await next.confirm();
        await next.release();
        const again = await waitFor("leadership again", SLACK_MS, () => leadIn(client, request));
        expect(again).toBeGreaterThan(next.epoch);
      },
    );

    context.slowTest(
      "and has no follower either doesn't hold the lock, and may lead again",
      async (scope) => {
        const request = scope.leadershipRequest();
        const client = await scope.startClient();
        const epoch = await leadIn(client, request);
        client.pause();
        await pass(LEASE_MS + 500);
        const held = client.run({ do: "held" });
        client.resume();
        expect(await held).toBe(false);
        await waitFor("event lost", SLACK_MS, () => lostLineOf(client));
        const again = await waitFor("leadership again", LEASE_MS + SLACK_MS, () =>
          leadIn(client, request),
        );
        expect(again).toBeGreaterThan(epoch);
      },
    );

    context.slowTest("for less than its lease leads on", async (scope) => {
      const request = { ...scope.leadershipRequest(), leaseMs: 4 * LEASE_MS };
      const client = await scope.startClient();
      await leadIn(client, request);
      client.pause();
      await pass(500);
      client.resume();
      expect(await client.run({ do: "held" })).toBe(true);
      await client.run({ do: "confirm" });
      expect(lostLineOf(client)).toBeUndefined();
    });
  });
}

function testRobbedLeader(context: SuiteContext): void {
  describe("a leader whose lock", () => {
    context.slowTest("was deleted by hand loses it, and the next may lead", async (scope) => {
      const leader = await scope.open();
      const other = await scope.open();
      const request = scope.leadershipRequest(CALM_LEASE_MS);
      const leadership = await leader.lead(request);
      await other.write([{ path: request.lockPath, data: undefined, expected: "any" }]);
      await failure("LEADERSHIP_LOST", leadership.confirm());
      await expectLost(leadership);
      const path = scope.freshPath();
      await failure("LEADERSHIP_LOST", put(leadership, `${path}/x`, "1"));
      expect(await other.list(path)).toEqual([]);
      const next = await leadSoon(other, request);
      expect(next.epoch).toBeGreaterThan(leadership.epoch);
    });

    context.slowTest(
      "was overwritten by a foreign program loses it, and leaves the other's there",
      async (scope) => {
        const leader = await scope.open();
        const other = await scope.open();
        const request = scope.leadershipRequest(CALM_LEASE_MS);
        const leadership = await leader.lead(request);
        await other.write([{ path: request.lockPath, data: undefined, expected: "any" }]);
        await put(other, request.lockPath, "foreign");
        await expectLost(leadership);
        await failure("LEADERSHIP_LOST", put(leadership, `${scope.freshPath()}/x`, "1"));
        await leadership.release();
        expect((await other.get(request.lockPath))?.data).toBe("foreign");
        const error = await failure("LEADER_EXISTS", other.lead(request));
        expect(error.context).toMatchObject({ holder: "foreign", isForeign: true });
      },
    );
  });
}

/** `lost` resolves with one line, and nothing is held any more. */
async function expectLost(leadership: Leadership): Promise<void> {
  const line = await withDeadline("loss", CALM_LEASE_MS + SLACK_MS, leadership.lost);
  expect(line).not.toBe("");
  expect(line).not.toContain("\n");
  expect(leadership.isHeld()).toBe(false);
}

/** Asks again and again while another leads, as a standby does. */
export async function leadSoon(
  coordinator: Coordinator,
  request: LeadershipRequest,
): Promise<Leadership> {
  return waitFor("leadership", LEASE_MS + SLACK_MS, async () => {
    await pass(50);
    try {
      return await coordinator.lead(request);
    } catch (thrown) {
      if (isCodisError(thrown, "LEADER_EXISTS")) {
        expect(thrown.context["isForeign"]).toBe(false);
        return undefined;
      }
      throw thrown;
    }
  });
}

/** The epoch of the leadership that the client got. */
async function leadIn(client: CoordinatorClient, request: LeadershipRequest): Promise<number> {
  return Number(await client.run({ do: "lead", request }));
}

function fenced(path: string, data: string): Parameters<CoordinatorClient["run"]>[0] {
  return { do: "write", isFenced: true, writes: [{ path, data, expected: "any" }] };
}

function lostLineOf(client: CoordinatorClient): string | undefined {
  return client.events().find((one) => one.event === "lost")?.text;
}
