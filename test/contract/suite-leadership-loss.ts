/**
 * Contract: a leader that is killed, frozen or robbed of its lock makes room, and can do no harm after.
 */
import { describe, expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import type {
  Coordinator,
  Leadership,
  LeadershipRequest,
} from "../../src/coordinator/coordinator.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import type { CoordinatorClient } from "./coordinator-fixture.ts";
import {
  failure,
  LEASE_MS,
  pass,
  put,
  SLACK_MS,
  type SuiteContext,
  TEST_MS,
} from "./suite-context.ts";

/** Declares the tests of how a leadership ends against its holder's will. */
export function testLeadershipLoss(context: SuiteContext): void {
  describe("a leader that is gone", () => {
    test(
      "is replaced within its lease after kill -9",
      async () => {
        const standby = await context.open();
        const request = context.leadershipRequest();
        const client = await context.startClient();
        const epoch = await leadIn(client, request);
        await failure("LEADER_EXISTS", standby.lead(request));
        await client.kill();
        const next = await leadSoon(standby, { ...request, data: "next" });
        expect(next.epoch).toBeGreaterThan(epoch);
        expect((await standby.get(request.lockPath))?.data).toBe("next");
        await put(next, `${context.freshPath()}/x`, "1");
      },
      TEST_MS,
    );

    test(
      "three in a row, killed in the middle of fenced writes",
      async () => {
        const standby = await context.open();
        const request = context.leadershipRequest();
        const path = context.freshPath();
        let epoch = 0;
        for (let round = 0; round < 3; round += 1) {
          const client = await context.startClient();
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
      },
      TEST_MS,
    );

    test(
      "closes without a trace: the next leads at once and the process ends",
      async () => {
        const client = await context.startClient();
        const request = context.leadershipRequest();
        await leadIn(client, request);
        expect(await client.end()).toBe(0);
        expect((await (await context.open()).lead(request)).isHeld()).toBe(true);
      },
      TEST_MS,
    );
  });

  testFrozenLeader(context);
  testRobbedLeader(context);
}

function testFrozenLeader(context: SuiteContext): void {
  describe("a leader that was frozen", () => {
    test(
      "is replaced; once awake it knows at once, and can't change anything",
      async () => {
        const standby = await context.open();
        const request = context.leadershipRequest();
        const path = context.freshPath();
        const client = await context.startClient();
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
      TEST_MS,
    );

    test(
      "and has no follower either doesn't hold the lock, and may lead again",
      async () => {
        const request = context.leadershipRequest();
        const client = await context.startClient();
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
      TEST_MS,
    );

    test(
      "for less than its lease leads on",
      async () => {
        const request = { ...context.leadershipRequest(), leaseMs: 4 * LEASE_MS };
        const client = await context.startClient();
        await leadIn(client, request);
        client.pause();
        await pass(500);
        client.resume();
        expect(await client.run({ do: "held" })).toBe(true);
        await client.run({ do: "confirm" });
        expect(lostLineOf(client)).toBeUndefined();
      },
      TEST_MS,
    );
  });
}

function testRobbedLeader(context: SuiteContext): void {
  describe("a leader whose lock", () => {
    test(
      "was deleted by hand loses it, and the next may lead",
      async () => {
        const leader = await context.open();
        const other = await context.open();
        const request = context.leadershipRequest();
        const leadership = await leader.lead(request);
        await other.write([{ path: request.lockPath, data: undefined, expected: "any" }]);
        await failure("LEADERSHIP_LOST", leadership.confirm());
        await expectLost(leadership);
        const path = context.freshPath();
        await failure("LEADERSHIP_LOST", put(leadership, `${path}/x`, "1"));
        expect(await other.list(path)).toEqual([]);
        const next = await leadSoon(other, request);
        expect(next.epoch).toBeGreaterThan(leadership.epoch);
      },
      TEST_MS,
    );

    test(
      "was overwritten by a foreign program loses it, and leaves the other's there",
      async () => {
        const leader = await context.open();
        const other = await context.open();
        const request = context.leadershipRequest();
        const leadership = await leader.lead(request);
        await other.write([{ path: request.lockPath, data: undefined, expected: "any" }]);
        await put(other, request.lockPath, "foreign");
        await expectLost(leadership);
        await failure("LEADERSHIP_LOST", put(leadership, `${context.freshPath()}/x`, "1"));
        await leadership.release();
        expect((await other.get(request.lockPath))?.data).toBe("foreign");
        const error = await failure("LEADER_EXISTS", other.lead(request));
        expect(error.context).toMatchObject({ holder: "foreign", isForeign: true });
      },
      TEST_MS,
    );
  });
}

/** `lost` resolves with one line, and nothing is held any more. */
async function expectLost(leadership: Leadership): Promise<void> {
  const line = await withDeadline("loss", LEASE_MS + SLACK_MS, leadership.lost);
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
