/**
 * The state machine of a slot that moves, as a table: the states of Codis 3.2, what proxies are told in each, what
 * is done before the next is stored, and what a crash there leaves. Each round of the engine goes through it from the
 * bottom to the top, so that what is nearly done is done first; `docs/slot-migration.md` shows it (a test compares).
 */
import type { SlotActionState } from "../../model/action.ts";

/** One state. */
export interface StateRow {
  readonly state: Exclude<SlotActionState, "">;
  /** What proxies are told while it is stored and nothing is acted on. */
  readonly told: string;
  /** What is done before the next state is stored. */
  readonly act: string;
  /** Stored next; `owned`: the action is gone and the slot is its target's. */
  readonly next: Exclude<SlotActionState, ""> | "owned";
  /** What a proxy that doesn't answer does to it. */
  readonly silentProxy: string;
  /** What the next leader does after a crash. */
  readonly afterCrash: string;
}

/** All states, in their order. */
export const STATE_TABLE: readonly StateRow[] = [
  {
    state: "pending",
    told: "source, as before",
    act: "waits for its turn; proxies and servers are looked at, the target is searched for stale keys",
    next: "preparing",
    silentProxy: "the slot waits; the proxy is named",
    afterCrash: "looks again",
  },
  {
    state: "preparing",
    told: "source, no reads from replicas",
    act: "proxies are told to hold the slot; all must agree",
    next: "prepared",
    silentProxy: "the hold is undone everywhere, and tried again later",
    afterCrash: "proxies are told to serve, then it is tried again",
  },
  {
    state: "prepared",
    told: "held",
    act: "proxies are told to move keys on access; all must agree",
    next: "migrating",
    silentProxy: "the others serve; it is told again until it answers or is removed",
    afterCrash: "proxies are told to move keys on access",
  },
  {
    state: "migrating",
    told: "target, keys are fetched from the source on access",
    act: "the mover empties the source, and proves it by a full cycle of SCAN",
    next: "finished",
    silentProxy: "nothing: it moves keys as the others do when it wakes",
    afterCrash:
      "all proxies confirm once more, then the mover begins anew with the keys that are left",
  },
  {
    state: "finished",
    told: "target",
    act: "proxies are told that there is no source any more; all must agree",
    next: "owned",
    silentProxy: "the others serve; it is told again until it answers or is removed",
    afterCrash: "proxies are told again",
  },
];
