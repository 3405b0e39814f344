/**
 * What the calls of `/api/v1` about live data take and answer: the live document, whole, as patches or as a stream,
 * and the figures of the last days. A part of the table in `v1-route.ts`. Loaded by the servers only.
 */
import {
  liveMessageSchema,
  liveQuerySchema,
  performanceQuerySchema,
  performanceSchema,
} from "./v1-live-schema.ts";
import { defineRoute } from "./v1-route-form.ts";

const TAG = "live";

/** Calls about live data, by name. */
export const LIVE_ROUTES = {
  getLive: defineRoute({
    tag: TAG,
    summary: "The live document of the product, or what has changed in it.",
    description:
      "A flat map from keys to values: `product`, `health`, `stats`, `slots`, `availability`, `sentinels`, and for " +
      "each one `group:ID`, `server:ADDR`, `proxy:TOKEN`, `sentinel:ADDR`, `operation:ID`, `progress:ID`, " +
      "`failover:ID`. With `since` only what has changed after that number; the whole again when it is another " +
      "leader's, or too long ago. See console-data.md.",
    query: liveQuerySchema,
    answer: liveMessageSchema,
  }),
  getStream: defineRoute({
    tag: TAG,
    summary: "The live document as server-sent events.",
    description:
      "Event `snapshot` with the whole LiveMessage comes first, then `patch` with what changed: at once for the " +
      "topology and operations, at most once a second for figures. Their `id` is `EPOCH.SEQ`; a reader that comes " +
      "back with it in `Last-Event-ID` gets one patch with all that it missed, if that isn't more than 1,000 " +
      "numbers ago, and so does a slow reader. Event `hb` comes when nothing else came for 2 seconds. Event `end` " +
      "comes before the dashboard closes the stream, because it doesn't lead any longer or the caller's right has " +
      "ended.",
    contentType: "text/event-stream",
    errors: ["TOO_BUSY"],
  }),
  getPerformance: defineRoute({
    tag: TAG,
    summary: "Figures of the last seconds to days: rates, latencies, memory, keys.",
    description:
      "Kept in the leader's memory: every second for 10 minutes, every 10 s for 6 hours, every minute and every 10 " +
      "minutes for 7 days; by command for 6 hours. Percentiles are those of all requests of a point together, from " +
      "counts by latency. A value is null where nobody was asked or answered.",
    query: performanceQuerySchema,
    answer: performanceSchema,
    errors: ["STATE_CONFLICT"],
  }),
} as const;
