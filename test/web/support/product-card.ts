/**
 * Cards of the list of products, as its server makes them: from what the live document of a product says, and one of a
 * product that doesn't answer.
 */
import type { V1ProductCard } from "../../../src/api/v1-console-schema.ts";
import type {
  V1LiveOperation,
  V1LiveProduct,
  V1LiveStats,
} from "../../../src/api/v1-live-schema.ts";
import type { V1Health } from "../../../src/api/v1-state-schema.ts";
import type { ProductFixture } from "./typical-product.ts";

const SINCE = "2026-11-20T08:00:00.000Z";
const LOST_AT = "2026-11-27T07:00:00.000Z";
const SERVER_MAX_BYTES = 2 ** 32;
/** States of slots in the live document. */
const OFFLINE = 0;
const ONLINE = 1;

/** The card of a product that answers. */
export function cardOf({ name, label, values }: ProductFixture): V1ProductCard {
  const product = values["product"] as V1LiveProduct;
  const health = values["health"] as V1Health;
  const { servers, proxies, recent } = values["stats"] as V1LiveStats;
  const operations = Object.entries(values)
    .filter(([key]) => key.startsWith("operation:"))
    .map(([, value]) => value as V1LiveOperation)
    .filter(({ ended_at: endedAt }) => endedAt === null);
  return {
    name,
    label,
    state: "reachable",
    since: SINCE,
    detail: null,
    health: health.status,
    summary: {
      problems: health.problems.length,
      groups: product.groups,
      servers: product.servers,
      proxies: { total: product.proxies.total, online: product.proxies.online },
      slots: countSlots(values["slots"] as { readonly states: string }),
      keys: servers.keys,
      memory_bytes: servers.memory_bytes,
      memory_max_bytes: servers.total * SERVER_MAX_BYTES,
      sessions: proxies.sessions,
      ops_per_second: proxies.ops_per_second,
      ops_last_hour: lastHour(proxies.ops_per_second),
      p99_ms: recent.p99_ms,
      operations: operations.length,
      operation: operations[0] ?? null,
      role: "admin",
    },
  };
}

/** A line around the rate of now; the leader changed a while ago, so a few minutes aren't known. */
function lastHour(rate: number): (number | null)[] {
  return Array.from({ length: 60 }, (_, minute) =>
    minute >= 36 && minute < 42 ? null : Math.round(rate * (1 + Math.sin(minute / 6) / 5)),
  );
}

/** The card of a product whose dashboard doesn't answer. */
export function lostCard(name: string, label: V1ProductCard["label"] = ""): V1ProductCard {
  return {
    ...{ name, label, state: "unreachable", since: LOST_AT, health: null, summary: null },
    detail: "no dashboard answers at 10.0.7.1:18080: connection refused",
  };
}

function countSlots({ states }: { readonly states: string }) {
  const counts = { online: 0, offline: 0, moving: 0 };
  for (const state of Buffer.from(states, "base64")) {
    counts[state === OFFLINE ? "offline" : state === ONLINE ? "online" : "moving"] += 1;
  }
  return counts;
}
