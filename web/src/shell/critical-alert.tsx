/**
 * Tells screen readers at once, and once, that the product has become critical: keys can't be reached. What goes on
 * being so, and what changes of it, isn't told again before the product was better meanwhile.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1Health } from "../../../src/api/v1-state-schema.ts";
import { live } from "../data/live.ts";
import { saidText } from "../i18n/said.ts";
import { t } from "../i18n/text.ts";
import type { Children } from "../ui/props.ts";

/** See the head of the file. For one product: give it a `key`. */
export function CriticalAlert(props: { readonly product: string }): Children {
  const { product } = props;
  const health = live.value<V1Health>("health").value;
  const isCritical = health?.status === "critical";
  const first = health?.problems.find((problem) => problem.is_critical);
  const [told, setTold] = useState("");
  useEffect(() => {
    const what = first === undefined ? "" : saidText(first.message, first.said);
    setTold(isCritical ? t("shell.critical", { product, what }) : "");
    // Not when the words change: that would be read again.
  }, [isCritical, product]);
  return (
    <div class="visually-hidden" role="alert" id="critical">
      {told}
    </div>
  );
}
