/**
 * What is known of the slot under the pointer, else of the one with the cursor: owner, target, state, the servers
 * behind it, and proxies that haven't the newest slots. The servers are asked for when the cursor rests.
 */
import { useEffect, useState } from "preact/hooks";
import type { V1OperationSummary } from "../../../../src/api/v1-operation-schema.ts";
import type { V1Proxy, V1Slot } from "../../../../src/api/v1-topology-schema.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import { formatCount } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { isMoving, type SlotState, stateOf } from "./slot-map.ts";
import type { SlotsModel } from "./slots-model.ts";

/** The cursor has to rest so long before a server is asked, milliseconds. */
const REST_MS = 400;

/** Tone of a state, for its badge. */
export const STATE_TONES: Readonly<Record<SlotState, Tone>> = {
  offline: "bad",
  online: "ok",
  pending: "idle",
  preparing: "busy",
  prepared: "busy",
  migrating: "busy",
  finished: "busy",
};

/** See the file head. */
export function SlotPanel(props: {
  readonly model: SlotsModel;
  readonly product: string;
}): Children {
  const { model, product } = props;
  const map = model.map.value;
  const slotId = model.hovered.value ?? model.selection.value.cursor;
  const ownerId = map.owners[slotId] ?? 0;
  const targetId = map.targets[slotId] ?? 0;
  const state = stateOf(map, slotId);
  const count = model.keys.value[slotId] ?? null;
  return (
    <Card title={t("slots.panel.title", { slot: slotId })} class="slot-panel">
      <dl class="facts">
        <dt>{t("slots.panel.state")}</dt>
        <dd>
          <Badge tone={STATE_TONES[state]}>{t(`slots.state.${state}`)}</Badge>
          <p class="muted">{t(`slots.state.${state}.means`)}</p>
        </dd>
        <dt>{t("slots.panel.owner")}</dt>
        <dd>
          {ownerId === 0 ? (
            t("slots.nobody")
          ) : (
            <a href={href(product, "groups", String(ownerId))}>
              {t("slots.group", { group: ownerId })}
            </a>
          )}
        </dd>
        {targetId > 0 && (
          <>
            <dt>{t("slots.panel.target")}</dt>
            <dd>
              <a href={href(product, "groups", String(targetId))}>
                {t("slots.group", { group: targetId })}
              </a>
            </dd>
          </>
        )}
        <dt>{t("slots.keys")}</dt>
        <dd>
          {count === null ? (
            <span class="muted">{t("slots.heat.unknown")}</span>
          ) : (
            formatCount(count)
          )}
        </dd>
        {isMoving(state) && <MovedBy product={product} />}
        <Servers slotId={slotId} />
        <Disagreement product={product} />
      </dl>
    </Card>
  );
}

function MovedBy({ product }: { readonly product: string }): Children {
  const operations = live.list<V1OperationSummary>("operation:").value;
  const open = operations.filter(({ state }) => state !== "done" && state !== "cancelled");
  return open.length === 0 ? null : (
    <>
      <dt>{t("slots.panel.operation")}</dt>
      <dd>
        {open.map(({ id }) => (
          <a key={id} class="slot-panel-link" href={href(product, "operations", id)}>
            {id}
          </a>
        ))}
      </dd>
    </>
  );
}

function Servers({ slotId }: { readonly slotId: number }): Children {
  const [rested, setRested] = useState<number | undefined>(undefined);
  useEffect(() => {
    const timer = setTimeout(() => setRested(slotId), REST_MS);
    return () => clearTimeout(timer);
  }, [slotId]);
  const { data, problem } = useLoad<V1Slot>(rested === slotId ? `slots/${slotId}` : undefined);
  if (problem !== undefined) {
    return (
      <>
        <dt>{t("slots.panel.server")}</dt>
        <dd>
          <ProblemText problem={problem} />
        </dd>
      </>
    );
  }
  if (data === undefined || data.id !== slotId) {
    return null;
  }
  return (
    <>
      <dt>{t("slots.panel.server")}</dt>
      <dd>
        {data.backend_addr === null ? t("slots.nobody") : <code>{data.backend_addr}</code>}
        {data.migrate_from !== null && (
          <p class="muted">
            {t("slots.panel.from")} <code>{data.migrate_from}</code>
          </p>
        )}
        {data.locked && <p>{t("slots.panel.held")}</p>}
      </dd>
    </>
  );
}

function Disagreement({ product }: { readonly product: string }): Children {
  const proxies = live.list<V1Proxy>("proxy:").value;
  const behind = proxies.filter(({ table }) => table !== "synced");
  return behind.length === 0 ? null : (
    <>
      <dt>{t("slots.panel.behind")}</dt>
      <dd>
        <Badge tone="warn">
          {t("slots.panel.behind.count", { behind: behind.length, total: proxies.length })}
        </Badge>
        {behind.map(({ token, proxy_addr }) => (
          <a key={token} class="slot-panel-link" href={href(product, "proxies", token)}>
            {proxy_addr}
          </a>
        ))}
      </dd>
    </>
  );
}
