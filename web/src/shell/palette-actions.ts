/**
 * What the palette offers to do with one group, server, proxy or sentinel: the same as the buttons of its page, by the
 * address that opens the dialog there. Nothing is done before that dialog is answered.
 */
import type { V1LiveProxy, V1LiveSentinel } from "../../../src/api/v1-live-schema.ts";
import { live } from "../data/live.ts";
import { can } from "../data/session.ts";
import { t } from "../i18n/text.ts";
import { href } from "../route.ts";
import type { GroupView } from "../screens/groups/group-view.ts";
import { readGroups } from "../screens/groups/use-groups.ts";
import { type Act, groupActs, serverActs } from "../screens/groups/verbs.ts";
import { needsWord } from "../screens/proxies/proxy-view.ts";
import type { Entry } from "./palette-search.ts";

type Go = (to: string) => void;

/** What is done, how it reads, words by which it is found too, and the address of its dialog. */
type MakeEntry = (verb: string, title: string, words: string, to: string) => Entry;

/** All that can be done now with the parts of the open product; nothing for who may not. Reads signals. */
export function partActions(product: string, go: Go): readonly Entry[] {
  if (!can("operator")) {
    return [];
  }
  const entry: MakeEntry = (verb, title, words, to) => ({
    id: `do:${to}`,
    kind: t("palette.command"),
    title,
    words: `${verb} ${words}`,
    run: () => go(to),
  });
  const proxies = live.list<V1LiveProxy>("proxy:").value;
  const sentinels = live.list<V1LiveSentinel>("sentinel:").value;
  return [
    ...readGroups().flatMap((group) => groupEntries(product, group, entry)),
    ...(["readsAllOn", "readsAllOff"] as const).map((each) => {
      const verb = each === "readsAllOn" ? "reads-all-on" : "reads-all-off";
      const title = actText(t("groups.readsTitle"), t(`groups.do.${each}`));
      return entry(verb, title, "groups", href(product, "groups", undefined, { do: verb }));
    }),
    ...proxies.flatMap((proxy) => proxyEntries(product, proxy, entry)),
    ...sentinels.map(({ addr }) => {
      const to = href(product, "ha", undefined, { do: `remove-sentinel:${addr}` });
      return entry("remove", t("ha.removeOf", { addr }), "sentinel", to);
    }),
  ];
}

/** `Promote: 10.0.0.2:6379`, as the buttons are named for screen readers. */
function actText(verb: string, addr: string): string {
  return t("groups.of", { verb, addr });
}

function groupEntries(product: string, group: GroupView, entry: MakeEntry): readonly Entry[] {
  const id = String(group.id);
  const name = t("groups.one", { id });
  const words = `group ${id}`;
  const isOn = ({ isOff = false }: Act): boolean => !isOff;
  const own = groupActs(group)
    .filter(isOn)
    .map(({ verb, title }) =>
      entry(verb, actText(t(title), name), words, href(product, "groups", id, { do: verb })),
    );
  const query = { strategy: "drain", drain: group.id };
  const drain = href(product, "rebalance", undefined, query);
  const servers = group.servers.flatMap((server) =>
    serverActs(group, server)
      .filter(isOn)
      .map(({ verb, title }) => {
        const to = href(product, "groups", id, { do: `${verb}:${server.addr}` });
        return entry(verb, actText(t(title), server.addr), `server ${words}`, to);
      }),
  );
  return [
    ...own,
    ...(group.slots.count > 0
      ? [entry("drain", actText(t("groups.do.drain"), name), words, drain)]
      : []),
    ...servers,
  ];
}

function proxyEntries(product: string, proxy: V1LiveProxy, entry: MakeEntry): readonly Entry[] {
  const acts = [
    ["resend", "proxies.resend"],
    ...(needsWord(proxy) ? [["gone", "proxies.goneWord"] as const] : []),
    ["remove", "proxies.remove"],
    ["force-remove", "proxies.force"],
  ] as const;
  const name = t("proxies.one", { addr: proxy.proxy_addr });
  return acts.map(([verb, title]) => {
    const to = href(product, "proxies", proxy.token, { do: verb });
    return entry(verb, actText(t(title), name), `proxy ${proxy.token}`, to);
  });
}
