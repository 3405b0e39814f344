/**
 * A bar that is filled in part, with the figure beside it.
 */
import { formatPercent } from "../i18n/format.ts";
import type { Children } from "./props.ts";

/** `text` replaces the percentage that is shown; without `max` (or with 0) nothing is filled. */
export function Meter(props: {
  readonly value: number | null | undefined;
  readonly max: number | null | undefined;
  readonly label: string;
  readonly text?: string | undefined;
  readonly tone?: "ok" | "warn" | "bad" | "busy" | undefined;
}): Children {
  const value = props.value ?? 0;
  const max = props.max ?? 0;
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  const text = props.text ?? formatPercent(max > 0 ? value / max : undefined);
  return (
    <span class="meter">
      {/* biome-ignore lint/a11y/useSemanticElements: the browser's own can't be drawn in our colours */}
      <span
        class={`meter-bar tone-${props.tone ?? "busy"}`}
        role="meter"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={text}
      >
        <span class="meter-fill" style={{ inlineSize: `${share * 100}%` }} />
      </span>
      <span class="meter-text">{text}</span>
    </span>
  );
}
