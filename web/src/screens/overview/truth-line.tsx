/**
 * The sentence of truth: how the product is, each part a link to where one sees why.
 */
import type { V1Availability } from "../../../../src/api/v1-availability-schema.ts";
import type {
  V1LiveGroup,
  V1LiveOperation,
  V1LiveProduct,
} from "../../../../src/api/v1-live-schema.ts";
import type { V1Health } from "../../../../src/api/v1-state-schema.ts";
import { live } from "../../data/live.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";
import { truthOf } from "./truth.ts";

const TONES = { ok: "ok", degraded: "warn", critical: "bad" } as const;

/** Nothing while the document isn't there yet. */
export function TruthLine({ product: name }: { readonly product: string }): Children {
  const product = live.value<V1LiveProduct>("product").value;
  const health = live.value<V1Health>("health").value;
  const groups = live.list<V1LiveGroup>("group:").value;
  const operations = live.list<V1LiveOperation>("operation:").value;
  const availability = live.value<Pick<V1Availability, "running">>("availability").value;
  if (product === undefined || health === undefined) {
    return null;
  }
  const running = availability?.running ?? [];
  return (
    <div class="truth">
      <Badge tone={TONES[health.status]}>{textOf("health", health.status)}</Badge>
      <ul>
        {truthOf({ product, health, groups, operations, running }).map((clause) => (
          <li key={`${clause.name} ${clause.id ?? ""}`} class={`tone-${clause.tone}`}>
            <a href={href(name, clause.screen, clause.id)}>
              {t(`overview.truth.${clause.name}`, clause.params)}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
