/**
 * Contract: registrations live as long as their process, come back when they were lost, and never longer
 * than their time to live after a kill -9.
 */
import { describe, expect } from "bun:test";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { waitFor } from "../support/deadline.ts";
import { LEASE_MS, pass, SLACK_MS, SOON_MS, type SuiteContext } from "./suite-context.ts";

const TTL = { ttlMs: LEASE_MS };

/** Declares the tests of `register`. */
export function testRegistration(context: SuiteContext): void {
  describe("registration", () => {
    context.slowTest("appears, is seen by a watch, stays, and goes with close", async (scope) => {
      const own = await scope.open();
      const other = await scope.open();
      const path = scope.freshPath();
      let calls = 0;
      other.watch(path, () => {
        calls += 1;
      });
      const registration = own.register(`${path}/proxy-1`, "one", TTL);
      await waitFor("node", SOON_MS, () => hasText(other, `${path}/proxy-1`, "one"));
      await waitFor("isRegistered", SOON_MS, () => registration.isRegistered() || undefined);
      await waitFor("call", SOON_MS, () => calls > 0 || undefined);
      await pass(LEASE_MS + 1_000);
      expect(await other.list(path)).toEqual(["proxy-1"]);
      expect((await other.readChildren(path)).map((node) => node.data)).toEqual(["one"]);
      await pass(500);
      calls = 0;
      await registration.close();
      await registration.close();
      expect(registration.isRegistered()).toBe(false);
      expect(await other.list(path)).toEqual([]);
      await waitFor("call after close", SOON_MS, () => calls > 0 || undefined);
      await pass(1_000);
      expect(await other.get(`${path}/proxy-1`)).toBeUndefined();
    });

    context.slowTest("several at once, closed by closing the coordinator", async (scope) => {
      const own = await scope.open();
      const other = await scope.open();
      const path = scope.freshPath();
      for (const name of ["a", "b", "c"]) {
        own.register(`${path}/${name}`, name, TTL);
      }
      await waitFor(
        "three",
        SOON_MS,
        async () => (await other.list(path)).length === 3 || undefined,
      );
      await own.close();
      expect(await other.list(path)).toEqual([]);
    });

    context.slowTest("comes back when somebody deletes it", async (scope) => {
      const own = await scope.open();
      const other = await scope.open();
      const path = `${scope.freshPath()}/proxy-1`;
      own.register(path, "one", TTL);
      for (let round = 0; round < 2; round += 1) {
        await waitFor("node", LEASE_MS + SLACK_MS, () => hasText(other, path, "one"));
        await other.write([{ path, data: undefined, expected: "any" }]);
      }
      await waitFor("node", LEASE_MS + SLACK_MS, () => hasText(other, path, "one"));
    });

    context.slowTest(
      "vanishes within its time to live after kill -9, and is seen to",
      async (scope) => {
        const other = await scope.open();
        const path = scope.freshPath();
        const client = await scope.startClient();
        await client.run({ do: "register", path: `${path}/proxy-1`, data: "one", ...TTL });
        await waitFor("node", SOON_MS, () => hasText(other, `${path}/proxy-1`, "one"));
        await pass(LEASE_MS + 500);
        expect(await other.list(path)).toEqual(["proxy-1"]);
        let names: readonly string[] = ["proxy-1"];
        other.watch(path, () => {
          other.list(path).then(
            (list) => {
              names = list;
            },
            (thrown: unknown) => {
              names = [String(thrown)];
            },
          );
        });
        await client.kill();
        await waitFor(
          "end of the node",
          LEASE_MS + SLACK_MS,
          () => names.length === 0 || undefined,
        );
        expect(await other.get(`${path}/proxy-1`)).toBeUndefined();
      },
    );

    context.slowTest("of a process that starts anew replaces the one of before", async (scope) => {
      const other = await scope.open();
      const path = `${scope.freshPath()}/proxy-1`;
      const client = await scope.startClient();
      await client.run({ do: "register", path, data: "old", ...TTL });
      await waitFor("node", SOON_MS, () => hasText(other, path, "old"));
      await client.kill();
      const again = await scope.startClient();
      await again.run({ do: "register", path, data: "new", ...TTL });
      await waitFor("the new node", LEASE_MS + SLACK_MS, () => hasText(other, path, "new"));
      await pass(LEASE_MS + 500);
      expect((await other.get(path))?.data).toBe("new");
      expect(await again.run({ do: "registered" })).toBe(true);
      expect(await again.end()).toBe(0);
      expect(await other.get(path)).toBeUndefined();
    });

    context.slowTest("of a process that was frozen comes back when it wakes", async (scope) => {
      const other = await scope.open();
      const path = `${scope.freshPath()}/proxy-1`;
      const client = await scope.startClient();
      await client.run({ do: "register", path, data: "one", ...TTL });
      await waitFor("node", SOON_MS, () => hasText(other, path, "one"));
      client.pause();
      await waitFor(
        "end of the node",
        LEASE_MS + SLACK_MS,
        async () => !(await other.get(path)) || undefined,
      );
      client.resume();
      await waitFor("node again", LEASE_MS + SLACK_MS, () => hasText(other, path, "one"));
      await waitFor(
        "isRegistered",
        SOON_MS,
        async () => (await client.run({ do: "registered" })) === true || undefined,
      );
    });
  });
}

async function hasText(
  coordinator: Coordinator,
  path: string,
  text: string,
): Promise<true | undefined> {
  return (await coordinator.get(path))?.data === text || undefined;
}
