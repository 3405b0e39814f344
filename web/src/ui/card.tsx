/**
 * A box with a heading: one subject of a screen.
 */
import { useId } from "preact/hooks";
import type { Children } from "./props.ts";

/** `actions` are at the end of the heading's line; `level` is that of the heading, 2 unless told. */
export function Card(props: {
  readonly title: Children;
  readonly actions?: Children;
  readonly level?: 2 | 3 | undefined;
  readonly class?: string | undefined;
  readonly children?: Children;
}): Children {
  const id = useId();
  const Heading = props.level === 3 ? "h3" : "h2";
  return (
    <section class={`card ${props.class ?? ""}`} aria-labelledby={id}>
      <header class="card-head">
        <Heading id={id}>{props.title}</Heading>
        {props.actions !== undefined && <div class="card-actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  );
}
