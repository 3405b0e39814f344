/**
 * How old a figure is, counted on while the page is open.
 */
import { signal } from "@preact/signals";
import { formatAge, formatTime } from "../i18n/format.ts";
import { t } from "../i18n/text.ts";
import type { Children } from "./props.ts";

const now = signal(Date.now());
const TICK_MS = 1000;
if (typeof document !== "undefined") {
  setInterval(() => {
    if (!document.hidden) {
      now.value = Date.now();
    }
  }, TICK_MS);
}

/** `at`: RFC 3339, or milliseconds since 1970; the full time is in its title. */
export function Age(props: { readonly at: string | number | null | undefined }): Children {
  return (
    <span class="age" title={formatTime(props.at)}>
      {props.at === null || props.at === undefined
        ? t("ui.never")
        : t("ui.ago", { age: formatAge(props.at, now.value) })}
    </span>
  );
}
