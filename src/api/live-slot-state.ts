/**
 * States of slots as the live document numbers them: the dashboard packs them, the console unpacks them. In a file
 * without the schema library, so that browsers can have it.
 */

/** The index of each is its number in `V1LiveSlots`. */
export const LIVE_SLOT_STATES = [
  "offline",
  "online",
  "pending",
  "preparing",
  "prepared",
  "migrating",
  "finished",
] as const;

/** One of `LIVE_SLOT_STATES`. */
export type LiveSlotState = (typeof LIVE_SLOT_STATES)[number];
