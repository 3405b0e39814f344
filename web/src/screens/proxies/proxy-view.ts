/**
 * What a proxy's state means for people: tones, one word for each state, how long it has been up. Pure.
 */
import type { V1Proxy } from "../../../../src/api/v1-topology-schema.ts";
import type { Tone } from "../../ui/badge.tsx";

/**
 * What one word says of a proxy: that of its last look, or, when it doesn't answer, whether it is known that it
 * can't write any more.
 */
export type ProxyState =
  | "online"
  | "waiting"
  | "closed"
  | "timeout"
  | "error"
  | "unknown"
  | "fenced"
  | "unprovable";

/** The state that is shown; what is known by its fence counts more than that it doesn't answer. */
export function stateOf(proxy: Pick<V1Proxy, "status" | "fence">): ProxyState {
  const fence = proxy.fence?.state;
  return fence === "fenced" || fence === "unprovable" ? fence : proxy.status;
}

const STATE_TONES: Readonly<Record<ProxyState, Tone>> = {
  online: "ok",
  waiting: "busy",
  closed: "bad",
  timeout: "bad",
  error: "bad",
  unknown: "idle",
  fenced: "idle",
  unprovable: "bad",
};

/** Tone of a proxy's state. */
export function stateTone(state: ProxyState): Tone {
  return STATE_TONES[state];
}

const TABLE_TONES: Readonly<Record<V1Proxy["table"], Tone>> = {
  synced: "ok",
  pending: "warn",
  unknown: "idle",
  unreachable: "bad",
};

/** Tone of what is known of a proxy's slot table. */
export function tableTone(table: V1Proxy["table"]): Tone {
  return TABLE_TONES[table];
}

/** Order by how much a proxy needs somebody: the worst first. */
const STATE_ORDER: readonly ProxyState[] = [
  "unprovable",
  "error",
  "timeout",
  "closed",
  "waiting",
  "unknown",
  "fenced",
  "online",
];

/** For sorting: small numbers need attention. */
export function stateRank(state: ProxyState): number {
  return STATE_ORDER.indexOf(state);
}

/**
 * When a proxy started, milliseconds since 1970; undefined when its text can't be read. Proxies tell their start as
 * `2026-11-27 07:46:19.123 +0000 UTC`, the original ones with nanoseconds.
 */
export function startedAtMs(startTime: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)?/.exec(
    startTime,
  );
  if (match === null) {
    return undefined;
  }
  const [, day = "", time = "", , zone = "Z"] = match;
  const offset = zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const startMs = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(startMs) ? undefined : startMs;
}

/** Milliseconds since a proxy started; undefined when its text can't be read. */
export function uptimeMs(startTime: string, nowMs: number): number | undefined {
  const startMs = startedAtMs(startTime);
  return startMs === undefined ? undefined : Math.max(0, nowMs - startMs);
}

/** Whether an operator's word is what moves and promotions wait for. */
export function needsWord(proxy: Pick<V1Proxy, "fence">): boolean {
  return proxy.fence?.state === "unprovable";
}
