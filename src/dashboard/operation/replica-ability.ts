/**
 * Replicas that couldn't take over from their masters while slots move: keys are to go by the slot commands of
 * codis-server, and such a replica doesn't have them. After a failover in the middle of the move proxies would get
 * errors for keys of these slots, and nobody could move them on. Pure.
 */
import type { SlotMove } from "../../model/operation/plan-moves.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../../model/slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { SlotAbility } from "../../redis/slot-ability.ts";

/** Slot commands of a server, by address; undefined: not known, it doesn't answer. */
export type SlotCommandsOf = (addr: string) => SlotAbility | undefined;

/** One line for each such replica of a group of the moves. `methodOf`: the best way of a move. */
export function replicaProblems(
  { groups }: Pick<Topology, "groups">,
  moves: readonly SlotMove[],
  methodOf: (move: SlotMove) => ForwardMethod | undefined,
  slotCommandsOf: SlotCommandsOf,
): readonly string[] {
  const pairs = new Map(moves.map((move) => [`${move.fromGroupId}>${move.toGroupId}`, move]));
  const problems = new Set<string>();
  for (const move of pairs.values()) {
    const method = methodOf(move);
    for (const id of [move.fromGroupId, move.toGroupId]) {
      const [master, ...replicas] = groups.get(id)?.servers ?? [];
      for (const { addr } of replicas.filter(
        (replica) => !canTakeOver(method, slotCommandsOf(replica.addr)),
      )) {
        problems.add(
          `group ${id}: replica ${addr} doesn't have the slot commands by which keys move from and to its ` +
            `master ${master?.addr ?? ""}, and couldn't take over from it; start it with the module ` +
            "(codis server), or remove it from the group",
        );
      }
    }
  }
  return [...problems];
}

function canTakeOver(method: ForwardMethod | undefined, known: SlotAbility | undefined): boolean {
  switch (method) {
    case FORWARD_METHOD.semiAsync:
      return known === undefined || known === "async";
    case FORWARD_METHOD.sync:
      return known === undefined || known !== "none";
    default:
      return true;
  }
}
