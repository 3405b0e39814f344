/**
 * The navigation of a product: beside the screen, or on narrow windows behind the button of the menu.
 */
import { hasRole } from "../data/session.ts";
import { t } from "../i18n/text.ts";
import { href, type Route } from "../route.ts";
import type { Children } from "../ui/props.ts";
import { NAVIGATION } from "./navigation.ts";

/** `isOpen` counts on narrow windows only. */
export function Navigation(props: {
  readonly route: Route;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): Children {
  const { route } = props;
  const product = "product" in route ? route.product : "";
  return (
    <nav
      id="navigation"
      class={props.isOpen ? "navigation is-open" : "navigation"}
      aria-label={t("shell.navigation")}
    >
      {NAVIGATION.map((part) => {
        const items = part.items.filter((item) => hasRole(item.role));
        return items.length === 0 ? null : (
          <div class="navigation-part" key={part.title}>
            <p id={part.title}>{t(part.title)}</p>
            <ul aria-labelledby={part.title}>
              {items.map((item) => (
                <li key={item.screen}>
                  <a
                    href={href(product, item.screen)}
                    aria-current={currentOf(route, item.screen)}
                    onClick={props.onClose}
                  >
                    {t(item.title)}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

function currentOf(route: Route, screen: string): "page" | "true" | undefined {
  // A plan is what a rebalance leads to.
  const own = route.screen === "plans" ? "rebalance" : route.screen;
  if (own !== screen) {
    return undefined;
  }
  return "id" in route && route.id !== undefined ? "true" : "page";
}
