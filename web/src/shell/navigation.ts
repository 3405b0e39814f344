/**
 * What the navigation shows, in which parts, and the key after `g` that leads there. Screens of later
 * versions get their place in a part; nothing is shown that isn't there.
 */
import type { Role } from "../../../src/api/v1-path.ts";
import type { TextKey } from "../i18n/text.ts";
import type { ProductScreen } from "../route.ts";

/** One line of the navigation. */
export interface NavigationItem {
  readonly screen: ProductScreen;
  readonly title: TextKey;
  /** One letter, pressed after `g`. */
  readonly key: string;
  /** Weakest role that may see it. */
  readonly role: Role;
}

/** Lines that belong together. */
export interface NavigationPart {
  readonly title: TextKey;
  readonly items: readonly NavigationItem[];
}

/** The navigation, in parts. */
export const NAVIGATION: readonly NavigationPart[] = [
  {
    title: "nav.cluster",
    items: [
      { screen: "overview", title: "nav.overview", key: "o", role: "viewer" },
      { screen: "topology", title: "nav.topology", key: "t", role: "viewer" },
      { screen: "slots", title: "nav.slots", key: "s", role: "viewer" },
      { screen: "groups", title: "nav.groups", key: "g", role: "viewer" },
      { screen: "proxies", title: "nav.proxies", key: "p", role: "viewer" },
    ],
  },
  {
    title: "nav.work",
    items: [
      { screen: "rebalance", title: "nav.rebalance", key: "r", role: "viewer" },
      { screen: "operations", title: "nav.operations", key: "e", role: "viewer" },
    ],
  },
  {
    title: "nav.watch",
    items: [
      { screen: "ha", title: "nav.ha", key: "h", role: "viewer" },
      { screen: "performance", title: "nav.performance", key: "m", role: "viewer" },
      { screen: "alerts", title: "nav.alerts", key: "a", role: "viewer" },
    ],
  },
  {
    title: "nav.records",
    items: [
      { screen: "audit", title: "nav.audit", key: "l", role: "viewer" },
      { screen: "users", title: "nav.users", key: "u", role: "admin" },
    ],
  },
];

/** All lines, in order. */
export const NAVIGATION_ITEMS: readonly NavigationItem[] = NAVIGATION.flatMap((part) => part.items);
