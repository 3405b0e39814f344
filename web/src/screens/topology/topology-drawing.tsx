/**
 * The map as SVG. One stop for Tab, arrows inside, Enter opens. Lines are as thick as they are busy; a red dashed one
 * means that stored and real differ, and the sign in a box says how its node is, so that no colour is needed.
 */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/text.ts";
import type { Children } from "../../ui/props.ts";
import { detailOf, labelOf, nameOf } from "./node-words.ts";
import { type Box, bowBetween, type Layout, neighbourOf, strokeOf } from "./topology-layout.ts";
import type { Difference } from "./topology-model.ts";

/** What a drawing needs. */
export interface DrawingProps {
  readonly layout: Layout;
  readonly differences: readonly Difference[];
  /** Key of the node whose panel is open. */
  readonly chosen: string;
  readonly onOpen: (key: string) => void;
}

const ARROWS = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
} as const;

/** See the head of the file. */
export function TopologyDrawing(props: DrawingProps): Children {
  const { layout, chosen, onOpen } = props;
  const { boxes } = layout;
  const svg = useRef<SVGSVGElement>(null);
  const [cursor, setCursor] = useState(chosen);
  const stop = boxes.some((box) => box.node.key === cursor) ? cursor : boxes[0]?.node.key;
  const differing = new Set(props.differences.map(({ about }) => about));
  const go = (key: string | undefined): void => {
    if (key !== undefined) {
      setCursor(key);
      svg.current?.querySelector<SVGElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
    }
  };
  // A bundle that is opened is gone; the focus goes to what is in its place.
  const wanted = useRef<Box | undefined>(undefined);
  useLayoutEffect(() => {
    const place = wanted.current;
    wanted.current = undefined;
    if (place !== undefined) {
      go(boxInPlaceOf(place, boxes)?.node.key);
    }
  }, [boxes]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      class="topology-scroll"
      role="group"
      aria-label={t("topology.map")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide map is scrolled with the keyboard
      tabIndex={0}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: the drawing holds buttons, so it is no image */}
      <svg
        ref={svg}
        class={layout.isCompact ? "topology topology-compact" : "topology"}
        role="group"
        aria-label={t("topology.title")}
        width={layout.width}
        height={layout.height}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        onKeyDown={(event) => {
          const arrow = ARROWS[event.key as keyof typeof ARROWS];
          if (arrow !== undefined && stop !== undefined) {
            event.preventDefault();
            go(neighbourOf(boxes, stop, arrow));
          }
        }}
      >
        <Lines layout={layout} differences={props.differences} differing={differing} />
        {boxes.map((box) => (
          <Node
            key={box.node.key}
            box={box}
            isStop={box.node.key === stop}
            isChosen={box.node.key === chosen}
            isCompact={layout.isCompact}
            differs={differing.has(box.node.key)}
            onOpen={() => {
              setCursor(box.node.key);
              wanted.current = box.node.kind === "bundle" ? box : undefined;
              onOpen(box.node.key);
            }}
          />
        ))}
      </svg>
    </div>
  );
}

function boxInPlaceOf(place: Box, boxes: readonly Box[]): Box | undefined {
  return boxes
    .filter(({ column }) => column === place.column)
    .toSorted((one, other) => Math.abs(one.y - place.y) - Math.abs(other.y - place.y))[0];
}

function Lines(props: {
  readonly layout: Layout;
  readonly differences: readonly Difference[];
  readonly differing: ReadonlySet<string>;
}): Children {
  const { boxes, links, trunk } = props.layout;
  const busiest = Math.max(0, ...links.map(({ ops }) => ops ?? 0));
  const boxOf = new Map(boxes.map((box) => [box.node.key, box]));
  return (
    <g>
      <path class="topology-trunk" d={trunk} />
      {links.map(({ to, path, ops }) => (
        <path
          key={to}
          class={props.differing.has(to) ? "topology-link topology-differs" : "topology-link"}
          d={path}
          stroke-width={strokeOf(ops, busiest)}
        />
      ))}
      {props.differences.map(({ about, real, kind }) => {
        const from = boxOf.get(about);
        const to = real === undefined ? undefined : boxOf.get(real);
        return from === undefined || to === undefined ? null : (
          <path
            key={`${about} ${kind}`}
            class="topology-link topology-differs"
            d={bowBetween(from, to)}
            stroke-width={2}
          />
        );
      })}
    </g>
  );
}

const SIGNS = { ok: "✓", warn: "!", bad: "✕", busy: "↻", idle: "○" } as const;
/** Longer names are cut at their front, for ports tell servers of a machine apart. */
const NAME_CHARS = 21;

function Node(props: {
  readonly box: Box;
  readonly isStop: boolean;
  readonly isChosen: boolean;
  readonly isCompact: boolean;
  readonly differs: boolean;
  readonly onOpen: () => void;
}): Children {
  const { box, isCompact, onOpen, differs } = props;
  const { node, x, y, width, height } = box;
  const tone = node.kind === "bundle" ? "ok" : node.tone;
  const name = nameOf(node);
  const isMaster = node.kind === "server" && node.server.role === "master";
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons within a drawing
    <g
      class={`topology-node tone-${tone} ${isMaster ? "topology-master" : ""}`}
      data-key={node.key}
      role="button"
      tabindex={props.isStop ? 0 : -1}
      aria-pressed={node.kind === "bundle" ? undefined : props.isChosen}
      aria-expanded={node.kind === "bundle" ? false : undefined}
      transform={`translate(${x} ${y - height / 2})`}
      onClick={onOpen}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          onOpen();
        }
      }}
    >
      <title>{labelOf(node, differs)}</title>
      <rect width={width} height={height} rx="5" />
      <text class="topology-sign" x="9" y={isCompact ? 18 : 19}>
        {SIGNS[tone]}
      </text>
      <text x="26" y={isCompact ? 18 : 19}>
        {cut(isCompact && node.kind === "bundle" ? `${name}: ${detailOf(node)}` : name, width)}
      </text>
      {!isCompact && (
        <text class="topology-detail" x="26" y="35">
          {detailOf(node)}
        </text>
      )}
    </g>
  );
}

function cut(name: string, width: number): string {
  const most = Math.max(NAME_CHARS, Math.floor(width / 8));
  return name.length <= most ? name : `…${name.slice(1 - most)}`;
}
