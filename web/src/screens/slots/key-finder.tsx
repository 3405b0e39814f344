/**
 * "Where is my key?": from a key to what is hashed of it, its slot, its group and the group's master. Nothing is
 * asked of a server, and the key doesn't leave the page.
 */
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { announce } from "../../ui/toast.ts";
import { placeOf } from "./slot-key.ts";
import { isMoving, stateOf } from "./slot-map.ts";
import { chooseSlots } from "./slot-selection.ts";
import type { SlotsModel } from "./slots-model.ts";

/** See the file head. */
export function KeyFinder(props: {
  readonly model: SlotsModel;
  readonly product: string;
}): Children {
  const [key, setKey] = useState("");
  const { model } = props;
  const { count } = model.map.value;
  return (
    <Card title={t("slots.key.title")}>
      <TextInput
        label={t("slots.key.label")}
        hint={t("slots.key.hint")}
        value={key}
        onChange={setKey}
        isCode
      />
      {key !== "" && count > 0 && <Place {...props} keyName={key} count={count} />}
    </Card>
  );
}

function Place(props: {
  readonly model: SlotsModel;
  readonly product: string;
  readonly keyName: string;
  readonly count: number;
}): Children {
  const { model, product } = props;
  const { hashed, hasTag, slotId } = placeOf(props.keyName, props.count);
  const map = model.map.value;
  const ownerId = map.owners[slotId] ?? 0;
  const targetId = map.targets[slotId] ?? 0;
  const state = stateOf(map, slotId);
  const master = model.groups.value.find(({ id }) => id === ownerId)?.servers[0]?.addr;
  const owner = ownerId === 0 ? t("slots.nobody") : t("slots.group", { group: ownerId });
  useEffect(() => announce(t("slots.key.told", { slot: slotId, owner })), [slotId, owner]);
  const show = (): void => {
    model.select(chooseSlots(model.selection.peek(), [slotId]));
    model.wantedFocus.value = slotId;
  };
  return (
    <>
      <dl class="facts">
        <dt>{hasTag ? t("slots.key.tag") : t("slots.key.whole")}</dt>
        <dd>{hashed === "" ? t("slots.key.emptyTag") : <code class="key-text">{hashed}</code>}</dd>
        <dt>{t("slots.key.slot")}</dt>
        <dd class="slot-found">{slotId}</dd>
        <dt>{t("slots.panel.owner")}</dt>
        <dd>
          {ownerId === 0 ? owner : <a href={href(product, "groups", String(ownerId))}>{owner}</a>}
          {isMoving(state) && targetId > 0 && (
            <p class="muted">{t("slots.key.moves", { group: targetId })}</p>
          )}
        </dd>
        {master !== undefined && (
          <>
            <dt>{t("slots.panel.server")}</dt>
            <dd>
              <code>{master}</code>
            </dd>
          </>
        )}
      </dl>
      <Button onPress={show}>{t("slots.key.show", { slot: slotId })}</Button>
    </>
  );
}
