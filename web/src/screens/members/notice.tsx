/**
 * A sentence that somebody has to read: with a sign and a word for how bad it is, so that the colour isn't the only
 * signal, and what can be done at its end.
 */
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";

/** `word` is the badge's text. */
export function Notice(props: {
  readonly tone: Tone;
  readonly word: string;
  readonly children: Children;
  readonly actions?: Children;
}): Children {
  return (
    <div class={`notice notice-${props.tone}`}>
      <Badge tone={props.tone}>{props.word}</Badge>
      <div class="notice-text">{props.children}</div>
      {props.actions !== undefined && <div class="notice-actions">{props.actions}</div>}
    </div>
  );
}
