/**
 * The sentinels out of the live document, in the form of the API's list. Reads signals.
 */
import type { V1LiveSentinel, V1LiveSentinels } from "../../../../src/api/v1-live-schema.ts";
import type { V1SentinelList } from "../../../../src/api/v1-topology-schema.ts";
import { live } from "../../data/live.ts";

/** All sentinels, the last look at each, and what they say together; undefined before the document has come. */
export function readSentinels(): Omit<V1SentinelList, "epoch" | "revision"> | undefined {
  const together = live.value<V1LiveSentinels>("sentinels").value;
  const looks = live.list<V1LiveSentinel>("sentinel:").value;
  return together === undefined ? undefined : { ...together, looks: [...looks] };
}
