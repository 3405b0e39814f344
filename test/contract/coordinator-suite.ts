/**
 * The contract of `src/coordinator/coordinator.ts` as tests. Every implementation must pass all of them:
 * one `coordinator-….test.ts` for each calls `describeCoordinator` with its fixture.
 *
 * Where a fixture has no server that could die or hang, those tests don't exist for it; nothing is skipped.
 */
import { afterAll, beforeAll, describe } from "bun:test";
import type { CoordinatorFixture } from "./coordinator-fixture.ts";
import { testBadInput } from "./suite-bad-input.ts";
import { SuiteContext, TEST_MS } from "./suite-context.ts";
import { testFaults } from "./suite-fault.ts";
import { testLeadership } from "./suite-leadership.ts";
import { testLeadershipLoss } from "./suite-leadership-loss.ts";
import { testNodes } from "./suite-node.ts";
import { testRegistration } from "./suite-registration.ts";
import { testWatch } from "./suite-watch.ts";

/** Declares all tests of the contract for one implementation. */
export function describeCoordinator(name: string, fixture: CoordinatorFixture): void {
  describe(`coordinator ${name}`, () => {
    const context = new SuiteContext(fixture);
    beforeAll(() => fixture.start(), TEST_MS);
    afterAll(() => fixture.stop(), TEST_MS);

    testNodes(context);
    testBadInput(context);
    testWatch(context);
    testLeadership(context);
    testLeadershipLoss(context);
    testRegistration(context);
    testFaults(context);
  });
}
