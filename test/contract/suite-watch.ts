/**
 * Contract: watches tell of every change of a node and of its children at least once after the last one.
 */
import { describe, expect } from "bun:test";
import { waitFor } from "../support/deadline.ts";
import { pass, put, SLACK_MS, SOON_MS, type SuiteContext } from "./suite-context.ts";

/** Declares the tests of `watch`. */
export function testWatch(context: SuiteContext): void {
  describe("watch", () => {
    context.slowTest(
      "tells of own writes and of others', of new children and of removed ones",
      async (scope) => {
        const own = await scope.open();
        const other = await scope.open();
        const path = scope.freshPath();
        await put(own, `${path}/first`, "0");
        let calls = 0;
        own.watch(path, () => {
          calls += 1;
        });
        expect(calls).toBe(0);
        await settle(() => calls);
        const steps: readonly (() => Promise<unknown>)[] = [
          () => put(own, `${path}/first`, "1"),
          () => put(other, `${path}/first`, "2"),
          () => put(other, `${path}/second`, "1"),
          () => other.write([{ path: `${path}/second`, data: undefined, expected: "any" }]),
          () => put(other, `${path}/second`, "1"),
          () => other.write([{ path: `${path}/first`, data: undefined, expected: "any" }]),
        ];
        for (const [index, step] of steps.entries()) {
          const before = calls;
          await step();
          await waitFor(`call after step ${index}`, SOON_MS, () => calls > before || undefined);
          await settle(() => calls);
        }
      },
    );

    context.slowTest("of a node that isn't there yet, nor its parents", async (scope) => {
      const own = await scope.open();
      const other = await scope.open();
      const path = `${scope.freshPath()}/not/there`;
      let calls = 0;
      own.watch(path, () => {
        calls += 1;
      });
      await settle(() => calls);
      for (const [data, node] of [
        ["1", path],
        ["2", path],
        [undefined, path],
        ["1", `${path}/child`],
      ] as const) {
        const before = calls;
        await other.write([{ path: node, data, expected: "any" }]);
        await waitFor(`call after ${data} in ${node}`, SOON_MS, () => calls > before || undefined);
        await settle(() => calls);
      }
    });

    context.slowTest("after the last of many changes the callback sees the last", async (scope) => {
      const own = await scope.open();
      const other = await scope.open();
      const path = scope.freshPath();
      let seen = "";
      own.watch(path, () => {
        own.get(`${path}/x`).then(
          (node) => {
            seen = node?.data ?? "";
          },
          (thrown: unknown) => {
            seen = String(thrown);
          },
        );
      });
      for (let round = 1; round <= 100; round += 1) {
        await put(other, `${path}/x`, `${round}`);
      }
      await waitFor("the last change", SOON_MS, () => seen === "100" || undefined);
    });

    context.slowTest("is silent after it was closed, and another one isn't", async (scope) => {
      const own = await scope.open();
      const path = scope.freshPath();
      const calls = [0, 0];
      const count = (index: number) => () => {
        calls[index] = (calls[index] ?? 0) + 1;
      };
      const closed = own.watch(path, count(0));
      own.watch(path, count(1));
      await put(own, `${path}/x`, "1");
      await waitFor("both calls", SOON_MS, () => calls.every((one) => one > 0) || undefined);
      closed.close();
      closed.close();
      const before = [...calls];
      await put(own, `${path}/x`, "2");
      await waitFor("call", SOON_MS, () => (calls[1] ?? 0) > (before[1] ?? 0) || undefined);
      expect(calls[0]).toBe(before[0] ?? -1);
    });

    const { crash } = context.fixture;
    if (crash !== undefined) {
      context.test(
        "tells after the connection was renewed, and of changes afterwards",
        async (scope) => {
          const own = await scope.open();
          const path = scope.freshPath();
          await put(own, `${path}/x`, "1");
          let calls = 0;
          own.watch(path, () => {
            calls += 1;
          });
          await settle(() => calls);
          const before = calls;
          await crash.killServer();
          await crash.startServer();
          await waitFor(
            "call after the restart",
            SOON_MS + SLACK_MS,
            () => calls > before || undefined,
          );
          await settle(() => calls);
          const renewed = calls;
          await put(await scope.open(), `${path}/x`, "2");
          await waitFor("call after a change", SOON_MS, () => calls > renewed || undefined);
        },
      );
    }
  });
}

/** Resolves when no call has come for a while: the watch is in place, late calls are through. */
async function settle(count: () => number): Promise<void> {
  const quietMs = 400;
  for (let before = -1; before !== count(); ) {
    before = count();
    await pass(quietMs);
  }
}
