/**
 * After a change of a group's master: everybody follows the new one, all at once, the old master too. Who doesn't
 * answer is left to the watch, which makes it follow when it is back.
 */
import type { Clock } from "../../../base/clock.ts";
import { say } from "../../../model/phrase/phrase.ts";
import type { AvailabilityParts, FailoverStory } from "../contract.ts";
import type { OrderWord, ReplicaOrders } from "./replica-orders.ts";

/** The caller has taken the group from the sentinels, or does what they have decided. */
const WORD: OrderWord = { isAsked: false, areSentinelsAside: true, timeoutMs: 700 };
/** Servers that are told at once. */
const PARALLEL_MAX = 16;

/** See the file head. One line for each server that wasn't made a replica. Never rejects. */
export async function followGroup(
  orders: ReplicaOrders,
  { topology, clock }: { readonly topology: AvailabilityParts["topology"]; readonly clock: Clock },
  groupId: number,
  story: FailoverStory | undefined,
): Promise<readonly string[]> {
  const [master, ...others] = topology.snapshot().groups.get(groupId)?.servers ?? [];
  if (master === undefined) {
    return [];
  }
  const lines = new Map<string, string>();
  const waiting = others.map(({ addr }) => addr);
  const work = async (): Promise<void> => {
    for (let addr = waiting.shift(); addr !== undefined; addr = waiting.shift()) {
      const beganMs = clock.monotonicMs();
      const { kind, text } = await orders.follow(groupId, addr, WORD);
      if (kind === "done" || kind === "already") {
        const ms = Math.round(clock.monotonicMs() - beganMs);
        story?.note("followed", addr, say("story.followed", { addr: master.addr, ms }));
      } else {
        lines.set(addr, text);
        story?.note("note", addr, say("story.not-yet", { why: text }));
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, work));
  return others.map(({ addr }) => lines.get(addr)).filter((line) => line !== undefined);
}
