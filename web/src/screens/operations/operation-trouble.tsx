/**
 * What hinders an operation, in the words of the dashboard, with what can be done about it; and a sign when nothing
 * has moved for some time though it should.
 */
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import { formatDuration } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href, type ProductScreen } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { STUCK_AFTER_MS } from "./stall-watch.ts";

type TroubleCode = NonNullable<V1OperationSummary["reason_code"]>;

/** Where to go with an advice. */
const PLACES: Partial<Readonly<Record<TroubleCode, ProductScreen>>> = {
  target_memory: "groups",
  proxy: "proxies",
  replicas: "groups",
  version: "groups",
  role: "ha",
  loading: "groups",
  no_server: "groups",
  unreachable: "groups",
};

/** See the file head. Nothing is drawn while all is well. */
export function OperationTrouble(props: {
  readonly product: string;
  readonly operation: V1OperationSummary;
  readonly stuckMs: number;
}): Children {
  const { product, operation, stuckMs } = props;
  const { reason, self_paused: isSelfPaused } = operation;
  const isStuck = stuckMs >= STUCK_AFTER_MS;
  if (reason === null && !isStuck) {
    return null;
  }
  // A dashboard of an older release has no code.
  const advice = operation.reason_code ?? "other";
  const place = PLACES[advice];
  const { keys_per_second: keys, bytes_per_second: bytes } =
    operation.speed_in_force ?? operation.speed;
  return (
    <Card title={t("operations.trouble.title")} class="operation-trouble">
      {isStuck && (
        <p>
          <Badge tone="bad">{t("operations.trouble.stuck")}</Badge>{" "}
          {t("operations.trouble.stuck.for", {
            time: formatDuration(Math.floor(stuckMs / 1000) * 1000),
          })}
        </p>
      )}
      {isSelfPaused && (
        <p>
          <Badge tone="warn">{t("operations.state.selfPaused")}</Badge>{" "}
          {t("operations.trouble.selfPaused")}
        </p>
      )}
      {reason !== null && (
        <p class="problem">
          <Said text={reason} said={operation.said} />
        </p>
      )}
      <p>
        <strong>{t("operations.trouble.do")}</strong>{" "}
        {reason === null
          ? t(keys > 0 || bytes > 0 ? "operations.advice.limit" : "operations.advice.wait")
          : t(`operations.advice.${advice}`)}{" "}
        {reason !== null && place !== undefined && (
          <a href={href(product, place)}>{t("operations.trouble.go")}</a>
        )}
      </p>
    </Card>
  );
}
