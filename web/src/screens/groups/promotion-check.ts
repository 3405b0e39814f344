/**
 * The checklist before a promotion, made of the server's preview and of what the sentinels say, and how dangerous it is
 * for that. Pure: lines are codes with figures; the screen has the words.
 */
import type { V1PromotionPlan } from "../../../../src/api/v1-availability-schema.ts";
import type { V1SentinelList } from "../../../../src/api/v1-topology-schema.ts";

/** How one point of the list stands. */
export type CheckState = "good" | "note" | "bad";

/** One point: what is checked, how it stands, and the figures for its text. */
export interface CheckLine {
  readonly key: "lag" | "version" | "keys" | "pause" | "others" | "slots" | "sentinels" | "agree";
  readonly state: CheckState;
  /** Which text of the point: `groups.check.<key>.<text>`. */
  readonly text: string;
  readonly params: Readonly<Record<string, string | number | null>>;
}

/** A lag up to this is caught up within the hold of writes, bytes. */
const LAG_SMALL = 1024 * 1024;
/** A pause above this is worth a second look, milliseconds. */
const PAUSE_LONG_MS = 500;

/** What the sentinels say about the master of one group. */
export type SentinelView =
  /** The product has none. */
  | "none"
  /** A majority of them names the stored master. */
  | "agree"
  /** A majority of them names another server. */
  | "other"
  /** There are some, and no majority agrees: too few answer, or they contradict each other. */
  | "split";

/** See `SentinelView`; `stored` is the address of the stored master. */
export function sentinelView(
  sentinels: Pick<V1SentinelList, "items" | "masters" | "looks"> | undefined,
  groupId: number,
  stored: string,
): SentinelView {
  if (sentinels === undefined || sentinels.items.length === 0) {
    return "none";
  }
  const up = sentinels.looks.filter(({ status }) => status === "up").length;
  if (up * 2 <= sentinels.items.length) {
    return "split";
  }
  const agreed = sentinels.masters.find(({ group_id }) => group_id === groupId);
  if (agreed === undefined) {
    return "split";
  }
  return agreed.addr === stored ? "agree" : "other";
}

/** All points, in the order in which they are read. */
export function checkLines(plan: V1PromotionPlan, view: SentinelView): readonly CheckLine[] {
  return [
    lagLine(plan),
    versionLine(plan),
    keysLine(plan),
    pauseLine(plan),
    othersLine(plan),
    {
      key: "slots",
      state: plan.moving_slots > 0 ? "note" : "good",
      text: plan.moving_slots > 0 ? "moving" : "none",
      params: { count: plan.moving_slots },
    },
    ...sentinelLines(plan, view),
  ];
}

function lagLine({ lag_bytes }: V1PromotionPlan): CheckLine {
  const params = { bytes: lag_bytes };
  if (lag_bytes === null) {
    return { key: "lag", state: "bad", text: "unknown", params };
  }
  const isSmall = lag_bytes <= LAG_SMALL;
  const text = lag_bytes === 0 ? "none" : isSmall ? "small" : "large";
  return { key: "lag", state: isSmall ? "good" : "note", text, params };
}

function versionLine({ from_version, to_version }: V1PromotionPlan): CheckLine {
  const params = { from: from_version, to: to_version };
  if (from_version === null || to_version === null) {
    return { key: "version", state: "note", text: "unknown", params };
  }
  const order = compareVersions(from_version, to_version);
  const text = order === 0 ? "same" : order < 0 ? "newer" : "older";
  return { key: "version", state: order > 0 ? "bad" : order < 0 ? "note" : "good", text, params };
}

/** Below 0: the first is older. Parts that aren't numbers count as 0. */
export function compareVersions(first: string, second: string): number {
  const [one, other] = [first, second].map((text) =>
    text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let index = 0; index < 3; index += 1) {
    const difference = (one?.[index] ?? 0) - (other?.[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

function keysLine({ from_keys, to_keys }: V1PromotionPlan): CheckLine {
  const params = { from: from_keys, to: to_keys };
  if (from_keys === null || to_keys === null) {
    return { key: "keys", state: "note", text: "unknown", params };
  }
  const isSame = from_keys === to_keys;
  return { key: "keys", state: isSame ? "good" : "note", text: isSame ? "same" : "differ", params };
}

function pauseLine({ pause_ms }: V1PromotionPlan): CheckLine {
  const params = { ms: pause_ms };
  if (pause_ms === null) {
    return { key: "pause", state: "note", text: "unknown", params };
  }
  const isLong = pause_ms > PAUSE_LONG_MS;
  return { key: "pause", state: isLong ? "note" : "good", text: isLong ? "long" : "short", params };
}

function othersLine({ others }: V1PromotionPlan): CheckLine {
  const params = { addrs: others.join(", "), count: others.length };
  return { key: "others", state: "good", text: others.length === 0 ? "none" : "some", params };
}

function sentinelLines(plan: V1PromotionPlan, view: SentinelView): readonly CheckLine[] {
  const watched: CheckLine = {
    key: "sentinels",
    state: "good",
    text: plan.watched_by_sentinels ? "watched" : "unwatched",
    params: {},
  };
  if (view === "none") {
    return [watched];
  }
  const state = view === "agree" ? "good" : "bad";
  return [watched, { key: "agree", state, text: view, params: { addr: plan.from } }];
}

/** Level of the question before a promotion: 2 while the sentinels don't agree with what is stored. */
export function promotionLevel(view: SentinelView): 1 | 2 {
  return view === "other" || view === "split" ? 2 : 1;
}
