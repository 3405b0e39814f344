/**
 * What is drawn where there is nothing: why, and the next step.
 */
import type { Children } from "./props.ts";

/** `children`: the next step, a button or a link. */
export function EmptyState(props: {
  readonly title: string;
  readonly hint?: string | undefined;
  readonly children?: Children;
}): Children {
  return (
    <div class="state-box">
      <p class="state-title">{props.title}</p>
      {props.hint !== undefined && <p class="muted">{props.hint}</p>}
      {props.children}
    </div>
  );
}
