/**
 * `docs/compatibility.md`, for `generate-docs.ts`: the text is `compatibility.md.in` beside this file, the tables
 * of paths, keys, flags and commands come from the code, with the remarks of `docs-compatibility-note.ts`.
 *
 * Invariant: every placeholder of the text has a table and every table a place; a remark about something that
 * the code doesn't have any more is a type error, or a failure of the check.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  LEGACY_CHANGES,
  LEGACY_READS,
  LEGACY_REFUSALS,
  type LegacyChangeName,
} from "../src/api/legacy-route.ts";
import { PROXY_ROUTES, type ProxyRouteName } from "../src/api/proxy-route.ts";
import { TOPOM_ROUTES, type TopomRoute, type TopomRouteName } from "../src/api/topom-route.ts";
import { COORDINATOR_ORDERS } from "../src/cli/admin/coordinator-order.ts";
import { DASHBOARD_ORDERS } from "../src/cli/admin/dashboard-order.ts";
import { type AdminOrder, describeUse } from "../src/cli/admin/order.ts";
import { PROXY_ORDERS } from "../src/cli/admin/proxy-order.ts";
import { TOPOLOGY_ORDERS } from "../src/cli/admin/topology-order.ts";
import { ACTION } from "../src/cli/config/action.ts";
import type { ConfigNoun } from "../src/cli/config/program.ts";
import { PROXY } from "../src/cli/config/proxy.ts";
import { SERVER } from "../src/cli/config/server.ts";
import { SLOT } from "../src/cli/config/slot.ts";
import { EXIT, EXIT_MEANINGS } from "../src/cli/exit-code.ts";
import type { KeySpec } from "../src/config/key-spec.ts";
import { LEGACY_KEYS } from "../src/config/legacy-config.ts";
import { DASHBOARD_KEYS } from "../src/dashboard/config/key.ts";
import { PROXY_KEYS } from "../src/proxy/config/key.ts";
import {
  ADMIN_REMARKS,
  CONFIG_REMARKS,
  DASHBOARD_KEY_REMARKS,
  LEGACY_CHANGE_REMARKS,
  LEGACY_KEY_REMARKS,
  PROXY_KEY_REMARKS,
  PROXY_ROUTE_REMARKS,
  type Remark,
  type State,
  TOPOM_ROUTE_REMARKS,
} from "./docs-compatibility-note.ts";
import { NOTE, table } from "./docs-page.ts";

/** Names of the paths of a proxy that the original doesn't have. */
const OWN_PROXY_ROUTES: readonly ProxyRouteName[] = [
  "metrics",
  "live",
  "health",
  "ready",
  "version",
];

/** `docs/compatibility.md`. Throws when a placeholder and the tables don't fit each other. */
export function compatibilityPage(): string {
  const text = readFileSync(join(import.meta.dirname, "compatibility.md.in"), "utf8");
  const orders = [...PROXY_ORDERS, ...DASHBOARD_ORDERS, ...TOPOLOGY_ORDERS, ...COORDINATOR_ORDERS];
  checkNames(Object.keys(ADMIN_REMARKS), orders.map(adminNameOf));
  const tables = new Map([
    ["note", NOTE],
    ["proxy-keys", keyTable(PROXY_KEYS, PROXY_KEY_REMARKS)],
    ["proxy-paths", proxyRouteTable()],
    ["dashboard-keys", keyTable(DASHBOARD_KEYS, DASHBOARD_KEY_REMARKS)],
    ["dashboard-paths", topomRouteTable()],
    ["exit-codes", exitCodeTable()],
    ["admin-proxy", adminTable(PROXY_ORDERS)],
    ["admin-dashboard", adminTable([...DASHBOARD_ORDERS, ...TOPOLOGY_ORDERS])],
    ["admin-coordinator", adminTable(COORDINATOR_ORDERS)],
    ["config-commands", configTable([SERVER, SLOT, PROXY, ACTION])],
    ["config-keys", keyTable(LEGACY_KEYS, LEGACY_KEY_REMARKS)],
    ["legacy-paths", legacyTable()],
  ]);
  for (const name of tables.keys()) {
    if (!text.includes(`{{${name}}}`)) {
      throw new Error(`compatibility.md.in has no {{${name}}}`);
    }
  }
  return text.replaceAll(/\{\{([\w-]+)\}\}/g, (_, name: string) => {
    const found = tables.get(name);
    if (found === undefined) {
      throw new Error(`compatibility.md.in: nothing is known for {{${name}}}`);
    }
    return found;
  });
}

/** State and text of a remark; without one all is as it was. */
function cells(remark: Remark | undefined): readonly [State, string] {
  return remark ?? ["kept", ""];
}

function keyTable(
  keys: readonly KeySpec[],
  remarks: Readonly<Partial<Record<string, Remark>>>,
): string {
  checkNames(
    Object.keys(remarks),
    keys.map((spec) => spec.name),
  );
  const rows = keys.map((spec) => {
    const remark = remarks[spec.name] ?? ownRemark(spec);
    return [`\`${spec.name}\``, `\`${JSON.stringify(spec.fallback)}\``, ...cells(remark)];
  });
  return table(["key", "default", "state", "remark"], rows);
}

function ownRemark(spec: KeySpec): Remark | undefined {
  if (spec.isOurs === true) {
    return ["ours", ""];
  }
  return spec.withoutEffect === undefined
    ? undefined
    : ["no effect", `${capitalise(spec.withoutEffect)}.`];
}

function proxyRouteTable(): string {
  const names = Object.keys(PROXY_ROUTES) as ProxyRouteName[];
  const rows = names.map((name) => {
    const { method, path } = PROXY_ROUTES[name];
    const own: Remark | undefined = OWN_PROXY_ROUTES.includes(name) ? ["ours", ""] : undefined;
    return [`${method} \`${path}\``, ...cells(PROXY_ROUTE_REMARKS[name] ?? own)];
  });
  return table(
    ["path", "state", "remark"],
    [...rows, ["any `/debug/…`", "dropped", "The profiler of Go; answers 404."]],
  );
}

function topomRouteTable(): string {
  const names = Object.keys(TOPOM_ROUTES) as TopomRouteName[];
  const rows = names.map((name) => {
    const route: TopomRoute = TOPOM_ROUTES[name];
    return [`${route.method} \`${route.path}\``, ...cells(TOPOM_ROUTE_REMARKS[name])];
  });
  return table(
    ["path", "state", "remark"],
    [
      ["GET `/`", "kept", "To `/topom`; a browser is led to `/console`, also from `/admin`."],
      ...rows,
      ["any `/debug/…`", "dropped", "The profiler of Go; answers 404."],
    ],
  );
}

function exitCodeTable(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return table(
    ["exit code", "meaning"],
    names.map((name) => [String(EXIT[name]), EXIT_MEANINGS[name]]),
  );
}

function adminTable(orders: readonly AdminOrder[]): string {
  const rows = orders.map((order) => [
    `\`${describeUse(order)}\``,
    ...cells(ADMIN_REMARKS[adminNameOf(order)]),
  ]);
  return table(["flags", "state", "remark"], rows);
}

/** What a remark about an order is found by. */
function adminNameOf(order: AdminOrder): string {
  return [order.target, ...order.select].join(" ");
}

function configTable(nouns: readonly ConfigNoun[]): string {
  const names = nouns.flatMap((noun) =>
    noun.verbs.map((verb) => `${noun.name} ${verb.use.split(" ")[0] ?? ""}`),
  );
  checkNames(Object.keys(CONFIG_REMARKS), [...names, "dashboard"]);
  const rows = nouns.flatMap((noun) =>
    noun.verbs.map((verb) => {
      const flags = (verb.options ?? []).map(([flag]) => ` [${flag}]`).join("");
      const name = `${noun.name} ${verb.use.split(" ")[0] ?? ""}`;
      return [`\`${noun.name} ${verb.use}${flags}\``, ...cells(CONFIG_REMARKS[name])];
    }),
  );
  const dashboard = "`dashboard [--addr <addr>] [--http-log <file>]`";
  return table(
    ["command", "state", "remark"],
    [...rows, [dashboard, ...cells(CONFIG_REMARKS["dashboard"])]],
  );
}

function legacyTable(): string {
  const reads = Object.values(LEGACY_READS).map(({ path }) => [`GET \`${path}\``, "kept", ""]);
  const changes = (Object.keys(LEGACY_CHANGES) as LegacyChangeName[]).map((name) => {
    const { method, path } = LEGACY_CHANGES[name];
    return [`${method} \`${path}\``, ...cells(LEGACY_CHANGE_REMARKS[name])];
  });
  const refusals = LEGACY_REFUSALS.map(({ method, path, now }) => [
    `${method} \`${path}\``,
    "dropped",
    `Status 500 with the text: ${now}.`,
  ]);
  return table(["path", "state", "remark"], [...reads, ...changes, ...refusals]);
}

/** Throws when there is a remark about something that isn't there. */
function checkNames(remarks: readonly string[], known: readonly string[]): void {
  const wrong = remarks.filter((name) => !known.includes(name));
  if (wrong.length > 0) {
    throw new Error(`docs-compatibility-note.ts: there is no ${wrong.join(", ")}`);
  }
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
