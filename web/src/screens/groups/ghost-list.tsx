/**
 * Servers that others speak of, though the product doesn't have them, each with the way to add it.
 */
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import type { Children } from "../../ui/props.ts";
import { Notice } from "../members/notice.tsx";
import type { Ghost } from "./ghosts.ts";

/** See the head of the file; nothing when there are none. */
export function GhostList(props: {
  readonly product: string;
  readonly ghosts: readonly Ghost[];
}): Children {
  return props.ghosts.map(({ addr, groupId, kind, by }) => (
    <Notice
      key={addr}
      tone="warn"
      word={t("groups.ghost")}
      actions={
        <a href={href(props.product, "groups", String(groupId), { do: `add-server:${addr}` })}>
          {t("groups.ghost.adopt", { id: groupId })}
        </a>
      }
    >
      {t(`groups.ghost.${kind}`, { addr, id: groupId, by: by ?? "" })}
    </Notice>
  ));
}
