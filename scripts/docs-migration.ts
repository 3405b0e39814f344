/**
 * `docs/slot-migration.md`: written by hand in `slot-migration.md.in`, with the table of states from the code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STATE_TABLE } from "../src/dashboard/migration/state-table.ts";
import { NOTE, table } from "./docs-page.ts";

const PLACE = "{{states}}";

/** The text of the page. */
export function migrationPage(): string {
  const text = readFileSync(join(import.meta.dirname, "slot-migration.md.in"), "utf8");
  const [title = "", ...rest] = text.split("\n");
  const note = NOTE.replace(
    "from the tables in the code",
    "from scripts/slot-migration.md.in and the code",
  );
  return [title, "", note, ...rest].join("\n").replace(PLACE, statesTable());
}

function statesTable(): string {
  const head = [
    "stored",
    "proxies are told",
    "then",
    "next",
    "a proxy that doesn't answer",
    "after a crash",
  ];
  return table(
    head,
    STATE_TABLE.map(({ state, told, act, next, silentProxy, afterCrash }) => [
      `\`${state}\``,
      told,
      act,
      next === "owned" ? "no action, owned by the target" : `\`${next}\``,
      silentProxy,
      afterCrash,
    ]),
  );
}
