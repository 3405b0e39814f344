/**
 * Says when what the screens show is out of date, on every screen of a product; and in the header, how the
 * data comes.
 */
import { useEffect, useRef } from "preact/hooks";
import { isStale } from "../data/freshness.ts";
import { live } from "../data/live.ts";
import { formatDuration } from "../i18n/format.ts";
import { t } from "../i18n/text.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import type { Children } from "../ui/props.ts";
import { announce } from "../ui/toast.ts";

/** Nothing while data is fresh. */
export function StaleBanner(): Children {
  const isOld = isStale.value;
  const wasOld = useRef(false);
  useEffect(() => {
    if (isOld !== wasOld.current) {
      announce(isOld ? t("shell.staleSaid") : t("shell.freshSaid"));
    }
    wasOld.current = isOld;
  }, [isOld]);
  return isOld ? (
    <div class="stale-banner" data-stale="true">
      <span class="badge-sign" aria-hidden="true">
        !
      </span>
      <span>{t("shell.staleBanner", { age: formatDuration(live.ageMs.value) })}</span>
    </div>
  ) : null;
}

const TONES: Readonly<Record<string, Tone>> = {
  live: "ok",
  polling: "ok",
  connecting: "busy",
  stale: "bad",
};

/** How the data comes. */
export function LiveBadge(): Children {
  const state = live.state.value;
  return <Badge tone={TONES[state] ?? "idle"}>{t(`shell.${state}`)}</Badge>;
}
