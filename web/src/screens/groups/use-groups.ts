/**
 * Groups out of the live document. A component that calls one of these is drawn again when what it got changes.
 */
import type { V1Server } from "../../../../src/api/v1-topology-schema.ts";
import { live } from "../../data/live.ts";
import { type GroupView, type LiveGroup, viewGroup } from "./group-view.ts";

function lookAt(addr: string): Partial<V1Server> | undefined {
  return live.value<Partial<V1Server>>(`server:${addr}`).value;
}

/** All groups with their servers, in order of their ids. Reads signals. */
export function readGroups(): readonly GroupView[] {
  return live.list<LiveGroup>("group:").value.map((group) => viewGroup(group, lookAt));
}

/** One group; undefined while it isn't there. Reads signals. */
export function readGroup(id: number): GroupView | undefined {
  const group = live.value<LiveGroup>(`group:${id}`).value;
  return group === undefined ? undefined : viewGroup(group, lookAt);
}

/** Whether the live document has come. Reads a signal. */
export function isLoaded(): boolean {
  return live.value<object>("product").value !== undefined;
}
