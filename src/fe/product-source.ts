/**
 * Where `codis fe` reads products and their dashboards from: a file of JSON, or a coordinator. Whatever is in there,
 * names are checked, and what isn't an address isn't connected to.
 */
import { readFile } from "node:fs/promises";
import { CodisError, messageOf } from "../base/error.ts";
import { type DashboardPlace, listDashboards } from "../console/dashboard-list.ts";
import { openCoordinator } from "../coordinator/open.ts";
import { parseServerAddr } from "../model/address.ts";
import { isProductName } from "../model/product.ts";
import type { ListSource } from "./args.ts";

/** Reads the list anew with each call. */
export interface ProductSource {
  /** For messages; without passwords. */
  readonly label: string;
  /** In order of names, each once. Rejects with CONFIG_UNREADABLE or the coordinator's codes. */
  read(): Promise<readonly DashboardPlace[]>;
  close(): Promise<void>;
}

/** Products that one fe serves. */
const PRODUCTS_MAX = 1_000;
/** Bound of one operation of a coordinator, connecting included. */
const OPERATION_TIMEOUT_MS = 5_000;

/** Opens it; nothing is read yet. */
export async function openSource(
  source: ListSource,
  onState: (line: string) => void,
): Promise<ProductSource> {
  if (source.kind === "file") {
    const { path } = source;
    return {
      label: `file ${path}`,
      read: async () => tidy(await readList(path)),
      close: () => Promise.resolve(),
    };
  }
  const operationTimeoutMs = OPERATION_TIMEOUT_MS;
  const coordinator = await openCoordinator({ ...source, operationTimeoutMs, onState });
  return {
    label: coordinator.label,
    read: async () => tidy(await listDashboards(coordinator)),
    close: () => coordinator.close(),
  };
}

/** Reads the text of a file of dashboards. Throws CONFIG_UNREADABLE. */
export function decodeDashboardList(text: string, path: string): readonly DashboardPlace[] {
  const wrong = (problem: string) =>
    new CodisError(
      "CONFIG_UNREADABLE",
      `${path}: ${problem}; expected [{"name": "demo", "dashboard": "10.0.0.1:18080"}], as ` +
        "codis admin --dashboard-list prints it",
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("it isn't JSON");
  }
  if (!Array.isArray(value)) {
    throw wrong("it isn't a list");
  }
  return value.map((entry: unknown) => {
    const { name, dashboard } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof name !== "string" || typeof dashboard !== "string" || !isProductName(name)) {
      throw wrong("an entry lacks a name or an address");
    }
    return { name, dashboard };
  });
}

async function readList(path: string): Promise<readonly DashboardPlace[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new CodisError("CONFIG_UNREADABLE", `can't read ${path}: ${messageOf(cause)}`, { cause });
  }
  return decodeDashboardList(text, path);
}

/** Names once and in order; an address that is none counts as no dashboard. */
function tidy(places: readonly DashboardPlace[]): readonly DashboardPlace[] {
  const known = new Map<string, DashboardPlace>();
  for (const { name, dashboard } of places) {
    if (isProductName(name) && !known.has(name) && known.size < PRODUCTS_MAX) {
      const isAddr = parseServerAddr(dashboard) !== undefined;
      known.set(name, { name, dashboard: isAddr ? dashboard : "" });
    }
  }
  return [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
