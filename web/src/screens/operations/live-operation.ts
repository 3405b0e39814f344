/**
 * Operations as the live document has them: the summary, which tells of progress every few seconds only, with the
 * newest figures put in.
 */
import { computed, type ReadonlySignal } from "@preact/signals";
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { live } from "../../data/live.ts";

/** One operation; undefined when the document doesn't have it. Makes a signal: keep it. */
export function liveOperation(id: string): ReadonlySignal<V1OperationSummary | undefined> {
  const summary = live.value<V1OperationSummary>(`operation:${id}`);
  return computed(() => (summary.value === undefined ? undefined : withProgress(summary.value)));
}

/** All operations of the document. Reads signals. */
export function liveOperations(): readonly V1OperationSummary[] {
  return live.list<V1OperationSummary>("operation:").value.map(withProgress);
}

function withProgress(summary: V1OperationSummary): V1OperationSummary {
  const newest = live.value<V1OperationSummary["progress"]>(`progress:${summary.id}`).value;
  // Ended ones have no live figures; their summary is the last word.
  return newest === undefined || summary.ended_at !== null
    ? summary
    : { ...summary, progress: newest };
}
