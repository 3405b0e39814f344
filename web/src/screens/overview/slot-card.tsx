/**
 * The slot map in small: who owns what, what moves (slashes) and what nobody owns (crosses).
 */
import { useMemo } from "preact/hooks";
import { live } from "../../data/live.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { lookClasses } from "../slots/group-look.ts";
import { type PackedSlots, unpackSlots } from "../slots/slot-map.ts";
import "../slots/slots.css";
import { type MiniMap, miniMapOf } from "./mini-map.ts";

/** Of more groups the colours aren't named; the page of the slots has them all. */
const NAMED = 16;

/** See the head of the file. */
export function SlotCard({ product }: { readonly product: string }): Children {
  const packed = live.value<PackedSlots>("slots").value;
  const map = useMemo(
    () => (packed === undefined ? undefined : miniMapOf(unpackSlots(packed))),
    [packed],
  );
  return (
    <Card class="overview-slots" title={<a href={href(product, "slots")}>{t("overview.slots")}</a>}>
      {map === undefined ? <Skeleton /> : <Drawing map={map} />}
    </Card>
  );
}

function Drawing({ map }: { readonly map: MiniMap }): Children {
  const { counts } = map;
  const words = t("overview.slotCounts", {
    online: formatCount(counts.online),
    moving: formatCount(counts.moving),
    offline: formatCount(counts.offline),
  });
  return (
    <>
      <svg
        class="mini-map"
        role="img"
        aria-label={words}
        viewBox={`0 0 ${map.columns} ${Math.max(1, map.rows)}`}
        preserveAspectRatio="none"
      >
        {map.owners.map(({ groupId, path }) => (
          <path key={groupId} class={`mini-owner ${lookClasses(groupId)}`} d={path} />
        ))}
        <path class="mini-sign" d={map.moving} vector-effect="non-scaling-stroke" />
        <path class="mini-sign mini-offline" d={map.offline} vector-effect="non-scaling-stroke" />
      </svg>
      <p>{words}</p>
      {map.owners.length <= NAMED && (
        <ul class="mini-groups">
          {map.owners.map(({ groupId }) => (
            <li key={groupId}>
              <span class={`slot-cell slot-swatch ${lookClasses(groupId)}`} aria-hidden="true">
                {groupId}
              </span>
              {t("slots.group", { group: groupId })}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
