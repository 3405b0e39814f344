/**
 * The way from the page of a proxy, group or server to its charts of the last hour.
 */
import type { PerformanceSplit } from "../../../../src/api/v1-live-schema.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import type { Children } from "../../ui/props.ts";

/** See the head of the file; `of`: the token, id or address of the one. */
export function ChartsLink(props: {
  readonly product: string;
  readonly by: PerformanceSplit;
  readonly of: string;
}): Children {
  const { product, by, of } = props;
  return <a href={href(product, "performance", undefined, { by, of })}>{t("nav.performance")}</a>;
}
