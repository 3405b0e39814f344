/**
 * Names and values of one thing, as a list: what the detail pages begin with.
 */
import type { Children } from "../../ui/props.ts";

/** A name and its value. */
export type Fact = readonly [name: string, value: Children];

/** See the head of the file. */
export function Facts(props: { readonly facts: readonly Fact[] }): Children {
  return (
    <dl class="facts">
      {props.facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
