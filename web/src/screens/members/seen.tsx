/**
 * When something was looked at last. The live document tells the time only of looks that are old; without it the look
 * is as fresh as the document.
 */
import { t } from "../../i18n/text.ts";
import { Age } from "../../ui/age.tsx";
import type { Children } from "../../ui/props.ts";

/** `status`: of the last look; `unknown`: there was none. */
export function Seen(props: {
  readonly at: string | null | undefined;
  readonly status: string;
}): Children {
  const { at } = props;
  return (at === null || at === undefined) && props.status !== "unknown" ? (
    <span>{t("groups.fresh")}</span>
  ) : (
    <Age at={at} />
  );
}
