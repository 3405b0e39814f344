/**
 * What the old API shows of slots that move: one line, in the form of Codis (`[OK] Slot[0042]=1200`), and how many
 * are under way. Its programs show the line as it is.
 */
import { openMovesOf } from "../../model/operation/operation-slot.ts";
import type { Topology } from "../../model/topology/topology.ts";
import type { BookEntry } from "./operation-book.ts";

/** `progress` is empty while nothing is at work; `executor` counts slots between preparing and finished. */
export function describeOldProgress(
  entry: BookEntry | undefined,
  topology: Topology,
): { readonly progress: string; readonly executor: number } {
  const executor = topology.slots.filter(
    ({ action }) => action.state !== "" && action.state !== "pending",
  ).length;
  if (entry === undefined) {
    return { progress: "", executor };
  }
  const { operation, figures } = entry;
  const open = openMovesOf(operation, topology);
  const first =
    open.find(({ standing }) => standing === "moving" || standing === "returning") ?? open[0];
  if (first === undefined) {
    return { progress: "", executor };
  }
  const slot = `Slot[${String(first.move.slotId).padStart(4, "0")}]`;
  const done = operation.moves.length - open.length;
  const progress =
    operation.reason === ""
      ? `[OK] ${slot}=${figures.keysLeftOf(first.move)} (${done} of ${operation.moves.length} slots done)`
      : `[ERROR] ${slot}: ${operation.reason}`;
  return { progress, executor };
}
