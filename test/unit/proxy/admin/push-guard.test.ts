/** The rule about versions of pushes, as the table in push-guard.ts states it. */
import { expect, test } from "bun:test";
import { isCodisError } from "../../../../src/base/error.ts";
import { PushGuard, UNVERSIONED_PAUSE_MS } from "../../../../src/proxy/admin/push-guard.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function isRefused(code: "PUSH_OUTDATED" | "PUSH_UNVERSIONED", run: () => void): boolean {
  try {
    run();
    return false;
  } catch (thrown) {
    if (isCodisError(thrown, code)) {
      return true;
    }
    throw thrown;
  }
}

test("without any version heard everything is taken", () => {
  const guard = new PushGuard(new FakeClock());
  guard.admitUnversionedPush();
  guard.admitVersion({ epoch: 0, revision: 0 });
  expect(guard.newest()).toEqual({ epoch: 0, revision: 0 });
});

test("epochs go before revisions; the same pair again is taken", () => {
  const guard = new PushGuard(new FakeClock());
  const refused = (epoch: number, revision: number) =>
    isRefused("PUSH_OUTDATED", () => guard.admitVersion({ epoch, revision }));
  expect([refused(2, 5), refused(2, 5), refused(2, 4), refused(1, 9)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect([refused(3, 0), refused(2, 9), refused(3, 1)]).toEqual([false, true, false]);
});

test("a push without a version waits 30 seconds after the last call with one", () => {
  const clock = new FakeClock();
  const guard = new PushGuard(clock);
  const refused = () => isRefused("PUSH_UNVERSIONED", () => guard.admitUnversionedPush());
  guard.admitVersion({ epoch: 1, revision: 1 });
  clock.advance(UNVERSIONED_PAUSE_MS - 1);
  expect(refused()).toBe(true);
  guard.admitVersion({ epoch: 1, revision: 1 });
  clock.advance(UNVERSIONED_PAUSE_MS - 1);
  expect(refused()).toBe(true);
  clock.advance(1);
  expect(refused()).toBe(false);
});

test("a refused call doesn't lengthen the wait, and setting the wall clock doesn't shorten it", () => {
  const clock = new FakeClock();
  const guard = new PushGuard(clock);
  guard.admitVersion({ epoch: 2, revision: 1 });
  clock.advance(UNVERSIONED_PAUSE_MS - 1);
  expect(isRefused("PUSH_OUTDATED", () => guard.admitVersion({ epoch: 1, revision: 1 }))).toBe(
    true,
  );
  clock.setWallClock(Date.UTC(2030, 0, 1));
  expect(isRefused("PUSH_UNVERSIONED", () => guard.admitUnversionedPush())).toBe(true);
  clock.advance(1);
  guard.admitUnversionedPush();
});
