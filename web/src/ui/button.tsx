/**
 * Buttons. One that can't be used now stays in the order of the keyboard and says why; `needs` names the
 * role that its change asks for and switches it off by itself while that role is missing or data is stale.
 */
import { useId } from "preact/hooks";
import type { Role } from "../../../src/api/v1-path.ts";
import { whyNot } from "../data/session.ts";
import type { Children } from "./props.ts";

/** See the head of the file. */
export interface ButtonProps {
  readonly children: Children;
  readonly onPress?: (() => void) | undefined;
  /** `primary`: the one thing to do here. `danger`: takes something away. `quiet`: in tables and bars. */
  readonly variant?: "primary" | "plain" | "danger" | "quiet" | undefined;
  readonly isDisabled?: boolean | undefined;
  /** Why it is disabled; shown on hover and focus, and read out. */
  readonly reason?: string | undefined;
  /** Role that its change asks for. */
  readonly needs?: Role | undefined;
  /** A change of its own is under way. */
  readonly isPending?: boolean | undefined;
  readonly type?: "button" | "submit" | undefined;
  /** Name for screen readers when the content isn't enough. */
  readonly label?: string | undefined;
  /** For a button that opens something: whether it is open. */
  readonly isExpanded?: boolean | undefined;
  /** For a button that stays pressed. */
  readonly isPressed?: boolean | undefined;
  readonly id?: string | undefined;
}

/** See the head of the file. */
export function Button(props: ButtonProps): Children {
  const { variant = "plain", needs, isPending = false, type = "button" } = props;
  const reasonId = useId();
  const missing = needs === undefined ? undefined : whyNot(needs);
  const isDisabled = props.isDisabled === true || missing !== undefined;
  const reason = isDisabled ? (missing ?? props.reason) : undefined;
  const isOff = isDisabled || isPending;
  return (
    <button
      id={props.id}
      type={type}
      class={`button button-${variant}`}
      aria-disabled={isOff ? "true" : undefined}
      aria-busy={isPending ? "true" : undefined}
      aria-label={props.label}
      aria-expanded={props.isExpanded}
      aria-pressed={props.isPressed}
      aria-describedby={reason === undefined ? undefined : reasonId}
      data-needs={needs}
      onClick={(event) => {
        if (isOff) {
          event.preventDefault();
          return;
        }
        props.onPress?.();
      }}
    >
      {props.children}
      {reason !== undefined && (
        <span class="button-reason" id={reasonId}>
          {reason}
        </span>
      )}
    </button>
  );
}
