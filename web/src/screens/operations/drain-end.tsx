/**
 * What comes after an operation that has drained a group: the group can leave the product, and its page says how.
 */
import type { V1LiveGroup } from "../../../../src/api/v1-live-schema.ts";
import type { V1Operation } from "../../../../src/api/v1-operation-schema.ts";
import { live } from "../../data/live.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";

/** Nothing is drawn before it is done, and when the group has slots again or is gone. */
export function DrainEnd(props: {
  readonly product: string;
  readonly detail: V1Operation;
}): Children {
  const { product, detail } = props;
  // All slots of a drain come from the group that is drained.
  const id = detail.moves[0]?.from_group_id ?? 0;
  const group = live.value<V1LiveGroup>(`group:${id}`).value;
  if (detail.strategy !== "drain" || detail.state !== "done" || group?.slots.count !== 0) {
    return null;
  }
  return (
    <Card title={t("operations.drained", { id })}>
      <p>{t("operations.drained.hint")}</p>
      <p>
        <a class="button button-plain" href={href(product, "groups", String(id))}>
          {t("operations.drained.go", { id })}
        </a>
      </p>
    </Card>
  );
}
