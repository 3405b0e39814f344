/**
 * What the palette offers: what can be begun at the open product, its pages and parts, other products, and settings.
 */
import { live } from "../data/live.ts";
import { THEMES, theme } from "../data/preferences.ts";
import { products } from "../data/products.ts";
import { can, hasRole, session, signOut } from "../data/session.ts";
import { language, t } from "../i18n/text.ts";
import { href, rootHref } from "../route.ts";
import { NAVIGATION_ITEMS } from "./navigation.ts";
import { partActions } from "./palette-actions.ts";
import type { Entry } from "./palette-search.ts";

type Go = (to: string) => void;

/** All that the role of the user allows. Reads signals. */
export function paletteEntries(product: string, go: Go): readonly Entry[] {
  const own =
    product === ""
      ? []
      : [
          ...pageEntries(product, go),
          ...actionEntries(product, go),
          ...partEntries(product, go),
          ...partActions(product, go),
        ];
  return [...own, ...productEntries(go), ...toolEntries(go)];
}

/** Products only, for the switcher. */
export function productEntries(go: Go): readonly Entry[] {
  return products.value.map((each) => ({
    id: `product:${each.name}`,
    kind: t("palette.product"),
    title: each.name,
    words: each.label,
    run: () => go(href(each.name, "overview")),
  }));
}

function pageEntries(product: string, go: Go): readonly Entry[] {
  return NAVIGATION_ITEMS.filter((item) => hasRole(item.role)).map((item) => ({
    id: `page:${item.screen}`,
    kind: t("palette.page"),
    title: t(item.title),
    words: item.screen,
    run: () => go(href(product, item.screen)),
  }));
}

/** What begins with a dialog, by the address that opens it. Each says in its dialog what it will do. */
const ACTIONS = [
  { title: "groups.do.create", screen: "groups", verb: "create", role: "operator" },
  { title: "proxies.add", screen: "proxies", verb: "add", role: "operator" },
  { title: "groups.do.repair", screen: "groups", verb: "repair", role: "operator" },
  { title: "ha.add", screen: "ha", verb: "add-sentinel", role: "operator" },
  { title: "ha.configure", screen: "ha", verb: "configure", role: "operator" },
  { title: "users.add", screen: "users", verb: "add", role: "admin" },
] as const;

function actionEntries(product: string, go: Go): readonly Entry[] {
  return ACTIONS.filter(({ role }) => can(role)).map(({ title, screen, verb }) => ({
    id: `action:${title}`,
    kind: t("palette.command"),
    title: t(title),
    words: `${screen} ${verb}`,
    run: () => go(href(product, screen, undefined, { do: verb })),
  }));
}

function partEntries(product: string, go: Go): readonly Entry[] {
  const groups = live.list<{ readonly id: number }>("group:").value;
  const servers = live.list<{ readonly addr: string; readonly group_id?: number }>("server:").value;
  const proxies = live.list<{ readonly token: string; readonly proxy_addr?: string }>(
    "proxy:",
  ).value;
  const operations = live.list<{ readonly id: string }>("operation:").value;
  return [
    ...operations.map(({ id }) => ({
      id: `operation:${id}`,
      kind: t("palette.operation"),
      title: id,
      words: "operation",
      run: () => go(href(product, "operations", id)),
    })),
    ...groups.map((each) => ({
      id: `group:${each.id}`,
      kind: t("palette.group"),
      title: `${t("palette.group")} ${each.id}`,
      words: `group ${each.id}`,
      run: () => go(href(product, "groups", String(each.id))),
    })),
    ...servers.map((each) => ({
      id: `server:${each.addr}`,
      kind: t("palette.server"),
      title: each.addr,
      words: "server",
      run: () => go(href(product, "groups", each.group_id?.toString(), { server: each.addr })),
    })),
    ...proxies.map((each) => ({
      id: `proxy:${each.token}`,
      kind: t("palette.proxy"),
      title: each.proxy_addr ?? each.token,
      words: `proxy ${each.token}`,
      run: () => go(href(product, "proxies", each.token)),
    })),
  ];
}

function toolEntries(go: Go): readonly Entry[] {
  const command = t("palette.command");
  const page = t("palette.page");
  const themes = THEMES.map((each) => ({
    id: `theme:${each}`,
    kind: command,
    title: t("palette.theme", { theme: t(`theme.${each}`) }),
    words: `theme ${each}`,
    run: () => {
      theme.value = each;
    },
  }));
  const languages = (
    [
      ["en", "English"],
      ["zh", "简体中文"],
    ] as const
  ).map(([code, name]) => ({
    id: `language:${code}`,
    kind: command,
    title: t("palette.language", { language: name }),
    words: `language ${code}`,
    run: () => {
      language.value = code;
    },
  }));
  const pages = (["products", "settings", "help"] as const).map((each) => ({
    id: `page:${each}`,
    kind: page,
    title: t(`shell.${each}`),
    words: each,
    run: () => go(rootHref(each)),
  }));
  const leave = {
    id: "sign-out",
    kind: command,
    title: t("shell.signOut"),
    words: "sign out",
    run: () => void signOut(),
  };
  return [
    ...pages,
    ...themes,
    ...languages,
    ...(session.value?.state === "signed-in" ? [leave] : []),
  ];
}
