/**
 * Looks at every page of the screens of proxies, groups, high availability, audit and users, with every dialog open,
 * in one theme and language: axe, pages that scroll sideways, targets that are too small, titles (gates A1 to A3, A6,
 * A9, A12).
 */
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { axeProblems, type Choices, headProblems, overflowOf, smallTargets } from "./browser.ts";
import { GONE_TOKEN, membersProduct, PRODUCT, REPLICA } from "./members-fixture.ts";
import { type Stage, useStage } from "./stage.ts";

const TEST_MS = 180_000;

/** Every page of these screens, and every dialog on it, by what is done (`?do=`). */
export const MEMBERS_PAGES: Readonly<
  Record<string, readonly (readonly [path: string, dialogs: readonly string[]])[]>
> = {
  proxies: [
    ["proxies", ["add"]],
    [`proxies/${GONE_TOKEN}`, ["resend", "remove", "force-remove", "gone"]],
    ["proxies/nobody", []],
  ],
  groups: [
    ["groups", ["create", "repair", "reads-all-on"]],
    ["groups/2", ["repair"]],
    [`groups/1?server=${REPLICA}`, []],
  ],
  "one group": [
    [
      "groups/1",
      [
        "add-server",
        "resync",
        `promote:${REPLICA}`,
        `sync:${REPLICA}`,
        `reads-on:${REPLICA}`,
        `remove-server:${REPLICA}`,
      ],
    ],
  ],
  "high availability": [
    ["ha", ["add-sentinel", "configure", "remove-sentinel:10.0.9.1:26379"]],
    ["ha/3-1", []],
  ],
  audit: [
    ["audit", []],
    ["audit?change=7", []],
  ],
  users: [
    ["users", ["add", "role:grafana", "password:ann", "add-token:grafana", "remove:grafana"]],
    ["users/grafana", ["revoke:default"]],
  ],
};

/** As `goTo` of the stage, to a path of the product of these screens. */
export function goWithin(page: Page, stage: Stage, path: string): Promise<void> {
  return stage.goTo(page, `${PRODUCT}/${path}`);
}

async function findProblems(page: Page, what: string): Promise<readonly string[]> {
  const overflow = await overflowOf(page);
  const found = [
    ...(await axeProblems(page)),
    ...(await smallTargets(page)),
    ...(await headProblems(page)),
  ];
  return [...found, ...(overflow === 0 ? [] : [`${overflow} pixels too wide`])].map(
    (each) => `${what}: ${each}`,
  );
}

/** Defines the tests; call it once at the top of a file. */
export function scanMembers(choices: Choices): Stage {
  const stage = useStage();
  describe(`${choices.theme}, ${choices.language}`, () => {
    for (const [name, pages] of Object.entries(MEMBERS_PAGES)) {
      test(
        name,
        async () => {
          const options = { ...choices, products: [membersProduct()] };
          await stage.withPage(`${PRODUCT}/${pages[0]?.[0]}`, options, async ({ page }) => {
            const found: string[] = [];
            for (const [path, dialogs] of pages) {
              for (const shown of [path, ...dialogs.map((dialog) => `${path}?do=${dialog}`)]) {
                await goWithin(page, stage, shown);
                found.push(...(await findProblems(page, shown)));
              }
            }
            expect(found).toEqual([]);
          });
        },
        TEST_MS,
      );
    }
  });
  return stage;
}
