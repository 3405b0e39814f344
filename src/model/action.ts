/**
 * States of the long operations that the coordinator remembers, with the words of Codis 3.2 in its JSON.
 * An action that isn't there is an empty object (`{}`).
 */

/** Of a slot that moves; `""`: it doesn't. */
export const SLOT_ACTION_STATES = [
  "",
  "pending",
  "preparing",
  "prepared",
  "migrating",
  "finished",
] as const;
/** One of `SLOT_ACTION_STATES`. */
export type SlotActionState = (typeof SLOT_ACTION_STATES)[number];

/** Of a server that becomes a replica of its group's master; `""`: nothing was ordered. */
export const SYNC_ACTION_STATES = ["", "pending", "syncing", "synced", "synced_failed"] as const;
/** One of `SYNC_ACTION_STATES`. */
export type SyncActionState = (typeof SYNC_ACTION_STATES)[number];

/** Of a group that gets another master; `""`: none. */
export const PROMOTING_STATES = ["", "preparing", "prepared", "finished"] as const;
/** One of `PROMOTING_STATES`. */
export type PromotingState = (typeof PROMOTING_STATES)[number];
