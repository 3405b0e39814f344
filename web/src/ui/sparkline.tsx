/**
 * A small line of the last values, without axes. Values that nobody knows are gaps.
 */
import type { Children } from "./props.ts";
import { sparkPath } from "./spark-path.ts";

const WIDTH = 120;
const HEIGHT = 28;

/** `label` says what it shows and its last value; screen readers get nothing else. */
export function Sparkline(props: {
  readonly values: readonly (number | null)[];
  readonly label: string;
}): Children {
  return (
    <svg
      class="sparkline"
      role="img"
      aria-label={props.label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      <path d={sparkPath(props.values, WIDTH, HEIGHT)} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
