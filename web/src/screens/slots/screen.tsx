/**
 * The slot map: who owns which slot and what moves, where a key belongs, and the orders for chosen slots. Mode,
 * chosen slots and what the legend has switched off are in the address.
 */
import { useEffect, useMemo, useState } from "preact/hooks";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps, useQuery } from "../../route.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { AssignDialog } from "./assign-dialog.tsx";
import { KeyFinder } from "./key-finder.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import { SelectionBar, type SlotOrderKind } from "./selection-bar.tsx";
import { GRID_MODES } from "./slot-cell.ts";
import { SlotGrid } from "./slot-grid.tsx";
import { useSlotKeys } from "./slot-keys.ts";
import { SlotLegend } from "./slot-legend.tsx";
import { SlotPanel } from "./slot-panel.tsx";
import { SlotRanges } from "./slot-ranges.tsx";
import { clearSlots } from "./slot-selection.ts";
import { useSlotsAddress } from "./slots-address.ts";
import { createSlotsModel, type SlotsModel } from "./slots-model.ts";
import "./slots.css";

/** See the file head. */
export default function SlotsScreen({ product }: ScreenProps): Children {
  const model = useMemo(createSlotsModel, []);
  const isKnown = model.map.value.count > 0;
  return (
    <Page
      title={t("slots.title")}
      command="codis slot info"
      lead={t("slots.lead")}
      actions={
        <a class="button button-plain" href={href(product, "rebalance")}>
          {t("slots.rebalance")}
        </a>
      }
    >
      {isKnown ? <KnownSlots model={model} product={product} /> : <Skeleton lines={12} />}
    </Page>
  );
}

function KnownSlots(props: { readonly model: SlotsModel; readonly product: string }): Children {
  const { model, product } = props;
  const [mode, setMode] = useQuery("mode");
  const open = GRID_MODES.find((each) => each === mode) ?? "owner";
  useEffect(() => {
    model.mode.value = open;
  }, [model, open]);
  useSlotsAddress(model);
  const unread = useSlotKeys(model);
  return (
    <>
      {model.groups.value.length === 0 && (
        <EmptyState title={t("slots.noGroups")} hint={t("slots.noGroups.hint")}>
          <a class="button button-primary" href={href(product, "groups")}>
            {t("slots.noGroups.go")}
          </a>
        </EmptyState>
      )}
      {unread !== undefined && <ProblemText problem={unread} />}
      <div class="slots-layout">
        <div class="slots-main">
          <Tabs
            label={t("slots.mode")}
            tabs={GRID_MODES.map((key) => ({ key, title: t(`slots.mode.${key}`) }))}
            open={open}
            onChange={setMode}
          >
            <SlotGrid model={model} />
          </Tabs>
          <SlotLegend model={model} />
          <Orders {...props} />
        </div>
        <div class="slots-side">
          <SlotPanel model={model} product={product} />
          <KeyFinder model={model} product={product} />
        </div>
      </div>
      <SlotRanges model={model} product={product} />
    </>
  );
}

function Orders(props: { readonly model: SlotsModel; readonly product: string }): Children {
  const { model, product } = props;
  const [order, setOrder] = useState<
    { readonly kind: SlotOrderKind; readonly ids: readonly number[] } | undefined
  >(undefined);
  const close = (): void => setOrder(undefined);
  const shared = { product, groups: model.groups.value, onClose: close };
  return (
    <>
      <SelectionBar
        model={model}
        onOrder={(kind) => setOrder({ kind, ids: model.chosen.peek() })}
      />
      {order?.kind === "move" && <MoveDialog {...shared} ids={order.ids} />}
      {(order?.kind === "assign" || order?.kind === "offline") && (
        <AssignDialog
          {...shared}
          ids={order.ids}
          isOffline={order.kind === "offline"}
          onDone={() => model.select(clearSlots(model.selection.peek()))}
        />
      )}
    </>
  );
}
