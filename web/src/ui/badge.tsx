/**
 * A word about a state, with a sign of its own for each tone, so that the colour is never the only signal.
 */
import type { Children } from "./props.ts";

/** How good or bad a state is. */
export type Tone = "ok" | "warn" | "bad" | "busy" | "idle";

const SIGNS: Readonly<Record<Tone, string>> = {
  ok: "✓",
  warn: "!",
  bad: "✕",
  busy: "↻",
  idle: "○",
};

/** `icon` replaces the sign of the tone: one character. */
export function Badge(props: {
  readonly tone: Tone;
  readonly icon?: string | undefined;
  readonly children: Children;
}): Children {
  return (
    <span class={`badge tone-${props.tone}`}>
      <span class="badge-sign" aria-hidden="true">
        {props.icon ?? SIGNS[props.tone]}
      </span>
      <span>{props.children}</span>
    </span>
  );
}
