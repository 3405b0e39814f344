/** When a server is told again: later and later, a broken link only a few times, and anew when something changes. */
import { expect, test } from "bun:test";
import {
  LINK_ORDERS_MAX,
  OrderAttempts,
} from "../../../../src/dashboard/availability/replication/attempts.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

test("the pauses grow up to a minute", () => {
  const clock = new FakeClock();
  const attempts = new OrderAttempts(clock);
  let count = 0;
  for (let second = 0; second < 600; second += 1) {
    if (attempts.isDue("a:1", "why")) {
      attempts.note("a:1", "why");
      count += 1;
    }
    expect(attempts.isDue("a:1", "why")).toBe(false);
    clock.advance(1_000);
  }
  expect(count).toBeWithin(10, 30);
});

test("a bound of orders for one occasion; another occasion begins anew, and so does a server that was well", () => {
  const clock = new FakeClock();
  const attempts = new OrderAttempts(clock);
  for (let order = 0; order < LINK_ORDERS_MAX; order += 1) {
    expect(attempts.isDue("a:1", "link", LINK_ORDERS_MAX)).toBe(true);
    attempts.note("a:1", "link");
    clock.advance(60_000);
  }
  expect(attempts.isDue("a:1", "link", LINK_ORDERS_MAX)).toBe(false);
  expect(attempts.isDue("a:1", "restarted", LINK_ORDERS_MAX)).toBe(true);
  attempts.forget((addr) => addr === "a:1");
  expect(attempts.isDue("a:1", "link", LINK_ORDERS_MAX)).toBe(true);
});
