/**
 * High availability of a leader that has none: nothing is detected, nothing is repaired, and every order is refused.
 * Stands where the rooms of this folder aren't put together.
 */
import { CodisError } from "../../base/error.ts";
import type { AvailabilityControl } from "../control.ts";

/** See the file head. */
export const ABSENT_AVAILABILITY: AvailabilityControl = {
  planPromotion: () => refuse(),
  promote: () => refuse(),
  failovers: () => [],
  onFailover: () => () => undefined,
  replicationFaults: () => [],
  repair: () => refuse(),
  fences: () => new Map(),
  declareGone: () => refuse(),
  detector: () => ({ isEnabled: false, text: "this dashboard has no detector" }),
};

function refuse(): Promise<never> {
  return Promise.reject(
    new CodisError("NOT_SUPPORTED", "this dashboard promotes and repairs nothing yet"),
  );
}
