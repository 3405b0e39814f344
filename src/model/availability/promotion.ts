/**
 * A promotion before it is ordered: who could become master, and what that would cost.
 *
 * Made of what the servers say when it is asked for; the promotion itself looks again.
 */

/** What is known of a replica that is to become master. */
export interface PromotionPlan {
  readonly groupId: number;
  readonly from: string;
  readonly to: string;
  /** Bytes of the master's stream that the replica hasn't got; undefined: unknown. */
  readonly lagBytes: number | undefined;
  /** Of the two servers, empty when unknown. */
  readonly fromVersion: string;
  readonly toVersion: string;
  /** Keys of master and replica, all databases. */
  readonly fromKeys: number | undefined;
  readonly toKeys: number | undefined;
  /** Estimated pause of writes, milliseconds. */
  readonly pauseMs: number | undefined;
  /** Replicas that will be re-pointed. */
  readonly others: readonly string[];
  /** Sentinels watch the group; they are told before and after. */
  readonly isWatched: boolean;
  /** Slots that move from or to the group and stop meanwhile. */
  readonly movingSlots: number;
  /** Why it can't be done now, one line each; empty: it can. */
  readonly problems: readonly string[];
  /** What an operator should know, one line each. */
  readonly warnings: readonly string[];
}
