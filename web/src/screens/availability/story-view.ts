/**
 * High availability in words for machines: how sentinels, detector and stories of changed masters stand, and the votes
 * of a story. Pure.
 */
import type {
  V1Availability,
  V1Failover,
  V1FailoverSummary,
} from "../../../../src/api/v1-availability-schema.ts";
import type { V1SentinelList } from "../../../../src/api/v1-topology-schema.ts";
import type { Tone } from "../../ui/badge.tsx";

const OUTCOME_TONES: Readonly<Record<V1FailoverSummary["outcome"], Tone>> = {
  running: "busy",
  done: "ok",
  refused: "idle",
  undone: "warn",
  failed: "bad",
};

/** Tone of how a story ended. */
export function outcomeTone(outcome: V1FailoverSummary["outcome"]): Tone {
  return OUTCOME_TONES[outcome];
}

/** One line of a story. */
export type StoryLine = V1Failover["events"][number];

const STEP_TONES: Readonly<Partial<Record<StoryLine["step"], Tone>>> = {
  detected: "bad",
  vote: "warn",
  decided: "warn",
  held: "busy",
  promoted: "busy",
  served: "ok",
  undone: "bad",
};

/** Tone of a line. */
export function stepTone(step: StoryLine["step"]): Tone {
  return STEP_TONES[step] ?? "idle";
}

/** Milliseconds from the beginning to the first line of each kind; undefined: there was none. */
export interface StoryTimes {
  readonly detected: number | undefined;
  readonly decided: number | undefined;
  readonly promoted: number | undefined;
  /** The last proxy or the group as a whole served again. */
  readonly served: number | undefined;
}

/** See `StoryTimes`. */
export function storyTimes(events: readonly StoryLine[]): StoryTimes {
  const first = (step: StoryLine["step"]): number | undefined =>
    events.find((event) => event.step === step)?.after_ms;
  const served = events.filter(({ step }) => step === "served" || step === "switched").at(-1);
  return {
    detected: first("detected"),
    decided: first("decided"),
    promoted: first("promoted"),
    served: served?.after_ms,
  };
}

/** Lines in which somebody voted. */
export function votesOf(events: readonly StoryLine[]): readonly StoryLine[] {
  return events.filter(({ step }) => step === "vote");
}

/** One sentinel as a row: its last look, and how it stands to the others. */
export interface SentinelRow {
  readonly addr: string;
  readonly status: V1SentinelList["looks"][number]["status"];
  readonly error: string | null;
  readonly observedAt: string | null;
  readonly version: string | null;
  /** Groups that it watches; undefined while it doesn't answer. */
  readonly watched: readonly number[] | undefined;
  /** Groups with servers that it doesn't watch. */
  readonly missing: readonly number[];
}

/** All sentinels; `groupIds`: groups that have a master, which each of them has to watch. */
export function sentinelRows(
  list: Pick<V1SentinelList, "items" | "looks">,
  groupIds: readonly number[],
): readonly SentinelRow[] {
  return list.items.map((addr) => {
    const look = list.looks.find((each) => each.addr === addr);
    const watched = look?.watched_group_ids ?? undefined;
    return {
      addr,
      status: look?.status ?? "unknown",
      error: look?.error ?? null,
      observedAt: look?.observed_at ?? null,
      version: look?.redis_version ?? null,
      watched,
      missing: watched === undefined ? [] : groupIds.filter((id) => !watched.includes(id)),
    };
  });
}

/** A group about which the sentinels say something else than what is stored. */
export interface Disagreement {
  readonly groupId: number;
  readonly stored: string;
  /** What a majority of them says; undefined: no majority agrees. */
  readonly agreed: string | undefined;
}

/** Groups about which they disagree; `masters`: stored master by group. None without sentinels. */
export function disagreements(
  list: Pick<V1SentinelList, "items" | "masters">,
  masters: ReadonlyMap<number, string>,
): readonly Disagreement[] {
  if (list.items.length === 0) {
    return [];
  }
  return [...masters].flatMap(([groupId, stored]) => {
    const agreed = list.masters.find(({ group_id }) => group_id === groupId)?.addr;
    return agreed === stored ? [] : [{ groupId, stored, agreed }];
  });
}

/** Who replaces dead masters: the sentinels, the dashboard, or nobody. */
export function keeperOf(
  availability: Pick<V1Availability, "detector" | "sentinels">,
): "sentinels" | "detector" | "nobody" {
  if (availability.sentinels.length > 0) {
    return "sentinels";
  }
  return availability.detector.enabled ? "detector" : "nobody";
}
