/**
 * A change in the memory coordinator, and which watches have to tell of it: those of the node itself and of
 * the one above, and of all above when names came or went, because inner nodes may have come with them.
 */
import { parentsOf } from "../node-check.ts";

/** A change of a node, for watches. */
export interface MemoryChange {
  readonly path: string;
  /** Whether the node is new or gone, so that lists of names changed. */
  readonly isListChange: boolean;
}

/** Whether a watch of `path` has to tell of the change. */
export function concerns(path: string, change: MemoryChange): boolean {
  if (path === change.path) {
    return true;
  }
  const parents = parentsOf(change.path);
  return change.isListChange ? parents.includes(path) : parents.at(-1) === path;
}
