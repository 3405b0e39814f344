/**
 * `docs/high-availability.md`: written by hand in `high-availability.md.in`, with the tables of keys from the code.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeySpec } from "../src/config/key-spec.ts";
import { DASHBOARD_KEYS } from "../src/dashboard/config/key.ts";
import { PROXY_KEYS } from "../src/proxy/config/key.ts";
import { NOTE, table } from "./docs-page.ts";

const DASHBOARD_SECTIONS = ["High availability", "Sentinels"];
const DASHBOARD_NAMES = ["leader_lease"];
const PROXY_NAMES = [
  "backend_primary_only",
  "backend_replica_parallel",
  "replica_reads",
  "replica_max_lag",
  "slot_hold_timeout",
];

/** The text of the page. */
export function availabilityPage(): string {
  const text = readFileSync(join(import.meta.dirname, "high-availability.md.in"), "utf8");
  const [title = "", ...rest] = text.split("\n");
  const note = NOTE.replace(
    "from the tables in the code",
    "from scripts/high-availability.md.in and the code",
  );
  const dashboardKeys = (DASHBOARD_KEYS as readonly KeySpec[]).filter(
    ({ name, section }) => DASHBOARD_SECTIONS.includes(section) || DASHBOARD_NAMES.includes(name),
  );
  const proxyKeys = (PROXY_KEYS as readonly KeySpec[]).filter(({ name }) =>
    PROXY_NAMES.includes(name),
  );
  return [title, "", note, ...rest]
    .join("\n")
    .replace("{{dashboard-keys}}", keyTable(dashboardKeys))
    .replace("{{proxy-keys}}", keyTable(proxyKeys));
}

function keyTable(keys: readonly KeySpec[]): string {
  const rows = keys.map(({ name, fallback, doc }) => [
    `\`${name}\``,
    `\`${JSON.stringify(fallback)}\``,
    doc,
  ]);
  return table(["key", "default", "meaning"], rows);
}
