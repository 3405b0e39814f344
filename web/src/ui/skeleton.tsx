/**
 * Grey lines in place of what is being read; they appear after 200 ms, so that fast answers don't flicker.
 */
import { t } from "../i18n/text.ts";
import type { Children } from "./props.ts";

/** `lines`: how many; 4 unless told. */
export function Skeleton(props: { readonly lines?: number | undefined }): Children {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="visually-hidden">{t("ui.loading")}</span>
      {Array.from({ length: props.lines ?? 4 }, (_, index) => (
        <div class="skeleton-line" key={index} aria-hidden="true" />
      ))}
    </div>
  );
}
