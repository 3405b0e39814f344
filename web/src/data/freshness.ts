/**
 * Whether what the screens show is too old to act on. `live.ts` keeps the figure; it is in a file of its
 * own because the session's rights depend on it.
 */
import { computed, signal } from "@preact/signals";

/** From this age on data is stale: the page says so, and changes are off. */
export const STALE_AFTER_MS = 5000;

/** Milliseconds since the server was last heard; 0 while no product is open. Counted in full seconds. */
export const ageMs = signal(0);

/** Whether the data of the open product is stale. */
export const isStale = computed(() => ageMs.value > STALE_AFTER_MS);
