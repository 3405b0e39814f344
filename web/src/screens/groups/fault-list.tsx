/**
 * Where the servers of groups aren't what is stored: what is stored, what is real, since when, and whether a repair
 * mends it.
 */
import type { V1ReplicationFault } from "../../../../src/api/v1-availability-schema.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Age } from "../../ui/age.tsx";
import { Badge } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";

/** See the head of the file. */
export function FaultList(props: {
  readonly product: string;
  readonly faults: readonly V1ReplicationFault[];
}): Children {
  return (
    <ul class="fault-list">
      {props.faults.map((fault) => (
        <li key={`${fault.code} ${fault.addr}`}>
          <div class="fault-head">
            <Badge tone={fault.code === "NO_REPLICA" || fault.code === "LAGGING" ? "warn" : "bad"}>
              {textOf("groups.fault", fault.code)}
            </Badge>
            <a
              class="code target"
              href={href(props.product, "groups", String(fault.group_id), { server: fault.addr })}
            >
              {fault.addr}
            </a>
            <span class="muted">
              <Age at={fault.since} /> ·{" "}
              {t(fault.mendable ? "groups.mendable" : "groups.unmendable")}
            </span>
          </div>
          <p class="fault-difference">
            <span class="muted">{t("groups.stored")}:</span>{" "}
            <Said text={fault.stored} said={fault.stored_said} />
            <span aria-hidden="true"> → </span>
            <span class="muted">{t("groups.real")}:</span>{" "}
            <Said text={fault.real} said={fault.real_said} />
          </p>
          <p>
            <Said text={fault.text} said={fault.said} />
          </p>
        </li>
      ))}
    </ul>
  );
}
